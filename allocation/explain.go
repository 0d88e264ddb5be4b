package allocation

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// Ranks reports whether a ranks before b by this key. Keys that decide beside
// rank, such as ByShare, never do.
func (k Key) Ranks(a, b Rank) bool { return k.ranked() && compare(k, a, b) < 0 }

// ranked reports whether the key is of a line's rank.
func (k Key) ranked() bool { return slices.Contains(defaultRank, k) }

// Value writes what a rank has for a key, as people read it: "none" where it has
// nothing, an instant in UTC; "" for keys beside rank.
func (k Key) Value(r Rank) string {
	switch k {
	case ByOverride:
		return numberOrNone(r.Override)
	case ByClass:
		return string(r.Class)
	case ByContract:
		return numberOrNone(r.Contract)
	case ByTier:
		return numberOrNone(r.Tier)
	case ByPromised:
		return cmp.Or(string(r.Due), "none")
	case ByAccepted:
		if r.Accepted.IsZero() {
			return "none"
		}
		return Instant(r.Accepted)
	case ByOrder:
		return string(r.Order)
	case ByLine:
		return string(r.Line)
	}
	return ""
}

// Instant writes a time in UTC, with what it has below a second.
func Instant(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05.999999999") }

func numberOrNone(n int) string {
	if n == 0 {
		return "none"
	}
	return strconv.Itoa(n)
}

// Name is what people call the key.
func (k Key) Name() string {
	if name, ok := keyNames[k]; ok {
		return name
	}
	return string(k)
}

var keyNames = map[Key]string{
	ByPromised: "promised date",
	ByAccepted: "accepted",
	ByOrder:    "order number",
	ByLine:     "line number",
	ByShare:    "fair share",
}

// Contrast says by which values the key set a before b: "tier: 1 before 2".
func (k Key) Contrast(a, b Rank) string {
	switch k {
	case ByGuarantee:
		return "guarantee: its segment's units come before rank"
	case ByShare:
		return "fair share: it had got less of its share"
	}
	return fmt.Sprintf("%s: %s before %s", k.Name(), k.Value(a), k.Value(b))
}

// Lack says what a line lacked that units went past: "takes whole packs of 12".
func (l *Line) Lack(code WhyCode) string {
	switch code {
	case WhyNoRight:
		return "no right at the site"
	case WhyPack:
		if l.Pack > 1 {
			return fmt.Sprintf("takes whole packs of %d", l.Pack)
		}
		return "takes whole packs"
	case WhyLife:
		if l.MinLife > 0 {
			return fmt.Sprintf("needs goods that last %d more days", l.MinLife)
		}
		return "needs goods that last longer"
	case WhyExpired:
		return "needs goods that have not expired"
	case WhyGate:
		return "its gate waits for " + l.gateWaits()
	}
	return string(code)
}

func (l *Line) gateWaits() string {
	switch l.Ship {
	case ShipLine:
		return "the rest of the line"
	case ShipOrder:
		return "the rest of its order"
	}
	return "the rest of its shipment"
}
