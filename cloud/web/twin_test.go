package web

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"dockfill/allocation"
	"dockfill/cloud/promise"
	"dockfill/cloud/store"
	"dockfill/sync/why"
)

// noon is the twin's clock.
var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// twin stands for the store: it holds lines in memory and answers as the store
// does.
type twin struct {
	mu      sync.Mutex
	lines   []store.OwedLine
	sites   []store.SiteRow
	live    []store.LiveRow
	totals  store.Totals
	held    []store.HeldRow
	supply  map[allocation.SiteID][]promise.Supply
	changed chan struct{}
	broken  error

	batches []store.Batch
	refuse  *store.RefusedError

	prospects int // how often they were read

	policy   allocation.Policy
	decide   func(why.ID, why.Page) (why.Answer, error)
	change   store.Change
	alias    store.Alias
	approve  int64
	admitted string
	by       store.Person
	cannot   error // what acts answer
	// importing is met when a named import has told of a quarter, and before it ends.
	importing chan struct{}
}

func newTwin() *twin {
	return &twin{changed: make(chan struct{}), policy: allocation.DefaultPolicy()}
}

// Decision answers what was set, or knows nothing.
func (t *twin) Decision(_ context.Context, id why.ID, page why.Page) (why.Answer, error) {
	if t.decide == nil || t.broken != nil {
		return why.Answer{}, cmp.Or(t.broken, why.Missingf("nothing is known of %s", id))
	}
	return t.decide(id, page)
}

func (t *twin) Policy(context.Context) (allocation.Policy, error) { return t.policy, t.broken }

func (t *twin) ChangeOrder(_ context.Context, id allocation.OrderID, change store.Change) (store.Order, bool, error) {
	t.change = change
	return store.Order{ID: id, Site: "leeds", Ranking: change.On(store.Ranking{Class: allocation.Redistribute, Tier: 3})}, true, cmp.Or(t.cannot, t.broken)
}

func (t *twin) MapCode(_ context.Context, _ allocation.SiteID, a store.Alias) error {
	t.alias = a
	return cmp.Or(t.cannot, t.broken)
}

func (t *twin) Approve(_ context.Context, _ allocation.SiteID, _ allocation.InboundID, qty int64) error {
	t.approve = qty
	return cmp.Or(t.cannot, t.broken)
}

func (t *twin) Admit(_ context.Context, _ allocation.SiteID, nonce string, by store.Person) error {
	t.admitted, t.by = nonce, by
	return t.cannot
}

func (t *twin) SetPolicy(_ context.Context, p allocation.Policy) (bool, error) {
	changed := p.Version != t.policy.Version
	t.policy = p
	return changed, cmp.Or(t.cannot, t.broken)
}

// commit changes the twin as one transaction and wakes who waits.
func (t *twin) commit(change func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	change()
	close(t.changed)
	t.changed = make(chan struct{})
}

func (t *twin) Summary(context.Context) (store.Summary, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var s store.Summary
	orders, customers := map[allocation.OrderID]bool{}, map[allocation.CustomerID]bool{}
	for _, l := range t.open() {
		s.UnitsOwed += l.Open
		s.LinesOpen++
		orders[l.Order], customers[l.Customer] = true, true
		if s.OldestAccepted.IsZero() || l.Accepted.Before(s.OldestAccepted) {
			s.OldestAccepted = l.Accepted
		}
	}
	s.OrdersOpen, s.CustomersWaiting = int64(len(orders)), int64(len(customers))
	return s, t.broken
}

func (t *twin) open() []store.OwedLine {
	var open []store.OwedLine
	for _, l := range t.lines {
		if l.Open > 0 {
			open = append(open, l)
		}
	}
	return open
}

func (t *twin) Owed(_ context.Context, q store.OwedQuery) ([]store.OwedLine, int64, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var found []store.OwedLine
	for _, l := range t.open() {
		text := strings.ToLower(fmt.Sprint(l.Customer, "\n", l.CustomerName, "\n", l.Order, "\n", l.SKU, "\n", l.Description))
		if strings.Contains(text, strings.ToLower(q.Text)) && (q.Site == "" || q.Site == l.Site) &&
			(!q.Short || l.Class == allocation.Win) && (q.Lines == nil || slices.Contains(q.Lines, l.Line)) && (q.SKU == "" || q.SKU == l.SKU) && (q.Customer == "" || q.Customer == l.Customer) {
			found = append(found, l)
		}
	}
	slices.SortFunc(found, func(a, b store.OwedLine) int {
		return direction(q) * cmp.Or(by(q.Sort, a, b), cmp.Compare(a.Line, b.Line))
	})
	from := min(q.Offset, len(found))
	return found[from:min(len(found), from+q.Limit)], int64(len(found)), t.broken
}

