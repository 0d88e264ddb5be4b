package witness

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"strconv"
)

// A record is one line of text: its number, the CRC-32C of number and body in hex, and
// its entries as an array of arrays, each with its kind first. Numbers have no gaps.

// The kinds of entries.
const (
	kindCentre  = "centre"
	kindLife    = "life"
	kindPresent = "present"
	kindRights  = "rights"
	kindBound   = "bound"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func sum(n int64, body []byte) uint32 {
	return crc32.Update(crc32.Checksum(strconv.AppendInt(nil, n, 10), castagnoli), castagnoli, body)
}

// body is the text of some entries.
func body(entries []Entry) ([]byte, error) {
	rows := make([][]any, len(entries))
	for i, e := range entries {
		switch {
		case e.Centre != "":
			rows[i] = []any{kindCentre, e.Centre}
		case e.Bound != nil:
			rows[i] = []any{kindBound, e.Line, *e.Bound}
		case e.Present:
			rows[i] = []any{kindPresent, e.Site, e.Life}
		case e.Line != "":
			rows[i] = []any{kindRights, e.Site, e.Life, e.Line, e.Granted, e.Attested}
		default:
			rows[i] = []any{kindLife, e.Site, e.Life}
		}
	}
	return json.Marshal(rows)
}

func line(n int64, body []byte) []byte {
	return append(fmt.Appendf(nil, "%d %08x ", n, sum(n, body)), append(slices.Clone(body), '\n')...)
}

var errTorn = errors.New("it is no whole record")

// parseLine gives number and body of a line without its end.
func parseLine(text []byte) (n int64, body []byte, err error) {
	parts := bytes.SplitN(text, []byte(" "), 3)
	if len(parts) < 3 {
		return 0, nil, errTorn
	}
	n, err1 := strconv.ParseInt(string(parts[0]), 10, 64)
	crc, err2 := strconv.ParseUint(string(parts[1]), 16, 32)
	if err1 != nil || err2 != nil || n < 1 || uint32(crc) != sum(n, parts[2]) {
		return 0, nil, errTorn
	}
	return n, parts[2], nil
}

// eachEntry reads a body back. A kind that is not known is an error: a centre that
// passed it over would forget what a newer one granted.
func eachEntry(body []byte, tell func(Entry) error) error {
	var rows [][]json.RawMessage
	if err := json.Unmarshal(body, &rows); err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	for _, row := range rows {
		e, err := parseEntry(row)
		if err != nil {
			return err
		}
		if err := tell(e); err != nil {
			return err
		}
	}
	return nil
}

func parseEntry(row []json.RawMessage) (e Entry, err error) {
	var kind string
	if len(row) == 0 || json.Unmarshal(row[0], &kind) != nil {
		return e, fmt.Errorf("%w: an entry says of no kind", ErrDamaged)
	}
	var into []any
	switch kind {
	case kindCentre:
		into = []any{&e.Centre}
	case kindLife:
		into = []any{&e.Site, &e.Life}
	case kindPresent:
		e.Present = true
		into = []any{&e.Site, &e.Life}
	case kindRights:
		into = []any{&e.Site, &e.Life, &e.Line, &e.Granted, &e.Attested}
	case kindBound:
		e.Bound = new(int64)
		into = []any{&e.Line, e.Bound}
	default:
		return e, fmt.Errorf("an entry is of kind %q: a newer dockfill-cloud wrote it, run that one", kind)
	}
	if len(row) != len(into)+1 {
		return e, fmt.Errorf("%w: an entry of kind %s has %d parts", ErrDamaged, kind, len(row))
	}
	for i, to := range into {
		err = errors.Join(err, json.Unmarshal(row[i+1], to))
	}
	if err != nil {
		err = fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return e, err
}
