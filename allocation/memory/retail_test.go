package memory_test

import (
	"cmp"
	"encoding/csv"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"dockfill/allocation"
	"dockfill/allocation/memory"
	"dockfill/allocation/scenario"
)

// sale is a row of the Online Retail data set: an invoice line, or one of a
// credit note.
type sale struct {
	invoice, sku, customer string
	qty                    int64
	at                     time.Time
	price                  float64
	abroad                 bool
}

// sales reads the day files, in the order of the days. Postage, fees and vouchers,
// whose codes begin with no digit, are left out.
func sales(t *testing.T) (days [][]sale) {
	folder := os.Getenv("DOCKFILL_E2E_RETAIL")
	if folder == "" {
		folder = "../../../shared/data/online-retail"
	}
	files, _ := filepath.Glob(filepath.Join(folder, "2011-11-*.csv"))
	if len(files) < 26 {
		t.Skipf("no Online Retail day files in %s; DOCKFILL_E2E_RETAIL names their folder", folder)
	}
	london, err := time.LoadLocation("Europe/London")
	require.NoError(t, err)
	for _, file := range files {
		f, err := os.Open(file)
		require.NoError(t, err)
		rows, err := csv.NewReader(f).ReadAll()
		require.NoError(t, err)
		require.NoError(t, f.Close())
		var day []sale
		for _, r := range rows[1:] {
			s := sale{invoice: r[0], sku: r[1], customer: r[6], abroad: r[7] != "United Kingdom"}
			s.qty, err = strconv.ParseInt(r[3], 10, 64)
			require.NoError(t, err)
			s.at, err = time.ParseInLocation(time.DateTime, r[4], london)
			require.NoError(t, err)
			s.price, err = strconv.ParseFloat(r[5], 64)
			require.NoError(t, err)
			if s.sku[0] >= '0' && s.sku[0] <= '9' {
				day = append(day, s)
			}
		}
		days = append(days, day)
	}
	return days
}

// tiers ranks customers by turnover: those who make the first half of it are
// tier 1, those of the next three tenths tier 2, the others tier 3; so are sales
// that name no customer.
func tiers(sold []sale) map[string]int {
	turnover, all := map[string]float64{}, 0.0
	for _, s := range sold {
		if s.qty > 0 && s.customer != "" {
			turnover[s.customer] += s.price * float64(s.qty)
			all += s.price * float64(s.qty)
		}
	}
	names := slices.SortedFunc(maps.Keys(turnover), func(a, b string) int {
		return cmp.Or(cmp.Compare(turnover[b], turnover[a]), cmp.Compare(a, b))
	})
	tier, sum := map[string]int{"": 3}, 0.0
	for _, name := range names {
		switch {
		case sum < all*0.5:
			tier[name] = 1
		case sum < all*0.8:
			tier[name] = 2
		default:
			tier[name] = 3
		}
		sum += turnover[name]
	}
	return tier
}

// backorders makes an order of each invoice. Credit notes and returns are no
// orders. Small customers are a segment of their own; what goes abroad leaves in
// one shipment where gates is set.
func backorders(sold []sale, gates bool) (all []*scenario.Order) {
	tier := tiers(sold)
	byID := map[string]*scenario.Order{}
	for _, s := range sold {
		if s.qty <= 0 {
			continue
		}
		o := byID[s.invoice]
		if o == nil {
			o = &scenario.Order{ID: allocation.OrderID(s.invoice), Accepted: s.at, Tier: tier[s.customer]}
			if o.Tier == 3 {
				o.Segment = "small"
			}
			if gates && s.abroad {
				o.Ship = "order"
			}
			byID[s.invoice] = o
			all = append(all, o)
		}
		o.Lines = append(o.Lines, scenario.OrderLine{ID: fmt.Sprint(len(o.Lines) + 1), SKU: allocation.SKU(s.sku), Qty: s.qty})
	}
	return all
}

