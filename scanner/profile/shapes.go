package profile

import (
	"encoding"
	"fmt"
	"reflect"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// This file says of each value of a document whether it is of the kind that its key
// wants. The library's decoder does so too, but in words of the program, and it takes
// a number for text and a pair without its second half.

// shapes walks a document beside the type that it is decoded into.
type shapes struct {
	parser unstable.Parser
	wrong  []mistake
}

// misshapen gives what is of another kind than its key wants. Keys that are not known
// and text that is no TOML are left to the decoder.
func misshapen(text []byte) []mistake {
	s := &shapes{}
	s.parser.Reset(text)
	root := reflect.TypeFor[Profile]()
	table, at := root, ""
	for s.parser.NextExpression() {
		switch e := s.parser.Expression(); e.Kind {
		case unstable.Table, unstable.ArrayTable:
			table, at = s.head(root, e)
		case unstable.KeyValue:
			if table != nil {
				s.assign(table, at, e)
			}
		}
	}
	return s.wrong
}

// head gives the type of the table that a line such as [line] or [[usb]] begins; nil
// where it can be none.
func (s *shapes) head(root reflect.Type, e *unstable.Node) (reflect.Type, string) {
	path, pos := keyOf(&s.parser, e)
	t := follow(root, path)
	switch many := e.Kind == unstable.ArrayTable; {
	case t == nil:
	case isMany(t) && !many:
		s.bad(pos, path, "there may be several: write [[%s]]", path)
	case isMany(t):
		return t.Elem(), path
	case t.Kind() != reflect.Struct || isText(t):
		s.bad(pos, path, "is no table: write it as a key with its value, which must be %s", wants(t))
	case many:
		s.bad(pos, path, "there is one of it: write [%s]", path)
	default:
		return t, path
	}
	return nil, ""
}

func (s *shapes) assign(table reflect.Type, at string, e *unstable.Node) {
	key, pos := keyOf(&s.parser, e)
	if t := follow(table, key); t != nil {
		s.value(t, under(at, key), pos, e.Value())
	}
}

// value compares one value with the type that is to hold it.
func (s *shapes) value(t reflect.Type, path string, pos place, v *unstable.Node) {
	if v.Raw.Length > 0 {
		start := s.parser.Shape(v.Raw).Start
		pos = place{start.Line, start.Column}
	}
	switch {
	case t == pairs && v.Kind == unstable.Array:
		s.pairs(path, pos, v)
	case isMany(t) && v.Kind == unstable.Array:
		for each := v.Children(); each.Next(); {
			s.value(t.Elem(), path, pos, each.Node())
		}
	case t.Kind() == reflect.Struct && !isText(t) && v.Kind == unstable.InlineTable:
		for each := v.Children(); each.Next(); {
			s.assign(t, path, each.Node())
		}
	case wants(t) != kindOf(v):
		s.bad(pos, path, "must be %s, %s", wants(t), s.shown(v))
	}
}

// pairs is the type of parameters and their values.
var pairs = reflect.TypeFor[[][2]int]()

const aPair = "must be pairs of a parameter and its value, such as [[0xEE, 1], [0x9F, 1]]"

func (s *shapes) pairs(path string, pos place, v *unstable.Node) {
	for each := v.Children(); each.Next(); {
		pair, numbers, n := each.Node(), 0, 0
		for half := pair.Children(); pair.Kind == unstable.Array && half.Next(); n++ {
			if half.Node().Kind == unstable.Integer {
				numbers++
			}
		}
		if numbers != 2 || n != 2 {
			s.bad(pos, path, aPair)
			return
		}
	}
}

func (s *shapes) bad(at place, path, format string, args ...any) {
	s.wrong = append(s.wrong, mistake{at, path + ": " + fmt.Sprintf(format, args...)})
}

// shown is a value and what it is.
func (s *shapes) shown(v *unstable.Node) string {
	if raw := string(s.parser.Raw(v.Raw)); raw != "" && len(raw) <= 40 && !strings.Contains(raw, "\n") {
		return raw + " is " + kindOf(v)
	}
	return "this is " + kindOf(v)
}

// follow gives the type behind a dotted key; nil where there is none.
func follow(t reflect.Type, key string) reflect.Type {
	for name := range strings.SplitSeq(key, ".") {
		if isMany(t) {
			t = t.Elem() // [[menu.command]] goes on with the newest
		}
		if t = field(t, name); t == nil {
			return nil
		}
	}
	return t
}

func field(t reflect.Type, name string) reflect.Type {
	if t.Kind() != reflect.Struct {
		return nil
	}
	for _, f := range reflect.VisibleFields(t) {
		if f.Tag.Get("toml") != name {
			continue
		}
		if f.Type.Kind() == reflect.Pointer {
			return f.Type.Elem()
		}
		return f.Type
	}
	return nil
}

// isMany tells what is written [[so]], once for each.
func isMany(t reflect.Type) bool {
	return t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Struct
}

func isText(t reflect.Type) bool {
	return t.Kind() == reflect.String || reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}

// wants says in words what a key's value must be.
func wants(t reflect.Type) string {
	switch {
	case isText(t):
		return "text in quotes"
	case t == pairs:
		return "a list of pairs such as [[0xEE, 1], [0x9F, 1]]"
	case t.Kind() == reflect.Int:
		return "a whole number"
	case t.Kind() == reflect.Bool:
		return "true or false"
	case isMany(t):
		return "a list of tables"
	}
	return "a table"
}

// kindOf says what a value is, in the same words.
func kindOf(v *unstable.Node) string {
	switch v.Kind {
	case unstable.String:
		return "text in quotes"
	case unstable.Integer:
		return "a whole number"
	case unstable.Bool:
		return "true or false"
	case unstable.Float:
		return "a number with a fraction"
	case unstable.Array:
		return "a list"
	case unstable.InlineTable:
		return "a table"
	}
	return "a date or a time"
}
