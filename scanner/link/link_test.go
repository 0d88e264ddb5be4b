package link_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/allocation"
	"dockfill/scanner"
	"dockfill/scanner/link"
	"dockfill/scanner/profile"
	"dockfill/scanner/scannertest"
)

const patience = 20 * time.Second

// start runs a device for the length of the test.
func start(t *testing.T, c scanner.Config, o link.Opener) (*link.Device, <-chan scanner.Scan) {
	t.Helper()
	c.Station, c.Port = "1", "test"
	c, err := c.Complete()
	require.NoError(t, err)
	codec, err := profile.New(c)
	require.NoError(t, err)
	d := link.New(c, o, codec)
	return d, scannertest.Run(t, d)
}

// played waits until the transcript has ended.
func played(t *testing.T, p *scannertest.Playback) {
	t.Helper()
	select {
	case <-p.Ended():
	case <-time.After(patience):
		require.FailNow(t, "the transcript did not end")
	}
}

func until(t *testing.T, d *link.Device, state scanner.State) {
	t.Helper()
	require.Eventually(t, func() bool { return d.Status().State == state }, patience, 5*time.Millisecond, "never %s", state)
}

func TestSSIConversationIsAsRecorded(t *testing.T) {
	p := scannertest.NewPlayback(t, `
		> 0B C6 04 00 FF EE 01 9F 01 38 00 FC 65           # packets, handshake, silent decode
		< 04 D0 00 00 FF 2C
		< 0D F3 00 00 0A 39 36 33 38 35 30 37 33 FD 4C     # garbled in its last digit
		> 05 D1 04 00 01 FF 25                             # again, please
		< 0D F3 00 01 0A 39 36 33 38
		.
		< 35 30 37 34 FD 4B
		> 04 D0 04 00 FF 28                                # acknowledged by the answer
		> 05 E6 04 00 00 FF 11                             # one short high tone
		< 04 D0 00 00 FF 2C
		> 05 E7 04 00 01 FF 0F                             # green
		< 04 D0 00 00 FF 2C
		> 05 E8 04 00 01 FF 0E                             # dark again
		< 04 D0 00 00 FF 2C
	`)
	_, out := start(t, scanner.Config{Profile: scanner.SSI, Beep: true}, p)
	s := scannertest.Take(t, out)
	require.NoError(t, s.Fault)
	assert.Equal(t, allocation.GTIN("00000096385074"), s.Code.GTIN)
	s.Answer(allocation.Allocated)
	played(t, p)
}

func TestAnswerCountsOnce(t *testing.T) {
	p := scannertest.NewPlayback(t, `
		> 09 C6 04 00 FF EE 01 9F 01 FC 9F
		< 04 D0 00 00 FF 2C
		< 06 F3 00 00 03 41 FE C3
		> 04 D0 04 00 FF 28
	`)
	_, out := start(t, scanner.Config{Profile: scanner.SSI}, p)
	s := scannertest.Take(t, out)
	assert.Equal(t, "A", string(s.Raw))
	assert.Equal(t, "]C0", s.Code.Symbology)
	assert.Equal(t, allocation.StationID("1"), s.Station)
	s.Answer(allocation.Stock)
	s.Answer(allocation.Stop)
	played(t, p)
}

// idle is a port on which nothing happens, and the parent of the broken ones.
type idle struct{ closed atomic.Bool }

func (i *idle) Read([]byte) (int, error) {
	time.Sleep(10 * time.Millisecond)
	return 0, nil
}
func (i *idle) Write(p []byte) (int, error) { return len(p), nil }
func (i *idle) Close() error                { i.closed.Store(true); return nil }

// ports opens one port after the other, and then none.
type ports struct {
	mu   sync.Mutex
	list []link.Port
	gone atomic.Bool
}

func (p *ports) Open(context.Context) (link.Port, string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.list) == 0 {
		return nil, "", scanner.ErrNotFound
	}
	next := p.list[0]
	p.list = p.list[1:]
	return next, "dev", nil
}

func (p *ports) Present(string) error {
	if p.gone.Swap(false) {
		return scanner.ErrNotFound
	}
	return nil
}

// text is a port that gives what it holds, and then the error or silence.
type text struct {
	idle
	mu   sync.Mutex
	wire []byte
	err  error
}

func (x *text) Read(p []byte) (int, error) {
	x.mu.Lock()
	n := copy(p, x.wire)
	x.wire = x.wire[n:]
	x.mu.Unlock()
	if n > 0 {
		return n, nil
	}
	if x.err != nil {
		return 0, x.err
	}
	return x.idle.Read(p)
}

func TestLossInsideAFrameIsAFaultAndTheNextPortGoesOn(t *testing.T) {
	d, out := start(t, scanner.Config{}, &ports{list: []link.Port{
		&text{wire: []byte("FIRST\rSEC"), err: errors.New("unplugged")}, &text{wire: []byte("THIRD\r")}}})
	assert.Equal(t, "FIRST", string(scannertest.Take(t, out).Raw))
	broken := scannertest.Take(t, out)
	assert.ErrorIs(t, broken.Fault, scanner.ErrUnterminated)
	assert.Equal(t, "SEC", string(broken.Raw))
	assert.Equal(t, "THIRD", string(scannertest.Take(t, out).Raw))
	require.Eventually(t, func() bool { return d.Status().Counts.Scans == 2 }, patience, time.Millisecond)
	s := d.Status()
	assert.Equal(t, scanner.Connected, s.State)
	assert.Equal(t, scanner.Counts{Scans: 2, Faults: 1, Connects: 2}, s.Counts)
	assert.NoError(t, s.LastError)
	assert.False(t, s.LastScan.IsZero())
}

