package ingest

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/allocation"
	"dockfill/cloud/store"
	"dockfill/cloud/store/storetest"
	"dockfill/sync/rights"
	"dockfill/sync/session"
	"dockfill/sync/wire"
)

func TestAScanTravelsFromImportToTotals(t *testing.T) {
	each(t, func(t *testing.T, c *centre) {
		r := c.take(orders(order("O1", 1, "leeds", 3, 2)))
		assert.Equal(t, 2, r.Lines)
		assert.Equal(t, []allocation.SiteID{"leeds"}, r.Sites)
		s := c.join("leeds")
		s.obey(4) // policy, order, two grants
		assert.EqualValues(t, 3, s.register("O1/1").Granted)
		s.scan("X", 5, "O1/1", 3)
		s.scan("X", 2, "O1/2", 2)
		s.log(wire.Event{Applied: &wire.Applied{Through: s.cursor}})
		s.tellAll()
		assert.Equal(t, store.Totals{Lines: 2, Orders: 1, Scans: 2, UnitsScanned: 7, UnitsAllocated: 5, OrdersCompleted: 1}, c.totals())
		row := c.row("leeds")
		assert.Equal(t, store.SiteActive, row.State)
		assert.Zero(t, row.Behind)
		assert.EqualValues(t, 3, row.Stored)
		live, err := c.store.Live(ctx, "", 10)
		require.NoError(t, err)
		require.Len(t, live, 2)
		assert.EqualValues(t, 2, live[0].Seq)
		assert.Equal(t, map[string]rights.Registers{s.incarnation: {Granted: 3, Used: 3}}, c.held("O1/1"))
	})
}

// ready is a site with the rights for one line of 1,000 units, O1/1.
func ready(c *centre) *pretend {
	c.take(orders(order("O1", 1, "leeds", 1000)))
	s := c.join("leeds")
	s.obey(3)
	return s
}

func TestDuplicatesOverlapsAndGapsChangeNothing(t *testing.T) {
	each(t, func(t *testing.T, c *centre) {
		s := ready(c)
		for range 10 {
			s.scan("X", 2, "O1/1", 1)
		}
		s.tell(4, 6)
		require.Zero(t, receive[*wire.Ack](s).Stored.Seq, "a gap moves nothing")
		s.tell(1, 4)
		s.ackedAt(4)
		s.tell(1, 4)
		s.ackedAt(4)
		s.tell(2, 3)
		s.ackedAt(4)
		s.tell(3, 8)
		s.ackedAt(8)
		s.tellAll()
		assert.EqualValues(t, 10, c.totals().UnitsAllocated)
		assert.EqualValues(t, 20, c.totals().UnitsScanned)
		n := c.Counts()
		assert.EqualValues(t, []int64{2, 1, 10, 0, 0}, []int64{n.Duplicates, n.Gaps, n.Events, n.Forks, n.Malformed})
	})
}

// Whatever the network does to the batches, resending until the acknowledgement
// comes stores each event once.
func TestAnyOrderOfBatchesEndsEqual(t *testing.T) {
	each(t, func(t *testing.T, c *centre) {
		s := ready(c)
		for range 300 {
			s.scan("X", 1, "O1/1", 1)
		}
		r := rand.New(rand.NewPCG(1, 2))
		stored := int64(0)
		for stored < 300 {
			for range 8 {
				first := max(1, stored+1-r.Int64N(10))
				s.tell(first, min(300, first+r.Int64N(40)))
			}
			stored = max(stored, receive[*wire.Ack](s).Stored.Seq)
		}
		s.tellAll()
		assert.EqualValues(t, 300, c.totals().UnitsAllocated)
		assert.EqualValues(t, 300, c.Counts().Events)
		assert.Zero(t, c.Counts().Forks)
	})
}

func TestTheCentreMayRestartInMidStream(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o store.Options) {
		c := startCentre(t, o)
		s := ready(c)
		for range 20 {
			s.scan("X", 1, "O1/1", 1)
		}
		s.tell(1, 7)
		s.ackedAt(7)
		c.stop()
		require.NoError(t, c.store.Close())

		again := startCentre(t, o)
		s.move(again)
		again.take(orders(order("O2", 1, "leeds", 5)))
		s.obey(5) // the new order and its right reach a process that said no hello to this centre
		s.tell(5, 20)
		s.ackedAt(20)
		s.restart()
		w := s.welcomed()
		assert.False(t, w.Minted)
		assert.Equal(t, wire.Cursor{Seq: 20, Hash: s.hashes[20]}, w.Stored)
		assert.EqualValues(t, 20, again.totals().UnitsAllocated)
	})
}

