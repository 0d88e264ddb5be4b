package store

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/allocation"
	"dockfill/sync/rights"
	"dockfill/sync/wire"
)

// inTx runs do in a transaction of a fresh database, which is taken back.
func inTx(t *testing.T, do func(*Tx)) {
	t.Helper()
	require.ErrorIs(t, unflushed(t).Update(t.Context(), func(tx *Tx) error {
		do(tx)
		return errBack
	}), errBack)
}

// waiting adds an order whose lines want X and have the right to it.
func waiting(t *testing.T, tx *Tx, id allocation.OrderID, qty ...int64) {
	t.Helper()
	require.NoError(t, order(tx, id, "", qty))
	for i, n := range qty {
		_, _, err := tx.Grant(allocation.MakeLineID(id, itoa(i+1)), n)
		require.NoError(t, err)
	}
}

func scanned(sku allocation.SKU, n int64) allocation.Receive {
	return allocation.Receive{Receipts: []allocation.Receipt{{Batch: allocation.Batch{SKU: sku}, Qty: n}}}
}

func registers(t *testing.T, tx *Tx, id allocation.LineID) rights.Registers {
	t.Helper()
	tx.known = nil // as they stand in the database
	l, found, err := tx.Shown(id)
	require.NoError(t, err)
	require.True(t, found)
	return l.Rights.Registers
}

// Site rule S is the last barrier but the schema's: a decision that gives more than
// the site may is an error and nothing else.
func TestNobodyGetsMoreThanTheSiteMayGive(t *testing.T) {
	inTx(t, func(tx *Tx) {
		waiting(t, tx, "A", 5)
		l, _, err := tx.Line("A/1")
		require.NoError(t, err)
		l.Allocated, l.Right = 6, 0
		_, err = tx.Write(allocation.Decision{
			Lines: []allocation.Line{l},
			Moves: []allocation.Move{{Batch: allocation.Batch{SKU: "X"}, Qty: 6, From: allocation.Place{Shelf: allocation.Dock}, To: allocation.At("A/1")}},
		}, nil)
		require.ErrorIs(t, err, rights.ErrNoRight)
		assert.Equal(t, rights.Registers{Granted: 5}, registers(t, tx, "A/1"))
	})
}

func TestUnitsThatAreNotThereCannotBeTaken(t *testing.T) {
	inTx(t, func(tx *Tx) {
		waiting(t, tx, "A", 5)
		batch := allocation.Batch{SKU: "X", Lot: "L"}
		for _, from := range []allocation.Place{{Shelf: allocation.Free}, allocation.At("A/1")} {
			_, err := tx.Write(allocation.Decision{Moves: []allocation.Move{{Batch: batch, Qty: 1, From: from}}}, nil)
			require.ErrorContains(t, err, "to take")
		}
	})
}

func TestRegistersFollowTheUnits(t *testing.T) {
	inTx(t, func(tx *Tx) {
		waiting(t, tx, "A", 5)
		require.NoError(t, decide(tx, scanned("X", 4)))
		assert.Equal(t, rights.Registers{Granted: 5, Used: 4}, registers(t, tx, "A/1"))
		require.NoError(t, decide(tx, allocation.Dispatch{Line: "A/1", Qty: 1}))
		assert.Equal(t, rights.Registers{Granted: 5, Used: 4}, registers(t, tx, "A/1"), "a shipped unit stays used")
		require.NoError(t, decide(tx, allocation.Stage{Line: "A/1", Qty: 1}))

		d, err := allocation.Decide(tx.Meta().Policy, tx, "", allocation.Demand{Wants: []allocation.Want{{Line: "A/1", Qty: 1}}})
		require.NoError(t, err)
		returned, err := tx.Write(d, nil)
		require.NoError(t, err)
		assert.Equal(t, []allocation.Given{{Line: "A/1", Qty: 3}}, returned, "one was open, two were loose")
		assert.Equal(t, rights.Registers{Granted: 5, Used: 4, Undone: 2, Returned: 3}, registers(t, tx, "A/1"))

		d, err = allocation.Decide(tx.Meta().Policy, tx, "", allocation.Return{Line: "A/1", Qty: 1})
		require.NoError(t, err)
		returned, err = tx.Write(d, nil)
		require.NoError(t, err)
		assert.Equal(t, []allocation.Given{{Line: "A/1", Qty: 1}}, returned)
		assert.Equal(t, rights.Registers{Granted: 5, Used: 4, Undone: 3, Returned: 4}, registers(t, tx, "A/1"))
		n, err := tx.On("X", allocation.Free)
		require.NoError(t, err)
		assert.EqualValues(t, 3, n)
		assert.EqualValues(t, 3, tx.counts.Free)
	})
}