// arrivals announces a day's goods and makes a scan of each row. What customers
// return is set aside, as somebody must look at it first; corrections of the count
// are left out.
func arrivals(sold []sale) (all []scenario.Line) {
	sold = slices.Clone(sold)
	slices.SortStableFunc(sold, func(a, b sale) int { return a.at.Compare(b.at) })
	asn := &scenario.Inbound{ID: allocation.InboundID(sold[0].at.Format(time.DateOnly))}
	all = append(all, scenario.Line{Inbound: asn})
	for _, s := range sold {
		in := &scenario.Scan{SKU: allocation.SKU(s.sku), Qty: &s.qty, At: s.at, Inbound: asn.ID}
		switch {
		case s.qty < 0 && s.invoice[0] == 'C':
			back := -s.qty
			in.Qty, in.Disposition, in.Inbound = &back, allocation.Hold, ""
		case s.qty <= 0:
			continue
		default:
			asn.Lines = append(asn.Lines, scenario.Supply{SKU: in.SKU, Qty: s.qty})
		}
		all = append(all, scenario.Line{Scan: in})
	}
	return all
}

// Real invoices as backorders, later ones as supply, under policies of each kind.
// The slow model looks at every event and agrees. It need not look at all goods:
// an event changes what lines of its SKU hold, and, where one of them has a gate,
// whether its order's other lines may have theirs; from there it goes on.
// DOCKFILL_RETAIL plays the month, 20 days against 6; without it a day is played
// against the next one, with some of the goods.
func TestRetailUnderFourPolicies(t *testing.T) {
	days, first, last := sales(t), 20, 26
	if os.Getenv("DOCKFILL_RETAIL") == "" {
		first, last = 1, 2
		for i := range days {
			days[i] = slices.DeleteFunc(days[i], func(s sale) bool { return s.sku[:2] != "22" })
		}
	}
	sold := slices.Concat(days[:first]...)
	var supply []scenario.Line
	for _, day := range days[first:last] {
		supply = append(supply, arrivals(day)...)
	}
	policies := []struct {
		name   string
		policy scenario.Policy
		gates  bool
	}{
		{"sequence (the default)", scenario.Policy{}, false},
		{"fair share", scenario.Policy{Share: "fair"}, false},
		{"12 of each SKU guaranteed to small customers", scenario.Policy{Guarantees: []scenario.Guarantee{{Segment: "small", Qty: 12}}}, false},
		{"orders from abroad ship whole, mode skip", scenario.Policy{GateMode: "skip"}, true},
	}
	table := "\n| policy | customers | units ordered | allocated | orders | completed | mean wait, days | p95 wait, days |\n|---|---|---:|---:|---:|---:|---:|---:|\n"
	for _, p := range policies {
		m := &market{t: t, engine: memory.NewPlayer(), slow: newSlow(), got: map[allocation.LineID][]came{}, abroad: map[allocation.OrderID]bool{}}
		for _, s := range sold {
			m.abroad[allocation.OrderID(s.invoice)] = s.abroad
		}
		m.slow.due, m.slow.touched = map[allocation.SKU]bool{}, map[*slowLine]bool{}
		m.play(scenario.Line{Policy: &p.policy})
		for _, o := range backorders(sold, p.gates) {
			m.play(scenario.Line{Order: o})
		}
		for _, s := range supply {
			m.play(s)
		}
		require.Equal(t, text(m.slow.balances()), text(m.engine.Balances()))
		table += m.rows(p.name)
	}
	t.Log(table)
}

// market plays a line in both models and keeps what came to whom, and when.
type market struct {
	t      *testing.T
	engine *memory.Player
	slow   *slow
	got    map[allocation.LineID][]came
	abroad map[allocation.OrderID]bool
	now    time.Time
}

type came struct {
	at  time.Time
	qty int64
}

