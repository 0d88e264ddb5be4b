package allocation

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestNoneRanksLastInEveryKeyThatCanBeMissing(t *testing.T) {
	base := rankOf("A")
	for name, pair := range map[string][2]Rank{
		"override": {with(base, func(r *Rank) { r.Override = 9 }), base},
		"contract": {with(base, func(r *Rank) { r.Contract = 9 }), base},
		"tier":     {with(base, func(r *Rank) { r.Tier = 9 }), base},
		"accepted": {with(base, func(r *Rank) { r.Accepted = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC) }), with(base, func(r *Rank) { r.Accepted = time.Time{} })},
		"date":     {with(base, func(r *Rank) { r.Due = "2999-12-31" }), base},
	} {
		_, better := DefaultPolicy().Better(pair[0], pair[1])
		assert.True(t, better, name)
		assert.Less(t, DefaultPolicy().RankKey(pair[0]), DefaultPolicy().RankKey(pair[1]), name)
	}
}

func rankOf(order string) Rank {
	return Rank{
		Class: Redistribute, Accepted: time.Date(2026, 6, 1, 9, 0, 0, 0, time.UTC),
		Order: OrderID(order), Line: MakeLineID(OrderID(order), "1"),
	}
}

func with(r Rank, edit func(*Rank)) Rank { edit(&r); return r }

func TestTheRequestedDateStandsInForAPromise(t *testing.T) {
	assert.Equal(t, Date("2026-01-02"), Due("", "2026-01-02"))
	assert.Equal(t, Date("2026-01-01"), Due("2026-01-01", "2025-01-01"))
}

func TestAcceptanceIsAnInstantNotAClockFace(t *testing.T) {
	leeds := with(rankOf("A"), func(r *Rank) { r.Accepted = time.Date(2026, 6, 1, 9, 0, 0, 0, time.UTC) })
	delhi := with(rankOf("B"), func(r *Rank) {
		r.Accepted = time.Date(2026, 6, 1, 13, 0, 0, 0, time.FixedZone("IST", 5*3600+1800))
	})
	key, better := DefaultPolicy().Better(delhi, leeds)
	assert.True(t, better, "13:00 in Delhi is before 09:00 UTC")
	assert.Equal(t, ByAccepted, key)
}

// A person counts the lines of an order: the tenth comes after the second.
func TestNamesThatAreNumbersRankAsNumbers(t *testing.T) {
	names := []string{"0", "1", "002", "02", "2", "9", "10", long("00", 56), long("0", 56), long("", 56), "A1", "A10", "A2", "é"}
	for i := range names[1:] {
		for _, key := range []Key{ByOrder, ByLine} {
			a, b := rankOf("A"), rankOf("A")
			a.Line, b.Line = MakeLineID("A", names[i]), MakeLineID("A", names[i+1])
			if key == ByOrder {
				a, b = rankOf(names[i]), rankOf(names[i+1])
			}
			by, better := DefaultPolicy().Better(a, b)
			assert.True(t, better, "%s before %s", names[i], names[i+1])
			assert.Equal(t, key, by)
			assert.Less(t, DefaultPolicy().RankKey(a), DefaultPolicy().RankKey(b))
		}
	}
}

// long writes a number of so many digits behind some zeros.
func long(zeros string, digits int) string { return zeros + strings.Repeat("7", digits) }

func TestKeysSortBeyondOneDigit(t *testing.T) {
	p, last := DefaultPolicy(), ""
	for tier := range 300 {
		key := p.RankKey(with(rankOf("A"), func(r *Rank) { r.Tier = 1 + tier }))
		assert.Less(t, last, key, "tier %d", 1+tier)
		last = key
	}
	last = ""
	for _, after := range []time.Duration{0, 1, 2, time.Second - 1, time.Second} {
		key := p.RankKey(with(rankOf("A"), func(r *Rank) { r.Accepted = r.Accepted.Add(after) }))
		assert.Less(t, last, key, after)
		last = key
	}
}

