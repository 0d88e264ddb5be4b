package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/allocation"
	"dockfill/cloud/store"
	"dockfill/cloud/store/storetest"
	"dockfill/sync/rights"
	"dockfill/sync/why"
	"dockfill/sync/wire"
)

// logs writes events of sites as ingest does.
type logs struct {
	t    *testing.T
	s    *store.Store
	life map[allocation.SiteID]string
	at   map[allocation.SiteID]wire.Cursor
}

func newLogs(t *testing.T, s *store.Store, sites ...allocation.SiteID) *logs {
	l := &logs{t: t, s: s, life: map[allocation.SiteID]string{}, at: map[allocation.SiteID]wire.Cursor{}}
	for _, id := range sites {
		update(t, s, func(tx *store.Tx) error {
			_, err := tx.AddSite(ctx, id)
			return err
		})
		l.mint(id)
	}
	return l
}

// mint begins a new life of a site.
func (l *logs) mint(id allocation.SiteID) {
	update(l.t, l.s, func(tx *store.Tx) error {
		site, err := tx.Site(ctx, id)
		require.NoError(l.t, err)
		require.NoError(l.t, tx.Mint(ctx, site, fmt.Sprint("n", len(l.life), site.Incarnation)))
		l.life[id], l.at[id] = site.Incarnation, wire.Cursor{Hash: wire.Genesis(id, site.Incarnation)}
		return tx.PutSite(ctx, site)
	})
}

// tell stores events behind the last one of the site's life.
func (l *logs) tell(site allocation.SiteID, all ...wire.Event) {
	var events []store.Event
	c := l.at[site]
	for _, e := range all {
		e.Seq, e.Nonce, e.At = c.Seq+1, "n", time.Date(2027, 3, 1, 9, 0, int(c.Seq%60), 0, time.UTC)
		body, err := e.Marshal()
		require.NoError(l.t, err)
		c = wire.Cursor{Seq: e.Seq, Hash: c.Hash.Next(body)}
		events = append(events, store.Event{Site: site, Incarnation: l.life[site], Seq: c.Seq, Hash: c.Hash, Body: body})
	}
	l.at[site] = c
	update(l.t, l.s, func(tx *store.Tx) error { return tx.AddEvents(ctx, time.Now(), events) })
}

// order stores an order with one line of X, and the rights to it.
func (l *logs) order(id allocation.OrderID, tier int, qty int64, at ...allocation.SiteID) {
	line := allocation.MakeLineID(id, "1")
	update(l.t, l.s, func(tx *store.Tx) error {
		accepted := time.Date(2027, 2, 1, 9, 0, 0, 0, time.UTC)
		require.NoError(l.t, tx.PutOrders(ctx, []*store.Order{{ID: id, Version: 1, Site: at[0], Customer: "C9", CustomerName: "Smith & Sons", Accepted: accepted,
			Ranking: store.Ranking{Tier: tier, Class: allocation.Redistribute}}}))
		require.NoError(l.t, tx.PutLines(ctx, []*store.Line{{ID: line, Order: id, Line: "1", Site: at[0], Customer: "C9", Accepted: accepted, SKU: "X",
			Ordered: qty, Wanted: qty, Effective: qty}}))
		for _, site := range at {
			life := store.Life{Site: site, Incarnation: l.life[site]}
			require.NoError(l.t, tx.PutRegisters(ctx, life, map[allocation.LineID]*rights.Registers{line: {Granted: qty}}))
		}
		return nil
	})
}

func scanned(qty int64, to ...wire.Allocation) wire.Event {
	return wire.Event{Scan: &wire.Scan{Station: "1", Code: []byte("4006381333931"), Verdict: allocation.Allocated, Why: allocation.WhyRanked, Policy: "default",
		Receipts: []wire.Receipt{{SKU: "X", Qty: qty, Allocations: to}}}}
}

func (l *logs) ask(id string, page why.Page) (why.Answer, error) {
	l.t.Helper()
	asked, err := why.ParseCentre(id)
	require.NoError(l.t, err)
	if page.Limit == 0 {
		page.Limit = 50
	}
	return l.s.Decision(ctx, asked, page)
}

