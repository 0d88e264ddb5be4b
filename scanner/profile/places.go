package profile

import (
	"errors"
	"fmt"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// place is where something stands in a document, both counted from 1.
type place struct{ line, column int }

// places knows where each key of a document stands, by its path, such as
// tone.good.send or usb[2].vid. A table's own path leads to its head.
type places map[string]place

// placesIn reads the places of a text that is known to be good.
func placesIn(text []byte) places {
	found := places{}
	var p unstable.Parser
	p.Reset(text)
	counts := map[string]int{}
	table := ""
	for p.NextExpression() {
		e := p.Expression()
		keys, at := keyOf(&p, e)
		switch e.Kind {
		case unstable.Table:
			table = keys
			found[table] = at
		case unstable.ArrayTable:
			table = fmt.Sprintf("%s[%d]", keys, counts[keys])
			counts[keys]++
			found[table] = at
		case unstable.KeyValue:
			found.value(&p, under(table, keys), e.Value(), at)
		}
	}
	return found
}

// value notes a key, and those of an inline table in it.
func (f places) value(p *unstable.Parser, path string, value *unstable.Node, at place) {
	f[path] = at
	if value.Raw.Length > 0 {
		start := p.Shape(value.Raw).Start
		f[path] = place{start.Line, start.Column}
	}
	if value.Kind != unstable.InlineTable {
		return
	}
	for entries := value.Children(); entries.Next(); {
		keys, at := keyOf(p, entries.Node())
		f.value(p, under(path, keys), entries.Node().Value(), at)
	}
}

func keyOf(p *unstable.Parser, e *unstable.Node) (string, place) {
	var parts []string
	var at place
	for keys := e.Key(); keys.Next(); {
		if parts == nil {
			start := p.Shape(keys.Node().Raw).Start
			at = place{start.Line, start.Column}
		}
		parts = append(parts, string(keys.Node().Data))
	}
	return strings.Join(parts, "."), at
}

func under(table, key string) string {
	if table == "" {
		return key
	}
	return table + "." + key
}

// of gives the place of a path, or that of the table around it.
func (f places) of(path string) place {
	for {
		if at, ok := f[path]; ok {
			return at
		}
		cut := strings.LastIndexByte(path, '.')
		if cut < 0 {
			return place{1, 1}
		}
		path = path[:cut]
	}
}

// positioned gives the decoder's error the form of ours.
func positioned(file string, err error) error {
	var unknown *toml.StrictMissingError
	if errors.As(err, &unknown) {
		var errs []error
		for _, e := range unknown.Errors {
			line, column := e.Position()
			errs = append(errs, fmt.Errorf("%s:%d:%d: %s: there is no such key; docs/scanners/profiles.md lists them", file, line, column, strings.Join(e.Key(), ".")))
		}
		return errors.Join(errs...)
	}
	var bad *toml.DecodeError
	if errors.As(err, &bad) {
		line, column := bad.Position()
		if text := strings.TrimPrefix(bad.Error(), "toml: "); strings.Contains(text, errNotation) || strings.Contains(text, errPlainNotation) {
			return fmt.Errorf("%s:%d:%d: %s: %s", file, line, column, strings.Join(bad.Key(), "."), text)
		}
		return fmt.Errorf("%s:%d:%d: this is no TOML: %s; text stands in quotes, and each key on a line of its own",
			file, line, column, strings.TrimPrefix(bad.Error(), "toml: "))
	}
	return fmt.Errorf("%s: %w", file, err)
}
