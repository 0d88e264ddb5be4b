package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"dockfill/cloud/intake"
)

// found is what a file holds, and what is wrong with it.
type found struct {
	*intake.File
	name   string
	column string // that names a record
	begun  time.Time
	fatal  bool // records cannot be told apart, so bad ones cannot be left out
}

func (f *found) records() int {
	return len(f.Batch.Orders) + len(f.Batch.Items) + len(f.Batch.Inbound)
}

// record names a record by its place in the batch.
func (f *found) record(n int) (kind, id string) {
	switch b := f.Batch; {
	case n < len(b.Orders):
		return "order", string(b.Orders[n].ID)
	case n < len(b.Items):
		return "item", string(b.Items[n].SKU)
	case n < len(b.Inbound):
		return "inbound", string(b.Inbound[n].ID)
	}
	return "record", fmt.Sprint(n + 1)
}

// refused is the centre's refusal of a record, at the line where that begins.
func (f *found) refused(kind, id, reason string) faultJSON {
	return faultJSON{File: f.name, Line: f.Places[id].Line, Column: f.column, Record: kind + " " + id, Reason: reason}
}

// placed names the records in a centre's refusal, which tells their places.
func (f *found) placed(err error) error {
	var p *problem
	if !errors.As(err, &p) {
		return err
	}
	r := &refusal{sentence: p.Detail}
	for _, e := range p.Errors {
		n := 0
		if _, err := fmt.Sscanf(e.Location, "body[%d]", &n); err != nil || n < 0 {
			r.faults = append(r.faults, faultJSON{File: f.name, Record: e.Location, Reason: e.Message})
			continue
		}
		kind, id := f.record(n)
		r.faults = append(r.faults, f.refused(kind, id, e.Message))
	}
	return r
}

// read reads and checks the whole file. An error means that it cannot be read
// at all; what is wrong with its rows is in the result.
func (i importCmd) read(p *program) (*found, error) {
	mapping, err := i.mapping()
	if err != nil {
		return nil, err
	}
	file, name, size, err := i.open(p)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	bar := newProgress(p.err, "reading "+name, size)
	defer bar.end()
	got := &found{name: name, column: intake.Kind(i.Kind).IDColumn(), begun: time.Now()}
	got.File, err = intake.Read(counted{file, bar}, intake.Options{Kind: intake.Kind(i.Kind), Name: name, Map: mapping, SkipBad: i.SkipBad})
	var bad *intake.Problems
	if errors.As(err, &bad) && got.File != nil {
		got.fatal = true
		return got, nil
	}
	return got, err
}

func (i importCmd) mapping() (*intake.Mapping, error) {
	if i.Map == "" {
		return nil, nil
	}
	f, err := os.Open(i.Map)
	if err != nil {
		return nil, unopened("mapping", i.Map, err)
	}
	defer f.Close()
	return intake.ReadMapping(i.Map, f)
}

// open gives the file with its name and size; the size is 0 where it is not
// known.
func (i importCmd) open(p *program) (io.ReadCloser, string, int64, error) {
	if i.File == "-" {
		return io.NopCloser(p.in), "standard input", 0, nil
	}
	f, err := os.Open(i.File)
	if err != nil {
		return nil, "", 0, unopened("file", i.File, err)
	}
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = fmt.Errorf("%s is a folder; name a file in it", i.File)
	}
	if err != nil {
		return nil, "", 0, errors.Join(err, f.Close())
	}
	return f, i.File, info.Size(), nil
}

// unopened says why a file cannot be read, without the words of the system call.
func unopened(what, name string, err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return fmt.Errorf("the %s %s cannot be opened: %w; check the path, and that you may read it", what, name, err)
}
