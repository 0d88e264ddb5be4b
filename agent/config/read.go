package config

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// The library's decoder stops at the first fault. A person who sets up a site
// wants them all, so the document is walked here, expression by expression: what
// is good is taken over, what is not is noted with its place.

// document is a text of TOML that is being taken into a file.
type document struct {
	*reading
	text   []byte
	offset int // of the text that the parser has
	parser unstable.Parser
}

// table is where keys go; its value is invalid inside a table that is not known,
// about which all was said at its head.
type table struct {
	value reflect.Value
	path  string
}

// nextStatement finds a line to go on with behind one that is no TOML.
var nextStatement = regexp.MustCompile(`(?m)^[ \t]*(\[|[\w.-]+[ \t]*=)`)

// read takes a text into f and notes every fault.
func (r *reading) read(text []byte, f *file) {
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")) // editors of Windows put it there
	if bytes.HasPrefix(text, []byte("\xff\xfe")) || bytes.HasPrefix(text, []byte("\xfe\xff")) {
		r.faultAt(spot{line: 1, column: 1}, "", "the file is UTF-16; save it as UTF-8", "")
		return
	}
	d := document{reading: r, text: text}
	root := table{value: reflect.ValueOf(f).Elem()}
	d.parser.Reset(text)
	for into := root; ; {
		if d.parser.NextExpression() {
			into = d.expression(root, into, d.parser.Expression())
		} else if !d.recover() {
			break
		}
	}
	if len(r.faults) == 0 {
		d.lastWord()
	}
}

// recover notes why the parser stopped and sets it on the next line that looks
// like a statement; false is the end.
func (d *document) recover() bool {
	var bad *unstable.ParserError
	if !errors.As(d.parser.Error(), &bad) {
		return false
	}
	at := d.offset + int(d.parser.Range(bad.Highlight).Offset)
	d.faultAt(d.position(at), "", "this is no TOML: "+bad.Message, "text stands in quotes, and each key on a line of its own")
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

// lastWord asks the library's own decoder, which knows rules of TOML that the
// walk does not.
func (d *document) lastWord() {
	var bad *toml.DecodeError
	err := toml.Unmarshal(d.text, &map[string]any{})
	if errors.As(err, &bad) {
		line, column := bad.Position()
		d.faultAt(spot{line: line, column: column}, strings.Join(bad.Key(), "."), strings.TrimPrefix(bad.Error(), "toml: "), "")
	}
}

// expression takes one line, and gives the table that the next keys go to.
func (d *document) expression(root, into table, e *unstable.Node) table {
	keys := e.Key()
	switch e.Kind {
	case unstable.KeyValue:
		d.assign(into, keys, e.Value())
		return into
	case unstable.Table, unstable.ArrayTable:
		return d.head(root, keys, e.Kind == unstable.ArrayTable)
	}
	return into
}

// head enters the table of a line such as [centre] or [[station]].
func (d *document) head(t table, keys unstable.Iterator, many bool) table {
	for keys.Next() {
		key := keys.Node()
		field, path, ok := d.field(t, key)
		if !ok {
			return table{}
		}
		switch {
		case isTables(field.Type()) && many && keys.IsLast():
			t = appendTable(field, path)
			d.places[t.path] = d.placeOfNode(key)
		case isTables(field.Type()):
			d.faultAt(d.placeOfNode(key), path, fmt.Sprintf("write [[%s]], once for each", plainKey(path)), "")
			return table{}
		case !isTable(field.Type()):
			d.faultAt(d.placeOfNode(key), path, fmt.Sprintf("%s is no table; write %s = ... above the first table", path, path), "")
			return table{}
		case many:
			d.faultAt(d.placeOfNode(key), path, fmt.Sprintf("write [%s]; there is one of it", path), "")
			return table{}
		case !keys.IsLast():
			t = table{field, path}
		default:
			d.note(path, key)
			t = table{field, path}
		}
	}
	return t
}

// assign takes one key and its value.
func (d *document) assign(t table, keys unstable.Iterator, value *unstable.Node) {
	for keys.Next() {
		key := keys.Node()
		field, path, ok := d.field(t, key)
		if !ok {
			return
		}
		if keys.IsLast() || !isTable(field.Type()) {
			if d.note(path, key) {
				d.set(field, path, value)
			}
			return
		}
		t = table{field, path}
	}
}

// note remembers where a path was given, and refuses a second time.
func (d *document) note(path string, at *unstable.Node) bool {
	if first, ok := d.places[path]; ok {
		d.faultAt(d.placeOfNode(at), path, fmt.Sprintf("%s was given already, on line %d", plainKey(path), first.line), "")
		return false
	}
	d.places[path] = d.placeOfNode(at)
	return true
}

// field finds what a key names in a table.
func (d *document) field(t table, key *unstable.Node) (reflect.Value, string, bool) {
	if !t.value.IsValid() {
		return reflect.Value{}, "", false
	}
	path := join(t.path, string(key.Data))
	for i := range t.value.NumField() {
		if t.value.Type().Field(i).Tag.Get("toml") == string(key.Data) {
			return t.value.Field(i), path, true
		}
	}
	d.faultAt(d.placeOfNode(key), path, "there is no key "+plainKey(path), suggest(plainKey(path), fileKeys(), keysIn(t.value.Type())))
	return reflect.Value{}, path, false
}

func isTable(t reflect.Type) bool { return t.Kind() == reflect.Struct && !reads(t) }

func isTables(t reflect.Type) bool {
	if t.Kind() != reflect.Slice {
		return false
	}
	inner := t.Elem()
	if inner.Kind() == reflect.Pointer {
		inner = inner.Elem()
	}
	return isTable(inner)
}

func (d *document) placeOfNode(n *unstable.Node) spot {
	return d.position(d.offset + int(n.Raw.Offset))
}

// position counts lines and characters from 1.
func (d *document) position(offset int) spot {
	before := d.text[:offset]
	start := bytes.LastIndexByte(before, '\n') + 1
	return spot{line: 1 + bytes.Count(before, []byte("\n")), column: 1 + utf8.RuneCount(before[start:])}
}

// join gives the path of a key in a table; the top has none.
func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// leaf is the last key of a path.
func leaf(path string) string {
	path = plainKey(path)
	return path[strings.LastIndexByte(path, '.')+1:]
}

// reasonFor has a value's own complaint begin with its key.
func reasonFor(path string, err error) string {
	key, text := leaf(path), err.Error()
	if strings.HasPrefix(text, key) {
		return text
	}
	return key + ": " + text
}