func direction(q store.OwedQuery) int {
	if q.Descending {
		return -1
	}
	return 1
}

func by(sort store.OwedSort, a, b store.OwedLine) int {
	switch sort {
	case store.ByOpen:
		return cmp.Compare(a.Open, b.Open)
	case store.BySKU:
		return cmp.Compare(a.SKU, b.SKU)
	case store.ByCustomer:
		return cmp.Compare(a.CustomerName, b.CustomerName)
	}
	return a.Accepted.Compare(b.Accepted)
}

func (t *twin) Waiting(_ context.Context, edges []time.Time) ([]store.AgeBand, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	bands := make([]store.AgeBand, len(edges)+1)
	for _, l := range t.open() {
		i := 0
		for i < len(edges) && !l.Accepted.After(edges[i]) {
			i++
		}
		bands[i].Units += l.Open
		bands[i].Lines++
	}
	return bands, t.broken
}

func (t *twin) Sites(context.Context) ([]store.SiteRow, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.sites), t.broken
}

func (t *twin) Unreported(context.Context) (all []store.Unreported, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, s := range t.sites {
		all = append(all, s.Unreported...)
	}
	return all, t.broken
}

func (t *twin) Live(_ context.Context, site allocation.SiteID, limit int) ([]store.LiveRow, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var rows []store.LiveRow
	for _, r := range t.live {
		if (site == "" || site == r.Site) && len(rows) < limit {
			rows = append(rows, r)
		}
	}
	return rows, t.broken
}

func (t *twin) Totals(context.Context) (store.Totals, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.totals, t.broken
}

func (t *twin) Held(context.Context) ([]store.HeldSum, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var sums []store.HeldSum
	for _, h := range t.held {
		i := slices.IndexFunc(sums, func(s store.HeldSum) bool { return s.Site == h.Site && s.Why == h.Why })
		if i < 0 {
			i, sums = len(sums), append(sums, store.HeldSum{Site: h.Site, Why: h.Why, Since: h.Since})
		}
		sums[i].Units += h.Units
		sums[i].Codes++
	}
	return sums, t.broken
}

func (t *twin) HeldRows(_ context.Context, site allocation.SiteID, offset, limit int) ([]store.HeldRow, int64, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var rows []store.HeldRow
	for _, h := range t.held {
		if site == "" || site == h.Site {
			rows = append(rows, h)
		}
	}
	from := min(offset, len(rows))
	return rows[from:min(len(rows), from+limit)], int64(len(rows)), t.broken
}

func (t *twin) Changed() <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.changed
}

func (t *twin) Prospect(_ context.Context, skus []allocation.SKU, orders []allocation.OrderID) (store.Prospect, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.prospects++
	p := store.Prospect{Policy: t.policy, Sites: map[allocation.SiteID]promise.Goods{}}
	for _, l := range t.open() {
		g := p.Sites[l.Site]
		if wanted := l.Open > l.Pending; wanted && (slices.Contains(skus, l.SKU) || slices.Contains(orders, l.Order)) {
			g.Lines = append(g.Lines, allocation.Line{SKU: l.SKU, Ship: l.Ship, Ordered: l.Open - l.Pending + l.Allocated, Allocated: l.Allocated, Right: l.Open - l.Pending,
				Rank: allocation.Rank{Class: allocation.Redistribute, Accepted: l.Accepted, Order: l.Order, Line: l.Line}})
		}
		g.Supply = t.supply[l.Site]
		p.Sites[l.Site] = g
	}
	return p, t.broken
}

func (t *twin) Promised(context.Context) ([]store.PromisedLine, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var all []store.PromisedLine
	for _, l := range t.open() {
		if l.Promised != "" {
			all = append(all, store.PromisedLine{Line: l.Line, Order: l.Order, SKU: l.SKU, Site: l.Site, Ship: l.Ship, Promised: l.Promised})
		}
	}
	slices.SortFunc(all, func(a, b store.PromisedLine) int { return cmp.Compare(a.SKU, b.SKU) })
	return all, t.broken
}

func (t *twin) Ping(context.Context) error { return t.broken }

func (t *twin) Import(_ context.Context, b store.Batch) (store.ImportResult, error) {
	if t.refuse != nil {
		return store.ImportResult{}, t.refuse
	}
	if t.broken != nil {
		return store.ImportResult{}, t.broken
	}
	if b.Progress != nil {
		b.Progress(0.25)
		t.importing <- struct{}{}
		<-t.importing
	}
	t.commit(func() { t.batches = append(t.batches, b) })
	return store.ImportResult{New: len(b.Orders) + len(b.Items) + len(b.Inbound)}, nil
}