func TestAnotherHistoryIsQuarantinedAndFenced(t *testing.T) {
	each(t, func(t *testing.T, c *centre) {
		s := ready(c)
		for range 5 {
			s.scan("X", 1, "O1/1", 1)
		}
		s.tellAll()
		genuine := *s
		// A copy of the database from after event 3 goes on by itself.
		s.bodies, s.hashes = s.bodies[:3:3], s.hashes[:4:4]
		s.scan("X", 7, "", 0)
		s.scan("X", 8, "", 0)
		s.scan("X", 9, "", 0)
		s.tell(2, 6)
		s.fenced(session.Diverged)
		s.ackedAt(6) // its scans are kept, in quarantine
		row := c.row("leeds")
		assert.EqualValues(t, 3, row.Quarantined)
		assert.Equal(t, store.SiteFenced, row.State)
		assert.EqualValues(t, 5, row.Stored)
		assert.EqualValues(t, 5, c.totals().UnitsScanned)
		assert.Contains(t, c.log.String(), "another history")
		s.tell(2, 6)
		s.fenced(session.Diverged)
		s.ackedAt(6)
		assert.EqualValues(t, 3, c.row("leeds").Quarantined)
		s.scan("X", 3, "", 0)
		s.scan("X", 4, "", 0)
		s.tell(8, 8)
		assert.EqualValues(t, 5, receive[*wire.Ack](s).Stored.Seq, "what lies between is missing")
		s.tell(7, 8)
		s.ackedAt(8)
		assert.EqualValues(t, 5, c.row("leeds").Quarantined, "the other history goes on")

		// The genuine database goes on, and gets what it missed meanwhile.
		c.take(orders(order("O2", 1, "leeds", 4)))
		genuine.restart()
		assert.False(t, genuine.welcomed().Minted)
		genuine.obey(5)
		assert.EqualValues(t, 4, genuine.register("O2/1").Granted)
		assert.Equal(t, store.SiteActive, c.row("leeds").State)
	})
}

// A site that was put back to an older copy is given a new life when all of its log is
// kept, and what the old one held stays committed.
func TestARestoredSiteTellsAllAndBeginsANewLife(t *testing.T) {
	each(t, func(t *testing.T, c *centre) {
		s := ready(c)
		for range 5 {
			s.scan("X", 10, "O1/1", 10)
		}
		s.tellAll()
		old := s.incarnation
		s.bodies, s.hashes, s.run = s.bodies[:3:3], s.hashes[:4:4], 0
		s.stored = wire.Cursor{Seq: 3, Hash: s.hashes[3]}
		s.scan("X", 7, "", 0)
		s.restart()
		s.doubt = "the run is not the anchor's"
		w := s.welcomed()
		require.True(t, w.Facts)
		assert.Equal(t, s.stored, w.Stored, "from where both agree")
		s.tell(4, 4)
		s.ackedAt(4)

		s.scan("X", 8, "", 0) // meanwhile
		w = s.welcomed()
		require.True(t, w.Facts, "not all is kept yet")
		s.tell(5, 5)
		s.ackedAt(5)
		w = s.welcomed()
		require.True(t, w.Minted)
		assert.Equal(t, old, w.Instead)
		assert.Equal(t, wire.Cursor{Seq: 5, Hash: s.hashes[5]}, w.Kept)
		again := s.welcomed()
		assert.Equal(t, w, again, "until it has begun, it is told the same")
		was := *s
		s.begin(w)
		assert.False(t, s.welcomed().Minted)

		c.take(orders(order("O2", 1, "leeds", 4)))
		s.obey(4) // the policy, both orders, and the right to one: the other is in doubt
		assert.EqualValues(t, 4, s.register("O2/1").Granted)
		assert.Zero(t, s.register("O1/1").Granted)
		row := c.row("leeds")
		assert.EqualValues(t, []int64{2, 950}, []int64{row.Quarantined, row.InDoubt})

		// The first database comes back: it is a dead life, and there is a living one.
		was.nonce, was.late = s.nonce, true
		w = was.welcomed()
		assert.True(t, w.Facts)
		assert.Equal(t, old, w.Incarnation)
	})
}