// A scan must stay cheap: it asks for the lines once, and writes no index.
func TestAnOrdinaryScanAsksOnceAndWritesTwoNumbers(t *testing.T) {
	inTx(t, func(tx *Tx) {
		waiting(t, tx, "A", 50)
		waiting(t, tx, "B", 50)
		require.NoError(t, decide(tx, scanned("X", 1)))
		tx.known = nil
		p := &spy{conn: tx.c}
		tx.c = p
		require.NoError(t, decide(tx, scanned("X", 1)))
		require.Len(t, p.asked, 1, "%v", p.asked)
		assert.Equal(t, []string{"UPDATE line SET allocated = ?, used = ? WHERE n = ?"}, p.done)
		_, _, err := tx.Shown("A/1")
		require.NoError(t, err)
		assert.Len(t, p.asked, 1, "the line is known as it is now")
	})
}

// A case has a serial too, and is here until its last unit is shipped.
func TestASerialIsHereUntilAllOfItHasLeft(t *testing.T) {
	inTx(t, func(tx *Tx) {
		waiting(t, tx, "A", 5)
		s := Serial{SKU: "X", Serial: "S"}
		receive := func() error {
			return decide(tx, allocation.Receive{Receipts: []allocation.Receipt{{Batch: allocation.Batch{SKU: "X", Trade: "X", Serial: "S"}, Qty: 2}}})
		}
		require.Error(t, tx.TakeSerial(s, 1), "it is not here")
		require.NoError(t, receive())
		require.NoError(t, tx.TakeSerial(s, 7))
		seq, err := tx.BySerial(s)
		require.NoError(t, err)
		assert.EqualValues(t, 7, seq)
		require.NoError(t, decide(tx, allocation.Dispatch{Line: "A/1", Qty: 1}))
		var no *allocation.Refusal
		require.ErrorAs(t, receive(), &no)
		assert.Equal(t, allocation.WhyDuplicate, no.Code)
		require.NoError(t, decide(tx, allocation.Dispatch{Line: "A/1", Qty: 1}))
		require.NoError(t, receive())
	})
}

// Two cursors of one text at a time: a statement serves one reader.
func TestCursorsDoNotDisturbEachOther(t *testing.T) {
	inTx(t, func(tx *Tx) {
		waiting(t, tx, "A", 1, 1, 1)
		var outer, inner []allocation.LineID
		for l, err := range allocation.Each(tx.Waiting(allocation.Search{SKU: "X"})) {
			require.NoError(t, err)
			outer = append(outer, l.ID())
			for l, err := range allocation.Each(tx.Waiting(allocation.Search{SKU: "X"})) {
				require.NoError(t, err)
				inner = append(inner, l.ID())
			}
		}
		assert.Equal(t, []allocation.LineID{"A/1", "A/2", "A/3"}, outer)
		assert.Len(t, inner, 9)
	})
}

