package device

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A recording is text, a step a line. Empty lines and what follows a # outside of
// quotes say nothing.
//
//	DIRECTION [TIME] BYTES
//
//	< 0.000412s "4006381333931\r"    bytes from the device
//	> 0.004017s "\x1b7,"             bytes from the host
//	! 1.250000s unplug               or plug
//	.                                a silence, longer than the limit between two bytes
//
// TIME is the seconds since the recording began, and may be missing. BYTES are
// quoted as in Go, or hexadecimal pairs (04 D0), in any mixture.

// Step is one line of a recording.
type Step struct {
	Line      int  // in the file
	Direction byte // < > ! .
	At        time.Duration
	Bytes     []byte // of ! the word
}

// Recorder writes a recording. A nil Recorder writes none.
type Recorder struct {
	mu    sync.Mutex
	to    io.Writer
	start time.Time
	err   error
}

// NewRecorder begins a recording with a comment that says of what.
func NewRecorder(to io.Writer, about string) *Recorder {
	r := &Recorder{to: to, start: time.Now()}
	_, r.err = fmt.Fprintf(to, "# %s\n# < from the device, > from the host, ! the plug; seconds since %s\n",
		strings.ReplaceAll(about, "\n", " "), r.start.UTC().Format(time.RFC3339))
	return r
}

// Err is the first error of writing.
func (r *Recorder) Err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}

func (r *Recorder) note(direction byte, b []byte) {
	if r == nil || len(b) == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	now := time.Since(r.start).Seconds()
	for part := range chunks(b, maxLine) {
		text := strconv.Quote(string(part))
		if direction == '!' {
			text = string(part)
		}
		if _, err := fmt.Fprintf(r.to, "%c %.6fs %s\n", direction, now, text); r.err == nil {
			r.err = err
		}
	}
}

// maxLine is how many bytes stand in one line of a recording.
const maxLine = 1024

// ReadRecording reads a recording whole. Errors name the line.
func ReadRecording(name string, from io.Reader) ([]Step, error) {
	var steps []Step
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, 1<<20)
	for n := 1; lines.Scan(); n++ {
		step, err := readStep(lines.Text())
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, n, err)
		}
		if step.Direction != 0 {
			step.Line = n
			steps = append(steps, step)
		}
	}
	return steps, lines.Err()
}

// readStep gives a step without direction for a line that says nothing.
func readStep(line string) (s Step, err error) {
	line = strings.TrimSpace(line)
	if line == "" || line[0] == '#' {
		return Step{}, nil
	}
	if !strings.ContainsRune("<>!.", rune(line[0])) {
		return Step{}, fmt.Errorf("a step begins with < > ! or a full stop, not with %q", line[0])
	}
	s.Direction = line[0]
	rest := strings.TrimSpace(line[1:])
	if word, after, _ := strings.Cut(rest, " "); strings.HasSuffix(word, "s") && strings.Contains(word, ".") {
		if s.At, err = time.ParseDuration(word); err != nil {
			return Step{}, fmt.Errorf("%q is no time: write 0.012345s", word)
		}
		rest = after
	}
	if s.Direction == '!' {
		word, _, _ := strings.Cut(rest, "#")
		s.Bytes = []byte(strings.TrimSpace(word))
		if w := string(s.Bytes); w != "plug" && w != "unplug" {
			return Step{}, fmt.Errorf("the plug is pulled or put back with ! plug or ! unplug, not with %q", w)
		}
		return s, nil
	}
	s.Bytes, err = readBytes(rest)
	return s, err
}

// readBytes reads quoted strings and hexadecimal pairs.
func readBytes(text string) (out []byte, err error) {
	for {
		text = strings.TrimLeft(text, " \t")
		if text == "" || text[0] == '#' {
			return out, nil
		}
		word := text
		if text[0] == '"' {
			if word, err = strconv.QuotedPrefix(text); err != nil {
				return nil, fmt.Errorf("the quotes of %s are not closed, or hold an unknown escape", text)
			}
			plain, err := strconv.Unquote(word)
			if err != nil {
				return nil, err
			}
			out = append(out, plain...)
		} else {
			if end := strings.IndexAny(text, " \t\"#"); end >= 0 {
				word = text[:end]
			}
			b, err := hex.DecodeString(word)
			if err != nil {
				return nil, fmt.Errorf("%q is neither quoted nor hexadecimal pairs", word)
			}
			out = append(out, b...)
		}
		text = text[len(word):]
	}
}
