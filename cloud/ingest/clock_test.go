package ingest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"dockfill/sync/wire"
)

// A site's times stand on the pages: whoever reads them must learn that its
// clock is wrong, and a backlog is no wrong clock.
func TestAWrongClockOfASiteIsToldAndABacklogIsNot(t *testing.T) {
	each(t, func(t *testing.T, c *centre) {
		s := c.join("leeds")
		says := func(off time.Duration) time.Duration {
			s.logRaw(scannedAt(t, int64(len(s.bodies)+1), time.Now().Add(off)))
			n := int64(len(s.bodies))
			s.tell(n, n)
			s.ackedAt(n)
			return c.row("leeds").ClockOff
		}
		assert.Zero(t, says(time.Second))
		assert.InDelta(t, 3*time.Hour, says(3*time.Hour), float64(time.Minute))
		assert.InDelta(t, -26*time.Hour, says(-26*time.Hour), float64(time.Minute), "it was heard a moment ago, with nothing unsent")
		assert.Zero(t, says(0), "it was set right")

		s.logRaw(scannedAt(t, int64(len(s.bodies)+1), time.Now().Add(-time.Hour)))
		s.restart()
		s.welcomed() // it tells that one event is unsent
		n := int64(len(s.bodies))
		s.tell(n, n)
		s.ackedAt(n)
		assert.Zero(t, c.row("leeds").ClockOff)
	})
}

func scannedAt(t *testing.T, seq int64, at time.Time) []byte {
	e := wire.Event{Seq: seq, Nonce: "0123456789abcdef", At: at.UTC(), Applied: &wire.Applied{}}
	body, err := e.Marshal()
	assert.NoError(t, err)
	return body
}
