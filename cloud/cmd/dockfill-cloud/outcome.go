package main

import (
	"errors"
	"fmt"

	"dockfill/cloud/intake"
	"dockfill/cloud/web"
)

// outcomeJSON is what "import --json" prints where the file was imported.
type outcomeJSON struct {
	Schema         int         `json:"schema"`
	Rows           int         `json:"rows"`
	Bad            int         `json:"bad"`              // rows
	LeftOutRows    int         `json:"left_out_rows"`    // all rows of the records left out
	LeftOutRecords int         `json:"left_out_records"` // for a bad row, or refused by the centre
	Faults         []faultJSON `json:"faults"`           // of what was left out; the first hundred
	web.ImportJSON
}

func (f *found) outcome(res web.ImportJSON) outcomeJSON {
	rows, records := f.leftOut(res)
	return outcomeJSON{schema, f.Rows, f.Bad.Rows, rows, records, f.faults(), res}
}

// leftOut counts the records that were left out, here for a bad row or by the
// centre, with all their rows: a bad row takes the good ones of its record along.
func (f *found) leftOut(res web.ImportJSON) (rows, records int) {
	rows, records = f.SkippedRows, f.Skipped+len(res.Refused)
	for _, r := range res.Refused {
		rows += f.Places[r.ID].Rows
	}
	return rows, records
}

// failureJSON is what it prints where nothing was imported.
type failureJSON struct {
	Schema int         `json:"schema"`
	Error  string      `json:"error"`
	Rows   int         `json:"rows"`
	Bad    int         `json:"bad"`    // rows
	Count  int         `json:"count"`  // of faults, those included that are not listed
	Faults []faultJSON `json:"faults"` // the first of them
}

// faultJSON is one thing that is wrong.
type faultJSON struct {
	File   string `json:"file"`
	Line   int    `json:"line,omitempty"`
	Column string `json:"column,omitempty"`
	Record string `json:"record,omitempty"` // where the centre refused it
	Reason string `json:"reason"`
}

func faultOf(p intake.Problem) faultJSON {
	return faultJSON{File: p.File, Line: p.Line, Column: p.Column, Reason: p.Reason}
}

// String is the fault as a line for people.
func (f faultJSON) String() string {
	at := f.File
	if f.Line > 0 {
		at += fmt.Sprintf(":%d: %s", f.Line, f.Column)
	}
	return at + ": " + quoted(f.Record) + ": " + quoted(f.Reason)
}

// faults are what is bad in the file itself.
func (f *found) faults() []faultJSON {
	all := []faultJSON{}
	if f == nil || f.File == nil {
		return all
	}
	for _, p := range f.Bad.List {
		all = append(all, faultOf(p))
	}
	return all
}

// failure puts a failed import into JSON.
func (i importCmd) failure(f *found, err error) failureJSON {
	out := failureJSON{Schema: schema, Error: err.Error(), Faults: f.faults()}
	var place intake.Problem
	var refused *refusal
	switch {
	case errors.As(err, &refused):
		out.Error, out.Faults = refused.sentence, append(out.Faults, refused.faults...)
	case errors.As(err, &place):
		out.Faults = append(out.Faults, faultOf(place))
	case len(out.Faults) == 0:
		out.Faults = append(out.Faults, faultJSON{File: i.File, Reason: err.Error()})
	}
	out.Count = len(out.Faults)
	if f != nil && f.File != nil {
		out.Rows, out.Bad = f.Rows, f.Bad.Rows
		out.Count += f.Bad.Count - len(f.Bad.List)
	}
	return out
}

// refusal is a file that the centre refused.
type refusal struct {
	sentence string
	faults   []faultJSON
}

func (r *refusal) Error() string {
	text := r.sentence
	for _, f := range r.faults {
		text += "\n" + f.String()
	}
	return text
}
