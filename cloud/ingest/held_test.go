package ingest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/allocation"
	"dockfill/cloud/store"
	"dockfill/sync/wire"
)

// aside are events of a site that sets things aside and takes some out again.
func aside(s *pretend) {
	at := time.Date(2027, 3, 1, 9, 0, 0, 0, time.UTC)
	scan := func(code string, why allocation.WhyCode, times int64, receipts ...wire.Receipt) {
		at = at.Add(time.Minute)
		when := at
		s.log(wire.Event{At: at, Scan: &wire.Scan{Station: "1", Code: []byte(code), At: &when, Verdict: allocation.Held, Why: why, Times: times, Receipts: receipts}})
	}
	undo := func(from string, qty, seq int64) {
		s.log(wire.Event{Undo: &wire.Undo{Station: "1", Seqs: []int64{seq}, Moves: []wire.Move{{SKU: "X", Qty: qty, From: from}}}})
	}
	free := wire.Receipt{SKU: "X", Qty: 2, Free: 2}
	first := int64(len(s.bodies))
	scan("Z\x00\xff", allocation.WhyUnknown, 4)
	scan("Z\x00\xff", allocation.WhyUnknown, 0)
	scan("=1+1", allocation.WhyUnknown, 0)
	scan("]C1003950", allocation.WhyNotASN, 0)
	scan("X", allocation.WhyOnHold, 0, wire.Receipt{SKU: "X", Qty: 12, Disposition: allocation.Hold}, wire.Receipt{SKU: "Y", Qty: 1, Disposition: allocation.Hold})
	scan("X", allocation.WhyDamaged, 0, wire.Receipt{SKU: "X", Qty: 3, Disposition: allocation.Damaged})
	scan("X", allocation.WhyDamaged, 0, wire.Receipt{SKU: "X", Qty: 5, Disposition: allocation.Damaged})
	undo("damaged", 5, first+7)
	scan("Z\x00\xff", allocation.WhyNoDemand, 0, free) // takes the place of the four
	scan("=1+1", allocation.WhyNoDemand, 0, free)
	undo("free", 2, first+10) // and =1+1 waits again
	scan("]C1003950", allocation.WhyNoDemand, 0, free)
	scan("X", allocation.WhyNoDemand, 0, free)
}

// However the events arrive, the centre counts what lies at the sites.
func TestTheCentreCountsWhatIsSetAside(t *testing.T) {
	for name, size := range map[string]int{"one by one": 1, "in pairs": 2, "at once": 100} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, c *centre) {
				s := c.join("leeds")
				aside(s)
				for from := 1; from <= len(s.bodies); from += size {
					to := min(len(s.bodies), from+size-1)
					s.tell(int64(from), int64(to))
					s.ackedAt(int64(to))
				}
				sums, err := c.store.Held(ctx)
				require.NoError(t, err)
				day := time.Date(2027, 3, 1, 9, 0, 0, 0, time.UTC)
				assert.Equal(t, []store.HeldSum{
					{Site: "leeds", Why: allocation.WhyUnknown, Units: 2, Codes: 2, Since: day.Add(2 * time.Minute)},
					{Site: "leeds", Why: allocation.WhyOnHold, Units: 13, Codes: 2, Since: day.Add(5 * time.Minute)},
					{Site: "leeds", Why: allocation.WhyDamaged, Units: 3, Codes: 1, Since: day.Add(6 * time.Minute)},
				}, sums)
				rows, total, err := c.store.HeldRows(ctx, "leeds", 0, 2)
				require.NoError(t, err)
				assert.EqualValues(t, 5, total)
				require.Len(t, rows, 2)
				assert.Equal(t, store.HeldRow{Site: "leeds", Why: allocation.WhyUnknown, Code: []byte("Z\x00\xff"), Units: 1, Scans: 1, Since: day.Add(2 * time.Minute)}, rows[0])
				_, total, err = c.store.HeldRows(ctx, "york", 0, 2)
				require.NoError(t, err)
				assert.Zero(t, total)
			})
		})
	}
}

// A site that lost its database finds the same goods still set aside.
func TestANewLifeOfASiteTakesTheKeptCodesOfTheOldOne(t *testing.T) {
	each(t, func(t *testing.T, c *centre) {
		s := c.join("leeds")
		s.log(wire.Event{Scan: &wire.Scan{Station: "1", Code: []byte("Z"), Verdict: allocation.Held, Why: allocation.WhyUnknown}})
		s.tell(1, 1)
		s.ackedAt(1)
		s = c.join("leeds")
		s.log(wire.Event{Scan: &wire.Scan{Station: "1", Code: []byte("Z"), Verdict: allocation.Stock, Receipts: []wire.Receipt{{SKU: "Z", Qty: 1, Free: 1}}}})
		s.tell(1, 1)
		s.ackedAt(1)
		sums, err := c.store.Held(ctx)
		require.NoError(t, err)
		assert.Empty(t, sums)
	})
}

func TestACodeKeptAnImpossibleNumberOfTimesIsPoison(t *testing.T) {
	each(t, func(t *testing.T, c *centre) {
		s := c.join("leeds")
		s.log(wire.Event{Scan: &wire.Scan{Station: "1", Code: []byte("Z"), Verdict: allocation.Held, Why: allocation.WhyUnknown, Times: -3}})
		s.tell(1, 1)
		s.ackedAt(1)
		assert.EqualValues(t, 1, c.row("leeds").Poison)
	})
}
