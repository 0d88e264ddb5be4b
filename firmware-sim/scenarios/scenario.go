// Package scenarios reads the text that `firmware-sim play` plays, and holds
// samples of it.
//
// One step a line: a verb and its words, separated by blanks. A word in double
// quotes may hold blanks, and Go escapes such as \x1d. What follows a # at the
// start of a word is a comment. The verbs are explained in the table below.
package scenarios

import (
	"bufio"
	"cmp"
	"embed"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/agnivade/levenshtein"
)

// Samples are the documented sample scenarios, *.txt.
//
//go:embed *.txt
var Samples embed.FS

// Step is one line of a scenario.
type Step struct {
	File string
	Line int
	Verb string
	Args []string
	// Refused: the line has a mistake, and nobody knows what it would have done.
	Refused bool
}

// mistake is one of a line; 0 is one of the whole file.
type mistake struct {
	line int
	error
}

func (m mistake) Unwrap() error { return m.error }

// Errorf is an error that begins with the step's file and line.
func (s Step) Errorf(format string, args ...any) error {
	return mistake{s.Line, fmt.Errorf("%s:%d: %w", s.File, s.Line, fmt.Errorf(format, args...))}
}

// InOrder joins mistakes, and those that were joined before, in the order of their
// lines; nil for none.
func InOrder(errs ...error) error {
	var all []error
	for _, err := range errs {
		if joined, ok := err.(interface{ Unwrap() []error }); ok {
			all = append(all, joined.Unwrap()...)
		} else if err != nil {
			all = append(all, err)
		}
	}
	slices.SortStableFunc(all, func(a, b error) int { return cmp.Compare(lineOf(a), lineOf(b)) })
	return errors.Join(all...)
}

// lineOf puts what is of the whole file last.
func lineOf(err error) int {
	if m, ok := errors.AsType[mistake](err); ok {
		return m.line
	}
	return math.MaxInt
}

// verbs gives how many words each verb takes, at least and at most, how it is
// written, and what it does.
var verbs = map[string]struct {
	min, max       int
	usage, meaning string
}{
	"let":      {2, 2, "let KEY VALUE", "{KEY} below becomes VALUE, unless --set KEY=... says otherwise; {n} counts the scans"},
	"device":   {3, 16, "device NAME PROFILE OPTION...", "a scanner; the profiles and options stand below"},
	"ready":    {1, 2, "ready NAME [TIME]", "wait until the agent has opened the port, at most TIME (30s)"},
	"scan":     {2, 3, "scan NAME CODE [xN]", "scan a code, N times"},
	"bad":      {2, 4, "bad NAME FAULT [CODE] [gap=TIME]", "a scan that goes wrong; gap is from one reading to the next of a double trigger (100ms)"},
	"both":     {3, 4, "both NAME NAME CODE [gap=TIME]", "two scanners deliver the same scan, the second one TIME after the first"},
	"work":     {3, 3, "work NAME CODE xN", "scan in the background, each code until a tone comes, also through unplug and plug"},
	"join":     {1, 1, "join NAME", "wait until work, or a flood or upload with &, is done"},
	"flood":    {3, 5, "flood NAME CODE xN [rate=N] [&]", "type N scans without waiting for anything, N a second (10000)"},
	"upload":   {1, 6, "upload NAME [xN] [gap=TIME] [rate=N] [fault=FAULT] [&]", "batch: paste the memory, N times with TIME between (2s), N readings a second (at once); or once, with a fault at the middle reading"},
	"delete":   {2, 2, "delete NAME N", "batch: take the N-th reading out of the memory"},
	"clear":    {1, 1, "clear NAME", "batch: empty the memory"},
	"away":     {1, 1, "away NAME", "carry the scanner out of range; it keeps what it scans"},
	"back":     {1, 1, "back NAME", "bring it back; what it kept arrives in one burst"},
	"expect":   {2, 2, "expect NAME TONE", "the last scan must have got good, hold, check, stop, other or none"},
	"pace":     {2, 2, "pace NAME TIME", "from here on the worker rests that long after each scan"},
	"baud":     {2, 2, "baud NAME N", "set the scanner to another speed"},
	"keyboard": {2, 2, "keyboard NAME on|off", "put the scanner into keyboard mode, in which its port stays silent"},
	"unplug":   {1, 1, "unplug NAME", "pull the scanner's cable"},
	"plug":     {1, 5, "plug NAME [as=PATH] [stale=BYTES] [held] [denied]", "put it back, under another name, with bytes waiting, held by another process, or with mode 000"},
	"release":  {1, 1, "release NAME", "give back a port that was held or denied"},
	"network":  {3, 3, "network NAME listen=ADDR to=ADDR", "a line that can be cut"},
	"net":      {2, 3, "net NAME ACTION [up|down|both|TIME]", "cut, restore, drop, stall up|down|both, delay TIME"},
	"wait":     {1, 1, "wait TIME", "200ms, 3s, 1m"},
	"say":      {1, 1 << 10, "say TEXT", "print a line"},
}

