package mqtt

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"
)

// packet is a packet of MQTT with a body of n bytes.
func packet(n int) []byte {
	p := []byte{0x30}
	for m := n; ; {
		b := byte(m & 0x7f)
		if m >>= 7; m > 0 {
			p = append(p, b|0x80)
			continue
		}
		return append(append(p, b), make([]byte, n)...)
	}
}

func TestTheGuardFollowsAnyCutOfTheStream(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sizes := rapid.SliceOfN(rapid.IntRange(0, 70000), 1, 5).Draw(t, "sizes")
		limit := rapid.IntRange(0, 70000).Draw(t, "limit")
		var stream []byte
		fits := true
		for _, n := range sizes {
			stream = append(stream, packet(n)...)
			fits = fits && n <= limit
		}
		g, ok := &guarded{limit: limit}, true
		for len(stream) > 0 && ok {
			n := rapid.IntRange(1, len(stream)).Draw(t, "cut")
			ok = g.follow(stream[:n])
			stream = stream[n:]
		}
		assert.Equal(t, fits, ok)
	})
}

func TestALengthOfFiveBytesIsRefused(t *testing.T) {
	assert.False(t, (&guarded{limit: 1 << 30}).follow([]byte{0x30, 0xff, 0xff, 0xff, 0xff, 1}))
}

func TestAttemptsComeSoonAtFirstAndThenSeldom(t *testing.T) {
	b := backoff{first: time.Second, max: time.Minute}
	for _, most := range []time.Duration{100 * time.Millisecond, time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second, 32 * time.Second, time.Minute, time.Minute} {
		d := b.next()
		assert.LessOrEqual(t, d, most)
		assert.GreaterOrEqual(t, d, most/2)
	}
	for range 1000 {
		assert.LessOrEqual(t, b.next(), time.Minute)
	}
	b.reset()
	assert.LessOrEqual(t, b.next(), 100*time.Millisecond)
}

func TestAnUnknownProblemIsShownAsItIs(t *testing.T) {
	assert.Equal(t, "broker at h:1: odd", explain("tcp://h:1", errors.New("odd")))
}