// What is known at large of a SKU must not outlive what made it known.
func TestWhatIsKnownAtLargeIsTakenBackWithItsTransaction(t *testing.T) {
	s := unflushed(t)
	about := func(tx *Tx) allocation.About {
		about, err := tx.About("X")
		require.NoError(t, err)
		return about
	}
	require.NoError(t, s.Update(t.Context(), func(tx *Tx) error {
		require.NoError(t, tx.PutItem(&wire.Item{SKU: "X"}))
		require.NoError(t, free(tx, "X", 1))
		assert.True(t, about(tx).Free)
		return nil
	}))
	for _, undo := range []func(tx *Tx, do func() error) error{
		func(tx *Tx, do func() error) error { return tx.Savepoint(do) },
		func(_ *Tx, do func() error) error { return do() },
	} {
		err := s.Update(t.Context(), func(tx *Tx) error {
			assert.True(t, about(tx).Free)
			return undo(tx, func() error {
				require.NoError(t, decide(tx, allocation.Adjust{SKU: "X", Qty: -1}))
				require.NoError(t, tx.PutItem(&wire.Item{SKU: "X", Substitutes: []allocation.SKU{"Y"}}))
				assert.Equal(t, allocation.About{Substitutes: []allocation.SKU{"Y"}}, about(tx))
				return errBack
			})
		})
		require.ErrorIs(t, err, errBack)
		require.NoError(t, s.Update(t.Context(), func(tx *Tx) error {
			assert.Equal(t, allocation.About{Free: true}, about(tx))
			return nil
		}))
	}
}

// A new policy ranks those too that hold something: they may lose it.
func TestAPolicyIsKeptAndRanksAllThatCount(t *testing.T) {
	path := filepath.Join(t.TempDir(), "agent.db")
	s := open(t, path)
	p, err := wire.Policy{Version: "9", Rank: []allocation.Key{allocation.ByTier}, Share: allocation.Fair, GateMode: allocation.GateSkip, OverReceipt: 5,
		Guarantees: []wire.Guarantee{{Segment: "B", Qty: 3}}, StageAtBeep: true}.Check()
	require.NoError(t, err)
	const many = rerankChunk + 100
	require.NoError(t, s.Update(t.Context(), func(tx *Tx) error {
		for i := range many {
			require.NoError(t, addOpen(tx, i, 1, func(i int, l *Line) {
				if i%2 == 0 {
					l.Allocated, l.Rights.Used = l.Ordered, l.Ordered
				}
			}))
		}
		return tx.SetPolicy(p)
	}))
	require.NoError(t, s.Close())
	require.NoError(t, open(t, path).View(t.Context(), func(tx *Tx) error {
		assert.Equal(t, p, tx.Meta().Policy)
		n := 0
		for _, all := range []func(func(allocation.Line, error) bool){
			allocation.Each(tx.Waiting(allocation.Search{SKU: "SKU-0"})), tx.Holders("SKU-0", allocation.HoldAny),
		} {
			var before *allocation.Line
			for l, err := range all {
				require.NoError(t, err)
				if n++; before != nil {
					waits := l.Open() > 0
					assert.Equal(t, waits, tx.serves(before, &l))
					assert.Equal(t, !waits, p.Worse(before, &l))
				}
				before = &l
			}
		}
		assert.Equal(t, many, n)
		return nil
	}))
}

func TestKeptCodesWaitUntilTheyAreMapped(t *testing.T) {
	inTx(t, func(tx *Tx) {
		code := []byte("mystery")
		none, err := tx.KeptScans(code)
		require.NoError(t, err)
		assert.Empty(t, none)
		for i, c := range [][]byte{code, []byte("other"), code} {
			require.NoError(t, tx.KeepUnknown(int64(i+1), "2", allocation.WhyUnknown, c, int64(i+1), day(int64(i+1))))
		}
		codes, err := tx.WaitingCodes()
		require.NoError(t, err)
		assert.Equal(t, [][]byte{code, []byte("other")}, codes)
		scans, err := tx.KeptScans(code)
		require.NoError(t, err)
		assert.Equal(t, []KeptScan{
			{Seq: 1, Station: "2", Code: code, Why: allocation.WhyUnknown, Times: 1, At: day(1)},
			{Seq: 3, Station: "2", Code: code, Why: allocation.WhyUnknown, Times: 3, At: day(3)},
		}, scans)

		require.NoError(t, tx.MapKept(1, 10))
		by, err := tx.MappedBy(1)
		require.NoError(t, err)
		assert.EqualValues(t, 10, by)
		by, err = tx.MappedBy(3)
		require.NoError(t, err)
		assert.Zero(t, by)
		oldest, err := tx.Kept(code)
		require.NoError(t, err)
		assert.EqualValues(t, 3, oldest)
		require.NoError(t, tx.UndoKept(3))
		codes, err = tx.WaitingCodes()
		require.NoError(t, err)
		assert.Equal(t, [][]byte{[]byte("other")}, codes)
	})
}