type panicking struct{ idle }

func (*panicking) Read([]byte) (int, error) { panic("descriptor out of range") }

func TestPanicOfADriverIsAPortFailure(t *testing.T) {
	d, _ := start(t, scanner.Config{}, &ports{list: []link.Port{&panicking{}}})
	require.Eventually(t, func() bool { return errors.Is(d.Status().LastError, scanner.ErrPortFailed) }, patience, time.Millisecond)
	require.Eventually(t, func() bool { return errors.Is(d.Status().LastError, scanner.ErrNotFound) }, patience, time.Millisecond,
		"it went on searching")
	assert.EqualValues(t, 1, d.Status().Counts.Connects)
}

// Some drivers never report that the device is gone.
func TestUnpluggedDeviceIsNoticedByItsAbsence(t *testing.T) {
	first := &idle{}
	p := &ports{list: []link.Port{first, &idle{}}}
	d, _ := start(t, scanner.Config{}, p)
	until(t, d, scanner.Connected)
	p.gone.Store(true)
	require.Eventually(t, func() bool { return d.Status().Counts.Connects == 2 }, patience, 5*time.Millisecond)
	assert.True(t, first.closed.Load())
}

// hanging blocks in Write until it is freed.
type hanging struct {
	idle
	free chan struct{}
}

func (h *hanging) Write(p []byte) (int, error) {
	<-h.free
	return len(p), nil
}

// In virtual time, as each blocked write is waited for.
func TestBlockedWriterIsAbandonedAndTheCountOfThemIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		free := make(chan struct{})
		var list []link.Port
		for range 6 {
			list = append(list, &hanging{free: free})
		}
		p := &ports{list: list}
		d, _ := start(t, scanner.Config{Profile: scanner.SSI}, p)
		until(t, d, scanner.Stalled)
		assert.ErrorIs(t, d.Status().LastError, scanner.ErrWriteStalled)
		require.Eventually(t, func() bool { return d.Status().Counts.Connects == 4 }, 2*patience, 10*time.Millisecond)
		time.Sleep(time.Hour)
		require.EqualValues(t, 4, d.Status().Counts.Connects)
		close(free)
		require.Eventually(t, func() bool { return d.Status().Counts.Connects == 5 }, patience, 10*time.Millisecond)
	})
}

func TestFullAgentStallsTheSourceAndLosesNothing(t *testing.T) {
	var wire strings.Builder
	for i := range 50 {
		fmt.Fprintf(&wire, "N%d\r", i)
	}
	d, out := start(t, scanner.Config{}, &ports{list: []link.Port{&text{wire: []byte(wire.String())}}})
	until(t, d, scanner.Stalled)
	assert.ErrorContains(t, d.Status().LastError, "takes no scans")
	for i := range 50 {
		assert.Equal(t, fmt.Sprintf("N%d", i), string(scannertest.Take(t, out).Raw))
	}
	until(t, d, scanner.Connected)
}

func TestAnswerAfterTheLossIsCounted(t *testing.T) {
	scan := []byte{0x06, 0xF3, 0, 0, 0x03, 'A', 0xFE, 0xC3}
	d, out := start(t, scanner.Config{Profile: scanner.SSI}, &ports{list: []link.Port{&text{wire: scan, err: errors.New("unplugged")}}})
	s := scannertest.Take(t, out)
	until(t, d, scanner.Searching)
	s.Answer(allocation.Stock)
	assert.EqualValues(t, 1, d.Status().Counts.LostAnswers)
}

// mute sends one scan; what is written to it waits until somebody lets it go.
type mute struct {
	idle
	scan string
	hang chan struct{} // nil takes everything
}

func (m *mute) Read(p []byte) (int, error) {
	if m.scan == "" {
		return m.idle.Read(p)
	}
	n := copy(p, m.scan)
	m.scan = m.scan[n:]
	return n, nil
}

func (m *mute) Write(p []byte) (int, error) {
	if m.hang != nil {
		<-m.hang
	}
	return len(p), nil
}

// The port took no answer: the worker, who heard nothing, scans the saved unit again.
func TestAScanWhoseAnswerHungInThePortIsAskedAbout(t *testing.T) {
	stuck := &mute{scan: "4006381333931\r", hang: make(chan struct{})}
	t.Cleanup(func() { close(stuck.hang) })
	d, out := start(t, scanner.Config{Profile: "honeywell-hostack", Beep: true}, &ports{list: []link.Port{stuck, &mute{scan: "4006381333931\r"}}})
	s := scannertest.Take(t, out)
	require.NoError(t, s.Fault)
	s.Answer(allocation.Allocated)
	s = scannertest.Take(t, out)
	assert.ErrorIs(t, s.Fault, scanner.ErrDoubtfulRepeat)
	assert.NotZero(t, d.Status().Counts.LostAnswers)
}