func TestAClonedProcessIsFencedAndTheGenuineServed(t *testing.T) {
	eachPatient(t, func(t *testing.T, c *centre) {
		s := ready(c)
		clone := *s
		clone.restart()
		clone.run = s.run
		clone.hello()
		s.answers()
		clone.fenced(session.Clone)
		clone.hello() // no person has decided: nobody is asked again
		clone.fenced(session.Clone)
		s.scan("X", 1, "O1/1", 1)
		s.tellAll()
		assert.Equal(t, store.SiteActive, c.row("leeds").State)
	})
}

// The copy turns out to be the one that people work with.
func TestAPersonAdmitsACloneAndTheOtherIsKeptOut(t *testing.T) {
	eachPatient(t, func(t *testing.T, c *centre) {
		s := ready(c)
		clone := *s
		clone.restart()
		clone.run = s.run
		clone.hello()
		s.answers()
		clone.fenced(session.Clone)
		row := c.row("leeds")
		require.Len(t, row.Clones, 1)
		assert.Equal(t, clone.nonce, row.Clones[0].Nonce)
		assert.ErrorContains(t, c.Admit(ctx, "leeds", s.nonce, store.Person{Name: "Ann", Reason: "x"}), "waits for a decision")
		require.NoError(t, c.Admit(ctx, "leeds", clone.nonce, store.Person{Name: "Ann", Reason: "the first one is in the bin"}))
		w := clone.welcomed()
		require.True(t, w.Minted)
		clone.begin(w)
		clone.welcomed()
		clone.obey(2)
		assert.Zero(t, clone.register("O1/1").Granted, "1,000 are in doubt")

		s.hello()
		clone.answers()
		s.fenced(session.Clone)
		assert.Len(t, c.row("leeds").Clones, 1)
	})
}

// A copy that was put back may fit the centre's log to the last hash, as what was lost
// with the database had not been sent.
func TestASiteInDoubtIsHeardAndGivenNothing(t *testing.T) {
	each(t, func(t *testing.T, c *centre) {
		s := ready(c)
		s.scan("X", 1, "O1/1", 1)
		s.restart()
		s.doubt = "the database's file was replaced by another"
		w := s.welcomed()
		assert.True(t, w.Facts)
		assert.Equal(t, store.SiteFenced, c.row("leeds").State)
		s.tellAll()
		assert.EqualValues(t, 1, c.totals().UnitsScanned)
		c.take(orders(order("O2", 1, "leeds", 4)))
		assert.Empty(t, c.held("O2/1"), "no right is granted")

		w = s.welcomed()
		require.True(t, w.Minted, "and never a nod")
		s.begin(w)
		s.welcomed()
		s.obey(4)
		assert.EqualValues(t, 4, s.register("O2/1").Granted)
		assert.Zero(t, s.register("O1/1").Granted)
	})
}

// The carrier may bring a hello again at any time later.
func TestAHelloThatComesLateHarmsNobody(t *testing.T) {
	each(t, func(t *testing.T, c *centre) {
		c.take(orders(order("O1", 1, "leeds", 1000)))
		s := c.join("leeds")
		blank, early := *s, *s
		blank.incarnation, blank.bodies = "", nil
		s.obey(3)
		s.scan("X", 1, "O1/1", 1)
		s.tellAll()
		early.hello()
		assert.EqualValues(t, 1, receive[*wire.Welcome](s).Stored.Seq)
		assert.Equal(t, store.SiteActive, c.row("leeds").State)
		blank.hello()
		w := receive[*wire.Welcome](s)
		assert.Equal(t, s.incarnation, w.Incarnation)

		s.restart()
		s.welcomed()
		blank.hello()
		s.scan("X", 1, "O1/1", 1)
		s.tellAll()
		assert.Equal(t, s.incarnation, c.row("leeds").Incarnation)
		assert.Contains(t, c.log.String(), "came again, late")
	})
}

func TestALostDatabaseGetsANewLifeAndOnlyWhatIsNotInDoubt(t *testing.T) {
	each(t, func(t *testing.T, c *centre) {
		s := ready(c)
		for range 4 {
			s.scan("X", 1, "O1/1", 1)
		}
		s.tell(1, 2)
		s.ackedAt(2)
		fresh := c.join("leeds")
		c.take(orders(order("O1", 2, "leeds", 1200)))
		fresh.obey(4)
		assert.EqualValues(t, 200, fresh.register("O1/1").Granted, "1,000 are in doubt with the dead life")
		// The dead disk is read after all: late events are facts.
		s.tell(3, 4)
		s.ackedAt(4)
		fresh.scan("X", 200, "O1/1", 200)
		fresh.tellAll()
		assert.EqualValues(t, 204, c.totals().UnitsAllocated)
		assert.Equal(t, map[string]rights.Registers{s.incarnation: {Granted: 1000, Used: 4}, fresh.incarnation: {Granted: 200, Used: 200}}, c.held("O1/1"))
		s.restart()
		s.hello()
		fresh.answers()
		s.fenced(session.Clone)
	})
}

