package allocation

import (
	"cmp"
	"math/bits"
	"strings"
	"time"
)

// Rank holds what a line is ranked by. Zero Override, Contract and Tier mean
// none and rank last; so do an empty Due and a zero Accepted. Names of digits alone
// rank as numbers and before others, which rank as text. Neither a site's clock nor
// the order of insertion is part of it.
type Rank struct {
	Override int       // set by a person; lower is better
	Class    Class     // win before gain, redistribute, fill, lose
	Contract int       // lower is better
	Tier     int       // the customer's tier; lower is better
	Due      Date      // promised date, or the requested date where none was promised
	Accepted time.Time // when the order was accepted, an instant
	Order    OrderID
	Line     LineID // of it the key line compares what stands behind the order
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
	ByGuarantee Key = "guarantee" // the line's segment has units before rank
	ByShare     Key = "share"     // the line had got less of its share
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
			writeName(&b, string(r.Order))
		case ByLine:
			writeName(&b, r.line())
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
		return compareInstant(a.Accepted, b.Accepted)
	case ByOrder:
		return compareName(string(a.Order), string(b.Order))
	default:
		return compareName(a.line(), b.line())
	}
}

func (r Rank) line() string {
	_, line := r.Line.Split()
	return line
}

// compareInstant ranks the earlier one first and none last.
func compareInstant(a, b time.Time) int {
	if a.IsZero() || b.IsZero() {
		return cmp.Compare(oneIf(a.IsZero()), oneIf(b.IsZero()))
	}
	return a.Compare(b)
}

func oneIf(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// compareName compares as the keys do that writeName writes.
func compareName(a, b string) int {
	x, numberX := number(a)
	y, numberY := number(b)
	switch {
	case numberX && numberY:
		return cmp.Or(cmp.Compare(len(x), len(y)), cmp.Compare(x, y), cmp.Compare(a, b))
	case numberX != numberY:
		return oneIf(numberY) - oneIf(numberX)
	}
	return cmp.Compare(a, b)
}

// number gives the digits of a name that is a number, without leading zeros.
func number(name string) (digits string, is bool) {
	for i := range len(name) {
		if name[i] < '0' || name[i] > '9' {
			return "", false
		}
	}
	return strings.TrimLeft(name, "0"), name != ""
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

// writeInstant writes the seconds since the year 0, and their fraction if any; none
// is behind all.
func writeInstant(b *strings.Builder, t time.Time) {
	const yearNone = -62167219200
	if t.IsZero() {
		b.WriteByte('g')
		return
	}
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

// writeName writes of a number how many digits it has, those, and how many zeros
// stand before them, the most first. Other text stands behind a byte that no length
// is, and ends with one below every byte that CheckID lets through, so that a prefix
// sorts before what it is a prefix of.
func writeName(b *strings.Builder, name string) {
	if digits, is := number(name); is {
		b.WriteByte(byte('0' + len(digits)))
		b.WriteString(digits)
		b.WriteByte(byte('0' + MaxIDBytes - (len(name) - len(digits))))
		return
	}
	b.WriteByte('~')
	b.WriteString(name)
	b.WriteByte('\x01')
}
