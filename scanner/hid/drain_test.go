package hid

import (
	"encoding/binary"
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// burst gives numbered records at once, and then an error.
type burst struct {
	next, count uint32
	end         error
	closed      chan struct{}
}

func newBurst(count uint32, end error) *burst {
	return &burst{count: count, end: end, closed: make(chan struct{})}
}

func (b *burst) Read(p []byte) (int, error) {
	if b.next == b.count {
		if b.end == nil {
			<-b.closed
			return 0, io.ErrClosedPipe
		}
		return 0, b.end
	}
	binary.BigEndian.PutUint32(p, b.next)
	b.next++
	return 4, nil
}

func (b *burst) Close() error { close(b.closed); return nil }

func readAll(t *testing.T, d *drain, count uint32) {
	t.Helper()
	p := make([]byte, 4096)
	for i := range count {
		if n, err := d.Read(p); n != 4 || err != nil || binary.BigEndian.Uint32(p) != i {
			require.FailNow(t, "a record is wrong", "%d: % X %v", i, p[:n], err)
		}
	}
}

// The kernel keeps 63 reports for a slow reader.
func TestSlowAgentLosesNoReport(t *testing.T) {
	gone := errors.New("unplugged")
	d := newDrain(newBurst(20_000, gone))
	<-d.done
	readAll(t, d, 20_000)
	_, err := d.Read(make([]byte, 64))
	assert.ErrorIs(t, err, gone, "the loss is told after what came before it")
	_, err = d.Read(make([]byte, 64))
	assert.ErrorIs(t, err, gone)
	assert.NoError(t, d.Close())
}

func TestOverflowIsToldAfterWhatFits(t *testing.T) {
	d := newDrain(newBurst(maxWaiting+10, nil))
	<-d.done
	readAll(t, d, maxWaiting)
	_, err := d.Read(make([]byte, 64))
	assert.EqualError(t, err, "65536 reports wait for the agent and what comes after is not read; scan again what got no verdict")
	assert.NoError(t, d.Close())
}

func TestSilenceIsNoError(t *testing.T) {
	d := newDrain(newBurst(1, nil))
	readAll(t, d, 1)
	n, err := d.Read(make([]byte, 64))
	assert.NoError(t, err)
	assert.Zero(t, n)
	_, err = d.Write([]byte{1})
	assert.ErrorIs(t, err, errNoWriting)
	assert.NoError(t, d.Close())
}

func TestRecordThatDoesNotFitIsNoHalfRecord(t *testing.T) {
	d := newDrain(newBurst(1, nil))
	_, err := d.Read(make([]byte, 3))
	assert.ErrorIs(t, err, io.ErrShortBuffer)
	assert.NoError(t, d.Close())
}
