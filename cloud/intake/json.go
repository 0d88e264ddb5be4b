package intake

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

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
	line    int   // of the file at offset
	offset  int64 // up to which lines were counted
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
	if err := d.all(); err != nil {
		return nil, Problem{File: o.Name, Line: d.lineAt(d.decoder.InputOffset()), Reason: shape.Plain(err)}
	}
	return d.f, nil
}

func (d *reading) all() error {
	var wrapped map[string]json.RawMessage
	if json.Unmarshal(d.text, &wrapped) == nil && wrapped[string(d.o.Kind)] == nil {
		d.record(d.text, 1)
		return nil
	}
	if wrapped != nil {
		for key := range wrapped {
			if key != string(d.o.Kind) {
				return fmt.Errorf("key %q stands beside %q, which must stand alone", key, d.o.Kind)
			}
		}
		for range 2 {
			if _, err := d.decoder.Token(); err != nil { // the brace and the key
				return err
			}
		}
	}
	if t, err := d.decoder.Token(); err != nil || t != json.Delim('[') {
		return errors.Join(err, fmt.Errorf("a list of %s is expected", d.o.Kind))
	}
	for d.decoder.More() {
		var raw json.RawMessage
		if err := d.decoder.Decode(&raw); err != nil {
			return err
		}
		d.record(raw, d.lineAt(d.decoder.InputOffset()-int64(len(raw))))
	}
	_, err := d.decoder.Token()
	return err
}

// lineAt counts lines; offsets must not go back.
func (d *reading) lineAt(offset int64) int {
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
