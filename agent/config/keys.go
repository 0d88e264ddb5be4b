package config

import (
	"cmp"
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/agnivade/levenshtein"
)

// fileKeys lists every key that a file may hold.
func fileKeys() []string { return keysOf("", reflect.TypeFor[file]()) }

// keysOf lists the keys of a table and of those within it.
func keysOf(prefix string, t reflect.Type) []string {
	var keys []string
	for i := range t.NumField() {
		key, inner := prefix+t.Field(i).Tag.Get("toml"), t.Field(i).Type
		keys = append(keys, key)
		for inner.Kind() == reflect.Slice || inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		if isTable(inner) {
			keys = append(keys, keysOf(key+".", inner)...)
		}
	}
	return keys
}

// keysIn lists the keys of a table alone.
func keysIn(t reflect.Type) []string {
	keys := make([]string, t.NumField())
	for i := range keys {
		keys[i] = t.Field(i).Tag.Get("toml")
	}
	return keys
}

// reads reports a type that reads itself from text.
func reads(t reflect.Type) bool {
	return reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}

// suggest names the valid key that is spelled most like the one given, or the key
// of that name in another table; failing both it lists the keys of the table.
func suggest(key string, valid, here []string) string {
	distance := func(candidate string) int {
		d := levenshtein.ComputeDistance(key, candidate)
		if leaf(candidate) == leaf(key) {
			return min(d, 2)
		}
		return d
	}
	best := slices.MinFunc(valid, func(a, b string) int { return cmp.Compare(distance(a), distance(b)) })
	if distance(best) > max(2, len(leaf(key))/2) {
		return "the keys here are " + strings.Join(here, ", ")
	}
	return "did you mean " + best + "?"
}

// nearest asks for the name that is spelled most like the one given, if one is.
func nearest(name string, valid []string) string {
	for _, v := range valid {
		if strings.HasPrefix(v, name) || levenshtein.ComputeDistance(name, v) <= max(1, len(name)/3) {
			return "did you mean " + v + "?"
		}
	}
	return ""
}

// setText gives a field the value that a variable's text stands for.
func setText(field reflect.Value, s string) error {
	if field.Kind() == reflect.Pointer {
		field.Set(reflect.New(field.Type().Elem()))
		return setText(field.Elem(), s)
	}
	if u, ok := field.Addr().Interface().(encoding.TextUnmarshaler); ok {
		return u.UnmarshalText([]byte(s))
	}
	switch field.Kind() {
	case reflect.String:
		field.SetString(s)
	case reflect.Slice:
		field.Set(reflect.ValueOf(strings.Split(s, ",")))
	case reflect.Int:
		n, err := strconv.Atoi(s)
		if err != nil {
			return fmt.Errorf("%q is not a whole number", s)
		}
		field.SetInt(int64(n))
	case reflect.Bool:
		b, err := strconv.ParseBool(s)
		if err != nil {
			return fmt.Errorf("%q is neither true nor false", s)
		}
		field.SetBool(b)
	}
	return nil
}