// allocate gives units to the longest waiting line of a site, as a scan there.
func (t *twin) allocate(site allocation.SiteID, qty int64) store.OwedLine {
	var got store.OwedLine
	t.commit(func() {
		for i := range t.lines {
			if l := &t.lines[i]; l.Site == site && l.Open >= qty {
				l.Open, l.Allocated = l.Open-qty, l.Allocated+qty
				got = *l
				break
			}
		}
		t.totals.Scans++
		t.totals.UnitsScanned += qty
		t.totals.UnitsAllocated += qty
		t.totals.UnitsOpen -= qty
		row := store.LiveRow{At: noon, StoredAt: noon, Site: site, Incarnation: "c1.a", Seq: t.totals.Scans, Station: "1", SKU: got.SKU, Qty: qty,
			Verdict: allocation.Allocated, Why: allocation.WhyRanked, Allocations: []store.LiveAllocation{{Line: got.Line, Qty: qty, By: allocation.ByAccepted, Over: "SO-10999/1"}}}
		t.live = append([]store.LiveRow{row}, t.live...)
	})
	return got
}

var customers = []string{"Abbott & Daughters Hardware", "Brightwater Garden Centres", "Calder Valley Gifts", "Dunmore Stationery Ltd", "Ellison's of Whitby",
	"Fenwick Homeware", "Grimshaw & Sons", "Harbour Street Toys", "Ivy House Interiors", "Jessop Craft Supplies", "Kettlewell Farm Shop",
	"Lowther Department Stores plc", "Marlow Party Goods", "Northgate Wholesale"}

var goods = []string{"White hanging heart T-light holder", "Regency cakestand 3 tier", "Jumbo bag red retrospot", "Party bunting", "Lunch bag black skull",
	"Assorted colour bird ornament", "Set of 3 cake tins pantry design", "Paper chain kit 50's Christmas", "Natural slate heart chalkboard", "Wooden picture frame, white finish"}

// busy is a twin with 200 backorders at two sites, of which leeds is current
// and hull has been silent for twelve minutes.
func busy() *twin {
	t := newTwin()
	for i := range 200 {
		qty := int64(i*7%46 + 2)
		done := qty * int64(i%4) / 5
		l := store.OwedLine{Order: allocation.OrderID(fmt.Sprintf("SO-%d", 10100+i/2)), Customer: allocation.CustomerID(fmt.Sprintf("C%05d", 12340+i*13%14)),
			CustomerName: customers[i*13%14], SKU: allocation.SKU(fmt.Sprint(20700 + i*37%900)), Description: goods[i*3%len(goods)], Site: "leeds",
			Ordered: qty, Allocated: done, Open: qty - done, Accepted: noon.Add(-time.Duration((200-i)*(200-i)) * 4 * time.Minute)}
		l.Line = allocation.MakeLineID(l.Order, fmt.Sprint(i%2+1))
		if i%3 == 0 {
			l.Site = "hull"
		}
		if i%5 != 0 {
			l.Promised = allocation.Date(noon.AddDate(0, 0, i%30-14).Format(time.DateOnly))
		}
		if i%17 == 0 {
			l.Cancelled, l.Open = 1, l.Open-1
		}
		t.announce(i, l)
		t.lines = append(t.lines, l)
		t.totals.UnitsOpen += l.Open
	}
	t.totals.Lines, t.totals.Orders, t.totals.OrdersCompleted = 84102, 4213, 3988
	t.totals.Scans, t.totals.UnitsScanned, t.totals.UnitsAllocated = 9120, 18734, 17102
	t.sites = []store.SiteRow{
		{Site: "hull", Incarnation: "c1.b", LastSeen: noon.Add(-12 * time.Minute), Head: 4137, Stored: 4100, Safe: 4100, Unsent: 37, Behind: 3, Scans: 4020, Units: 8011, State: store.SiteActive},
		{Site: "leeds", Incarnation: "c1.a", LastSeen: noon.Add(-4 * time.Second), Head: 5201, Stored: 5201, Safe: 5201, Scans: 5100, Units: 10723, State: store.SiteActive},
	}
	t.live = recent()
	t.held = []store.HeldRow{
		{Site: "hull", Why: allocation.WhyUnknown, Code: []byte("05012345678900"), Units: 24, Scans: 24, Since: noon.Add(-75 * time.Hour)},
		{Site: "leeds", Why: allocation.WhyNotASN, Code: []byte("]C100395012345000000011"), Units: 1, Scans: 1, Since: noon.Add(-9 * time.Hour)},
		{Site: "leeds", Why: allocation.WhyUnknown, Code: []byte("=cmd|'/C calc'!A1"), Units: 1, Scans: 1, Since: noon.Add(-5 * time.Hour)},
		{Site: "leeds", Why: allocation.WhyUnknown, Code: []byte("<img src=x onerror=alert(1)>\x1d\xff"), Units: 2, Scans: 1, Since: noon.Add(-40 * time.Minute)},
		{Site: "leeds", Why: allocation.WhyDamaged, SKU: "20737", Units: 3, Scans: 2, Since: noon.Add(-12 * time.Minute)},
		{Site: "hull", Why: allocation.WhyOnHold, SKU: "20848", Units: 1, Scans: 1, Since: noon.Add(-time.Minute)},
	}
	return t
}

