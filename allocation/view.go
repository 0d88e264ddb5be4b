package allocation

import (
	"cmp"
	"iter"
)

// View is what a decision may read of a site's state: one consistent moment, the
// moment of the transaction that will write the decision down. Every error is
// the store's alone and ends the decision.
//
// A decision must not cost more where the backlog is longer. So lines come by
// cursors that an index has in order, and a decision stops reading as soon as it
// knows enough: it reads the lines it serves, the next one, and at most MaxPassed
// that cannot be served. A store that answers Waiting from an index on
//
//	(sku, least, whole, min_life, rank_key) where takes > 0
//
// skips through its few different (least, whole, min_life) and merges their
// ranges by rank_key, reads no line that could take nothing. Under fair share
// (band_key, fair_key descending, rank_key) stands in the place of rank_key, see
// Policy.FairKey. The first lines of a Search without limits come from a plain
// index on (sku, rank_key) where open > 0.
type View interface {
	// Waiting yields the open lines that fit the search, in the order of
	// Policy.Before, under the policy in force.
	Waiting(Search) Cursor
	// Holders yields the lines of a SKU that fit one of the wanted kinds and hold
	// a loose unit, worst rank (under fair share: worst band, then rank) first.
	// Index: (sku, rank_key) where allocated > picked + staged; kinds by class.
	Holders(sku SKU, kinds Holding) iter.Seq2[Line, error]
	// Line reads one line; false where the site knows none of that name.
	Line(LineID) (Line, bool, error)
	// OrderLines reads the lines of an order in the order of their names.
	OrderLines(OrderID) ([]Line, error)
	// Held reads what a line holds, in the order of Batch.Before. The shipped is
	// left out.
	Held(LineID) ([]Parcel, error)
	// Stock yields what lies on a shelf of a SKU in the order of Batch.Before;
	// for Surplus of all inbounds.
	Stock(SKU, Shelf) iter.Seq2[Parcel, error]
	// Surplus yields what waits for the approval of an inbound, by SKU and then
	// in the order of Batch.Before.
	Surplus(InboundID) iter.Seq2[Parcel, error]
	// Awaited gives the open inbounds that announce more of a SKU than came by their
	// name, in the order of Awaited.Before.
	Awaited(SKU) ([]Awaited, error)
	// Inbound tells of a SKU in an inbound; false where the site knows none of
	// that name.
	Inbound(InboundID, SKU) (Inbound, bool, error)
	// Appetites yields what the waiting lines of a SKU can take, in the order of
	// their PlaceKey, see AppetiteOf; those that can take nothing may be left out. It
	// is asked only for gates in mode skip while goods are announced or have just come.
	Appetites(SKU) iter.Seq2[Appetite, error]
	// Beside names the goods that orders which ship whole still lack beside a SKU, of
	// which a line of each can take what it takes at once; some may be named that
	// none lacks. Together yields, in any order, such lines of the SKU whose orders
	// lack the other goods too. Lacking names what an order lacks. These are asked
	// only for gates in mode skip.
	Beside(SKU) ([]SKU, error)
	Together(sku, beside SKU) iter.Seq2[Line, error]
	Lacking(OrderID) ([]SKU, error)
	// Guaranteed sums Line.Guaranteed over the lines of a segment and SKU.
	Guaranteed(segment string, sku SKU) (int64, error)
	// About tells what a decision over a SKU can leave out. A store keeps it in
	// memory or in the SKU's row, so that an ordinary scan asks for nothing else.
	About(SKU) (About, error)
	// Serial reports whether a serial is in the house: received, not undone, not
	// shipped.
	Serial(trade, serial string) (bool, error)
}

// Cursor reads lines one by one, no further than it is asked for. Next gives false
// at the end. Stop lets go of it; it may be called more than once.
type Cursor interface {
	Next() (Line, bool, error)
	Stop()
}