// Parse reads a scenario whole and checks verbs, word counts and keys, so that
// nothing is played of a file with a mistake in it. With an error the steps are there
// all the same, the refused ones too, so that their other mistakes can be looked for.
// The file's name stands in errors; set overrides the scenario's own keys. A key in set
// that the scenario never uses is an error, for it is a mistyped one.
func Parse(file string, r io.Reader, set map[string]string) ([]Step, error) {
	p := parser{file: file, set: set, keys: map[string]string{}, used: map[string]bool{}}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	var wrong []error
	for lines.Scan() {
		p.line++
		wrong = append(wrong, p.read(lines.Text()))
	}
	if err := lines.Err(); err != nil {
		wrong = append(wrong, fmt.Errorf("%s:%d: %w", file, p.line+1, err))
	}
	for _, key := range slices.Sorted(maps.Keys(set)) {
		if !p.used[key] {
			wrong = append(wrong, fmt.Errorf("%s uses no key {%s}", file, key))
		}
	}
	return p.steps, errors.Join(wrong...)
}

type parser struct {
	file  string
	line  int
	set   map[string]string
	keys  map[string]string
	used  map[string]bool
	steps []Step
}

func (p *parser) read(text string) error {
	step := Step{File: p.file, Line: p.line}
	words, err := split(text)
	if err != nil {
		return step.Errorf("%w", err)
	}
	if len(words) == 0 {
		return nil
	}
	step.Verb, step.Args = words[0], words[1:]
	count, ok := verbs[step.Verb]
	if !ok {
		return p.refuse(step, step.Errorf("there is no verb %q; %s", step.Verb, Suggest(step.Verb, Verbs())))
	}
	if n := len(step.Args); n < count.min || n > count.max {
		return p.refuse(step, step.Errorf("%q takes %s, here are %d: %s", step.Verb, counts(count.min, count.max), n, Usage(step.Verb)))
	}
	if step.Verb == "let" {
		return p.let(step)
	}
	for i, word := range step.Args {
		if step.Args[i], err = p.fill(word); err != nil {
			return p.refuse(step, step.Errorf("%w", err))
		}
	}
	p.steps = append(p.steps, step)
	return nil
}

// refuse keeps a line with a mistake: the keys in it count as used, and what it would
// have made is not missed below.
func (p *parser) refuse(step Step, err error) error {
	for _, word := range step.Args {
		_, _ = p.fill(word) // its mistake is told
	}
	if step.Verb == "let" && len(step.Args) > 0 {
		p.keys[step.Args[0]], p.used[step.Args[0]] = "1", true // right in most places
	}
	step.Refused = true
	p.steps = append(p.steps, step)
	return err
}

