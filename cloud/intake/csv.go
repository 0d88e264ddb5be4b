package intake

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Bounds of one row and one field, in bytes. A quote that was never closed would
// else swallow the whole file.
const (
	maxRow   = 64 << 10
	maxField = 4 << 10
)

var errRowTooLong = fmt.Errorf("a row is longer than %d bytes; is a quote left open above?", maxRow)

// columnsOf are Dockfill's own columns, those that must be there first.
var columnsOf = map[Kind][]string{
	Orders: {"order", "version", "site", "customer", "accepted", "line", "sku", "qty",
		"customer_name", "segment", "tier", "contract", "class", "override", "promised", "requested", "ship", "door", "pack", "min_life_days"},
	Items:   {"sku", "description", "putaway", "gtin", "pack_qty", "substitutes"},
	Inbound: {"inbound", "version", "site", "sku", "qty", "supplier", "expected", "tolerance_pct", "closed", "sscc"},
}

var required = map[Kind]int{Orders: 8, Items: 1, Inbound: 5}

// capped fails where too much is read for one row.
type capped struct {
	r    io.Reader
	left int
}

func (c *capped) Read(p []byte) (int, error) {
	if c.left <= 0 {
		return 0, errRowTooLong
	}
	n, err := c.r.Read(p[:min(len(p), c.left)])
	c.left -= n
	return n, err
}

// table is a CSV file with its header understood.
type table struct {
	name    string
	csv     *csv.Reader
	source  *capped
	header  []string
	at      map[string]int // our column's place in a row
	mapping *Mapping
	skip    []int // the place of each rule's column
	broken  int   // rows that could not be told apart, so that their records are not known
	bad     *Problems
	told    map[place]bool
}

// place is a field of the file. A field that was told to be bad is not told
// again, neither are the fields of a row that is bad as a whole, where column
// is "".
type place struct {
	line   int
	column string
}

// note adds a problem at a place that was not told yet. column is the file's
// name of it.
func (t *table) note(line int, column, reason string) {
	row := place{line, ""}
	if _, known := t.told[row]; !known {
		t.bad.Rows++
		t.told[row] = false
	}
	if t.told[row] || t.told[place{line, column}] {
		return
	}
	t.told[place{line, column}] = true
	t.bad.add(Problem{File: t.name, Line: line, Column: column, Reason: reason})
}

// row is one row of a table. Its methods note what cannot be read.
type row struct {
	t      *table
	line   int
	fields []string
	spoilt bool
}

func openTable(r io.Reader, o Options, bad *Problems) (*table, error) {
	t := &table{name: o.Name, source: &capped{r: r, left: maxRow}, at: map[string]int{}, mapping: o.Map, bad: bad, told: map[place]bool{}}
	if t.mapping == nil {
		t.mapping = &Mapping{Kind: o.Kind, Time: TimeFormat{zone: time.UTC}}
	}
	if t.mapping.Kind != o.Kind {
		return nil, fmt.Errorf("the mapping is for %s, the file is read as %s", t.mapping.Kind, o.Kind)
	}
	t.csv = csv.NewReader(t.source)
	t.csv.FieldsPerRecord, t.csv.ReuseRecord = -1, true
	if d := t.mapping.Delimiter; d != "" {
		t.csv.Comma, _ = utf8.DecodeRuneInString(d)
	}
	header, err := t.csv.Read()
	if err == io.EOF {
		return nil, fmt.Errorf("%s is empty: its first row must name the columns", o.Name)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: the first row, which names the columns: %w", o.Name, err)
	}
	t.header = slices.Clone(header)
	if err := t.understand(o.Kind, o.Map != nil); err != nil {
		return nil, Problem{File: o.Name, Line: 1, Reason: err.Error()}
	}
	return t, nil
}

func (t *table) understand(kind Kind, foreign bool) error {
	for n, h := range t.header {
		t.header[n] = strings.TrimSpace(h)
		if slices.Contains(t.header[:n], t.header[n]) {
			return fmt.Errorf("column %q stands twice", t.header[n])
		}
		if !foreign && !slices.Contains(columnsOf[kind], t.header[n]) {
			return fmt.Errorf("column %q is not known (a file with columns of its own is read with --map): %s", t.header[n], Nearest(t.header[n], columnsOf[kind]))
		}
	}
	if err := t.locate(kind, foreign); err != nil {
		return err
	}
	for _, column := range columnsOf[kind][:required[kind]] {
		if !t.has(column) {
			return fmt.Errorf("column %q is missing", column)
		}
	}
	for _, r := range t.mapping.Skip {
		n := slices.Index(t.header, r.Column)
		if n < 0 {
			return fmt.Errorf("a skip rule names column %q: %s", r.Column, Nearest(r.Column, t.header))
		}
		t.skip = append(t.skip, n)
	}
	return nil
}

// locate finds each of our columns in the header: by the mapping, or where there
// is none by its own name.
func (t *table) locate(kind Kind, foreign bool) error {
	for _, column := range columnsOf[kind] {
		theirs, named := t.mapping.Columns[column]
		if !named && foreign {
			continue
		}
		if !named {
			theirs = column
		}
		n := slices.Index(t.header, theirs)
		switch {
		case n >= 0:
			t.at[column] = n
		case named:
			return fmt.Errorf("the mapping reads %s from column %q, which is not there: %s", column, theirs, Nearest(theirs, t.header))
		}
	}
	return nil
}

func (t *table) has(column string) bool {
	_, there := t.at[column]
	_, constant := t.mapping.Constants[column]
	return there || constant || (column == "line" && t.mapping.Count)
}

// next gives the next row that no rule leaves out; nil at the end. left counts
// the rows that were left out before it.
func (t *table) next() (r *row, left int, err error) {
	for {
		t.source.left = maxRow
		fields, err := t.csv.Read()
		var parse *csv.ParseError
		switch {
		case err == io.EOF:
			return nil, left, nil
		case errors.Is(err, errRowTooLong):
			return nil, left, fmt.Errorf("%s: near line %d: %w", t.name, t.line(), errRowTooLong)
		case errors.As(err, &parse):
			t.broken++
			t.note(parse.Line, t.title(len(fields)), misquoted(parse))
			continue
		case err != nil:
			return nil, left, fmt.Errorf("%s: %w", t.name, err)
		}
		if r := t.row(fields); r == nil || !t.leavesOut(r) {
			return r, left, nil
		}
		left++
	}
}

func (t *table) line() int {
	line, _ := t.csv.FieldPos(0)
	return line
}

func (t *table) row(fields []string) *row {
	r := &row{t: t, line: t.line(), fields: fields}
	if len(fields) != len(t.header) {
		r.wrong("", fmt.Errorf("it has %s, the first row names %s", several(len(fields), "field"), several(len(t.header), "column")))
	}
	for n, f := range fields {
		if len(f) > maxField {
			r.spoilt = true
			t.note(r.line, t.title(n), fmt.Sprintf("it has %d bytes, at most %d are allowed", len(f), maxField))
		}
	}
	return r
}

// title names the column of a row's field n, which counts from 0.
func (t *table) title(n int) string {
	if n < len(t.header) {
		return t.header[n]
	}
	return fmt.Sprint("field ", n+1)
}

// misquoted says what is wrong with a row's quotes.
func misquoted(e *csv.ParseError) string {
	text := "a quoted field does not end where its quote does: write a quote within the field twice"
	if errors.Is(e.Err, csv.ErrBareQuote) {
		text = "a quote stands in a field that does not begin with one: put the field in quotes and write the quote in it twice"
	}
	if e.StartLine != e.Line {
		text += fmt.Sprintf("; the row begins in line %d", e.StartLine)
	}
	return text
}

func (t *table) leavesOut(r *row) bool {
	for n, rule := range t.mapping.Skip {
		if at := t.skip[n]; at < len(r.fields) && rule.drops(r.fields[at]) {
			return true
		}
	}
	return false
}

// wrong notes a problem with one of our columns, by the name that the file has
// for it.
func (r *row) wrong(column string, err error) {
	r.spoilt = true
	r.t.note(r.line, r.t.theirs(column), err.Error())
}

func (t *table) theirs(column string) string {
	if n, ok := t.at[column]; ok {
		return t.header[n]
	}
	return column
}

// text gives a column's value: a constant, or the field without white space
// around it, or the default where that is blank.
func (r *row) text(column string) string {
	m := r.t.mapping
	if c, ok := m.Constants[column]; ok {
		return c
	}
	value := ""
	if n, ok := r.t.at[column]; ok && n < len(r.fields) {
		value = strings.TrimSpace(r.fields[n])
	}
	value = strings.TrimSuffix(value, m.Suffixes[column])
	if value == "" {
		return m.Defaults[column]
	}
	return strings.Clone(value)
}

// number gives a whole number; blank is 0.
func (r *row) number(column string) int64 {
	s := r.text(column)
	if s == "" {
		return 0
	}
	n, err := strconv.ParseInt(s, 10, 64)
	switch {
	case errors.Is(err, strconv.ErrRange):
		r.wrong(column, fmt.Errorf("%.40q is too large a number", s))
	case err != nil:
		r.wrong(column, fmt.Errorf("%.40q is not a whole number", s))
	}
	return n
}

// maybe is number where a blank says nothing.
func (r *row) maybe(column string) *int64 {
	if r.text(column) == "" {
		return nil
	}
	n := r.number(column)
	return &n
}

// yes gives a truth; blank is false.
func (r *row) yes(column string) bool {
	switch s := r.text(column); s {
	case "true":
		return true
	case "false", "":
	default:
		r.wrong(column, fmt.Errorf("%.40q is neither true nor false", s))
	}
	return false
}

// list gives what stands between semicolons.
func (r *row) list(column string) (all []string) {
	for part := range strings.SplitSeq(r.text(column), ";") {
		if part = strings.TrimSpace(part); part != "" {
			all = append(all, part)
		}
	}
	return all
}

// wanted is number where a blank is wrong.
func (r *row) wanted(column string) int64 {
	if r.text(column) == "" {
		r.wrong(column, errors.New("it is blank"))
	}
	return r.number(column)
}

// example is an instant, for people who wonder how one is written.
var example = time.Date(2026, 11, 23, 9, 30, 0, 0, time.UTC)

// instant gives a time; blank is the zero time.
func (r *row) instant(column string) time.Time {
	s := r.text(column)
	if s == "" {
		return time.Time{}
	}
	f := r.t.mapping.Time
	layout := f.Layout
	if layout == "" {
		layout = time.RFC3339 // it takes fractions of a second too
	}
	at, err := time.ParseInLocation(layout, s, f.zone)
	if err != nil {
		r.wrong(column, fmt.Errorf("%.40q is not a time written like %s", s, example.Format(layout)))
	}
	return at.UTC()
}