func TestAnAliasIsWhatWasSaidLast(t *testing.T) {
	s := unflushed(t)
	require.NoError(t, s.Update(t.Context(), func(tx *Tx) error {
		_, _, found, err := tx.Alias([]byte("c"))
		require.NoError(t, err)
		assert.False(t, found)
		require.NoError(t, tx.SetAlias([]byte("c"), "X", 2))
		return tx.SetAlias([]byte("c"), "Y", 3)
	}))
	require.NoError(t, s.View(t.Context(), func(tx *Tx) error {
		sku, n, found, err := tx.Alias([]byte("c"))
		require.NoError(t, err)
		assert.True(t, found)
		assert.EqualValues(t, "Y", sku)
		assert.EqualValues(t, 3, n)
		return nil
	}))
}

// What lies here and waits for people is told by reason, surplus among them.
func TestWhatWaitsForPeopleIsToldByReason(t *testing.T) {
	now := day(5)
	s, err := Open(t.Context(), Options{Path: filepath.Join(t.TempDir(), "agent.db"), Site: "leeds", Unflushed: true, Now: func() time.Time { return now }})
	require.NoError(t, err)
	defer s.Close()
	receive := func(tx *Tx, d allocation.Disposition, in allocation.InboundID, n int64) error {
		r := allocation.Receipt{Batch: allocation.Batch{SKU: "X"}, Qty: n, Disposition: d, Inbound: in}
		return decide(tx, allocation.Receive{Receipts: []allocation.Receipt{r}})
	}
	for range 2 {
		require.NoError(t, s.Update(t.Context(), func(tx *Tx) error {
			require.NoError(t, tx.PutInbound(&wire.Inbound{ID: "PO", Version: 1, Lines: []wire.InboundLine{{SKU: "X", Qty: 1}}}))
			require.NoError(t, receive(tx, allocation.Damaged, "", 2))
			require.NoError(t, receive(tx, allocation.Hold, "", 1))
			return receive(tx, allocation.Good, "PO", 4)
		}))
		now = now.Add(time.Hour)
	}
	require.NoError(t, s.View(t.Context(), func(tx *Tx) error {
		all, err := tx.HeldHere()
		require.NoError(t, err)
		assert.Equal(t, []Held{
			{allocation.WhySurplus, 6, 1, day(5)}, {allocation.WhyOnHold, 2, 1, day(5)}, {allocation.WhyDamaged, 4, 1, day(5)},
		}, all)
		return nil
	}))
}

// Cartons that bear no pallet label say not by what they came.
func TestLooseUnitsCountAsComeByWhatIsExpectedFirst(t *testing.T) {
	inTx(t, func(tx *Tx) {
		for id, day := range map[allocation.InboundID]allocation.Date{"PO1": "", "PO2": "2027-03-06", "PO3": "2027-03-05"} {
			in := &wire.Inbound{ID: id, Version: 1, Expected: day, Lines: []wire.InboundLine{{SKU: "X", Qty: 3}}}
			require.NoError(t, tx.PutInbound(in))
		}
		arrive := func(a ...Arrival) (left [3]int64) {
			_, err := tx.Write(allocation.Decision{}, a)
			require.NoError(t, err)
			for i, id := range []allocation.InboundID{"PO3", "PO2", "PO1"} {
				in, _, err := tx.Inbound(id, "X")
				require.NoError(t, err)
				left[i] = in.Announced - in.Received - in.Loose
			}
			return left
		}
		assert.Equal(t, [3]int64{0, 1, 3}, arrive(Arrival{"", "X", 5}))
		assert.Equal(t, [3]int64{1, 3, 3}, arrive(Arrival{"", "X", -3}), "undone the other way round")
		assert.Equal(t, [3]int64{0, 0, 2}, arrive(Arrival{"", "X", 2}, Arrival{"PO2", "X", 3}), "a name counts first")
		assert.Equal(t, [3]int64{0, 0, 0}, arrive(Arrival{"", "X", 9}), "more than announced came by none")
	})
}