// Each yields what a cursor reads, and stops it.
func Each(c Cursor) iter.Seq2[Line, error] {
	return func(yield func(Line, error) bool) {
		defer c.Stop()
		for {
			l, more, err := c.Next()
			if !more && err == nil || !yield(l, err) || err != nil {
				return
			}
		}
	}
}

// Appetite is what a line can take, by Policy.PlaceKey. Whole: it has a gate in mode
// skip and takes all of it or nothing.
type Appetite struct {
	Key   string
	Takes int64
	Whole bool
}

// AppetiteOf gives what a line can take under the policy, in whole packs: nothing
// where it has a gate in mode skip and no right to all that it lacks, or lacks no
// whole packs.
func (p Policy) AppetiteOf(l *Line) Appetite {
	a := Appetite{Key: p.PlaceKey(l.Rank), Takes: l.Takes() - l.Takes()%l.Least(), Whole: p.skips(l)}
	if a.Whole && a.Takes < l.Open() {
		a.Takes = 0
	}
	return a
}

// Search says which waiting lines a decision asks for.
type Search struct {
	SKU     SKU
	Segment string // "": of any segment
	Gated   bool   // only lines that ship whole, or with all of their order
	Classes Takers
	// After, where set, is the last line that was read before: those behind it
	// follow.
	After *Line
	// Limited searches leave out the lines that cannot take anything: Takes is 0,
	// Least is above Units, Open is above Whole where the policy skips and the line
	// has a gate, or MinLife above Life.
	Limited bool
	Units   int64
	Whole   int64
	Life    int
}

// Fits reports whether an open line of the SKU fits the search, After aside.
func (s Search) Fits(p Policy, l *Line) bool {
	switch {
	case l.SKU != s.SKU, l.Open() <= 0, s.Segment != "" && l.Segment != s.Segment, s.Gated && !l.gated(), !s.Classes.has(l.Rank.Class):
		return false
	case !s.Limited:
		return true
	}
	whole := p.skips(l) && l.Open() > s.Whole
	return l.Takes() >= l.Least() && l.Least() <= s.Units && !whole && l.MinLife <= s.Life
}

// Takers says lines of which classes are asked for.
type Takers int

// The takers.
const (
	AnyClass  Takers = iota
	NoFillers        // win, gain, redistribute
	OnlyWin
)

func (t Takers) has(c Class) bool {
	switch t {
	case NoFillers:
		return c.order() <= Redistribute.order()
	case OnlyWin:
		return c == Win
	}
	return true
}

// Holding says which holders are asked for, a sum of the kinds.
type Holding int

// The kinds of holders.
const (
	HoldAny          Holding = 1 << iota // every line with a loose unit
	HoldLow                              // class fill or lose, with a movable unit
	HoldRedistribute                     // class redistribute, with a movable unit
	HoldGathered                         // its gate is not open under mode hold, with a movable unit
)

// Fits reports whether a line is a holder of one of the kinds; whole says whether
// all lines of its order are.
func (h Holding) Fits(p Policy, l *Line, whole bool) bool {
	if h&HoldAny != 0 && l.Loose() > 0 {
		return true
	}
	if l.Movable() <= 0 {
		return false
	}
	c := l.Rank.Class
	return h&HoldLow != 0 && (c == Fill || c == Lose) || h&HoldRedistribute != 0 && c == Redistribute ||
		h&HoldGathered != 0 && p.gathers(l, whole)
}

// Inbound is what is known of one SKU of an inbound.
type Inbound struct {
	Announced int64
	Received  int64  // all that came by its name and was not undone, whatever its disposition
	Loose     int64  // what Spread gave it
	Tolerance *int64 // percent; nil means the policy's
	Closed    bool
}

// Awaited is what an open inbound announces of a SKU, and what came of it.
type Awaited struct {
	Inbound                    InboundID
	Expected                   Date
	Announced, Received, Loose int64
}

