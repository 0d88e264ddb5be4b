package allocation

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// backlog is a View over lines in memory. It counts how many it was made to
// read.
type backlog struct {
	policy Policy
	lines  map[SKU][]Waiting
	read   int
}

func (b *backlog) Waiting(sku SKU) iter.Seq2[Waiting, error] {
	open := slices.Clone(b.lines[sku])
	open = slices.DeleteFunc(open, func(w Waiting) bool { return w.Open <= 0 })
	slices.SortFunc(open, func(x, y Waiting) int {
		if _, better := b.policy.Better(x.Rank, y.Rank); better {
			return -1
		}
		return 1
	})
	return func(yield func(Waiting, error) bool) {
		for _, w := range open {
			b.read++
			if !yield(w, nil) {
				return
			}
		}
	}
}

// take writes a decision down, as a store would.
func (b *backlog) take(sku SKU, d Decision) {
	for _, a := range d.Allocations {
		for i := range b.lines[sku] {
			if w := &b.lines[sku][i]; w.Rank.Line == a.Line {
				w.Open -= a.Qty
				w.Right -= a.Qty
			}
		}
	}
}

func waiting(order string, qty int64, edit ...func(*Rank)) Waiting {
	r := Rank{
		Class:    Redistribute,
		Accepted: time.Date(2026, 6, 1, 9, 0, 0, 0, time.UTC),
		Order:    OrderID(order),
		Line:     MakeLineID(OrderID(order), "1"),
	}
	for _, e := range edit {
		e(&r)
	}
	return Waiting{Rank: r, Open: qty, Right: qty}
}

func at(hour int) func(*Rank) {
	return func(r *Rank) { r.Accepted = time.Date(2026, 6, 1, hour, 0, 0, 0, time.UTC) }
}

func tier(n int) func(*Rank) { return func(r *Rank) { r.Tier = n } }

func newBacklog(lines ...Waiting) *backlog {
	return &backlog{policy: DefaultPolicy(), lines: map[SKU][]Waiting{"X": lines}}
}

func (b *backlog) receive(t require.TestingT, qty int64) Decision {
	d, err := Decide(b.policy, b, Receipt{SKU: "X", Qty: qty, Disposition: Good})
	require.NoError(t, err)
	b.take("X", d)
	return d
}

func TestTheBetterTierIsServedFirstThenTheOlderOrder(t *testing.T) {
	b := newBacklog(waiting("O1", 3, tier(2), at(9)), waiting("O2", 2, tier(1), at(10)), waiting("O3", 2, tier(2), at(8)))
	var served []LineID
	for range 5 {
		d := b.receive(t, 1)
		require.Len(t, d.Allocations, 1)
		served = append(served, d.Allocations[0].Line)
	}
	assert.Equal(t, []LineID{"O2/1", "O2/1", "O3/1", "O3/1", "O1/1"}, served)
	assert.Equal(t, int64(2), b.lines["X"][0].Open)
}

func TestFiveUnitsAtOnceSplitAsFiveSingleUnitsDo(t *testing.T) {
	b := newBacklog(waiting("O1", 3, tier(2), at(9)), waiting("O2", 2, tier(1), at(10)), waiting("O3", 2, tier(2), at(8)))
	d := b.receive(t, 5)
	assert.Equal(t, Allocated, d.Verdict)
	assert.Equal(t, []Allocation{
		{Line: "O2/1", Qty: 2, By: ByTier, Over: "O3/1"},
		{Line: "O3/1", Qty: 2, By: ByAccepted, Over: "O1/1"},
		{Line: "O1/1", Qty: 1},
	}, d.Allocations)
}

func TestUnitsThatNobodyWaitsForArePutAway(t *testing.T) {
	d := newBacklog(waiting("A", 7), waiting("B", 4)).receive(t, 12)
	assert.Equal(t, int64(1), d.Free)
	assert.Equal(t, int64(11), d.Allocated())

	d = newBacklog().receive(t, 3)
	assert.Equal(t, Stock, d.Verdict)
	assert.Equal(t, WhyNoDemand, d.Why.Code)
	assert.Equal(t, int64(3), d.Free)
}