func TestAnInboundCountsWhatItAnnouncesAndBrings(t *testing.T) {
	inTx(t, func(tx *Tx) {
		pallet := wire.Pallet{SSCC: "376000000000000016", Lines: []wire.InboundLine{{SKU: "X", Qty: 6}, {SKU: "X", Qty: 1}}}
		in := &wire.Inbound{ID: "PO", Version: 1, Pallets: []wire.Pallet{pallet}}
		announced := func() int64 {
			all, err := tx.Awaited("X")
			require.NoError(t, err)
			n := int64(0)
			for _, a := range all {
				n += a.Left()
			}
			return n
		}
		require.NoError(t, tx.PutInbound(in))
		assert.EqualValues(t, 7, announced(), "what stands on its pallets")
		in.Lines = []wire.InboundLine{{SKU: "X", Qty: 10}}
		require.NoError(t, tx.PutInbound(in))
		assert.EqualValues(t, 17, announced(), "loose units beside its pallets")
		in.Pallets = nil
		require.NoError(t, tx.PutInbound(in))
		assert.EqualValues(t, 10, announced(), "its loose lines alone")
		arrive := func(n int64) {
			_, err := tx.Write(allocation.Decision{}, []Arrival{{"PO", "X", n}, {"PO-unknown", "X", n}})
			require.NoError(t, err)
		}
		arrive(4)
		assert.EqualValues(t, 6, announced())
		arrive(-1)
		in.Lines[0].Qty = 3
		require.NoError(t, tx.PutInbound(in))
		assert.Zero(t, announced(), "three came before")
		in.Lines[0].Qty, in.Closed = 9, true
		require.NoError(t, tx.PutInbound(in))
		assert.Zero(t, announced(), "nothing more will come")
		got, found, err := tx.Inbound("PO", "X")
		require.NoError(t, err)
		assert.True(t, found)
		assert.Equal(t, allocation.Inbound{Announced: 9, Received: 3, Closed: true}, got)
	})
}

// A line with another pack, or more days to last, takes other goods at once.
func TestALineIsSetAnew(t *testing.T) {
	inTx(t, func(tx *Tx) {
		waiting(t, tx, "A", 5)
		require.NoError(t, tx.SetLine("A/1", wire.OrderLine{SKU: "Y", Pack: 6, MinLifeDays: 3}))
		assert.Empty(t, collect(t, tx, allocation.Search{SKU: "Y", Limited: true, Units: 10, Life: 10}), "no whole pack")
		require.NoError(t, tx.SetLine("A/1", wire.OrderLine{SKU: "Y", Pack: 5, MinLifeDays: 3}))
		assert.Len(t, collect(t, tx, allocation.Search{SKU: "Y", Limited: true, Units: 10, Life: 10}), 1)
		require.NoError(t, decide(tx, scanned("Y", 5)))
		require.ErrorContains(t, tx.SetLine("A/1", wire.OrderLine{SKU: "X"}), "holds 5 units of Y")
		require.ErrorContains(t, tx.SetLine("A/9", wire.OrderLine{SKU: "X"}), "no line A/9")
		require.ErrorContains(t, tx.AddLine("Z/1", "Z", wire.OrderLine{SKU: "X"}), "no order Z")
	})
}

func collect(t *testing.T, tx *Tx, s allocation.Search) (all []allocation.Line) {
	t.Helper()
	for l, err := range allocation.Each(tx.Waiting(s)) {
		require.NoError(t, err)
		all = append(all, l)
	}
	return all
}
