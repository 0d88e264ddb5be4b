package config

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// Setting is a key and its new value: a string, an int or a bool; nil takes the
// key out.
type Setting struct {
	Key   string
	Value any
}

// SetStation gives a configuration's text with a station's settings changed, or
// with the station added at the end. Every other line, comment and blank stays as
// it is. The error is that the text is no TOML, or writes its stations as an
// inline list.
func SetStation(text []byte, id string, settings []Setting) ([]byte, error) {
	e := editor{text: text, newline: "\n"}
	if bytes.Contains(text, []byte("\r\n")) {
		e.newline = "\r\n"
	}
	stations, err := e.stations()
	if err != nil {
		return nil, err
	}
	for _, s := range stations {
		if s.id == id {
			for _, set := range settings {
				e.change(s, set)
			}
			return e.apply(), nil
		}
	}
	e.add(id, settings)
	return e.apply(), nil
}

// editor collects changes to a text, which are applied from the end backwards.
type editor struct {
	text    []byte
	newline string
	edits   []edit // in no order, none overlap but insertions at one place
}

// edit puts text in place of the bytes from at to end.
type edit struct {
	at, end int
	text    string
}

// stationLines is where a station stands in the text.
type stationLines struct {
	id     string
	keys   map[string]span
	bottom int // where the line of its last key ends, line end included
	indent string
}

// span is a key with its value, and the value alone.
type span struct{ from, value, to int }

// stations finds the tables [[station]].
func (e *editor) stations() (found []*stationLines, err error) {
	var p unstable.Parser
	p.Reset(e.text)
	var in *stationLines
	for p.NextExpression() {
		x := p.Expression()
		keys := x.Key()
		keys.Next()
		first, alone := string(keys.Node().Data), keys.IsLast()
		switch {
		case x.Kind == unstable.ArrayTable && first == "station" && alone:
			line := int(keys.Node().Raw.Offset)
			in = &stationLines{keys: map[string]span{}, bottom: e.lineEnd(line), indent: e.indent(line)}
			found = append(found, in)
		case x.Kind != unstable.KeyValue:
			in = nil
		case in == nil && first == "station":
			return nil, errors.New("the stations are written as an inline list; write each as a [[station]] table first")
		case in != nil && alone:
			in.key(e, x, first)
		}
	}
	return found, p.Error()
}

func (s *stationLines) key(e *editor, x *unstable.Node, key string) {
	k := span{from: int(x.Raw.Offset), to: int(x.Raw.Offset + x.Raw.Length)}
	k.value = k.to
	if raw := x.Value().Raw; raw.Length > 0 {
		k.value = int(raw.Offset)
	}
	s.keys[key] = k
	s.bottom, s.indent = e.lineEnd(k.to), e.indent(k.from)
	if key == "id" && x.Value().Kind == unstable.String {
		s.id = string(x.Value().Data)
	}
}

// lineEnd is where the line of an offset ends, its line end included.
func (e *editor) lineEnd(at int) int {
	if n := bytes.IndexByte(e.text[at:], '\n'); n >= 0 {
		return at + n + 1
	}
	return len(e.text)
}

// indent is the blank space before a line's first character.
func (e *editor) indent(at int) string {
	line := e.text[bytes.LastIndexByte(e.text[:at], '\n')+1:]
	return string(line[:len(line)-len(bytes.TrimLeft(line, " \t"))])
}

func (e *editor) change(s *stationLines, set Setting) {
	k, there := s.keys[set.Key]
	switch {
	case there && set.Value == nil:
		e.edits = append(e.edits, edit{at: bytes.LastIndexByte(e.text[:k.from], '\n') + 1, end: e.lineEnd(k.to)})
	case there && k.value < k.to:
		e.edits = append(e.edits, edit{k.value, k.to, tomlText(set.Value)})
	case there:
		e.edits = append(e.edits, edit{k.from, k.to, set.Key + " = " + tomlText(set.Value)})
	case set.Value != nil:
		e.edits = append(e.edits, edit{s.bottom, s.bottom, e.fresh(s.bottom) + s.indent + set.Key + " = " + tomlText(set.Value) + e.newline})
	}
}

// fresh ends a last line that has no end.
func (e *editor) fresh(at int) string {
	if at > 0 && e.text[at-1] != '\n' && len(e.edits) == 0 {
		return e.newline
	}
	return ""
}

// add writes a new station at the end.
func (e *editor) add(id string, settings []Setting) {
	end := len(e.text)
	text := e.fresh(end)
	if end > 0 {
		text += e.newline
	}
	text += "[[station]]" + e.newline + "id = " + tomlText(id) + e.newline
	for _, set := range settings {
		if set.Value != nil {
			text += set.Key + " = " + tomlText(set.Value) + e.newline
		}
	}
	e.edits = append(e.edits, edit{end, end, text})
}

// apply makes the changes. Insertions at one place stay in their order.
func (e *editor) apply() []byte {
	var out []byte
	done := 0
	for len(e.edits) > 0 {
		first := 0
		for i, x := range e.edits {
			if x.at < e.edits[first].at {
				first = i
			}
		}
		x := e.edits[first]
		e.edits = append(e.edits[:first], e.edits[first+1:]...)
		out = append(append(out, e.text[done:x.at]...), x.text...)
		done = x.end
	}
	return append(out, e.text[done:]...)
}

// tomlText writes a value; text in quotes, with control characters as escapes.
func tomlText(v any) string {
	s, ok := v.(string)
	if !ok {
		return fmt.Sprint(v)
	}
	var b strings.Builder
	b.WriteByte('"')
	for _, c := range s {
		switch {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteRune(c)
		case c < ' ' || c == 0x7f:
			fmt.Fprintf(&b, "\\u%04X", c)
		default:
			b.WriteRune(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// Quoted is a text as a configuration would write it.
func Quoted(s string) string { return tomlText(s) }
