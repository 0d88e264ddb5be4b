package why

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"dockfill/allocation"
	"dockfill/sync/wire"
)

func TestVisibleKeepsTextAndShowsTheRest(t *testing.T) {
	for in, want := range map[string]string{
		"plain Ä 漢": "plain Ä 漢", "\x1d10A": `\x1d10A`, "\x00\x1b[2J": `\x00\x1b[2J`, "\xff": `\xff`,
		"a\u202eb": `a\u202eb`, "\u0085": `\u0085`, "\x7f": `\x7f`, "\U000e0041": `\U000e0041`, "": "",
	} {
		assert.Equal(t, want, Visible(in), "%q", in)
	}
}

func TestIDsAreReadAsPeopleWriteThem(t *testing.T) {
	for text, want := range map[string]ID{
		"1204": {Seq: 1204}, " 1204 ": {Seq: 1204}, "event:1204": {Seq: 1204}, "leeds:1204": {Site: "leeds", Seq: 1204}, "O1/1": {Line: "O1/1"}, "A/B/1": {Line: "A/B/1"}, "line:line:5/1": {Line: "line:5/1"},
		"serial:ABC": {Serial: "ABC"}, "serial:A/B": {Serial: "A/B"}, "O 1:x/1": {Line: "O 1:x/1"},
	} {
		got, err := ParseHere(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, got)
	}
	for text, want := range map[string]ID{
		"leeds:1204": {Site: "leeds", Seq: 1204}, "leeds:c1.a:1204": {Site: "leeds", Life: "c1.a", Seq: 1204}, "event:serial:7": {Site: "serial", Seq: 7}, "O1/1": {Line: "O1/1"},
	} {
		got, err := ParseCentre(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, got)
	}
	for _, text := range []string{"", "0", "-1", "1.5", "leeds", "leeds:", "/", "/1", "O1/", "line:O1", "serial:", "event:", "99999999999999999999", "O\x00/1"} {
		_, err := ParseHere(text)
		assert.Error(t, err, text)
	}
	for _, text := range []string{"1204", "LEEDS:1", "leeds:", ":1", "leeds::1", "leeds:x", "leeds:\x01:1"} {
		_, err := ParseCentre(text)
		assert.Error(t, err, text)
	}
}

// Whatever an id names, its link leads to it.
func TestAnIDIsReadAsItIsWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringMatching(`(serial:|line:|event:)?[A-Za-z0-9:/ .#%]{0,12}[a-z0-9]`)
		site := rapid.SampledFrom([]allocation.SiteID{"leeds", "event", "line", "serial", "a"})
		centre := rapid.OneOf(
			rapid.Custom(func(t *rapid.T) ID { return ID{Serial: word.Draw(t, "serial")} }),
			rapid.Custom(func(t *rapid.T) ID {
				return ID{Line: allocation.MakeLineID(allocation.OrderID("O"+word.Draw(t, "order")), "1")}
			}),
			rapid.Custom(func(t *rapid.T) ID {
				return ID{Site: site.Draw(t, "site"), Life: rapid.SampledFrom([]string{"", "c1.a", "x:y"}).Draw(t, "life"), Seq: rapid.Int64Range(1, 1<<62).Draw(t, "seq")}
			}),
		).Draw(t, "id")
		got, err := ParseCentre(centre.String())
		require.NoError(t, err, centre.String())
		require.Equal(t, centre, got)
		if centre.Site = ""; centre.Seq > 0 {
			centre.Life = ""
		}
		got, err = ParseHere(centre.String())
		require.NoError(t, err)
		require.Equal(t, centre, got)
	})
}

// An event is found by the bytes of a name, however JSON writes them.
func TestTheNeedleStandsInEachEventThatNamesTheLine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id := allocation.LineID(rapid.StringN(1, 20, 40).Draw(t, "id") + "/1")
		e := wire.Event{Applied: &wire.Applied{Moves: []wire.Move{{SKU: "X", Qty: 1, From: "free", To: string(id), Serial: string(id), Trade: "T"}}}}
		body, err := json.Marshal(e)
		require.NoError(t, err)
		require.Contains(t, string(body), string(Needle(string(id))))
		require.Contains(t, string(body), string(SerialNeedle(ID{Serial: "T:" + string(id)}.Readings())))
	})
}

func line(id allocation.LineID, tier int) allocation.Line {
	order, _ := id.Split()
	return allocation.Line{SKU: "X", Ordered: 9, Rank: allocation.Rank{Class: allocation.Redistribute, Tier: tier, Order: order, Line: id}}
}

func known(all ...allocation.Line) Known {
	k := Known{Lines: map[allocation.LineID]allocation.Line{}, Policies: map[string]allocation.Policy{"default": allocation.DefaultPolicy()}}
	for _, l := range all {
		k.Lines[l.ID()] = l
	}
	return k
}

func short(d Decision) (all []string) {
	for _, c := range d.Candidates {
		all = append(all, fmt.Sprintf("%s %s", c.Part, c.Line))
	}
	return all
}

// A line that was passed may rank between two that got units.
func TestCandidatesStandInTheirRank(t *testing.T) {
	e := wire.Event{Scan: &wire.Scan{Policy: "default", Verdict: allocation.Allocated, Why: allocation.WhyRanked,
		Receipts: []wire.Receipt{{SKU: "X", Qty: 2, Allocations: []wire.Allocation{{Line: "A/1", Qty: 1, By: "tier", Over: "C/1"}, {Line: "C/1", Qty: 1, By: "tier", Over: "E/1"}}}},
		Passed:   []wire.Passed{{Line: "B/1", Lacks: allocation.WhyNoRight}, {Line: "D/1", Lacks: allocation.WhyPack}}}}
	k := known(line("A/1", 1), line("B/1", 2), line("C/1", 3), line("D/1", 4), line("E/1", 5))
	d := Explain(e, k)
	require.Len(t, d, 1)
	assert.Equal(t, []string{"got A/1", "passed B/1", "got C/1", "passed D/1", "next E/1"}, short(d[0]))
	delete(k.Policies, "default")
	assert.Equal(t, []string{"passed B/1", "passed D/1", "got A/1", "got C/1", "next E/1"}, short(Explain(e, k)[0]), "where the rules are not known, in the order of the event")
}