// Before orders what is expected first before others, without a day last.
func (a Awaited) Before(b Awaited) int {
	return cmp.Or(cmp.Compare(lastIfNone(a.Expected), lastIfNone(b.Expected)), cmp.Compare(a.Inbound, b.Inbound))
}

// Left is what it still has to bring.
func (a Awaited) Left() int64 { return max(0, a.Announced-a.Received-a.Loose) }

// Spread counts n units of a SKU that came without a word by what, as loose cartons
// mostly do, as coming by what is expected first: otherwise they would seem to be still
// on their way when they are here. Undone ones, below 0, go the other way round. What
// is more than all have to bring came by none. It makes no unit one above what was
// announced.
func Spread(all []Awaited, n int64) {
	for i := range all {
		k := max(0, min(all[i].Left(), n))
		all[i].Loose += k
		n -= k
	}
	for i := len(all) - 1; i >= 0; i-- {
		k := min(0, max(-all[i].Loose, n))
		all[i].Loose += k
		n -= k
	}
}

// About is what is known of a SKU at large. A SKU's own Substitutes serve its
// lines, and the SKU serves the lines of ServesAlso. The rest may be true where
// there is none, never false where there is one.
type About struct {
	Substitutes []SKU
	ServesAlso  []SKU
	Free        bool // there is free stock
	Low         bool // a line fits HoldLow
	Gathered    bool // a line fits HoldGathered
	Win         bool // a line of class win can take something
}

// Before reports whether a is served before b: by rank; under fair share by band,
// then by what each has got of its share, then by rank. The key that decided
// comes first. No two lines are equal.
func (p Policy) Before(a, b *Line) (Key, bool) {
	if p.rules.Share != Fair {
		return p.Better(a.Rank, b.Rank)
	}
	if k, better := first(p.band, a.Rank, b.Rank); k != "" {
		return k, better
	}
	// weight/(2*given+1), compared across.
	x := a.Wanted() * (2*b.Allocated + 1)
	y := b.Wanted() * (2*a.Allocated + 1)
	if x != y {
		return ByShare, x > y
	}
	return p.Better(a.Rank, b.Rank)
}

// FairKey is a whole number that orders lines of a band as their shares do, the
// higher one first: floor(weight * 2^42 / (2*given + 1)). It is exact. Two
// different shares with denominators of at most 2,000,001 differ by more than
// 2^-42, so their keys differ the same way; equal shares give equal keys; and a
// weight of at most 1,000,000 keeps the key below 2^62.
func (p Policy) FairKey(l *Line) int64 { return l.Wanted() << 42 / (2*l.Allocated + 1) }

// above reports whether a line may take from another by rank alone: it ranks
// better; under fair share moves only cross bands.
func (p Policy) above(a, b *Line) (Key, bool) {
	if p.rules.Share == Fair {
		k, better := first(p.band, a.Rank, b.Rank)
		return k, better && k != ""
	}
	return p.Better(a.Rank, b.Rank)
}

// PlaceKey writes what above and Worse compare: a line above another has the
// smaller text, bytewise.
func (p Policy) PlaceKey(r Rank) string {
	if p.rules.Share == Fair {
		return p.BandKey(r) + p.RankKey(r)
	}
	return p.RankKey(r)
}

// Worse orders holders, the one that loses first before others.
func (p Policy) Worse(a, b *Line) bool {
	if p.rules.Share == Fair {
		if k, better := first(p.band, a.Rank, b.Rank); k != "" {
			return !better
		}
	}
	_, better := p.Better(b.Rank, a.Rank)
	return better
}

// skips reports whether the line gets nothing until its gate can be whole.
func (p Policy) skips(l *Line) bool { return p.rules.Gate == GateSkip && l.gated() }

// gathers reports whether the line's gate is not open in mode hold.
func (p Policy) gathers(l *Line, whole bool) bool {
	switch {
	case p.rules.Gate != GateHold:
		return false
	case l.Ship == ShipLine:
		return l.Open() > 0
	case l.Ship == ShipOrder:
		return !whole
	}
	return false
}
