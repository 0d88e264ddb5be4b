package e2e

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"dockfill/firmware-sim/device"
)

// call is one system call of a traced program. Begin and end are places in the
// trace, which is one order of what all threads did.
type call struct {
	name       string
	path       string // of the file or terminal
	data       []byte
	result     int64
	begin, end int
}

// Lines of strace -f -y -xx -o FILE: "PID name(FD<path>, "data", ...) = n"; a
// call during which another thread spoke is torn in two.
var (
	beginLine  = regexp.MustCompile(`^(\d+)\s+(\w+)\((.*)$`)
	resumeLine = regexp.MustCompile(`^(\d+)\s+<\.\.\. (\w+) resumed>(.*)$`)
	fdPath     = regexp.MustCompile(`^\d+<((?:[^>"]|\\.)*)>`)
	quoted     = regexp.MustCompile(`"((?:[^"\\]|\\.)*)"`)
	outcome    = regexp.MustCompile(`\)\s+= (-?\d+)[^=]*$`)
)

// readTrace gives the finished calls in the order in which they ended.
func readTrace(trace io.Reader) ([]call, error) {
	var calls []call
	torn := map[string]string{} // by thread: what stood before "unfinished"
	began := map[string]int{}
	lines := bufio.NewScanner(trace)
	lines.Buffer(nil, 16<<20)
	for n := 0; lines.Scan(); n++ {
		text := lines.Text()
		if m := resumeLine.FindStringSubmatch(text); m != nil {
			if head, ok := torn[m[1]]; ok {
				delete(torn, m[1])
				calls = appendCall(calls, head+m[3], began[m[1]], n)
			}
			continue
		}
		m := beginLine.FindStringSubmatch(text)
		if m == nil {
			continue // signals and exits
		}
		if head, ok := strings.CutSuffix(m[2]+"("+m[3], " <unfinished ...>"); ok {
			torn[m[1]], began[m[1]] = head, n
			continue
		}
		calls = appendCall(calls, m[2]+"("+m[3], n, n)
	}
	return calls, lines.Err()
}

// appendCall reads one whole call; what has no file or no result is left out.
func appendCall(calls []call, text string, begin, end int) []call {
	name, args, _ := strings.Cut(text, "(")
	path := fdPath.FindStringSubmatch(args)
	result := outcome.FindStringSubmatch(text)
	if path == nil || result == nil {
		return calls
	}
	c := call{name: name, path: plain(path[1]), begin: begin, end: end}
	c.result, _ = strconv.ParseInt(result[1], 10, 64)
	if data := quoted.FindStringSubmatch(args[len(path[0]):]); data != nil {
		c.data = []byte(plain(data[1]))
	}
	return append(calls, c)
}

// plain undoes strace's hex.
func plain(s string) string {
	if text, err := strconv.Unquote(`"` + s + `"`); err == nil {
		return text
	}
	return s
}

// beepsTooEarly looks at every beep that promises a unit, written to the
// terminal, and gives a sentence for each one that was not preceded by: the
// scan's bytes read, then a write to the write-ahead log, then a completed flush
// of that log. It also says how many such beeps there were.
func beepsTooEarly(calls []call, terminal string) (promises int, early []string) {
	for i, c := range calls {
		pattern, ok := beep(c)
		if !ok || c.path != terminal || !promise(pattern) {
			continue
		}
		promises++
		if what := missing(calls[:i], c, terminal); what != "" {
			early = append(early, fmt.Sprintf("the beep in line %d of the trace came without %s", c.begin+1, what))
		}
	}
	return promises, early
}

// promise reports whether a beep tells the worker that the unit is saved.
func promise(pattern byte) bool {
	tone := device.ToneOf(pattern)
	return tone == device.Good || tone == device.Hold
}

// beep finds an SSI BEEP from the host in what was written: length, E6h, source
// 4, status, pattern.
func beep(c call) (pattern byte, ok bool) {
	i := bytes.Index(c.data, []byte{0xE6, 0x04})
	if c.name != "write" || i < 1 || i+3 >= len(c.data) {
		return 0, false
	}
	return c.data[i+3], true
}

// missing says what did not happen between the scan and its beep, or "".
func missing(before []call, beep call, terminal string) string {
	scanned := -1
	for _, c := range before {
		if c.name == "read" && c.path == terminal && bytes.Contains(c.data, []byte{0xF3, 0x00}) {
			scanned = c.end
		}
	}
	if scanned < 0 {
		return "a scan"
	}
	logged := -1
	for _, c := range before {
		switch {
		case !strings.HasSuffix(c.path, "-wal") || c.begin < scanned:
		case c.name == "pwrite64" && logged < 0:
			logged = c.end
		case strings.HasSuffix(c.name, "sync") && logged >= 0 && c.begin > logged && c.end < beep.begin && c.result == 0:
			return ""
		}
	}
	if logged < 0 {
		return "a write to the log"
	}
	return "a completed flush of the log"
}