// An event that cannot be applied must not stop the stream, nor be lost, and
// what comes later on its lines waits for it.
func TestPoisonIsKeptAndItsLinesWait(t *testing.T) {
	each(t, func(t *testing.T, c *centre) {
		c.take(orders(order("O1", 1, "leeds", 10), order("O2", 1, "leeds", 10)))
		s := c.join("leeds")
		s.obey(5)
		s.scan("X", 1, "O1/1", 1)
		*s.register("LATE/1") = rights.Registers{Granted: 9}
		s.log(wire.Event{Scan: &wire.Scan{Station: "1", Verdict: allocation.Allocated, Why: allocation.WhyRanked, Receipts: []wire.Receipt{
			{SKU: "X", Qty: 2, Allocations: []wire.Allocation{{Line: "O1/1", Qty: 1}, {Line: "LATE/1", Qty: 1}}}}}})
		s.scan("X", 1, "O1/1", 1) // waits
		s.scan("X", 1, "O2/1", 1) // does not
		s.logRaw([]byte(`{"seq":5,"scan":"\u0000 no scan at all"}`))
		s.logRaw([]byte(`{"seq":6,"dance":{}}`))
		s.logRaw([]byte(`{"seq":3,"undo":{"station":"1","seqs":[1]}}`))
		s.scan("X", 5, "O2/1", 1)
		s.log(wire.Event{Scan: &wire.Scan{Station: "1", Receipts: []wire.Receipt{{SKU: "X", Qty: 20, Allocations: []wire.Allocation{{Line: "O2/1", Qty: 20}}}}}})
		s.log(wire.Event{Scan: &wire.Scan{Station: "1", Receipts: []wire.Receipt{{SKU: "a\x00b", Qty: 1, Free: 1}, {SKU: "X", Qty: 1, Allocations: []wire.Allocation{{Line: "bad\x00", Qty: 1}}}}}})
		s.tellAll()
		row := c.row("leeds")
		assert.EqualValues(t, 7, row.Poison)
		assert.EqualValues(t, 3, row.Allocated)
		assert.Equal(t, rights.Registers{Granted: 10, Used: 1}, c.held("O1/1")[s.incarnation], "an event is applied whole or not at all")
		for _, want := range []string{"waits for event 2", "is not known here", "of no kind", "it stands at 7", "20 wanted, 8 held"} {
			assert.Contains(t, c.log.String(), want)
		}
		// The missing order arrives: what waited is applied, in its order.
		c.take(orders(order("LATE", 1, "leeds", 9)))
		assert.EqualValues(t, 5, c.row("leeds").Poison)
		assert.EqualValues(t, 6, c.totals().UnitsAllocated)
		assert.Equal(t, rights.Registers{Granted: 10, Used: 3}, c.held("O1/1")[s.incarnation])
	})
}

func TestAnUndoTakesEverythingBack(t *testing.T) {
	each(t, func(t *testing.T, c *centre) {
		s := ready(c)
		n := s.scan("X", 5, "O1/1", 3)
		require.NoError(t, s.register("O1/1").Apply(rights.Change{Undone: 3}))
		s.log(wire.Event{Undo: &wire.Undo{Station: "1", Seqs: []int64{n}, Moves: []wire.Move{{SKU: "X", Qty: 3, From: "O1/1"}, {SKU: "X", Qty: 2, From: "free"}}}})
		s.tellAll()
		assert.Equal(t, store.Totals{Lines: 1, Orders: 1, Scans: 1, UnitsOpen: 1000}, c.totals())
		live, err := c.store.Live(ctx, "leeds", 1)
		require.NoError(t, err)
		assert.EqualValues(t, -5, live[0].Qty)
	})
}

