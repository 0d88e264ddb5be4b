package scenario

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
)

// maxLine is the longest line that is read, in bytes.
const maxLine = 4 << 20

// Reader reads scenario lines.
type Reader struct {
	in *bufio.Scanner
	n  int
}

// NewReader reads from r, which need not end in a newline.
func NewReader(r io.Reader) *Reader {
	in := bufio.NewScanner(r)
	in.Buffer(make([]byte, 0, 64<<10), maxLine)
	return &Reader{in: in}
}

// Next gives the next line that is not blank, and its number from 1. A line that
// is not of the format gives an *Error, and reading goes on behind it; io.EOF is
// the end; any other error is the input's.
func (r *Reader) Next() (n int, l Line, err error) {
	for r.in.Scan() {
		r.n++
		text := bytes.TrimSpace(r.in.Bytes())
		if len(text) == 0 {
			continue
		}
		l, err = Parse(text)
		return r.n, l, err
	}
	switch err := r.in.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return r.n + 1, Line{}, fmt.Errorf("line %d is longer than %d bytes", r.n+1, maxLine)
	case err != nil:
		return r.n + 1, Line{}, fmt.Errorf("line %d: %w", r.n+1, err)
	}
	return r.n, Line{}, io.EOF
}

// Parse reads one line. Its error is an *Error with code Syntax.
func Parse(text []byte) (Line, error) {
	var l Line
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&l); err != nil {
		return Line{}, &Error{Syntax, "the line cannot be read: " + inWords(err)}
	}
	if err := checkKeys(text); err != nil {
		return Line{}, &Error{Syntax, "the line cannot be read: " + err.Error()}
	}
	if d.More() {
		return Line{}, &Error{Syntax, "something follows the line's object; each line holds one"}
	}
	switch kinds := l.kinds(); len(kinds) {
	case 1:
		return l, nil
	case 0:
		return Line{}, &Error{Syntax, "the line says nothing: one of " + strings.Join(allKinds, ", ") + " is expected"}
	default:
		return Line{}, &Error{Syntax, "the line says several things (" + strings.Join(kinds, ", ") + "); each line says one"}
	}
}

// inWords says what is wrong with a line in the words of one who writes it.
func inWords(err error) string {
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	text := strings.TrimPrefix(err.Error(), "json: ")
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "it ends in the middle of its object"
	case errors.As(err, &syntax):
		return fmt.Sprintf("at column %d it is no JSON", syntax.Offset)
	case errors.As(err, &kind) && kind.Field == "":
		return "one JSON object is expected, found: " + kind.Value
	case errors.As(err, &kind):
		return fmt.Sprintf("%s takes no %s", kind.Field, kind.Value)
	}
	return strings.Replace(text, "unknown field", "there is no key", 1)
}

// Kind names what the line says: order, scan and so on.
func (l Line) Kind() string { return strings.Join(l.kinds(), ",") }

// allKinds are the words that a line can begin with, cmd aside.
var allKinds = func() (kinds []string) {
	t := reflect.TypeFor[Line]()
	for i := 1; i < t.NumField(); i++ {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		kinds = append(kinds, name)
	}
	return kinds
}()

func (l Line) kinds() (set []string) {
	v := reflect.ValueOf(l)
	for i, name := range allKinds {
		if !v.Field(i + 1).IsNil() {
			set = append(set, name)
		}
	}
	return set
}

// Writer writes the output.
type Writer struct{ to *json.Encoder }

// NewWriter writes to w, a JSON object a line.
func NewWriter(w io.Writer) *Writer {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return &Writer{e}
}

// Result writes what a line came to.
func (w *Writer) Result(r Result) error { return w.to.Encode(r) }

// Balances writes the last line.
func (w *Writer) Balances(b Balances) error {
	return w.to.Encode(struct {
		Balances Balances `json:"balances"`
	}{b})
}
