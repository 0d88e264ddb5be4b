package intake

import (
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"slices"
	"strconv"
	"strings"

	"dockfill/allocation"
	"dockfill/cloud/web/shape"
)

// builder makes records of one kind from rows, and checks them at the end.
type builder interface {
	row(r *row)
	finish(f *File)
}

func readCSV(r io.Reader, o Options) (*File, error) {
	f := &File{}
	t, err := openTable(r, o, &f.Bad)
	if err != nil {
		return nil, err
	}
	b := newBuilder(t, o.Kind)
	for {
		r, left, err := t.next()
		if err != nil {
			return nil, err
		}
		f.Rows, f.Left = f.Rows+left, f.Left+left
		if r == nil {
			break
		}
		f.Rows++
		b.row(r)
		if o.OnRow != nil {
			o.OnRow(f.Rows)
		}
	}
	b.finish(f)
	f.Rows, f.Broken = f.Rows+t.broken, t.broken
	if t.broken > 0 {
		return f, &f.Bad
	}
	return f, nil
}

// skip counts a record of that many rows that is left out.
func (f *File) skip(rows int) {
	f.Skipped++
	f.SkippedRows += rows
}

// made keeps where a good record stands in the file.
func (f *File) made(id string, at Place) {
	if f.Places == nil {
		f.Places = map[string]Place{}
	}
	f.Places[id] = at
}

func newBuilder(t *table, kind Kind) builder {
	switch kind {
	case Items:
		return &itemBuilder{records[shape.Item]{t: t, head: []string{"description", "putaway", "substitutes"}}}
	case Inbound:
		return &inboundBuilder{records[shape.Inbound]{t: t, head: []string{"version", "site", "supplier", "expected", "tolerance_pct", "closed"}}}
	}
	return &orderBuilder{records[shape.Order]{t: t, head: []string{"version", "site", "customer", "customer_name", "segment", "tier",
		"contract", "class", "override", "accepted", "promised", "requested", "ship", "door"}}}
}

// records gathers rows that belong to one record, wherever they stand.
type records[T any] struct {
	t    *table
	head []string // columns that all rows of a record must agree in
	byID map[string]*record[T]
	all  []*record[T]
}

type record[T any] struct {
	value  T
	line   int // of its first row
	head   []string
	rows   map[string]int // the line of the file behind a fault's place, such as "lines[2]"
	spoilt bool
	count  int // rows so far
}

// of gives the record that the row belongs to; first is true for its first row.
func (b *records[T]) of(r *row, id string) (rec *record[T], first bool) {
	if b.byID == nil {
		b.byID = map[string]*record[T]{}
	}
	rec = b.byID[id]
	if rec == nil {
		rec = &record[T]{line: r.line, rows: map[string]int{}, head: make([]string, len(b.head))}
		for n, column := range b.head {
			rec.head[n] = r.text(column)
		}
		b.byID[id], b.all = rec, append(b.all, rec)
		rec.count = 1
		return rec, true
	}
	rec.count++
	for n, column := range b.head {
		if said := r.text(column); said != rec.head[n] && !slices.Contains(b.t.mapping.First, column) {
			r.wrong(column, fmt.Errorf("it says %.40q here and %.40q in line %d of the same record", said, rec.head[n], rec.line))
		}
	}
	return rec, false
}

// faults notes what the record's own check found, at the rows that it came from.
func (b *records[T]) faults(rec *record[T], faults []shape.Fault, columns map[string]string) bool {
	for _, f := range faults {
		line := rec.line
		if i := strings.LastIndexByte(f.Field, '.'); i > 0 {
			line = rec.rows[f.Field[:i]]
		}
		column := leaf(f)
		if ours, ok := columns[column]; ok {
			column = ours
		}
		b.t.note(line, b.t.theirs(column), f.Reason)
	}
	return rec.spoilt || len(faults) > 0
}

type orderBuilder struct{ records[shape.Order] }

func (b *orderBuilder) row(r *row) {
	id := r.text("order")
	rec, first := b.of(r, id)
	if first {
		rec.value = shape.Order{ID: id, Version: r.wanted("version"), Site: r.text("site"), Customer: r.text("customer"),
			CustomerName: r.text("customer_name"), Segment: r.text("segment"), Override: int(r.number("override")), Class: r.text("class"),
			Contract: int(r.number("contract")), Tier: int(r.number("tier")), Accepted: r.instant("accepted"),
			Promised: r.text("promised"), Requested: r.text("requested"), Ship: r.text("ship"), Door: r.text("door")}
	}
	line := shape.Line{Line: r.text("line"), SKU: r.text("sku"), Qty: r.wanted("qty"), Pack: r.number("pack"), Life: r.number("min_life_days")}
	if b.t.mapping.Count {
		line.Line = strconv.Itoa(rec.count)
	}
	rec.rows[fmt.Sprintf("lines[%d]", len(rec.value.Lines))] = r.line
	rec.value.Lines = append(rec.value.Lines, line)
	rec.spoilt = rec.spoilt || r.spoilt
}

