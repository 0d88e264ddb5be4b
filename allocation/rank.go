package allocation

import (
	"cmp"
	"math/bits"
	"strings"
	"time"
)

// Rank holds what a line is ranked by. Zero Override, Contract and Tier mean
// none and rank last; so does an empty Due. Neither a site's clock nor the
// order of insertion is part of it.
type Rank struct {
	Override int       // set by a person; lower is better
	Class    Class     // win before gain, redistribute, fill, lose
	Contract int       // lower is better
	Tier     int       // the customer's tier; lower is better
	Due      Date      // promised date, or the requested date where none was promised
	Accepted time.Time // when the order was accepted, an instant
	Order    OrderID
	Line     LineID
}

// Due returns the date that ranks a line: the promised one, else the requested.
func Due(promised, requested Date) Date {
	if promised != "" {
		return promised
	}
	return requested
}

// Key names one thing that lines are ranked by.
type Key string

// The keys, in the default order.
const (
	ByOverride Key = "override"
	ByClass    Key = "class"
	ByContract Key = "contract"
	ByTier     Key = "tier"
	ByPromised Key = "promised"
	ByAccepted Key = "accepted"
	ByOrder    Key = "order"
	ByLine     Key = "line"
)

// What decides beside the rank's keys, as a decision names it.
const (
	ByGuarantee Key = "guarantee"  // the line's segment has units before rank
	ByShare     Key = "share"      // the line had got less of its share
	ByOwnGoods  Key = "substitute" // the goods' own lines come before those they may stand in for
)

// defaultRank is the house's order of keys until a policy names another.
var defaultRank = []Key{ByOverride, ByClass, ByContract, ByTier, ByPromised, ByAccepted, ByOrder, ByLine}

// RankKey writes a Rank as text that sorts bytewise as the policy ranks:
// smaller text is the better line. Stores keep it in the line's row.
func (p Policy) RankKey(r Rank) string { return sortable(p.rank, r) }

// BandKey writes the keys that set a line's band apart, as RankKey writes all of
// them. Lines of equal text share fairly where the policy says so.
func (p Policy) BandKey(r Rank) string { return sortable(p.band, r) }

func sortable(keys []Key, r Rank) string {
	var b strings.Builder
	b.Grow(96)
	for _, k := range keys {
		switch k {
		case ByOverride:
			writeNumber(&b, r.Override)
		case ByClass:
			b.WriteByte(byte('0' + r.Class.order()))
		case ByContract:
			writeNumber(&b, r.Contract)
		case ByTier:
			writeNumber(&b, r.Tier)
		case ByPromised:
			writeDate(&b, r.Due)
		case ByAccepted:
			writeInstant(&b, r.Accepted)
		case ByOrder:
			writeText(&b, string(r.Order))
		case ByLine:
			writeText(&b, string(r.Line))
		}
	}
	return b.String()
}

// Better returns the first key by which a ranks before b, and true; or the key
// by which b ranks before a, and false. Equal ranks give "" and false.
func (p Policy) Better(a, b Rank) (Key, bool) { return first(p.rank, a, b) }

func first(keys []Key, a, b Rank) (Key, bool) {
	for _, k := range keys {
		if c := compare(k, a, b); c != 0 {
			return k, c < 0
		}
	}
	return "", false
}

func compare(k Key, a, b Rank) int {
	switch k {
	case ByOverride:
		return compareNumber(a.Override, b.Override)
	case ByClass:
		return cmp.Compare(a.Class.order(), b.Class.order())
	case ByContract:
		return compareNumber(a.Contract, b.Contract)
	case ByTier:
		return compareNumber(a.Tier, b.Tier)
	case ByPromised:
		return cmp.Compare(lastIfNone(a.Due), lastIfNone(b.Due))
	case ByAccepted:
		return a.Accepted.Compare(b.Accepted)
	case ByOrder:
		return cmp.Compare(a.Order, b.Order)
	default:
		return cmp.Compare(a.Line, b.Line)
	}
}

// compareNumber ranks lower numbers first and 0, which means none, last.
func compareNumber(a, b int) int {
	return cmp.Compare(uint(a)-1, uint(b)-1)
}

// What follows writes as little as sorts: the shorter the keys, the fewer pages of
// an index lie between its root and a line.

// writeNumber writes how many hex digits follow, and those; none is behind all.
func writeNumber(b *strings.Builder, n int) {
	if n == 0 {
		b.WriteByte('g')
		return
	}
	writeHex(b, uint64(n)-1, max(1, (bits.Len64(uint64(n)-1)+3)/4), true)
}

func writeHex(b *strings.Builder, n uint64, digits int, counted bool) {
	const hex = "0123456789abcdef"
	if counted {
		b.WriteByte(hex[digits-1])
	}
	for i := digits - 1; i >= 0; i-- {
		b.WriteByte(hex[n>>(4*i)&15])
	}
}

// writeInstant writes the seconds since the year 0, and their fraction if any.
func writeInstant(b *strings.Builder, t time.Time) {
	const yearNone = -62167219200
	writeHex(b, uint64(max(0, t.Unix()-yearNone)), 10, false)
	if t.Nanosecond() == 0 {
		b.WriteByte('\x01')
		return
	}
	writeHex(b, uint64(t.Nanosecond()), 8, false)
}

func lastIfNone(d Date) Date {
	if d == "" {
		return "9999-99-99"
	}
	return d
}

// writeDate writes a date as it is; none is behind all.
func writeDate(b *strings.Builder, d Date) { b.WriteString(cmp.Or(string(d), ":")) }

// writeText ends the text with a byte below every byte that CheckID lets
// through, so that a prefix sorts before what it is a prefix of.
func writeText(b *strings.Builder, s string) {
	b.WriteString(s)
	b.WriteByte('\x01')
}
