package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// totals is a CSV file's quantities, added up per SKU.
type totals struct {
	pallets []*pallet // in the order of first appearance
	rows    int       // rows that were added up
	returns int       // rows of 0 or less
	bad     int       // rows that could not be read
}

type pallet struct {
	code, gtin string
	units      int
}

func (t *totals) String() string {
	units := 0
	for _, p := range t.pallets {
		units += p.units
	}
	return fmt.Sprintf("%s, %s, from %s; left out: %s, %s",
		several(len(t.pallets), "pallet", "pallets"), several(units, "unit", "units"), several(t.rows, "row", "rows"),
		several(t.returns, "return", "returns"), several(t.bad, "bad row", "bad rows"))
}

// readTotals adds the file up. Bad rows are named on `to`; they are an error
// unless they may be skipped.
func readTotals(c *palletsCmd, in io.Reader, to io.Writer) (*totals, error) {
	r := csv.NewReader(in)
	r.ReuseRecord, r.FieldsPerRecord = true, -1
	header, err := r.Read()
	if err != nil {
		return nil, fmt.Errorf("%s: no header line: %w", c.File, err)
	}
	header[0] = strings.TrimPrefix(header[0], "\ufeff")
	cols, err := c.columns(slices.Clone(header))
	if err != nil {
		return nil, err
	}
	t, bySKU := &totals{}, map[string]*pallet{}
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = t.add(row, cols, bySKU)
		}
		if err != nil {
			t.bad++
			fmt.Fprintf(to, "%s:%d: %v\n", c.File, rowLine(r, err), err)
		}
	}
	if t.bad > 0 && !c.SkipBad {
		return nil, fmt.Errorf("%s has %s: mend that, or leave it out with --skip-bad", c.File, several(t.bad, "bad row", "bad rows"))
	}
	return t, nil
}

// rowLine is the line at which the last row began.
func rowLine(r *csv.Reader, err error) int {
	var syntax *csv.ParseError
	if errors.As(err, &syntax) {
		return syntax.StartLine
	}
	line, _ := r.FieldPos(0)
	return line
}

// columns are the indexes of the columns that matter; gtin is -1 if unused.
type columns struct{ code, qty, gtin int }

func (c *palletsCmd) columns(header []string) (columns, error) {
	find := func(name string) (int, error) {
		i := slices.Index(header, name)
		if i < 0 {
			return i, fmt.Errorf("%s has no column %q; it has %s", c.File, name, strings.Join(header, ", "))
		}
		return i, nil
	}
	code, err := find(c.CodeColumn)
	if err != nil {
		return columns{}, misused(err)
	}
	qty, err := find(c.QtyColumn)
	if err != nil {
		return columns{}, misused(err)
	}
	if c.GTINColumn == "" {
		return columns{code, qty, -1}, nil
	}
	gtin, err := find(c.GTINColumn)
	if err != nil {
		return columns{}, misused(err)
	}
	return columns{code, qty, gtin}, nil
}

// add takes one row. Its errors name the column.
func (t *totals) add(row []string, cols columns, bySKU map[string]*pallet) error {
	if len(row) <= max(cols.code, cols.qty, cols.gtin) {
		return fmt.Errorf("the row has only %s", several(len(row), "column", "columns"))
	}
	code := strings.TrimSpace(row[cols.code])
	if code == "" {
		return errors.New("the code is empty")
	}
	units, err := strconv.Atoi(strings.TrimSpace(row[cols.qty]))
	if err != nil {
		return fmt.Errorf("the quantity %q is no whole number", row[cols.qty])
	}
	gtin := ""
	if cols.gtin >= 0 && strings.TrimSpace(row[cols.gtin]) != "" {
		if gtin, err = gtin14(strings.TrimSpace(row[cols.gtin])); err != nil {
			return err
		}
	}
	if units <= 0 {
		t.returns++
		return nil
	}
	t.rows++
	p := bySKU[code]
	if p == nil {
		p = &pallet{code: code, gtin: gtin}
		bySKU[code] = p
		t.pallets = append(t.pallets, p)
	}
	p.units += units
	return nil
}
