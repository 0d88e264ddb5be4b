package store

import (
	"context"
	"database/sql"
	"strconv"
	"strings"
	"time"
)

// Waiting splits what is owed at the edges by the time of acceptance.
func (s *Store) Waiting(ctx context.Context, edges []time.Time) ([]AgeBand, error) {
	bands := make([]AgeBand, len(edges)+1)
	band, args := strconv.Itoa(len(edges)), make([]any, len(edges))
	for i := len(edges) - 1; i >= 0; i-- {
		band = "CASE WHEN accepted > $" + strconv.Itoa(i+1) + " THEN " + strconv.Itoa(i) + " ELSE " + band + " END"
		args[i] = nanos(edges[i])
	}
	rows, err := s.read.QueryContext(ctx, `SELECT `+band+` AS band, SUM(open), COUNT(*) FROM line WHERE owed = 1 GROUP BY 1`, args...)
	err = eachRow(rows, err, func(r *sql.Rows) error {
		var i int
		var b AgeBand
		if err := r.Scan(&i, &b.Units, &b.Lines); err != nil {
			return err
		}
		bands[i] = b
		return nil
	})
	return bands, explain(err, "age of what is owed")
}

const owedColumns = `l.id, l.order_id, l.customer, o.customer_name, l.sku, COALESCE(i.description, ''), l.site,
	l.ordered, l.wanted, l.effective, l.allocated, l.picked, l.staged, l.shipped, l.open, l.accepted, o.promised, o.ship, i.sku IS NULL, o.class`

const owedFrom = ` FROM line l JOIN orders o ON o.id = l.order_id LEFT JOIN item i ON i.sku = l.sku WHERE `

func scanOwed(r *sql.Rows) (OwedLine, error) {
	var l OwedLine
	var wanted, effective, accepted int64
	err := r.Scan(&l.Line, &l.Order, &l.Customer, &l.CustomerName, &l.SKU, &l.Description, &l.Site,
		&l.Ordered, &wanted, &effective, &l.Allocated, &l.Picked, &l.Staged, &l.Shipped, &l.Open, &accepted, &l.Promised, &l.Ship, &l.NoItem, &l.Class)
	l.Cancelled, l.Pending, l.Accepted = l.Ordered-effective, effective-wanted, unixTime(accepted)
	return l, err
}

// Owed gives a page of open lines, the longest waiting first unless the query
// sorts them otherwise, and how many there are in all.
func (s *Store) Owed(ctx context.Context, q OwedQuery) ([]OwedLine, int64, error) {
	where, args, err := q.where(s.kind)
	if err != nil {
		return nil, 0, explain(err, "lines owed")
	}
	var total int64
	err = s.read.QueryRowContext(ctx, `SELECT COUNT(*)`+owedFrom+where, args...).Scan(&total)
	if err != nil {
		return nil, 0, explain(err, "lines owed")
	}
	limit := q.Limit
	if limit <= 0 {
		limit = defaultLimit
	}
	var lines []OwedLine
	n := len(args)
	rows, err := s.read.QueryContext(ctx, `SELECT `+owedColumns+owedFrom+where+` ORDER BY `+q.order(s.kind.bytewise())+` LIMIT $`+
		strconv.Itoa(n+1)+` OFFSET $`+strconv.Itoa(n+2), append(args, limit, max(0, q.Offset))...)
	err = eachRow(rows, err, func(r *sql.Rows) error {
		l, err := scanOwed(r)
		lines = append(lines, l)
		return err
	})
	return lines, total, explain(err, "lines owed")
}

func (q OwedQuery) where(kind dialect) (string, []any, error) {
	where := []string{"l.owed = 1"}
	var args []any
	if q.Lines != nil {
		list, err := kind.texts(texts(q.Lines))
		if err != nil {
			return "", nil, err
		}
		args = append(args, list)
		where = append(where, kind.anyOf("l.id", len(args)))
	}
	if q.Short { // led by the index of those orders: they are few, what is owed is much
		where[0] = "+l.owed = 1"
		where = append(where, "o.class = 'win'")
	}
	for _, f := range []struct{ column, value string }{
		{"l.site", string(q.Site)}, {"l.sku", string(q.SKU)}, {"l.order_id", string(q.Order)}, {"l.customer", string(q.Customer)},
	} {
		if f.value != "" {
			args = append(args, f.value)
			where = append(where, f.column+" = $"+strconv.Itoa(len(args)))
		}
	}
	if q.Text != "" {
		args = append(args, likePattern(q.Text))
		where = append(where, anyLike("$"+strconv.Itoa(len(args)), "l.customer", "o.customer_name", "l.order_id", "l.sku", "COALESCE(i.description, '')"))
	}
	return strings.Join(where, " AND "), args, nil
}

// likePattern finds the text anywhere, its own % and _ taken as they are.
func likePattern(s string) string {
	return "%" + strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(strings.ToLower(s)) + "%"
}

func anyLike(pattern string, columns ...string) string {
	tests := make([]string, len(columns))
	for i, c := range columns {
		tests[i] = "LOWER(" + c + ") LIKE " + pattern + ` ESCAPE '\'`
	}
	return "(" + strings.Join(tests, " OR ") + ")"
}

// owedSorts are the columns behind OwedSort; those of text are compared bytewise
// in both databases.
var owedSorts = map[OwedSort]struct {
	column string
	text   bool
}{
	ByCustomer: {"CASE WHEN o.customer_name = '' THEN l.customer ELSE o.customer_name END", true},
	BySKU:      {"l.sku", true},
	ByOpen:     {"l.open", false},
	ByOrder:    {"l.order_id", true},
	ByPromised: {"CASE WHEN o.promised = '' THEN '9999-99-99' ELSE o.promised END", true},
	BySite:     {"l.site", true},
}

func (q OwedQuery) order(bytewise string) string {
	way := ""
	if q.Descending {
		way = " DESC"
	}
	sort, ok := owedSorts[q.Sort]
	switch {
	case !ok:
		return "l.accepted" + way + ", l.id" + bytewise + way
	case sort.text:
		return sort.column + bytewise + way + ", l.accepted, l.id" + bytewise
	}
	return sort.column + way + ", l.accepted, l.id" + bytewise
}