// A cancel is pending until the site's own event burns the rights, and a raise
// behind it is granted again.
func TestACancelIsPendingUntilRightsAreBurned(t *testing.T) {
	each(t, func(t *testing.T, c *centre) {
		s := ready(c)
		s.scan("X", 100, "O1/1", 100)
		s.tellAll()
		r := c.take(orders(order("O1", 2, "leeds", 40)))
		assert.Equal(t, 1, r.Changed)
		v, err := c.store.Order(ctx, "O1")
		require.NoError(t, err)
		assert.EqualValues(t, []int64{1000, 0, 960, 900}, []int64{v.Lines[0].Ordered, v.Lines[0].Cancelled, v.Lines[0].Pending, v.Lines[0].Open})
		c.take(orders(order("O1", 3, "leeds", 50)))
		s.obey(5)
		assert.EqualValues(t, 40, s.commands[3].Order.Lines[0].Qty)

		require.NoError(t, s.register("O1/1").Apply(rights.Change{Undone: 60}))
		require.NoError(t, s.register("O1/1").Apply(rights.Change{Returned: 960}))
		s.log(wire.Event{Applied: &wire.Applied{Through: s.cursor, Moves: []wire.Move{{SKU: "X", Qty: 60, From: "O1/1", To: "free"}}, Returned: []wire.Right{{Line: "O1/1", Qty: 960}}}})
		s.tellAll()
		v, err = c.store.Order(ctx, "O1")
		require.NoError(t, err)
		assert.EqualValues(t, []int64{950, 0, 40, 10}, []int64{v.Lines[0].Cancelled, v.Lines[0].Pending, v.Lines[0].Allocated, v.Lines[0].Open})
		s.obey(6)
		assert.Equal(t, wire.Grant{Line: "O1/1", Incarnation: s.incarnation, Total: 1010}, *s.commands[5].Grant)
		s.scan("X", 10, "O1/1", 10)
		s.tellAll()
		assert.EqualValues(t, 1, c.totals().OrdersCompleted)
	})
}

func TestVersionsDecideWhatAnImportChanges(t *testing.T) {
	each(t, func(t *testing.T, c *centre) {
		s := ready(c)
		before := c.row("leeds").Behind
		for _, v := range []struct {
			version int64
			want    store.ImportResult
		}{{1, store.ImportResult{Same: 1}}, {3, store.ImportResult{Changed: 1, Lines: 1}}, {2, store.ImportResult{Stale: 1}}, {3, store.ImportResult{Same: 1}}} {
			v.want.NoItem = map[allocation.SKU]int{"X": 1}
			assert.Equal(t, v.want, c.take(orders(order("O1", v.version, "leeds", 1000))))
		}
		assert.EqualValues(t, 1, c.row("leeds").Behind-before, "one command: the newer order")
		s.obey(4)
		o := s.commands[3].Order
		assert.EqualValues(t, 3, o.Version)

		// A record that cannot be taken stops the whole import, or is left out.
		other := order("O1", 4, "york", 1000)
		good := order("O7", 1, "york", 1)
		_, err := c.Import(ctx, orders(good, other))
		var refused *store.RefusedError
		require.ErrorAs(t, err, &refused)
		assert.ErrorContains(t, err, "belongs to site leeds")
		assert.EqualValues(t, 1, c.totals().Orders)
		b := orders(good, other)
		b.SkipBad = true
		r := c.take(b)
		assert.Len(t, r.Refused, 1)
		assert.Equal(t, 1, r.New)
		sku := order("O1", 4, "leeds", 1000)
		sku.Lines[0].SKU = "Y"
		_, err = c.Import(ctx, orders(sku))
		assert.ErrorContains(t, err, "is for SKU X already")
	})
}