func (p *parser) let(step Step) error {
	key, value := step.Args[0], step.Args[1]
	if key == counter {
		return step.Errorf("the key {%s} counts the scans and cannot be set", counter)
	}
	p.used[key] = true
	if override, ok := p.set[key]; ok {
		p.keys[key] = override
		return nil
	}
	filled, err := p.fill(value)
	p.keys[key] = filled
	if err != nil {
		return step.Errorf("%w", err)
	}
	return nil
}

// counter is the key that the player fills, scan by scan.
const counter = "n"

// fill replaces each {KEY} in a word. Braces around anything that is no key's
// name, as in JSON, stay.
func (p *parser) fill(word string) (string, error) {
	var out strings.Builder
	for {
		open := strings.IndexByte(word, '{')
		shut := strings.IndexByte(word, '}')
		if open < 0 || shut < open || !isKey(word[open+1:shut]) {
			return out.String() + word, nil
		}
		key := word[open+1 : shut]
		value, ok := p.value(key)
		if !ok {
			return "", fmt.Errorf("the key {%s} has no value: add `let %s VALUE` above, or --set %s=VALUE", key, key, key)
		}
		p.used[key] = true
		out.WriteString(word[:open] + value)
		word = word[shut+1:]
	}
}

func (p *parser) value(key string) (string, bool) {
	if key == counter {
		return "{" + counter + "}", true
	}
	if v, ok := p.keys[key]; ok {
		return v, true
	}
	v, ok := p.set[key]
	return v, ok
}

// Number puts n in the place of {n}.
func Number(code string, n int) string {
	return strings.ReplaceAll(code, "{"+counter+"}", strconv.Itoa(n))
}

func isKey(s string) bool {
	return s != "" && strings.IndexFunc(s, func(c rune) bool {
		return c != '_' && c != '-' && !unicode.IsLetter(c) && !unicode.IsDigit(c)
	}) < 0
}

// split cuts a line into words, and stops at a comment.
func split(line string) ([]string, error) {
	var words []string
	for {
		line = strings.TrimLeft(line, " \t\r")
		if line == "" || line[0] == '#' {
			return words, nil
		}
		if line[0] != '"' {
			end := strings.IndexAny(line+" ", " \t\r")
			words, line = append(words, line[:end]), line[end:]
			continue
		}
		quoted, err := strconv.QuotedPrefix(line)
		if err != nil {
			return nil, fmt.Errorf("the quotes of %s are not closed, or hold an unknown escape", line)
		}
		word, err := strconv.Unquote(quoted)
		if err != nil {
			return nil, err
		}
		words, line = append(words, word), line[len(quoted):]
	}
}

// Quote writes a word so that Parse reads it back.
func Quote(word string) string {
	plain := word != "" && word[0] != '#' && !strings.ContainsAny(word, "\"\\") &&
		strings.IndexFunc(word, func(c rune) bool { return unicode.IsSpace(c) || !unicode.IsPrint(c) }) < 0
	if plain {
		return word
	}
	return strconv.Quote(word)
}

// Verbs are all verbs, sorted.
func Verbs() []string { return slices.Sorted(maps.Keys(verbs)) }

// Usage is how a verb is written: "scan NAME CODE [xN]".
func Usage(verb string) string { return verbs[verb].usage }

// Explain is a verb's usage and what it does.
func Explain(verb string) (usage, meaning string) { return verbs[verb].usage, verbs[verb].meaning }

func counts(min, max int) string {
	switch {
	case min == max && min == 1:
		return "one word"
	case min == max:
		return fmt.Sprintf("%d words", min)
	}
	return fmt.Sprintf("%d to %d words", min, max)
}

// Suggest asks for the known word that needs the fewest changed letters to become the
// given one, where those are few, and lists all words elsewhere.
func Suggest(word string, known []string) string {
	best, least := "", 1<<30
	for _, k := range known {
		if d := levenshtein.ComputeDistance(word, k); d < least {
			best, least = k, d
		}
	}
	if least > max(2, len(word)/3) {
		return "there are " + strings.Join(known, ", ")
	}
	return fmt.Sprintf("did you mean %q?", best)
}