func TestALineWithoutARightIsPassedAndNamed(t *testing.T) {
	first := waiting("A", 5, at(8))
	first.Right = 0
	d := newBacklog(first, waiting("B", 1, at(9))).receive(t, 1)
	assert.Equal(t, LineID("B/1"), d.Allocations[0].Line)
	assert.Equal(t, []LineID{"A/1"}, d.Why.Passed)
	assert.Contains(t, d.Why.Sentence(d.Allocations[0]), "A/1 passed for want of a right")

	d = newBacklog(first).receive(t, 1)
	assert.Equal(t, Stock, d.Verdict)
	assert.Equal(t, WhyNoRight, d.Why.Code)
}

func TestOnlyGoodUnitsAreAllocated(t *testing.T) {
	b := newBacklog(waiting("A", 5))
	for disposition, code := range map[Disposition]WhyCode{Damaged: WhyDamaged, Hold: WhyOnHold} {
		d, err := Decide(b.policy, b, Receipt{SKU: "X", Qty: 2, Disposition: disposition})
		require.NoError(t, err)
		assert.Equal(t, Held, d.Verdict)
		assert.Equal(t, code, d.Why.Code)
		assert.Zero(t, d.Free)
		assert.Empty(t, d.Allocations)
	}
}

func TestADecisionReadsOneLineBeyondThoseItServes(t *testing.T) {
	var lines []Waiting
	for i := range 1000 {
		lines = append(lines, waiting(fmt.Sprintf("O%04d", i), 2))
	}
	b := newBacklog(lines...)
	b.receive(t, 3)
	assert.Equal(t, 3, b.read)
}

type brokenView struct{}

var errDisk = errors.New("disk")

func (brokenView) Waiting(SKU) iter.Seq2[Waiting, error] {
	return func(yield func(Waiting, error) bool) { yield(Waiting{}, errDisk) }
}

func TestAViewThatFailsDecidesNothing(t *testing.T) {
	_, err := Decide(DefaultPolicy(), brokenView{}, Receipt{SKU: "X", Qty: 1, Disposition: Good})
	assert.ErrorIs(t, err, errDisk)
}

func TestEveryReasonHasASentence(t *testing.T) {
	for _, code := range []WhyCode{
		WhyNoDemand, WhyNoRight, WhyDamaged, WhyOnHold, WhyUnknown, WhyNotASN, WhyDuplicate, WhyRepeat, WhyAmbiguous,
		WhyUnread, WhyQuantity, WhyWrongSite, WhyNotReady, WhyUnsaved, WhyUndone, WhyNothing, WhyStaged, WhyCard,
	} {
		assert.NotEmpty(t, Why{Code: code}.Sentence(Allocation{}), code)
	}
	for _, key := range defaultRank {
		assert.Contains(t, Why{Code: WhyRanked}.Sentence(Allocation{Line: "A/1", By: key, Over: "B/1"}), keyWords[key])
	}
}

// someLine draws a line whose keys collide often, so that ties are common.
func someLine(t *rapid.T, i int) Waiting {
	small := rapid.IntRange(0, 2)
	w := waiting(fmt.Sprintf("O%d", i), rapid.Int64Range(1, 6).Draw(t, "qty"), func(r *Rank) {
		r.Override, r.Contract, r.Tier = small.Draw(t, "override"), small.Draw(t, "contract"), small.Draw(t, "tier")
		r.Class = rapid.SampledFrom([]Class{Win, Gain, Redistribute, Fill, Lose}).Draw(t, "class")
		r.Due = rapid.SampledFrom([]Date{"", "2026-06-05", "2026-06-04"}).Draw(t, "due")
		r.Accepted = r.Accepted.Add(time.Duration(small.Draw(t, "age")) * time.Nanosecond)
	})
	w.Right = rapid.Int64Range(0, 6).Draw(t, "right")
	return w
}

