package demo

import (
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// screen is where everything is said. On a terminal a status stays below what is
// said, and is refreshed in place.
type screen struct {
	mu          sync.Mutex
	out         io.Writer
	live, color bool
	width       func() int
	board       []string // as it stands on the terminal
}

func newScreen(o Options) *screen {
	return &screen{out: o.Out, live: o.Live, color: o.Color, width: o.Width}
}

// say prints a line that stays.
func (s *screen) say(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var b strings.Builder
	s.erase(&b)
	b.WriteString(strings.ReplaceAll(fmt.Sprintf(format, args...), "\n", s.end()) + s.end())
	s.draw(&b)
	io.WriteString(s.out, b.String())
}

// show puts the lines in the place of the status; off a terminal it does nothing.
func (s *screen) show(lines []string) {
	if !s.live {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var b strings.Builder
	s.erase(&b)
	s.board = lines
	s.draw(&b)
	io.WriteString(s.out, b.String())
}

// rest leaves the status where it is and draws no more.
func (s *screen) rest() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.board = nil
}

// end is the end of a line; a raw terminal moves left only when it is told.
func (s *screen) end() string {
	if s.live {
		return "\r\n"
	}
	return "\n"
}

func (s *screen) erase(b *strings.Builder) {
	for range s.board {
		b.WriteString("\x1b[1A\x1b[2K") // up, and clear the line
	}
}

func (s *screen) draw(b *strings.Builder) {
	for _, line := range s.board {
		b.WriteString(fit(line, s.columns()-1) + s.end())
	}
}

// columns are 80 on a terminal that does not know its width.
func (s *screen) columns() int {
	if n := s.width(); n > 0 {
		return n
	}
	return 80
}

// fit cuts a line to the columns of the terminal, between words where it can and
// colours not counted; else it would wrap, and take a line that nobody erases.
func fit(line string, columns int) string {
	end := "" // of a line that is cut
	plain := []rune(escapes.ReplaceAllString(line, ""))
	if len(plain) > columns && columns > 1 {
		columns--
		if blank := strings.LastIndexByte(string(plain[:columns]), ' '); blank > 0 && plain[columns] != ' ' {
			columns = utf8.RuneCountInString(string(plain[:columns])[:blank])
		}
		end = "…"
	}
	var b strings.Builder
	for seen := 0; line != ""; {
		if strings.HasPrefix(line, "\x1b[") {
			n := strings.IndexByte(line, 'm') + 1
			b.WriteString(line[:n])
			line = line[n:]
			continue
		}
		_, n := utf8.DecodeRuneInString(line)
		if seen++; seen <= columns {
			b.WriteString(line[:n])
		}
		line = line[n:]
	}
	return b.String() + end
}

// escapes are what colours a text.
var escapes = regexp.MustCompile("\x1b\\[[0-9;]*m")

// colors are the dock display's, as near as a terminal has them.
var colors = map[string]string{"ALLOCATED": "1;32", "STOCK": "1;36", "HOLD": "1;37", "CHECK": "1;33", "STOP": "1;31"}

// paint is a verdict in words, its first one in its colour.
func (s *screen) paint(f feedback) string {
	code, ok := colors[f.Verdict]
	if !ok || !s.color {
		return f.String()
	}
	return "\x1b[" + code + "m" + f.Verdict + "\x1b[0m" + strings.TrimPrefix(f.String(), f.Verdict)
}

// count is a number with its noun: "1,204 units".
func count(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return number(n) + " " + noun + "s"
}

// number has commas between thousands.
func number(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }
