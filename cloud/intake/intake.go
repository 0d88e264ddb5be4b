// Package intake reads files of orders, items and announced supply, as CSV or
// JSON, and checks them whole before anything is sent. It knows no database and
// no network.
//
// A bad row spoils its record: an order of which one line cannot be read is not
// taken without that line, for a line that a new version does not name is
// cancelled.
package intake

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strings"

	"dockfill/cloud/store"
)

// Kind is what a file holds.
type Kind string

// The kinds.
const (
	Orders  Kind = "orders"
	Items   Kind = "items"
	Inbound Kind = "inbound"
)

// ParseKind takes the three words.
func ParseKind(s string) (Kind, error) {
	switch k := Kind(s); k {
	case Orders, Items, Inbound:
		return k, nil
	}
	return "", fmt.Errorf("%q is none of orders, items, inbound", s)
}

// Options say how a file is read.
type Options struct {
	Kind    Kind
	Name    string   // of the file, for messages
	Map     *Mapping // nil: the file has Dockfill's own columns
	SkipBad bool     // leave bad records out and give the rest
	// OnRow, where it is set, is told how many rows were read so far.
	OnRow func(rows int)
}

// File is what was read.
type File struct {
	Batch   store.Batch
	Rows    int      // rows of a CSV file, or records of a JSON file
	Left    int      // rows that the mapping's rules left out
	Skipped int      // records left out because they are bad
	Bad     Problems // what is wrong
	// SkippedRows are all rows of those records, the good ones too.
	SkippedRows int
	// Places are those of the good records, by id.
	Places map[string]Place
	// Broken are rows whose quotes are broken. Where there is one, bad
	// records cannot be left out.
	Broken int
}

// Place is where a record stands in its file: the line of its first row, and how
// many rows it was made of.
type Place struct {
	Line int
	Rows int
}

// IDColumn is the column that names a record.
func (k Kind) IDColumn() string {
	switch k {
	case Items:
		return "sku"
	case Inbound:
		return "inbound"
	}
	return "order"
}

// Read reads a file as JSON where it begins with a brace or bracket, and as CSV
// otherwise. Where something in it is bad and SkipBad is not set, the error is
// the *Problems. So it is, SkipBad or not, where a row's quotes are broken: its
// record is not known then and cannot be left out. Any other error means that
// the file cannot be read at all.
func Read(r io.Reader, o Options) (*File, error) {
	b := bufio.NewReaderSize(r, 64<<10)
	start, err := b.Peek(4)
	if err != nil && err != io.EOF {
		return nil, fmt.Errorf("%s: %w", o.Name, err)
	}
	switch {
	case bytes.HasPrefix(start, []byte("\xff\xfe")), bytes.HasPrefix(start, []byte("\xfe\xff")):
		return nil, fmt.Errorf("%s is in UTF-16: save it as UTF-8", o.Name)
	case bytes.HasPrefix(start, []byte("\xef\xbb\xbf")):
		_, _ = b.Discard(3)
		start = start[3:]
	}
	read := readCSV
	if s := strings.TrimLeft(string(start), " \t\r\n"); strings.HasPrefix(s, "{") || strings.HasPrefix(s, "[") {
		read = readJSON
	}
	f, err := read(b, o)
	if f != nil {
		f.Bad.settle()
	}
	if err != nil {
		return f, err
	}
	f.Batch.SkipBad = o.SkipBad
	if f.Bad.Count > 0 && !o.SkipBad {
		return f, &f.Bad
	}
	return f, nil
}
