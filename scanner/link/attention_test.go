package link

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// What is read after a time in which nobody read may have come at its beginning.
func TestWhatIsReadAfterAStandstillMayHaveComeAtItsBeginning(t *testing.T) {
	start := time.Now()
	at := func(ms int) time.Time { return start.Add(time.Duration(ms) * time.Millisecond) }
	a := attention{emptied: start}
	assert.Equal(t, at(100), a.read(at(0), at(100), false), "silence")
	assert.Equal(t, at(150), a.read(at(100), at(150), false), "bytes that woke the reader")
	assert.Equal(t, at(150), a.read(at(150), at(12150), false), "it was stopped inside the read")
	assert.Equal(t, at(150), a.read(at(12150), at(12151), false), "and may have been stopped with the bytes in its hands")
	assert.Equal(t, at(12200), a.read(at(12151), at(12200), false))
	assert.Equal(t, at(12200), a.read(at(15200), at(15201), true), "the agent took no scans")
	assert.Equal(t, at(12200), a.read(at(15201), at(15202), false), "the rest of more than one read takes")
	assert.Equal(t, at(15202), a.read(at(15360), at(15361), false), "shorter than any conversation's window, and a bounce may lie in it")
}

// The monotonic clock stands still while a machine sleeps.
func TestASleepIsAStandstill(t *testing.T) {
	slept := time.Now()
	a := attention{emptied: slept}
	awake := time.Now().Round(0).Add(time.Hour)
	assert.Equal(t, slept, a.read(awake, awake, false))
}
