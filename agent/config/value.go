package config

import (
	"fmt"
	"reflect"
	"strconv"
	"unicode/utf8"

	"github.com/pelletier/go-toml/v2/unstable"
)

// set gives a field its value, or notes why it cannot have it.
func (d *document) set(field reflect.Value, path string, value *unstable.Node) {
	if at := d.placeOfNode(value); value.Raw.Length > 0 {
		d.places[path] = at
	}
	switch {
	case field.Kind() == reflect.Pointer:
		inner := reflect.New(field.Type().Elem())
		d.set(inner.Elem(), path, value)
		field.Set(inner)
	case isTable(field.Type()) && value.Kind == unstable.InlineTable:
		d.inline(table{field, path}, value)
	case isTables(field.Type()) && value.Kind == unstable.Array:
		d.tables(field, path, value)
	case field.Kind() == reflect.Slice && value.Kind == unstable.Array && !isTables(field.Type()):
		d.list(field, path, value)
	case expects(field.Type()) != kindOf(value):
		d.fault(path, fmt.Sprintf("%s must be %s, %s is %s", leaf(path), expects(field.Type()), d.shown(value), kindOf(value)))
	default:
		if err := setText(field, plainValue(value)); err != nil {
			d.fault(path, reasonFor(path, err))
		}
	}
}

// plainValue is a value's text, of a whole number its decimal form: TOML also
// knows 1_000 and 0x3E8.
func plainValue(value *unstable.Node) string {
	text := string(value.Data)
	if value.Kind == unstable.Integer {
		if n, err := strconv.ParseInt(text, 0, 64); err == nil {
			return strconv.FormatInt(n, 10)
		}
	}
	return text
}

func (d *document) inline(t table, value *unstable.Node) {
	for entries := value.Children(); entries.Next(); {
		e := entries.Node()
		d.assign(t, e.Key(), e.Value())
	}
}

func (d *document) tables(field reflect.Value, path string, value *unstable.Node) {
	for entries := value.Children(); entries.Next(); {
		e := entries.Node()
		if e.Kind != unstable.InlineTable {
			d.fault(path, fmt.Sprintf("%s must be written [[%s]], once for each", leaf(path), plainKey(path)))
			return
		}
		t := appendTable(field, path)
		d.places[t.path] = d.placeOfNode(e)
		d.inline(t, e)
	}
}

func (d *document) list(field reflect.Value, path string, value *unstable.Node) {
	for entries := value.Children(); entries.Next(); {
		e := entries.Node()
		if e.Kind != unstable.String {
			d.faultAt(d.placeOfNode(e), path, fmt.Sprintf("%s must hold texts in quotes, %s is %s", leaf(path), d.shown(e), kindOf(e)), "")
			continue
		}
		field.Set(reflect.Append(field, reflect.ValueOf(string(e.Data))))
	}
}

// appendTable adds an element to a list of tables.
func appendTable(field reflect.Value, path string) table {
	element := reflect.New(field.Type().Elem()).Elem()
	inner := element
	if element.Kind() == reflect.Pointer {
		element.Set(reflect.New(element.Type().Elem()))
		inner = element.Elem()
	}
	at := field.Len()
	field.Set(reflect.Append(field, element))
	if element.Kind() != reflect.Pointer {
		inner = field.Index(at)
	}
	return table{inner, fmt.Sprintf("%s[%d]", path, at)}
}

// What a value can be, in the words of a fault.
const (
	aText    = "text"
	aWhole   = "a whole number"
	aBool    = "true or false"
	aList    = "a list"
	aTable   = "a table"
	aDecimal = "a number with a fraction"
	aDate    = "a date"
)

// expects says what a key wants.
func expects(t reflect.Type) string {
	switch {
	case reads(t), t.Kind() == reflect.String:
		return aText
	case t.Kind() == reflect.Int:
		return aWhole
	case t.Kind() == reflect.Bool:
		return aBool
	case t.Kind() == reflect.Slice:
		return aList
	}
	return aTable
}

func kindOf(value *unstable.Node) string {
	switch value.Kind {
	case unstable.String:
		return aText
	case unstable.Integer:
		return aWhole
	case unstable.Bool:
		return aBool
	case unstable.Array:
		return aList
	case unstable.InlineTable:
		return aTable
	case unstable.Float:
		return aDecimal
	}
	return aDate
}

// shown is a value as it was written, cut short.
func (d *document) shown(value *unstable.Node) string {
	const most = 40
	switch {
	case value.Kind == unstable.String:
		return strconv.Quote(cut(string(value.Data), most))
	case value.Raw.Length == 0 || value.Kind == unstable.InlineTable:
		return "this"
	}
	return cut(string(d.parser.Raw(value.Raw)), most)
}

func cut(s string, most int) string {
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most]) + "..."
}