func someBacklog(t *rapid.T) *backlog {
	var lines []Waiting
	for i := range rapid.IntRange(0, 6).Draw(t, "lines") {
		lines = append(lines, someLine(t, i))
	}
	return newBacklog(lines...)
}

// modelServe is the rule said as slowly as possible: unit by unit, look at all
// lines, and give the unit to the one that no other line ranks before.
func modelServe(p Policy, lines []Waiting, qty int64) (given map[LineID]int64, free int64) {
	given = map[LineID]int64{}
	for ; qty > 0; qty-- {
		best := -1
		for i, w := range lines {
			n := given[w.Rank.Line]
			if w.Open-n <= 0 || w.Right-n <= 0 {
				continue
			}
			if best < 0 || p.RankKey(w.Rank) < p.RankKey(lines[best].Rank) {
				best = i
			}
		}
		if best < 0 {
			return given, qty
		}
		given[lines[best].Rank.Line]++
	}
	return given, 0
}

func TestPropertyTheDecisionIsTheRuleSaidUnitByUnit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := someBacklog(t)
		qty := rapid.Int64Range(1, 25).Draw(t, "units")
		want, free := modelServe(b.policy, b.lines["X"], qty)
		d := b.receive(t, qty)
		got := map[LineID]int64{}
		for _, a := range d.Allocations {
			require.Positive(t, a.Qty)
			got[a.Line] += a.Qty
		}
		require.Equal(t, want, got)
		require.Equal(t, free, d.Free)
		require.Equal(t, qty, d.Allocated()+d.Free)
	})
}

func TestPropertyUnitsAtOnceEqualUnitsOneByOne(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		together := someBacklog(t)
		single := &backlog{policy: together.policy, lines: map[SKU][]Waiting{"X": slices.Clone(together.lines["X"])}}
		qty := rapid.Int64Range(1, 25).Draw(t, "units")
		together.receive(t, qty)
		for range qty {
			single.receive(t, 1)
		}
		require.Equal(t, together.lines, single.lines)
	})
}

func TestPropertyTheOrderOfInsertionNeverDecides(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := someBacklog(t)
		shuffled := &backlog{policy: b.policy, lines: map[SKU][]Waiting{"X": rapid.Permutation(b.lines["X"]).Draw(t, "order")}}
		qty := rapid.Int64Range(1, 25).Draw(t, "units")
		require.Equal(t, b.receive(t, qty).Allocations, shuffled.receive(t, qty).Allocations)
	})
}

func TestPropertyTheNamedKeyReallyDecided(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := someBacklog(t)
		ranks := map[LineID]Rank{}
		for _, w := range b.lines["X"] {
			ranks[w.Rank.Line] = w.Rank
		}
		for _, a := range b.receive(t, rapid.Int64Range(1, 25).Draw(t, "units")).Allocations {
			if a.Over == "" {
				continue
			}
			key, better := b.policy.Better(ranks[a.Line], ranks[a.Over])
			require.True(t, better)
			require.Equal(t, key, a.By)
		}
	})
}

func BenchmarkDecideAmongManyLines(b *testing.B) {
	for _, n := range []int{10, 1000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var lines []Waiting
			for i := range n {
				lines = append(lines, waiting(fmt.Sprintf("O%06d", i), 2))
			}
			view := sorted(lines)
			for b.Loop() {
				if _, err := Decide(DefaultPolicy(), view, Receipt{SKU: "X", Qty: 1, Disposition: Good}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// sorted is a View whose lines stand in rank order already, as an index has
// them.
type sorted []Waiting

func (s sorted) Waiting(SKU) iter.Seq2[Waiting, error] {
	return func(yield func(Waiting, error) bool) {
		for _, w := range s {
			if !yield(w, nil) {
				return
			}
		}
	}
}