// announce has supply come for most lines, as it does in a house: in one delivery
// or two, too late, late already, or for no day.
func (t *twin) announce(i int, l store.OwedLine) {
	if t.supply == nil {
		t.supply = map[allocation.SiteID][]promise.Supply{}
	}
	add := func(qty int64, days int) {
		s := promise.Supply{Inbound: allocation.InboundID(fmt.Sprintf("PO-%d", 4400+i)), SKU: l.SKU, Qty: qty, Expected: allocation.Date(noon.AddDate(0, 0, days).Format(time.DateOnly))}
		if len(t.supply[l.Site]) > 0 && t.supply[l.Site][len(t.supply[l.Site])-1].Inbound == s.Inbound {
			s.Inbound += "-B"
		}
		t.supply[l.Site] = append(t.supply[l.Site], s)
	}
	switch i % 5 {
	case 0:
		add(l.Open, i%20)
	case 1:
		add(1, 3)
		add(l.Open, 3+i%40)
	case 2:
		add(l.Open, -1-i%9)
	case 3:
		add((l.Open+1)/2, 60)
	}
}

// long is a twin whose names and numbers are as large as they may be.
func long() *twin {
	t := busy()
	const site = "a-site-with-a-name-of-forty-characters-x"
	for i := range t.lines {
		l := &t.lines[i]
		if i%5 > 0 {
			continue
		}
		l.CustomerName, l.SKU, l.Description = strings.Repeat("Wolverhampton ", 6), allocation.SKU(strings.Repeat("W", 64)), strings.Repeat("M", 200)
		l.Order, l.Site, l.Open, l.Ordered = allocation.OrderID(strings.Repeat("O", 64)), site, 1_234_567, 98_765_432
		l.Line = allocation.MakeLineID(l.Order, "1234567890")
	}
	t.sites = append(t.sites, store.SiteRow{Site: site, Incarnation: "c1.c", LastSeen: noon, State: store.SiteFenced, Fenced: "diverged",
		FencedText: "This database holds another history than the centre stored", Scans: 123456789, Units: 987654321, Unsent: 12345678, Behind: 12345, InDoubt: 99999, Poison: 1})
	t.held = append(t.held, store.HeldRow{Site: site, Why: allocation.WhyUnknown, Code: []byte(strings.Repeat("W", 2000)), Units: 1_000_000_000, Scans: 9, Since: noon.Add(time.Hour)})
	return t
}

func recent() []store.LiveRow {
	at := func(s int) time.Time { return noon.Add(-time.Duration(s) * time.Second) }
	row := func(seq int64, v allocation.Verdict, why allocation.WhyCode, sku allocation.SKU, qty int64, to ...store.LiveAllocation) store.LiveRow {
		return store.LiveRow{At: at(int(5201-seq) * 7), Site: "leeds", Incarnation: "c1.a", Seq: seq, Station: "2", Verdict: v, Why: why, SKU: sku, Qty: qty, Allocations: to}
	}
	stocked := row(5198, allocation.Stock, allocation.WhyNoDemand, "21210", 6)
	stocked.Free = 6
	undone := row(5195, "", allocation.WhyUndone, "20848", -3)
	undone.Moves = []store.LiveMove{{SKU: "20848", Qty: 3, From: "SO-10102/1"}}
	rows := []store.LiveRow{
		row(5201, allocation.Allocated, allocation.WhyRanked, "20737", 12, store.LiveAllocation{Line: "SO-10101/2", Qty: 8, By: allocation.ByPromised, Over: "SO-10140/1"}, store.LiveAllocation{Line: "SO-10140/1", Qty: 4}),
		row(5200, allocation.Allocated, allocation.WhyRanked, "20848", 3, store.LiveAllocation{Line: "SO-10102/1", Qty: 3, By: allocation.ByAccepted, Over: "SO-10177/1"}),
		row(5199, allocation.Check, allocation.WhyAmbiguous, "", 0), stocked,
		row(5197, allocation.Held, allocation.WhyUnknown, "", 0),
		row(5196, allocation.Stop, allocation.WhyDuplicate, "20737", 0),
		undone,
	}
	for i := range int64(12) {
		rows = append(rows, row(5194-i, allocation.Allocated, allocation.WhyRanked, allocation.SKU(fmt.Sprint(20800+i)), i+1, store.LiveAllocation{Line: allocation.LineID(fmt.Sprintf("SO-%d/1", 10110+i)), Qty: i + 1}))
	}
	return rows
}