func (b *orderBuilder) finish(f *File) {
	for _, rec := range b.all {
		o, faults := rec.value.Domain()
		if b.faults(rec, faults, map[string]string{"id": "order"}) {
			f.skip(rec.count)
			continue
		}
		f.Batch.Orders = append(f.Batch.Orders, o)
		f.made(string(o.ID), Place{rec.line, rec.count})
	}
}

type itemBuilder struct{ records[shape.Item] }

func (b *itemBuilder) row(r *row) {
	sku := r.text("sku")
	rec, first := b.of(r, sku)
	if first {
		rec.value = shape.Item{SKU: sku, Description: r.text("description"), Putaway: r.text("putaway"), Substitutes: r.list("substitutes")}
		if b.t.mapping.GTIN {
			rec.value.GTINs = []shape.GTIN{{GTIN: DeriveGTIN(sku), Qty: 1}}
		}
	}
	if gtin := r.text("gtin"); gtin != "" {
		rec.rows[fmt.Sprintf("gtins[%d]", len(rec.value.GTINs))] = r.line
		n := r.number("pack_qty")
		if n == 0 && r.text("pack_qty") != "" {
			r.wrong("pack_qty", errors.New("a pack holds at least 1 unit; blank is 1"))
		}
		rec.value.GTINs = append(rec.value.GTINs, shape.GTIN{GTIN: gtin, Qty: n})
	}
	rec.spoilt = rec.spoilt || r.spoilt
}

func (b *itemBuilder) finish(f *File) {
	for _, rec := range b.all {
		it, faults := rec.value.Domain()
		if b.faults(rec, faults, map[string]string{"qty": "pack_qty"}) {
			f.skip(rec.count)
			continue
		}
		f.Batch.Items = append(f.Batch.Items, it)
		f.made(string(it.SKU), Place{rec.line, rec.count})
	}
}

// DeriveGTIN makes an in-house GTIN-13 for a SKU that has none: 20, which GS1
// leaves to companies for their own use, ten digits of FNV-1a-64 of the SKU
// modulo 10^10, and the check digit. Two SKUs that fall on the same digits are
// refused at the import.
func DeriveGTIN(sku string) string {
	h := fnv.New64a()
	h.Write([]byte(sku))
	digits := fmt.Sprintf("20%010d", h.Sum64()%10_000_000_000)
	check, _ := allocation.CheckDigit(digits)
	return digits + string(check)
}

type inboundBuilder struct{ records[shape.Inbound] }

func (b *inboundBuilder) row(r *row) {
	id := r.text("inbound")
	rec, first := b.of(r, id)
	if first {
		rec.value = shape.Inbound{ID: id, Version: r.wanted("version"), Site: r.text("site"), Supplier: r.text("supplier"), Expected: r.text("expected"),
			Tolerance: r.maybe("tolerance_pct"), Closed: r.yes("closed")}
	}
	in, supply := &rec.value, shape.Supply{SKU: r.text("sku"), Qty: r.wanted("qty")}
	if sscc := r.text("sscc"); sscc == "" {
		rec.rows[fmt.Sprintf("lines[%d]", len(in.Lines))] = r.line
		in.Lines = append(in.Lines, supply)
	} else {
		n := slices.IndexFunc(in.Pallets, func(p shape.Pallet) bool { return p.SSCC == sscc })
		if n < 0 {
			n = len(in.Pallets)
			in.Pallets = append(in.Pallets, shape.Pallet{SSCC: sscc})
			rec.rows[fmt.Sprintf("pallets[%d]", n)] = r.line
		}
		rec.rows[fmt.Sprintf("pallets[%d].lines[%d]", n, len(in.Pallets[n].Lines))] = r.line
		in.Pallets[n].Lines = append(in.Pallets[n].Lines, supply)
	}
	rec.spoilt = rec.spoilt || r.spoilt
}

func (b *inboundBuilder) finish(f *File) {
	for _, rec := range b.all {
		in, faults := rec.value.Domain()
		if b.faults(rec, faults, map[string]string{"id": "inbound"}) {
			f.skip(rec.count)
			continue
		}
		f.Batch.Inbound = append(f.Batch.Inbound, in)
		f.made(string(in.ID), Place{rec.line, rec.count})
	}
}
