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
	_, late := a.read(at(0), at(100), false)
	assert.False(t, late, "silence")
	_, late = a.read(at(100), at(150), false)
	assert.False(t, late, "bytes that woke the reader")
	since, late := a.read(at(150), at(12150), false)
	assert.True(t, late, "it was stopped inside the read")
	assert.Equal(t, at(150), since)
	since, late = a.read(at(12150), at(12151), false)
	assert.True(t, late, "and may have been stopped with the bytes in its hands")
	assert.Equal(t, at(150), since)
	_, late = a.read(at(12151), at(12200), false)
	assert.False(t, late)
	since, late = a.read(at(15200), at(15201), true)
	assert.True(t, late, "the agent took no scans")
	assert.Equal(t, at(12200), since)
	since, _ = a.read(at(15201), at(15202), false)
	assert.Equal(t, at(12200), since, "the rest of more than one read takes")
}

// The monotonic clock stands still while a machine sleeps.
func TestASleepIsAStandstill(t *testing.T) {
	a := attention{emptied: time.Now()}
	awake := time.Now().Round(0).Add(time.Hour)
	_, late := a.read(awake, awake, false)
	assert.True(t, late)
}