func TestItemsAndSupplyReachEverySiteThatNeedsThem(t *testing.T) {
	each(t, func(t *testing.T, c *centre) {
		pallet := store.Pallet{SSCC: "106141411234567897", Lines: []store.SupplyLine{{SKU: "X", Qty: 4}}}
		item := store.Item{SKU: "X", Description: "Tape", GTINs: []store.PackGTIN{{GTIN: "04006381333931", Qty: 1}}}
		c.take(store.Batch{Items: []store.Item{item}, Inbound: []store.Inbound{{ID: "P1", Version: 1, Site: "leeds", Pallets: []store.Pallet{pallet}}}})
		york, leeds := c.join("york"), c.join("leeds")
		york.obey(3) // policy, item, what goes elsewhere
		leeds.obey(3)
		assert.Equal(t, "Tape", york.commands[1].Item.Description)
		assert.Equal(t, &wire.Elsewhere{Site: "leeds", SSCCs: []string{string(pallet.SSCC)}}, york.commands[2].Elsewhere)
		assert.Equal(t, []wire.Pallet{{SSCC: string(pallet.SSCC), Lines: []wire.InboundLine{{SKU: "X", Qty: 4}}}}, leeds.commands[2].Inbound.Pallets)

		assert.Equal(t, store.ImportResult{Same: 1}, c.take(store.Batch{Items: []store.Item{item}}))
		item.Putaway = "A-04"
		assert.Equal(t, store.ImportResult{Changed: 1}, c.take(store.Batch{Items: []store.Item{item}}))
		york.obey(4)
		assert.Equal(t, "A-04", york.commands[3].Item.Putaway)
		// The truck is sent to the other site.
		c.take(store.Batch{Inbound: []store.Inbound{{ID: "P1", Version: 2, Site: "york", Pallets: []store.Pallet{pallet}}}})
		york.obey(5)
		leeds.obey(6)
		assert.Len(t, york.commands[4].Inbound.Pallets, 1)
		assert.Empty(t, leeds.commands[4].Inbound.Pallets)
		assert.EqualValues(t, "york", leeds.commands[5].Elsewhere.Site)

		_, err := c.Import(ctx, store.Batch{Items: []store.Item{{SKU: "Y", GTINs: item.GTINs}}})
		assert.ErrorContains(t, err, "belongs to item X already")
		_, err = c.Import(ctx, store.Batch{Inbound: []store.Inbound{{ID: "P2", Version: 1, Site: "york", Pallets: []store.Pallet{pallet}}}})
		assert.ErrorContains(t, err, "announced by inbound P1 already")
		got, err := c.store.Item(ctx, "X")
		require.NoError(t, err)
		assert.Equal(t, item, got)
	})
}

// What the carrier brings may be anything.
func TestRubbishIsCountedAndDropped(t *testing.T) {
	each(t, func(t *testing.T, c *centre) {
		s := ready(c)
		s.scan("X", 1, "O1/1", 1)
		good, err := wire.Encode(s.batch(1, 1))
		require.NoError(t, err)
		broken := s.batch(1, 1)
		broken.Last = wire.Hash{1}
		chain, err := wire.Encode(broken)
		require.NoError(t, err)
		bell := s.head()
		bell.Nonce = "a\x00\x1b[31m"
		control, err := wire.Encode(&wire.Hello{Head: bell})
		require.NoError(t, err)
		path := s.head()
		path.Nonce = "../../x"
		stranger, err := wire.Encode(&wire.Hello{Head: path})
		require.NoError(t, err)
		down, err := wire.Encode(&wire.Ack{Head: s.head()})
		require.NoError(t, err)
		for topic, payload := range map[string][]byte{
			wire.Up("york"):               good, // another site's topic
			wire.Up("leeds") + "/\x1b[2J": good,
			wire.Down("leeds"):            good,
			"dockfill/1/00/leeds/up":      good, // the wrong shard
			wire.Up("leeds"):              []byte("{"),
		} {
			c.Handle(topic, payload)
		}
		for _, payload := range [][]byte{nil, chain, control, stranger, down, make([]byte, wire.MaxMessage+1), []byte(strings.Repeat("[", 100_000))} {
			c.Handle(wire.Up("leeds"), payload)
		}
		s.tellAll()
		assert.EqualValues(t, 12, c.Counts().Malformed)
		assert.EqualValues(t, 1, c.totals().UnitsScanned)
		assert.NotContains(t, c.log.String(), "\x1b")
		assert.Contains(t, c.log.String(), "the message says site leeds")
		assert.Contains(t, c.log.String(), "../../x")
		assert.EqualValues(t, 2, c.Counts().Hellos, "those of the site itself")
	})
}

func TestCommandsAreSentAgainUntilTheyAreApplied(t *testing.T) {
	each(t, func(t *testing.T, c *centre) {
		s := c.join("leeds")
		s.obey(1)
		var many []store.Order
		for n := range 3000 {
			many = append(many, order(allocation.OrderID(fmt.Sprintf("M%04d", n)), 1, "leeds", 1))
		}
		c.mu.Lock()
		c.down = true
		c.mu.Unlock()
		c.Link(false, "cut")
		c.take(orders(many...))
		c.mu.Lock()
		c.down = false
		c.mu.Unlock()
		c.Link(true, "")
		first := receive[*wire.Commands](s)
		for receive[*wire.Commands](s).First != first.First { // silence brings it again
		}
		s.obey(6001)
		s.log(wire.Event{Applied: &wire.Applied{Through: s.cursor}})
		s.tellAll()
		assert.Zero(t, c.row("leeds").Behind)
		assert.EqualValues(t, 1, s.register("M2999/1").Granted)
	})
}
