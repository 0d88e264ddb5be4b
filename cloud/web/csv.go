package web

import (
	"context"
	"encoding/csv"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"dockfill/cloud/store"
)

// csvPage is large because the database counts a page's rows from the first.
const csvPage = 20_000

var csvHead = []string{"line", "order", "customer", "customer_name", "sku", "description", "site", "ordered", "cancelled",
	"pending", "allocated", "open", "accepted", "promised"}

type csvInput struct{ OwedFilter }

// getOwedCSV writes every line that matches. The first page is read before the
// answer begins, so that a database that is down is a problem and not half a
// file.
func (s *Server) getOwedCSV(ctx context.Context, in *csvInput) (*huma.StreamResponse, error) {
	q := in.query()
	q.Limit = csvPage
	if err := s.narrow(ctx, &q); err != nil {
		return nil, s.unread("promises", err)
	}
	lines, _, err := s.Reads.Owed(ctx, q)
	if err != nil {
		return nil, s.unread("owed", err)
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		hc.SetHeader("Content-Type", "text/csv; charset=utf-8")
		hc.SetHeader("Content-Disposition", `attachment; filename="owed.csv"`)
		out := csv.NewWriter(hc.BodyWriter())
		_ = out.Write(csvHead)
		for len(lines) > 0 && err == nil {
			for _, l := range lines {
				_ = out.Write(csvLine(l))
			}
			if len(lines) < csvPage {
				break
			}
			q.Offset += csvPage
			lines, _, err = s.Reads.Owed(ctx, q)
		}
		if out.Flush(); err != nil || out.Error() != nil {
			s.Log.Error("owed.csv was cut short", "read", err, "write", out.Error())
			panic(errCut)
		}
	}}, nil
}

func csvLine(l store.OwedLine) []string {
	row := []string{string(l.Line), string(l.Order), string(l.Customer), l.CustomerName, string(l.SKU), l.Description, string(l.Site),
		strconv.FormatInt(l.Ordered, 10), strconv.FormatInt(l.Cancelled, 10), strconv.FormatInt(l.Pending, 10),
		strconv.FormatInt(l.Allocated, 10), strconv.FormatInt(l.Open, 10), l.Accepted.UTC().Format(time.RFC3339), string(l.Promised)}
	for i := range row[:7] {
		row[i] = cell(row[i])
	}
	return row
}

// cell disarms text that a spreadsheet would run as a formula, by an
// apostrophe before it (OWASP, "CSV Injection").
func cell(s string) string {
	s = visible(s)
	if strings.TrimLeft(s, " ") != "" && strings.ContainsRune("=+-@|%", rune(strings.TrimLeft(s, " ")[0])) {
		return "'" + s
	}
	return s
}
