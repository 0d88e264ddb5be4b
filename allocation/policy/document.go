package policy

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"

	"dockfill/allocation"
)

// The library's decoder stops at the first fault, takes "Share" for share and one
// [guarantee] for a list of one, and says nothing of what is missing. The document
// is walked here, expression by expression, and held to its own words.

// document is a text that is being read.
type document struct {
	text   []byte
	offset int // of the text that the parser has
	parser unstable.Parser
	faults Faults

	table string         // that the next keys go to: "", guarantee, or nowhere
	given map[string]int // keys of the top, where they stand
	open  *promise       // the guarantee that is being read
	// doubt is set where something of the top cannot be read, which may be what is
	// missing.
	doubt bool

	version string
	rules   allocation.Rules
}

const (
	guarantee = "guarantee"
	nowhere   = "?" // a table that is not known: all was said at its head
)

// nextStatement finds a line to go on with behind one that is no TOML.
var nextStatement = regexp.MustCompile(`(?m)^[ \t]*(\[|[\w.-]+[ \t]*=)`)

func (d *document) read() {
	if !d.isText() {
		return
	}
	for d.parser.Reset(d.text); ; {
		if d.parser.NextExpression() {
			d.expression(d.parser.Expression())
		} else if !d.recover() {
			break
		}
	}
	d.close()
	if _, ok := d.given["version"]; !ok && !d.doubt {
		d.fault(0, `version is missing: write version = "2027-04", a name that stands for these rules for ever`)
	}
	if len(d.faults) == 0 {
		d.lastWord()
	}
}

// isText refuses what is no UTF-8, and takes a mark away that editors of Windows put
// before it.
func (d *document) isText() bool {
	switch {
	case len(d.text) == 0:
		d.fault(0, `the document is empty: it says at least version = "2027-04", and what is left out is the default`)
		return false
	case bytes.HasPrefix(d.text, []byte("\xff\xfe")), bytes.HasPrefix(d.text, []byte("\xfe\xff")):
		d.text = nil
		d.fault(0, "the document is UTF-16: save it as UTF-8")
		return false
	}
	d.text = bytes.TrimPrefix(d.text, []byte("\xef\xbb\xbf"))
	for at := 0; at < len(d.text); {
		r, size := utf8.DecodeRune(d.text[at:])
		if r == utf8.RuneError && size == 1 {
			d.fault(at, "here is a character that is no UTF-8: save the document as UTF-8")
			return false
		}
		at += size
	}
	return true
}

// recover notes why the parser stopped and sets it on the next line that looks
// like a statement; false is the end.
func (d *document) recover() bool {
	var bad *unstable.ParserError
	if !errors.As(d.parser.Error(), &bad) {
		return false
	}
	at := d.offset + int(d.parser.Range(bad.Highlight).Offset)
	d.fault(at, "this is no TOML: "+bad.Message)
	d.doubted()
	if strings.HasPrefix(strings.TrimSpace(string(d.text[d.lineOf(at):])), "[") {
		d.close()
		d.table = nowhere
	}
	line := bytes.IndexByte(d.text[at:], '\n')
	if line < 0 {
		return false
	}
	next := nextStatement.FindIndex(d.text[at+line+1:])
	if next == nil {
		return false
	}
	d.offset = at + line + 1 + next[0]
	d.parser.Reset(d.text[d.offset:])
	return true
}

func (d *document) doubted() {
	if d.open != nil {
		d.open.doubt = true
		return
	}
	d.doubt = true
}

// lastWord asks the library's own decoder, which knows rules of TOML that the
// walk does not.
func (d *document) lastWord() {
	var bad *toml.DecodeError
	if errors.As(toml.Unmarshal(d.text, &map[string]any{}), &bad) {
		line, column := bad.Position()
		d.faults = append(d.faults, Fault{line, column, strings.TrimPrefix(bad.Error(), "toml: ")})
	}
}

func (d *document) expression(e *unstable.Node) {
	switch e.Kind {
	case unstable.KeyValue:
		d.assign(e)
	case unstable.Table, unstable.ArrayTable:
		d.head(e)
	}
}

// head enters the table of a line such as [[guarantee]].
func (d *document) head(e *unstable.Node) {
	d.close()
	key, one := only(e)
	at := d.place(key)
	switch {
	case string(key.Data) != guarantee:
		d.fault(at, unknown("", string(key.Data)))
	case !one || e.Kind == unstable.Table:
		d.fault(at, wants(guarantee))
	default:
		d.table, d.open = guarantee, newPromise(at)
		return
	}
	d.table = nowhere
}

// only gives the first key of an expression, and whether it has no other.
func only(e *unstable.Node) (*unstable.Node, bool) {
	keys := e.Key()
	keys.Next()
	key := keys.Node()
	return key, keys.IsLast()
}

// assign takes one key = value.
func (d *document) assign(e *unstable.Node) {
	key, one := only(e)
	name, at := string(key.Data), d.place(key)
	given, told := d.given, name
	switch d.table {
	case nowhere:
		return
	case guarantee:
		given, told = d.open.given, guarantee+"."+name
	}
	set := setterOf(d.table, name)
	first, again := given[name]
	switch {
	case set == nil:
		d.fault(at, unknown(d.table, name))
		d.doubted()
		return
	case again:
		d.fault(at, fmt.Sprintf("%s was given already, on line %d", told, d.spot(first).Line))
		return
	}
	given[name] = at
	if !one {
		d.fault(at, wants(told))
		return
	}
	set(d, told, value{e.Value(), d.behind(key)})
}

// value is what a key is given, and where it stands.
type value struct {
	*unstable.Node
	at int
}

// behind is where the value of a key begins.
func (d *document) behind(key *unstable.Node) int {
	at := d.place(key) + int(key.Raw.Length)
	for at < len(d.text)-1 && strings.IndexByte(" \t=", d.text[at]) >= 0 {
		at++
	}
	return at
}

// each gives what stands in a list.
func (d *document) each(list value) (all []value) {
	for in := list.Children(); in.Next(); {
		v := value{in.Node(), list.at}
		if v.Raw.Length > 0 {
			v.at = d.place(v.Node)
		}
		all = append(all, v)
	}
	return all
}

func (d *document) place(n *unstable.Node) int { return d.offset + int(n.Raw.Offset) }

func (d *document) fault(at int, message string) {
	f := d.spot(at)
	f.Message = message
	d.faults = append(d.faults, f)
}

// spot counts lines and characters from 1.
func (d *document) spot(at int) Fault {
	start := d.lineOf(at)
	return Fault{Line: 1 + bytes.Count(d.text[:start], []byte("\n")), Column: 1 + utf8.RuneCount(d.text[start:min(at, len(d.text))])}
}

// lineOf is where the line begins that at stands in.
func (d *document) lineOf(at int) int {
	return bytes.LastIndexByte(d.text[:min(at, len(d.text))], '\n') + 1
}
