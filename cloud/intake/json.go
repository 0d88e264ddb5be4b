package intake

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"dockfill/cloud/store"
	"dockfill/cloud/web/shape"
)

// maxJSON bounds a JSON file, which is read whole, in bytes.
const maxJSON = 256 << 20

// reading is a JSON file being read, record by record.
type reading struct {
	o       Options
	f       *File
	text    []byte
	decoder *json.Decoder
	line    int // of the file at offset
	offset  int // up to which lines were counted
}

// readJSON takes one object, a list of them, or an object with the list under
// the name of the kind.
func readJSON(r io.Reader, o Options) (*File, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxJSON+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: %w", o.Name, err)
	case len(text) > maxJSON:
		return nil, fmt.Errorf("%s is larger than %d bytes: divide it, or use CSV", o.Name, maxJSON)
	case o.Map != nil:
		return nil, fmt.Errorf("%s is JSON: a mapping is for the columns of CSV files", o.Name)
	}
	d := &reading{o: o, f: &File{}, text: text, decoder: json.NewDecoder(bytes.NewReader(text)), line: 1}
	var whole json.RawMessage
	if err := json.Unmarshal(text, &whole); err != nil {
		return nil, d.invalid(err)
	}
	return d.f, d.records()
}

// records takes the records of a file that is one whole JSON value.
func (d *reading) records() error {
	var wrapped map[string]json.RawMessage
	_ = json.Unmarshal(d.text, &wrapped) // a list leaves it empty
	list, isWrapped := wrapped[string(d.o.Kind)]
	switch {
	case wrapped != nil && !isWrapped:
		d.record(d.text, d.lineAt(d.start()))
		return nil
	case len(wrapped) > 1:
		delete(wrapped, string(d.o.Kind))
		beside := slices.Sorted(maps.Keys(wrapped))[0]
		return d.problem(0, fmt.Sprintf("key %q stands beside %q, which must stand alone", beside, d.o.Kind))
	case isWrapped && list[0] != '[':
		return d.problem(bytes.IndexByte(d.text, ':'), fmt.Sprintf("a list of %s is expected here", d.o.Kind))
	}
	d.enter(isWrapped)
	for d.decoder.More() {
		line := d.lineAt(d.start())
		var raw json.RawMessage
		if err := d.decoder.Decode(&raw); err != nil {
			return err
		}
		d.record(raw, line)
	}
	return nil
}

// enter goes to the first record of the list.
func (d *reading) enter(wrapped bool) {
	tokens := 1 // the bracket
	if wrapped {
		tokens = 3 // brace and key before it
	}
	for range tokens {
		_, _ = d.decoder.Token()
	}
}

// invalid says where a file stops being JSON. What follows behind its end would
// be lost unread, and so it is refused too.
func (d *reading) invalid(err error) error {
	var syntax *json.SyntaxError
	if !errors.As(err, &syntax) {
		return d.problem(0, shape.Plain(err))
	}
	at := max(0, int(syntax.Offset)-1)
	switch {
	case shape.EndsEarly(err):
		return d.problem(len(bytes.TrimSpace(d.text)), d.brokenOff())
	case strings.HasSuffix(err.Error(), "after top-level value"):
		return d.problem(at, fmt.Sprintf("text follows behind the end of the JSON: %.20q; many records stand in one list", d.text[at:]))
	}
	return d.problem(at, shape.Plain(err))
}

// brokenOff says in the middle of what the file ends.
func (d *reading) brokenOff() string {
	begin := d.start()
	first, _ := d.decoder.Token()
	if first == json.Delim('{') {
		if key, _ := d.decoder.Token(); key != string(d.o.Kind) {
			return d.inside(begin)
		}
		_, _ = d.decoder.Token()
	}
	for d.decoder.More() {
		if begin = d.start(); begin == len(d.text) {
			break
		}
		var raw json.RawMessage
		if d.decoder.Decode(&raw) != nil {
			return d.inside(begin)
		}
	}
	return "the file ends before its list does: is it whole?"
}

func (d *reading) inside(begin int) string {
	return fmt.Sprintf("the file ends in the middle of the record begun at line %d: is it whole?", d.lineOf(begin))
}

// start is where the next value begins: behind blanks, a comma, a colon.
func (d *reading) start() int {
	at := int(d.decoder.InputOffset())
	for at < len(d.text) && strings.IndexByte(" \t\r\n,:", d.text[at]) >= 0 {
		at++
	}
	return at
}

func (d *reading) problem(at int, reason string) error {
	return Problem{File: d.o.Name, Line: d.lineOf(at), Reason: reason}
}

// lineOf is the line of the file at an offset.
func (d *reading) lineOf(at int) int { return 1 + bytes.Count(d.text[:at], []byte("\n")) }

// lineAt is lineOf for offsets that do not go back.
func (d *reading) lineAt(offset int) int {
	if offset > d.offset {
		d.line += bytes.Count(d.text[d.offset:offset], []byte("\n"))
		d.offset = offset
	}
	return d.line
}

func (d *reading) record(raw []byte, line int) {
	d.f.Rows++
	if d.o.OnRow != nil {
		d.o.OnRow(d.f.Rows)
	}
	faults := d.take(raw)
	if len(faults) == 0 {
		d.f.made(last(d.f.Batch, d.o.Kind), Place{line, 1})
	}
	for _, f := range faults {
		d.f.Bad.add(Problem{File: d.o.Name, Line: line, Column: f.Field, Reason: f.Reason})
	}
}

// last is the id of the newest record of a batch.
func last(b store.Batch, kind Kind) string {
	switch kind {
	case Items:
		return string(b.Items[len(b.Items)-1].SKU)
	case Inbound:
		return string(b.Inbound[len(b.Inbound)-1].ID)
	}
	return string(b.Orders[len(b.Orders)-1].ID)
}

// take puts a record into the batch where it is good, and gives what is wrong
// with it.
func (d *reading) take(raw []byte) (faults []shape.Fault) {
	b := &d.f.Batch
	switch d.o.Kind {
	case Orders:
		b.Orders, faults = keep(b.Orders, raw, shape.ReadOrder)
	case Items:
		b.Items, faults = keep(b.Items, raw, shape.ReadItem)
	case Inbound:
		b.Inbound, faults = keep(b.Inbound, raw, shape.ReadInbound)
	}
	if len(faults) > 0 {
		d.f.Skipped++
		d.f.SkippedRows++
		d.f.Bad.Rows++
	}
	return faults
}

// keep adds a record to a list where it is good.
func keep[D any](list []D, raw []byte, read func([]byte) (D, []shape.Fault)) ([]D, []shape.Fault) {
	v, faults := read(raw)
	if len(faults) > 0 {
		return list, faults
	}
	return append(list, v), nil
}