func (m *market) play(l scenario.Line) {
	r := m.engine.Line(l)
	require.Nil(m.t, r.Error)
	if l.Scan != nil {
		m.slow.look(l.Scan.SKU)
	}
	if l.Inbound != nil {
		for _, in := range l.Inbound.Lines {
			m.slow.look(in.SKU)
		}
	}
	require.True(m.t, m.slow.play(l))
	changed := map[allocation.LineID]bool{}
	if l.Scan != nil {
		m.now = l.Scan.At
	}
	for _, g := range r.Allocations {
		changed[g.Line] = true
		m.got[g.Line] = append(m.got[g.Line], came{m.now, g.Qty})
	}
	for _, g := range r.Moves {
		changed[g.From], changed[g.To] = true, true
		m.lose(g.From, g.Qty)
		m.got[g.To] = append(m.got[g.To], came{m.now, g.Qty})
	}
	for sl := range m.slow.touched {
		changed[sl.id] = true
	}
	for id := range changed {
		if e, s := m.engine.State.Lines[id], m.slow.lines[id]; e.Allocated != m.slow.held(s) || e.Open() != m.slow.open(s) {
			m.t.Fatalf("%+v: %s holds %d of %d, but %d by the slow model", l, id, e.Allocated, e.Ordered, m.slow.held(s))
		}
	}
	clear(m.slow.touched)
	clear(m.slow.due)
}

// lose takes the newest units of a line off.
func (m *market) lose(id allocation.LineID, n int64) {
	all := m.got[id]
	for n > 0 {
		last := &all[len(all)-1]
		k := min(n, last.qty)
		last.qty -= k
		if n -= k; last.qty == 0 {
			all = all[:len(all)-1]
		}
	}
	m.got[id] = all
}

// tally is a row of the table. Each unit waits by itself, from the acceptance of
// its order to its receipt.
type tally struct {
	ordered, allocated, orders, completed int64
	waits                                 []wait
}

type wait struct {
	days float64
	qty  int64
}

func (m *market) rows(name string) (s string) {
	groups := []string{"tier 1", "tier 2", "tier 3", "abroad", "all"}
	rows := map[string]*tally{}
	for _, g := range groups {
		rows[g] = &tally{}
	}
	of := func(l *allocation.Line) []*tally {
		all := []*tally{rows["all"], rows[fmt.Sprint("tier ", l.Rank.Tier)]}
		if m.abroad[l.Rank.Order] {
			all = append(all, rows["abroad"])
		}
		return all
	}
	open := map[allocation.OrderID]int64{}
	one := map[allocation.OrderID]*allocation.Line{}
	for id, l := range m.engine.State.Lines {
		open[l.Rank.Order] += l.Open()
		one[l.Rank.Order] = l
		for _, y := range of(l) {
			y.ordered += l.Ordered
			y.allocated += l.Allocated
			for _, c := range m.got[id] {
				y.waits = append(y.waits, wait{c.at.Sub(l.Rank.Accepted).Hours() / 24, c.qty})
			}
		}
	}
	for order, l := range one {
		for _, y := range of(l) {
			y.orders++
			if open[order] == 0 {
				y.completed++
			}
		}
	}
	for _, g := range groups {
		y := rows[g]
		mean, p95 := y.wait()
		s += fmt.Sprintf("| %s | %s | %d | %d | %d | %d | %.2f | %.2f |\n", name, g, y.ordered, y.allocated, y.orders, y.completed, mean, p95)
		name = ""
	}
	return s
}

func (y *tally) wait() (mean, p95 float64) {
	slices.SortFunc(y.waits, func(a, b wait) int { return cmp.Compare(a.days, b.days) })
	n := int64(0)
	for _, w := range y.waits {
		mean += w.days * float64(w.qty) / float64(max(1, y.allocated))
		if n < (y.allocated*95+99)/100 { // the shortest that 95 % did not exceed
			p95 = w.days
		}
		n += w.qty
	}
	return mean, p95
}