func TestAPassedLineStandsWithItsOwnGoods(t *testing.T) {
	y := line("Y/1", 1)
	y.SKU = "Y"
	e := wire.Event{Scan: &wire.Scan{Policy: "default", Receipts: []wire.Receipt{{SKU: "X", Qty: 1, Free: 1}, {SKU: "Y", Qty: 1, Free: 1}},
		Passed: []wire.Passed{{Line: "Y/1", Lacks: allocation.WhyNoRight}, {Line: "?/1", Lacks: allocation.WhyPack}}}}
	d := Explain(e, known(y))
	assert.Equal(t, []string{"passed ?/1"}, short(d[0]))
	assert.Equal(t, []string{"passed Y/1"}, short(d[1]))
	assert.Equal(t, "orders wait for it, but none can take it: put it away", Headline(wire.Event{Scan: &wire.Scan{Why: allocation.WhyPassed}}))
}

func TestChangedSinceIsSaidOnlyWhereTheKeyWouldNotDecideSoToday(t *testing.T) {
	event := func(by allocation.Key) wire.Event {
		return wire.Event{Applied: &wire.Applied{Policy: "default", Moves: []wire.Move{{SKU: "X", Qty: 1, From: "free", To: "A/1", By: by, Over: "B/1"}}}}
	}
	better := line("B/1", 2)
	better.Rank.Override = 1
	for name, c := range map[string]struct {
		by      allocation.Key
		other   allocation.Line
		changed bool
	}{
		"as it was":                   {allocation.ByTier, line("B/1", 2), false},
		"now the same tier":           {allocation.ByTier, line("B/1", 1), true},
		"now an override before it":   {allocation.ByTier, better, true},
		"share cannot be asked":       {allocation.ByShare, better, false},
		"guarantee cannot be asked":   {allocation.ByGuarantee, better, false},
		"now another tier decides":    {allocation.ByOrder, line("B/1", 2), true},
		"the order number still does": {allocation.ByOrder, line("B/1", 1), false},
	} {
		d := Explain(event(c.by), known(line("A/1", 1), c.other))
		assert.Equal(t, c.changed, d[0].Candidates[0].Changed, name)
	}
}

func TestAStandingKeepsTheFirstFewWhateverTheOrderTheyCome(t *testing.T) {
	p, of := allocation.DefaultPolicy(), line("M/1", 50)
	rapid.Check(t, func(t *rapid.T) {
		tiers := rapid.Permutation([]int{1, 2, 3, 4, 5, 6, 7, 60, 70, 80}).Draw(t, "tiers")
		var s Standing
		for _, tier := range tiers {
			s.Add(p, &of, line(allocation.LineID(fmt.Sprintf("T%d/1", tier)), tier))
		}
		require.EqualValues(t, 7, s.Before)
		require.Len(t, s.First, MaxFirst)
		for i, l := range s.First {
			require.Equal(t, i+1, l.Rank.Tier)
		}
		require.Equal(t, 60, s.Behind.Rank.Tier)
	})
}

func TestEveryKindOfEventHasASheet(t *testing.T) {
	at := time.Date(2027, 3, 1, 9, 0, 0, 0, time.UTC)
	for text, e := range map[string]wire.Event{
		"the code names no item: set it aside until somebody says what it is": {Scan: &wire.Scan{Code: []byte{0xff}, Why: allocation.WhyUnknown, Verdict: allocation.Held, At: &at, DeviceAt: &at, Late: true, SSCC: "1", Parts: 2, Part: 1, Staged: true}},
		"A station's last scan was taken back":                                {Undo: &wire.Undo{Station: "1", Seqs: []int64{5}}},
		"Commands of the centre were applied, up to 7; no unit moved":         {Applied: &wire.Applied{Through: wire.CommandCursor{N: 7}, Refused: []wire.Refused{{N: 7, Message: "no"}}}},
		"2 of line O1/1 were shipped":                                         {Deed: &wire.Deed{Kind: wire.DeedShip, Line: "O1/1", Qty: 2, Returned: []wire.Right{{Line: "O1/1", Qty: 1}}}},
		"The count of free X was corrected by -2":                             {Deed: &wire.Deed{Kind: wire.DeedAdjust, SKU: "X", Qty: -2}},
		"Up to 3 above what PO1 announced were approved":                      {Deed: &wire.Deed{Kind: wire.DeedApprove, Inbound: "PO1", Qty: 3}},
		"An event of a kind that this program does not know":                  {},
	} {
		s := SheetOf(Answer{Event: &Told{ID: ID{Site: "leeds", Seq: 9}, Event: e}})
		assert.Equal(t, text, s.Lead)
		facts := map[string]Fact{}
		for _, f := range s.Facts {
			facts[f.Name] = f
		}
		assert.Equal(t, "not named by this event", facts["Policy"].Text)
		if e.Undo != nil {
			assert.Equal(t, "5", facts["Taken back"].Ask)
		}
		if e.Scan != nil {
			assert.Equal(t, "base64:/w==", facts["Code"].Text)
		}
	}
}
