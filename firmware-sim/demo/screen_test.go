package demo

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWhatIsSaidStandsAboveTheStatus(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	s := newScreen(Options{Out: &out, Live: true, Width: func() int { return 11 }})
	s.show([]string{"leeds online and well"})
	s.say("hello")
	assert.Equal(t, "leeds…\r\n\x1b[1A\x1b[2Khello\r\nleeds…\r\n", out.String())
	assert.Equal(t, "\x1b[1;31mSTOP\x1b[0m…", fit("\x1b[1;31mSTOP\x1b[0m at once", 6), "colours take no columns")
}

func TestWithoutATerminalNothingIsRefreshed(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	s := newScreen(Options{Out: &out})
	s.show([]string{"leeds online"})
	s.say("hello\nyou")
	assert.Equal(t, "hello\nyou\n", out.String())
	assert.Equal(t, "STOP smudged", s.paint(feedback{Verdict: "STOP", Text: "smudged"}))
}

func TestAVerdictIsToldWithItsDestinations(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"verdict":"ALLOCATED","blocks":[{"destination":"12","line":"O1/1","qty":6}],"complete":["O1"]}`:             "ALLOCATED DOOR 12, 1 order complete",
		`{"verdict":"ALLOCATED","blocks":[{"destination":"3","line":"O1/1","qty":4},{"destination":"A-01","qty":2}]}`: "ALLOCATED DOOR 3 (4), A-01 (2)",
		`{"verdict":"STOCK","blocks":[{"destination":"E-21","qty":6}],"text":"nobody waits"}`:                         "STOCK E-21",
		`{"verdict":"STOP","text":"bad check digit"}`:                                                                 "STOP bad check digit",
	} {
		var f feedback
		require.NoError(t, json.Unmarshal([]byte(text), &f))
		assert.Equal(t, want, f.String())
	}
	assert.Equal(t, "1,204,000 units", count(1_204_000, "unit"))
}
