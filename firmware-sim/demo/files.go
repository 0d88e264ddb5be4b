package demo

import (
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// kinds are the files in the order in which they are imported.
var kinds = []string{"items", "orders", "inbound"}

// write puts the files into dir as dockfill-cloud import takes them.
func (w world) write(dir string) error {
	rows := map[string][][]string{"items": w.itemRows(), "orders": w.orderRows(), "inbound": w.inboundRows()}
	for _, kind := range kinds {
		if err := writeCSV(filepath.Join(dir, kind+".csv"), rows[kind]); err != nil {
			return fmt.Errorf("the sample files cannot be written: %w", err)
		}
	}
	return nil
}

func writeCSV(path string, rows [][]string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := csv.NewWriter(f).WriteAll(rows); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

// itemRows has a row for the unit's barcode and one for the carton's.
func (w world) itemRows() [][]string {
	rows := [][]string{{"sku", "description", "putaway", "gtin", "pack_qty"}}
	for _, it := range w.items {
		rows = append(rows, []string{it.sku, it.description, it.putaway, it.each, "1"},
			[]string{it.sku, it.description, it.putaway, it.carton, strconv.Itoa(it.pack)})
	}
	return rows
}

func (w world) orderRows() [][]string {
	rows := [][]string{{"order", "version", "site", "customer", "customer_name", "tier", "accepted", "promised", "requested", "door", "line", "sku", "qty"}}
	for _, o := range w.orders {
		for n, l := range o.lines {
			rows = append(rows, []string{
				o.id, "1", o.site, o.customer.id, o.customer.name, strconv.Itoa(o.customer.tier), o.accepted.Format(time.RFC3339),
				o.promised, o.requested, o.customer.door, strconv.Itoa(n + 1), l.item.sku, strconv.Itoa(l.qty),
			})
		}
	}
	return rows
}

func (w world) inboundRows() [][]string {
	rows := [][]string{{"inbound", "version", "site", "supplier", "expected", "sku", "qty", "sscc"}}
	for _, in := range w.inbound {
		for _, c := range in.contents {
			rows = append(rows, []string{in.id, "1", in.site, in.supplier, in.expected, c.item.sku, strconv.Itoa(c.qty), in.sscc})
		}
	}
	return rows
}