// Under fair share a line's place is its band first, whatever the rank begins with.
func TestAPlaceIsTheBandFirstUnderFairShareAlone(t *testing.T) {
	soon, important := &Line{Rank: with(rankOf("A"), func(r *Rank) { r.Due, r.Tier = "2026-06-10", 2 })}, &Line{Rank: with(rankOf("B"), func(r *Rank) { r.Due, r.Tier = "2026-06-20", 1 })}
	for share, order := range map[Share][2]*Line{Sequence: {soon, important}, Fair: {important, soon}} {
		p, err := NewPolicy("p1", Rules{Rank: []Key{ByPromised, ByTier}, Share: share})
		require.NoError(t, err)
		assert.Less(t, p.PlaceKey(order[0].Rank), p.PlaceKey(order[1].Rank), share)
		assert.True(t, p.Worse(order[1], order[0]), share)
		assert.False(t, p.Worse(order[0], order[1]), share)
	}
}

// The key line is the line's own name: its order decides nothing before it.
func TestTheLineIsComparedAlone(t *testing.T) {
	p, err := NewPolicy("p1", Rules{Rank: []Key{ByLine, ByOrder}})
	require.NoError(t, err)
	a, b := rankOf("A"), rankOf("B")
	a.Line = "A/2"
	by, better := p.Better(b, a)
	assert.True(t, better, "B/1 before A/2")
	assert.Equal(t, ByLine, by)
	assert.Less(t, p.RankKey(b), p.RankKey(a))
}

func TestAPolicyRefusesKeysThatItCannotRankBy(t *testing.T) {
	_, err := NewPolicy("p1", Rules{Rank: []Key{"colour"}})
	assert.ErrorContains(t, err, `"colour" is none of override, class`)
	_, err = NewPolicy("p1", Rules{Rank: []Key{ByTier, ByTier}})
	assert.ErrorContains(t, err, "named twice")
	_, err = NewPolicy("", Rules{})
	assert.ErrorContains(t, err, "version is missing")
}

func TestAPolicyAlwaysEndsInAStrictOrder(t *testing.T) {
	p, err := NewPolicy("p1", Rules{Rank: []Key{ByTier}})
	require.NoError(t, err)
	assert.Equal(t, []Key{ByTier, ByOrder, ByLine}, p.Keys())
}

// The text in a line's row must sort as the rules rank, for any policy.
func TestPropertyRankKeysSortAsRanksCompare(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		keys := rapid.Permutation(defaultRank).Draw(t, "keys")
		p, err := NewPolicy("p", Rules{Rank: keys[:rapid.IntRange(0, len(keys)).Draw(t, "n")]})
		require.NoError(t, err)
		a, b := someRank(t), someRank(t)
		_, better := p.Better(a, b)
		require.Equal(t, better, p.RankKey(a) < p.RankKey(b))
	})
}

func someRank(t *rapid.T) Rank {
	order := OrderID(rapid.SampledFrom([]string{"A", "AB", "A B", "B", "É", "10", "9", "09", "A/1"}).Draw(t, "order"))
	accepted := time.Unix(rapid.Int64Range(-1e9, 4e9).Draw(t, "s"), rapid.Int64Range(0, 2).Draw(t, "ns")).In(time.FixedZone("", rapid.IntRange(-12, 12).Draw(t, "zone")*3600))
	if rapid.IntRange(0, 4).Draw(t, "known") == 0 {
		accepted = time.Time{}
	}
	number := rapid.SampledFrom([]int{0, 1, 2, 9, 10, 11, 1 << 31})
	return Rank{
		Override: number.Draw(t, "override"),
		Class:    rapid.SampledFrom([]Class{Win, Gain, Redistribute, Fill, Lose}).Draw(t, "class"),
		Contract: number.Draw(t, "contract"),
		Tier:     number.Draw(t, "tier"),
		Due:      rapid.SampledFrom([]Date{"", "2026-01-31", "2026-02-01", "9999-12-31"}).Draw(t, "due"),
		Accepted: accepted,
		Order:    order,
		Line:     MakeLineID(order, rapid.SampledFrom([]string{"1", "2", "10", "12", "02", "002", "000", "A", "1A", "~"}).Draw(t, "line")),
	}
}
