package web

import (
	"fmt"
	"strings"
	"time"

	"dockfill/allocation"
	"dockfill/cloud/promise"
	"dockfill/cloud/store"
)

// owed is the list of backorders with what was searched for.
type owed struct {
	Query   search
	Sites   []string
	Count   string
	Heads   []head
	Rows    []row
	Pager   *pager
	Nothing string
}

// search is what stands in the form.
type search struct {
	Text, Site, Sort, Promise string
	Descending                bool
	Filtered                  bool
}

// head is a column's title; a link that sorts by it, where the database can.
type head struct {
	Label, Class, Link, Sorted, Arrow string
}

// row is one open line.
type row struct {
	Line, Order, Number, CustomerName, Customer, SKU, Description string
	Ordered, Open, Cancelled, Bound, DonePercent                  string
	Wait, WaitUnit, Promised, Late, Site                          string
	Comes, Leaves, Risk                                           string
	Why                                                           string // link
	Accepted                                                      time.Time
	Band                                                          int
	Later                                                         bool // Accepted is still to come
	Stale, NoItem                                                 bool
}

type pager struct {
	Page, Pages, Previous, Next string
}

// heads in the order of the columns.
var heads = []struct {
	label, class string
	sort         store.OwedSort
}{
	{"Waiting", "waits", store.ByWaiting},
	{"Customer", "who", store.ByCustomer},
	{"SKU", "what", store.BySKU},
	{"Open", "open", store.ByOpen},
	{"Order", "order", store.ByOrder},
	{"Promised", "due", store.ByPromised},
	{"Will come", "comes", ""},
	{"Site", "site", store.BySite},
}

func showOwed(q store.OwedQuery, lines []store.OwedLine, n int64, comes map[allocation.LineID]promise.Line, on sites, now time.Time) owed {
	o := owed{Heads: showHeads(q), Pager: showPager(q, n), Count: showing(q, len(lines), n),
		Query: search{Text: q.Text, Site: string(q.Site), Descending: q.Descending, Promise: string(q.Promise), Filtered: q.Text != "" || q.Site != "" || q.Promise != ""}}
	if q.Sort != store.ByWaiting {
		o.Query.Sort = string(q.Sort)
	}
	for _, name := range on.Names {
		o.Sites = append(o.Sites, string(name))
	}
	for _, l := range lines {
		r := showLine(l, on, now)
		r.showComes(l, comes, now)
		o.Rows = append(o.Rows, r)
	}
	o.Nothing = "Nothing is owed: every line that was imported is filled or cancelled."
	if o.Query.Filtered {
		o.Nothing = "No open line matches this search. Clear it to see everything that is owed."
	} else if q.Offset > 0 {
		o.Nothing = "The list ends before this page."
	}
	return o
}

func showing(q store.OwedQuery, shown int, n int64) string {
	switch {
	case shown == 0:
		return "0 lines"
	case int64(shown) == n:
		return count(n, "line")
	}
	return fmt.Sprintf("Lines %s–%s of %s", number(int64(q.Offset+1)), number(int64(q.Offset+shown)), number(n))
}

func showHeads(q store.OwedQuery) []head {
	var all []head
	for _, h := range heads {
		if h.sort == "" {
			all = append(all, head{Label: h.label, Class: h.class})
			continue
		}
		to := q
		to.Sort, to.Descending, to.Offset = h.sort, false, 0
		v := head{Label: h.label, Class: h.class}
		if h.sort == q.Sort {
			to.Descending = !q.Descending
			v.Sorted, v.Arrow = arrow(h.sort, q.Descending)
		}
		v.Link = address(to)
		all = append(all, v)
	}
	return all
}

// arrow tells the direction by the value that the column shows: a longer wait
// is a larger number of days, although it was accepted earlier.
func arrow(sort store.OwedSort, descending bool) (sorted, sign string) {
	if sort == store.ByWaiting {
		descending = !descending
	}
	if descending {
		return "descending", "▼"
	}
	return "ascending", "▲"
}

func showPager(q store.OwedQuery, n int64) *pager {
	if n <= pageRows {
		return nil
	}
	p := &pager{Page: number(int64(q.Offset/pageRows + 1)), Pages: number((n + pageRows - 1) / pageRows)}
	if q.Offset > 0 {
		to := q
		to.Offset = max(0, q.Offset-pageRows)
		p.Previous = address(to)
	}
	if int64(q.Offset+pageRows) < n {
		to := q
		to.Offset += pageRows
		p.Next = address(to)
	}
	return p
}

func showLine(l store.OwedLine, on sites, now time.Time) row {
	_, line := l.Line.Split()
	r := row{Line: visible(string(l.Line)), Why: aboutLine(l.Line), Order: visible(string(l.Order)), Number: visible(line), SKU: visible(string(l.SKU)),
		CustomerName: visible(l.CustomerName), Customer: visible(string(l.Customer)), Description: visible(l.Description),
		Ordered: number(l.Ordered), Open: number(l.Open), Site: string(l.Site), Accepted: l.Accepted, Later: l.Accepted.After(now),
		Band: bandOf(daysSince(l.Accepted, now)), Stale: on.bad[l.Site], DonePercent: percent(l.Allocated, l.Ordered), NoItem: l.NoItem}
	r.Wait, r.WaitUnit = wait(l.Accepted, now)
	if r.CustomerName == "" {
		r.CustomerName, r.Customer = r.Customer, ""
	}
	if c := l.Cancelled + l.Pending; c > 0 {
		r.Cancelled = number(c)
	}
	r.Bound = boundWords(l)
	if l.Promised != "" {
		r.Promised, r.Late = dayOf(l.Promised), late(l.Promised, now)
	}
	return r
}

// showComes says when what the line lacks will come, and what becomes of its promise.
func (r *row) showComes(l store.OwedLine, comes map[allocation.LineID]promise.Line, now time.Time) {
	when, open := comes[l.Line]
	if !open {
		r.Comes = "nothing more: cancelled"
		return
	}
	r.Comes, r.Leaves = comesWords(when, now), leavesWords(when, l.Ship, now)
	if r.Late != "" {
		return // the promised day says so itself
	}
	r.Risk = promiseWords(when.Against(l.Promised, dateOf(now)))
}

// boundWords say what people did with the units that a line holds already.
func boundWords(l store.OwedLine) string {
	var said []string
	for _, part := range []struct {
		qty  int64
		word string
	}{{l.Picked, "picked"}, {l.Staged - l.Shipped, "staged"}, {l.Shipped, "shipped"}} {
		if part.qty > 0 {
			said = append(said, number(part.qty)+" "+part.word)
		}
	}
	return strings.Join(said, ", ")
}

// wait is how long an order has waited, "12" and "days"; of one whose time is
// still to come, on which day it begins to: "in 10" and "days".
func wait(accepted, now time.Time) (n, unit string) {
	days, in := daysSince(accepted, now), ""
	if accepted.After(now) {
		if days, in = daysBetween(now, accepted), "in "; days == 0 {
			return "later", "today"
		}
	}
	n, unit, _ = strings.Cut(count(days, "day"), " ")
	return in + n, unit
}

func percent(part, whole int64) string {
	if whole <= 0 {
		return "0"
	}
	return fmt.Sprintf("%.1f", 100*float64(part)/float64(whole))
}

// late says by how many days a promised day has passed; "" where it has not.
func late(promised allocation.Date, now time.Time) string {
	t, err := time.Parse(time.DateOnly, string(promised))
	if err != nil {
		return ""
	}
	if days := daysBetween(t, now); days > 0 {
		return count(days, "day") + " late"
	}
	return ""
}
