package web

import (
	"cmp"
	"context"

	"dockfill/cloud/store"
)

// shorts are the lines that are to be filled whole and lack units: a person should
// know of each, until it is filled, cancelled, or of another class.
type shorts struct {
	Rows []shortRow
	More string // lines that are not shown; "" where all are
}

type shortRow struct{ Text, What, Why, Age string }

// shortRows is how many of them stand on the page.
const shortRows = 12

func (s *Server) shortLines(ctx context.Context) (shorts, error) {
	lines, total, err := s.Reads.Owed(ctx, store.OwedQuery{Short: true, Limit: shortRows})
	var out shorts
	for _, l := range lines {
		out.Rows = append(out.Rows, shortRow{
			Text: visible(string(l.Line)) + " is to be filled whole and lacks " + number(l.Open) + " of " + visible(string(l.SKU)),
			What: visible(cmp.Or(l.CustomerName, string(l.Customer))) + " · " + visible(string(l.Site)),
			Why:  aboutLine(l.Line),
			Age:  ago(s.Now().Sub(l.Accepted)),
		})
	}
	if more := total - int64(len(lines)); more > 0 {
		out.More = number(more)
	}
	return out, err
}