func (l *logs) missing(id string) string {
	l.t.Helper()
	_, err := l.ask(id, why.Page{})
	var missing *why.Missing
	require.ErrorAs(l.t, err, &missing)
	return missing.Text
}

func TestAnEventIsAnsweredByItsSiteAndLife(t *testing.T) {
	storetest.EachStore(t, func(t *testing.T, s *store.Store) {
		l := newLogs(t, s, "leeds", "york")
		l.order("O1", 1, 5, "leeds")
		l.order("O2", 2, 5, "leeds")
		e := scanned(1, wire.Allocation{Line: "O1/1", Qty: 1, By: allocation.ByTier, Over: "O2/1"})
		e.Scan.Passed = []wire.Passed{{Line: "GONE/1", Lacks: allocation.WhyNoRight}}
		l.tell("leeds", scanned(1), e)
		first := l.life["leeds"]
		a, err := l.ask("leeds:2", why.Page{})
		require.NoError(t, err)
		told := a.Event
		assert.Equal(t, why.ID{Site: "leeds", Life: first, Seq: 2}, told.ID)
		assert.Equal(t, told.Hash, told.Prev.Next(told.Body), "the hash is the chain's")
		assert.Equal(t, l.at["leeds"].Hash, told.Hash)
		assert.WithinDuration(t, time.Now(), told.StoredAt, time.Minute)
		d := why.Explain(told.Event, told.Known)[0]
		require.Len(t, d.Candidates, 3)
		assert.Nil(t, d.Candidates[0].Now, "a line that is not known any more is named")
		assert.Equal(t, "before O2/1 by tier: 1 before 2", d.Candidates[1].Text)
		assert.Equal(t, 2, d.Candidates[2].Now.Rank.Tier)
		a, err = l.ask("leeds:1", why.Page{})
		require.NoError(t, err)
		assert.Equal(t, wire.Genesis("leeds", first), a.Event.Prev)

		update(t, s, func(tx *store.Tx) error {
			return tx.AddPoison(ctx, []store.Poison{{Event: store.Event{Site: "leeds", Incarnation: first, Seq: 2}, Reason: "line GONE/1 is not known"}})
		})
		l.mint("leeds")
		assert.Equal(t, fmt.Sprintf("event 2 of site leeds is not stored here: none of its events is; another life of the site has leeds:%s:2", first), l.missing("leeds:2"))
		a, err = l.ask("leeds:"+first+":2", why.Page{})
		require.NoError(t, err)
		assert.Equal(t, "line GONE/1 is not known", a.Event.Poison)
		assert.Contains(t, l.missing("leeds:"+first+":3"), "its log is stored up to 2")
		assert.Contains(t, l.missing("leeds:nolife:3"), "no events of a life nolife")
		assert.Contains(t, l.missing("hull:1"), "no site hull is known")
	})
}

func TestALineTellsItsRightsItsTurnAndItsHistoryOverAllSites(t *testing.T) {
	storetest.EachStore(t, func(t *testing.T, s *store.Store) {
		l := newLogs(t, s, "leeds", "york")
		for i := range 7 {
			l.order(allocation.OrderID(fmt.Sprint("A", i)), 1, 5, "leeds")
		}
		l.order("M&M", 2, 9, "leeds", "york")
		l.order("Z", 3, 5, "york")
		to := wire.Allocation{Line: "M&M/1", Qty: 1, By: allocation.ByTier, Over: "Z/1"}
		l.tell("leeds", scanned(1, to), scanned(1), scanned(1, to), scanned(1, wire.Allocation{Line: "MM/1", Qty: 1}))
		l.tell("york", scanned(1), scanned(1, to), wire.Event{Applied: &wire.Applied{Policy: "default", Moves: []wire.Move{{SKU: "X", Qty: 1, From: "M&M/1", To: "free"}},
			Returned: []wire.Right{{Line: "M&M/1", Qty: 1}}}})
		a, err := l.ask("M&M/1", why.Page{})
		require.NoError(t, err)
		line := a.Line
		assert.Equal(t, []any{allocation.SKU("X"), int64(9), int64(9), allocation.CustomerID("C9"), allocation.SiteID("leeds")},
			[]any{line.Line.SKU, line.Line.Ordered, line.Line.Open(), line.Customer, line.Site})
		require.Len(t, line.Rights, 2)
		assert.EqualValues(t, 9, line.Rights[0].Balance())
		assert.EqualValues(t, 7, line.Standing.Before)
		require.Len(t, line.Standing.First, why.MaxFirst)
		assert.Equal(t, allocation.LineID("A0/1"), line.Standing.First[0].ID())
		assert.Equal(t, allocation.LineID("A4/1"), line.Standing.First[4].ID())
		assert.Equal(t, allocation.LineID("Z/1"), line.Standing.Behind.ID())
		var rows []string
		for _, r := range line.History.Rows {
			rows = append(rows, fmt.Sprintf("%s %d %d", r.Event.Site, r.Event.Seq, len(r.Entries)))
		}
		assert.ElementsMatch(t, []string{"leeds 3 1", "leeds 1 1", "york 3 2", "york 2 1"}, rows, "a line whose id is like it is another one")
		assert.EqualValues(t, 7, line.History.Searched)
		assert.Zero(t, line.History.Next)

		var paged []string
		for page := (why.Page{Limit: 1}); ; {
			a, err := l.ask("M&M/1", page)
			require.NoError(t, err)
			for _, r := range a.Line.History.Rows {
				paged = append(paged, fmt.Sprintf("%s %d %d", r.Event.Site, r.Event.Seq, len(r.Entries)))
			}
			if page.Before = a.Line.History.Next; page.Before.Seq == 0 {
				break
			}
		}
		assert.Equal(t, rows, paged, "pages neither repeat nor leave out")
		assert.Contains(t, l.missing("NO/1"), "no order NO is known")
		assert.Contains(t, l.missing("Z/9"), "order Z has no line")
	})
}

func TestASerialIsFoundAtWhateverSite(t *testing.T) {
	storetest.EachStore(t, func(t *testing.T, s *store.Store) {
		l := newLogs(t, s, "leeds", "york")
		e := scanned(1)
		e.Scan.Receipts[0].Serial, e.Scan.Receipts[0].GTIN, e.Scan.Receipts[0].Free = "A:1", "04006381333931", 1
		other := scanned(1)
		other.Scan.Receipts[0].Serial, other.Scan.Receipts[0].GTIN = "A:1", "15400141288763"
		l.tell("leeds", scanned(1), other)
		l.tell("york", e, wire.Event{Applied: &wire.Applied{Moves: []wire.Move{{SKU: "X", Qty: 1, From: "free", To: "O1/1", Trade: "04006381333931", Serial: "A:1"}}}})
		a, err := l.ask("serial:4006381333931:A:1", why.Page{})
		require.NoError(t, err)
		require.Len(t, a.Unit.History.Rows, 2)
		assert.Equal(t, "1 of X moved from free stock to O1/1", a.Unit.History.Rows[0].Entries[0].Text)
		assert.Contains(t, a.Unit.Where, "york 2")
		a, err = l.ask("serial:A:1", why.Page{})
		require.NoError(t, err)
		assert.Len(t, a.Unit.History.Rows, 3)
		assert.Contains(t, l.missing("serial:A:2"), "no event of any site names the serial A:2")
	})
}

func TestALongLogIsSearchedPageByPage(t *testing.T) {
	s := storetest.Open(t, storetest.SQLite(t))
	l := newLogs(t, s, "leeds")
	l.order("O1", 1, 5, "leeds")
	events := []wire.Event{scanned(1, wire.Allocation{Line: "O1/1", Qty: 1})}
	for range why.MaxSearch + 10 {
		events = append(events, wire.Event{Applied: &wire.Applied{}})
	}
	l.tell("leeds", events...)
	a, err := l.ask("O1/1", why.Page{})
	require.NoError(t, err)
	h := a.Line.History
	assert.Empty(t, h.Rows)
	assert.EqualValues(t, why.MaxSearch, h.Searched)
	require.EqualValues(t, 12, h.Next.Seq)
	a, err = l.ask("O1/1", why.Page{Before: h.Next})
	require.NoError(t, err)
	assert.Len(t, a.Line.History.Rows, 1)
	assert.Zero(t, a.Line.History.Next)
}
