package agent

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/agent/config"
	"dockfill/agent/dock"
	"dockfill/agent/store"
	"dockfill/allocation"
	"dockfill/sync/why"
	"dockfill/sync/wire"
)

// ask puts a question to the API, as a person's program does.
func (h *house) ask(path string) (status int, a wire.Asked, problem string) {
	h.t.Helper()
	w := httptest.NewRecorder()
	r := httptest.NewRequest("GET", "http://localhost/api/v1/decisions/"+path, nil)
	dock.Handler(h.Agent, dock.Options{}).ServeHTTP(w, r)
	if w.Code != 200 {
		var p struct{ Detail string }
		require.Equal(h.t, "application/problem+json", w.Header().Get("Content-Type"))
		require.NoError(h.t, json.Unmarshal(w.Body.Bytes(), &p))
		return w.Code, a, p.Detail
	}
	require.NoError(h.t, json.Unmarshal(w.Body.Bytes(), &a))
	return w.Code, a, ""
}

func (h *house) why(path string) wire.Asked {
	h.t.Helper()
	status, a, problem := h.ask(path)
	require.Equal(h.t, 200, status, problem)
	return a
}

// event asks about an event and checks that its hash is that of the chain.
func (h *house) event(seq int64) *wire.AskedEvent {
	h.t.Helper()
	e := h.why(fmt.Sprint(seq)).Event
	require.NotNil(h.t, e)
	prev, err := hex.DecodeString(*e.Prev)
	require.NoError(h.t, err)
	sum := sha256.Sum256(append(prev, e.Body...))
	assert.Equal(h.t, hex.EncodeToString(sum[:]), e.Hash, "whoever has the answer can check it")
	if at, err := (siteLog{h.Agent}).HashAt(h.t.Context(), seq); assert.NoError(h.t, err) {
		assert.Equal(h.t, at.String(), e.Hash)
	}
	return e
}

// parts is each candidate of a decision in short.
func parts(d wire.AskedDecision) (all []string) {
	for _, c := range d.Candidates {
		s := c.Part + " " + c.Line
		if c.Qty > 0 {
			s += fmt.Sprintf(" %d", c.Qty)
		}
		all = append(all, s+": "+c.Text)
	}
	return all
}

func ranked(id string, qty int64, change func(*wire.Order)) []wire.Command {
	c := orderCommand(id, 1, 2, "X", qty)
	change(c.Order)
	return []wire.Command{c, grantCommand(id, qty)}
}

func TestADecisionNamesTheKeyThatSetTheWinnerBeforeTheNext(t *testing.T) {
	for key, test := range map[allocation.Key]struct {
		better, worse func(*wire.Order)
		text          string
	}{
		allocation.ByOverride: {func(o *wire.Order) { o.Override = 1 }, func(o *wire.Order) { o.Override = 3 }, "override: 1 before 3"},
		allocation.ByClass:    {func(o *wire.Order) { o.Class = allocation.Gain }, func(o *wire.Order) {}, "class: gain before redistribute"},
		allocation.ByContract: {func(o *wire.Order) { o.Contract = 4 }, func(o *wire.Order) {}, "contract: 4 before none"},
		allocation.ByTier:     {func(o *wire.Order) { o.Tier = 1 }, func(o *wire.Order) {}, "tier: 1 before 2"},
		allocation.ByPromised: {func(o *wire.Order) { o.Promised = "2027-03-02" }, func(o *wire.Order) {}, "promised date: 2027-03-02 before none"},
		allocation.ByAccepted: {func(o *wire.Order) { o.Accepted = o.Accepted.Add(-time.Millisecond) }, func(o *wire.Order) {},
			"accepted: 2027-03-01 08:59:59.999 before 2027-03-01 09:00:00"},
		allocation.ByOrder: {func(*wire.Order) {}, func(*wire.Order) {}, "order number: A before B"},
	} {
		t.Run(string(key), func(t *testing.T) {
			h := newHouse(t)
			h.items()
			h.send(ranked("B", 5, test.worse)...)
			h.send(ranked("A", 5, test.better)...)
			e := h.event(h.scan(eachGTIN).Seq)
			assert.Equal(t, "default", e.Policy)
			assert.Equal(t, "ALLOCATED", e.Verdict)
			require.Len(t, e.Decisions, 1)
			d := e.Decisions[0]
			assert.Equal(t, []string{"got A/1 1: before B/1 by " + test.text, "next B/1: next in turn"}, parts(d))
			assert.Equal(t, string(key), d.Candidates[0].By)
			assert.False(t, d.Candidates[0].Changed)
			assert.Equal(t, "A", d.Candidates[0].Rank.Order)
		})
	}
	t.Run("line", func(t *testing.T) {
		h := newHouse(t)
		h.items()
		c := orderCommand("A", 1, 2, "X", 5)
		c.Order.Lines = append(c.Order.Lines, wire.OrderLine{Line: "2", SKU: "X", Qty: 5})
		h.send(c, grantCommand("A", 5), wire.Command{Grant: &wire.Grant{Line: "A/2", Incarnation: testLife, Total: 5}})
		assert.Equal(t, []string{"got A/1 1: before A/2 by line number: A/1 before A/2", "next A/2: next in turn"}, parts(h.event(h.scan(eachGTIN).Seq).Decisions[0]))
	})
}

func TestEachBetterLineThatGotNothingSaysWhatItLacked(t *testing.T) {
	h := newHouse(t)
	h.items()
	h.send(wire.Command{Policy: &wire.Policy{Version: "skipping", Rank: allocation.DefaultPolicy().Keys(), Share: allocation.Sequence, GateMode: allocation.GateSkip}})
	h.send(orderCommand("R", 1, 1, "X", 5)) // no right
	h.send(ranked("P", 24, func(o *wire.Order) { o.Tier, o.Lines[0].Pack = 2, 12 })...)
	h.send(ranked("L", 5, func(o *wire.Order) { o.Tier, o.Lines[0].MinLifeDays = 3, 30 })...)
	h.send(ranked("G", 50, func(o *wire.Order) { o.Tier, o.Ship = 4, allocation.ShipLine })...)
	h.send(ranked("W", 5, func(o *wire.Order) { o.Tier = 5 })...)
	h.send(ranked("V", 5, func(o *wire.Order) { o.Tier = 6 })...)
	soon := time.Now().AddDate(0, 0, 3).Format("060102")
	f := h.scan("]C101" + eachGTIN + "17" + soon)
	require.Equal(t, allocation.Allocated, f.Verdict, f.Text)
	e := h.event(f.Seq)
	assert.Equal(t, "skipping", e.Policy)
	assert.Equal(t, []string{
		"passed R/1: no right at the site",
		"passed P/1: takes whole packs of 12",
		"passed L/1: needs goods that last 30 more days",
		"passed G/1: its gate waits for the rest of the line",
		"got W/1 1: before V/1 by tier: 5 before 6",
		"next V/1: next in turn",
	}, parts(e.Decisions[0]))
}

func TestMoreBetterLinesThanAnEventNamesAreTold(t *testing.T) {
	h := newHouse(t)
	h.items()
	for i := range allocation.MaxPassed + 2 {
		h.send(orderCommand(fmt.Sprintf("R%02d", i), 1, 1, "X", 5))
	}
	h.order("W", 2, "X", 1)
	d := h.event(h.scan(eachGTIN).Seq).Decisions[0]
	assert.True(t, d.More)
	assert.Len(t, d.Candidates, allocation.MaxPassed+1)
}

func TestWhatMovedByACommandADeedOrAnUndoIsADecisionToo(t *testing.T) {
	h := newHouse(t)
	h.items()
	h.send(ranked("F", 3, func(o *wire.Order) { o.Class = allocation.Fill })...)
	h.scan("DF:QTY 3")
	h.scan(eachGTIN)
	h.send(orderCommand("R", 1, 1, "X", 9)) // better than all, without a right
	h.send(ranked("W", 2, func(o *wire.Order) { o.Class = allocation.Win })...)
	e := h.event(h.head().Seq)
	assert.Equal(t, "default", e.Policy)
	assert.Equal(t, []string{"got W/1 2: before F/1 by class: win before fill", "lost F/1 2: 2 taken from it"}, parts(e.Decisions[0]))
	assert.Equal(t, "F/1", e.Decisions[0].Candidates[0].From)

	// W is cancelled: what it held goes to F again, past the line without a right.
	cancel := orderCommand("W", 2, 2, "X", 0)
	cancel.Order.Class = allocation.Win
	h.send(cancel)
	e = h.event(h.head().Seq)
	assert.Equal(t, []string{"passed R/1: no right at the site", "got F/1 2: no other line of its SKU that could take it stood behind it", "lost W/1 2: 2 taken from it"}, parts(e.Decisions[0]))

	h.scan("DF:DAMAGED")
	h.scan(eachGTIN)
	h.order("O", 5, "X", 1)
	done := h.do(wire.Deed{Kind: wire.DeedRegrade, SKU: "X", Qty: 1, From: allocation.Damaged, To: allocation.Good, Worker: "ann", Reason: "repaired"})
	e = h.event(done.Seq)
	assert.Equal(t, "1 of X are good now, not damaged", e.Text)
	assert.Equal(t, "ann", e.Worker)
	assert.Equal(t, "default", e.Policy)
	assert.Equal(t, []string{"passed R/1: no right at the site", "got F/1 1: no other line of its SKU that could take it stood behind it"}, parts(e.Decisions[0]))
	assert.Equal(t, "damaged", e.Decisions[0].Candidates[1].From)

	h.send(orderCommand("F", 2, 2, "X", 9), grantCommand("F", 9))
	require.Equal(t, allocation.Allocated, h.scan(eachGTIN).Verdict)
	h.scan("DF:UNDO")
	e = h.event(h.head().Seq)
	assert.Equal(t, "A station's last scan was taken back", e.Text)
	assert.Equal(t, "default", e.Policy)
	assert.Equal(t, []string{"lost F/1 1: 1 taken from it"}, parts(e.Decisions[0]))
	assert.Equal(t, []wire.AskedPut{{Qty: 1, From: "F/1"}}, e.Decisions[0].Rest)
}

// Decisions before a change of the policy and after it may stand in one run of
// commands; each must name the one that it was made under.
func TestAnEventNamesThePolicyThatItsMovesWereDecidedUnder(t *testing.T) {
	h := newHouse(t)
	h.items()
	h.scan(eachGTIN)
	h.scan(eachGTIN)
	policy := wire.PolicyOf(allocation.DefaultPolicy())
	policy.Version = "second"
	h.send(orderCommand("A", 1, 1, "X", 1), grantCommand("A", 1), wire.Command{Policy: &policy}, orderCommand("B", 1, 1, "X", 1), grantCommand("B", 1))
	under := map[string]string{}
	for _, e := range h.events() {
		if e.Applied != nil {
			for _, m := range e.Applied.Moves {
				under[m.To] = e.Applied.Policy
			}
		}
	}
	assert.Equal(t, map[string]string{"A/1": "default", "B/1": "second"}, under)
}

func TestAnOrderThatWasChangedSinceIsMarked(t *testing.T) {
	h := newHouse(t)
	h.items()
	h.order("A", 1, "X", 5)
	h.order("B", 2, "X", 5)
	seq := h.scan(eachGTIN).Seq
	change := orderCommand("A", 2, 9, "X", 5)
	change.Order.Changed = true
	h.send(change)
	c := h.event(seq).Decisions[0].Candidates[0]
	assert.True(t, c.Changed)
	assert.Equal(t, "before B/1 by tier; changed since: tier is 9 here and 2 there now", c.Text)
}

func TestALineTellsWhereItStandsAndWhatBecameOfIt(t *testing.T) {
	h := newHouse(t)
	h.items()
	for i := range 7 {
		h.order(fmt.Sprintf("A%d", i), 1, "X", 10)
	}
	h.order("M", 2, "X", 4)
	h.order("Z", 3, "X", 4)
	h.send(ranked("K", 4, func(o *wire.Order) { o.Tier, o.Ship, o.Lines[0].Pack = 2, allocation.ShipOrder, 2 })...)
	line := h.why("M%2F1").Line
	assert.Equal(t, []int64{4, 0, 0, 4, 8}, []int64{line.Ordered, line.Cancelled, line.Allocated, line.Open, line.Standing.Before})
	assert.Equal(t, []wire.AskedRight{{Site: "leeds", Incarnation: testLife, Present: true, Balance: 4, Granted: 4}}, line.Rights)
	assert.Equal(t, "Smith & Sons", line.CustomerName)
	require.Len(t, line.Standing.First, why.MaxFirst)
	assert.Equal(t, "A0/1", line.Standing.First[0].Line)
	assert.Equal(t, "before M/1 by tier: 1 before 2", line.Standing.First[0].Text)
	assert.Equal(t, "Z/1", line.Standing.Behind.Line)
	assert.Empty(t, line.History.Events)
	k := h.why("K/1").Line
	assert.Equal(t, []string{"it takes whole packs of 2", "it ships only with all of its order"}, k.Lacks)

	for range 2 {
		h.scan(eachGTIN)
	}
	first := h.why("A0/1").Line
	assert.Equal(t, []string{"got 1 of X that came in, before A1/1 by order number"}, texts(first.History.Events[0]))
	assert.Zero(t, first.Standing.Before)
	behind := h.why("A1/1").Line
	require.Len(t, behind.History.Events, 2)
	assert.Equal(t, []string{"A0/1 came before it by order number"}, texts(behind.History.Events[0]))
	h.do(wire.Deed{Kind: wire.DeedStage, Line: "A0/1", Qty: 1})
	all := h.why("line:A0/1").Line.History
	require.Len(t, all.Events, 3)
	assert.Equal(t, []string{"1 staged"}, texts(all.Events[0]))
	assert.Empty(t, all.Next)

	page := h.why("A0/1?limit=2").Line.History
	require.Len(t, page.Events, 2)
	require.NotEmpty(t, page.Next)
	page = h.why("A0/1?limit=2&before=" + page.Next).Line.History
	assert.Equal(t, []wire.AskedTouch{all.Events[2]}, page.Events)
}

func texts(t wire.AskedTouch) (all []string) {
	for _, e := range t.Entries {
		all = append(all, e.Text)
	}
	return all
}

func TestASerialTellsWhereItIs(t *testing.T) {
	h := newHouse(t)
	h.items()
	h.order("A", 1, "X", 1)
	seq := h.scan("]C101" + eachGTIN + "21S:1").Seq
	for _, path := range []string{"serial:S:1", "serial:" + eachGTIN + ":S:1", "serial:4006381333931:S:1"} {
		s := h.why(path).Serial
		require.NotNil(t, s, path)
		assert.Equal(t, "With A/1", s.Text)
		assert.Equal(t, []wire.AskedPlace{{Trade: eachGTIN, SKU: "X", At: "A/1", Qty: 1, Event: fmt.Sprint(seq)}}, s.Places)
		require.Len(t, s.History.Events, 1)
		assert.Equal(t, []string{"1 of X received: 1 to A/1"}, texts(s.History.Events[0]))
	}
	h.send(orderCommand("A", 2, 1, "X", 0))
	s := h.why("serial:S:1").Serial
	assert.Equal(t, "With free stock", s.Text)
	assert.Equal(t, []string{"1 of X moved from A/1 to free stock"}, texts(s.History.Events[0]))
	h.scan("DF:UNDO")
	s = h.why("serial:S:1").Serial
	assert.Empty(t, s.Places)
	assert.Contains(t, s.Text, "Not in the house")
	require.Len(t, s.History.Events, 3)

	status, _, problem := h.ask("serial:S2")
	assert.Equal(t, 404, status)
	assert.Contains(t, problem, "ask the centre")
	status, _, _ = h.ask("serial:15400141288763:S:1")
	assert.Equal(t, 404, status, "it is another trade item's")
}

func TestAQuestionThatCannotBeAnsweredSaysWhatToDo(t *testing.T) {
	h := newHouse(t)
	h.items()
	for range 5 {
		h.scan(eachGTIN)
	}
	for path, want := range map[string]string{
		"": "the id is missing", "x": "serial:ABC123", "0": "numbered from 1", "-1": "numbered from 1", "+1": "none of the forms", "serial:": "the serial is missing",
		"%2F1": "order is missing", "A%2F": "line is missing", "A/1?before=x": "none of the forms", "A/1?before=A%2F1": "an event's number",
		url.PathEscape(strings.Repeat("A", 600)): "at most 512", "%01%2F1": "control character",
	} {
		status, _, problem := h.ask(path)
		assert.Equal(t, 422, status, path)
		assert.Contains(t, problem, want, path)
	}
	status, _, problem := h.ask("99")
	assert.Equal(t, 404, status)
	assert.Contains(t, problem, "the log ends at")
	status, _, problem = h.ask("B/1")
	assert.Equal(t, 404, status)
	assert.Contains(t, problem, "The centre knows all")

	// The oldest events are forgotten once the centre has them safe.
	at := h.head()
	require.NoError(t, h.store.Update(t.Context(), func(tx *store.Tx) error {
		if err := tx.Acknowledge(at, at); err != nil {
			return err
		}
		_, err := tx.Forget(time.Now().Add(time.Hour), at.Seq, 3)
		return err
	}))
	status, _, problem = h.ask("2")
	assert.Equal(t, 404, status)
	assert.Equal(t, "event 2 is not kept here any more: the log begins at 4. The centre has it: ask there for leeds:"+testLife+":2", problem)
	assert.Nil(t, h.why("4").Event.Prev)
	require.NotNil(t, h.why("5").Event.Prev)
}

func TestALongLogIsSearchedInPieces(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: it writes 30,000 events; make test does")
	}
	h := newHouse(t)
	h.items()
	h.order("A", 1, "X", 1)
	seq := h.scan(eachGTIN).Seq
	const more = searchChunk*2 + 7
	require.NoError(t, h.store.Update(t.Context(), func(tx *store.Tx) error {
		for range more {
			if err := h.desk.append(tx, wire.Event{Applied: &wire.Applied{Through: tx.Meta().Commands}}); err != nil {
				return err
			}
		}
		return nil
	}))
	history := h.why("A/1").Line.History
	require.Len(t, history.Events, 1)
	assert.Equal(t, fmt.Sprint(seq), history.Events[0].Event)
	assert.Equal(t, h.head().Seq, history.Searched)
	assert.Empty(t, history.Next)
}

// "It had got less of its share" is no answer: both numbers are.
func TestADecisionByFairShareNamesWhatEachHadGot(t *testing.T) {
	h := newHouse(t)
	h.items()
	h.send(wire.Command{Policy: &wire.Policy{Version: "fair", Share: allocation.Fair}})
	h.order("A", 1, "X", 5)
	h.order("B", 1, "X", 3)
	h.order("C", 1, "X", 3)
	h.scan("DF:QTY 4")
	f := h.scan(eachGTIN)
	d := h.event(f.Seq).Decisions[0]
	var said []string
	for _, c := range d.Candidates {
		said = append(said, fmt.Sprintf("%s %d: %s", c.Line, c.Qty, c.Text))
	}
	assert.Equal(t, []string{
		"A/1 1: before B/1 by fair share: it had got 0 of 5, B/1 0 of 3",
		"B/1 1: before C/1 by rank, as their shares were equal: order number: B before C",
		"C/1 1: before A/1 by fair share: it had got 0 of 3, A/1 1 of 5",
		"A/1 1: before B/1 by fair share: it had got 1 of 5, B/1 1 of 3",
	}, said)
	h.scan("DF:QTY 3")
	h.scan(eachGTIN)
	assert.Equal(t, d, h.event(f.Seq).Decisions[0], "what came since changes nothing of it")
}

// That commands were applied is no reason: which order changed, and which policy came.
func TestAnEventOfCommandsNamesThem(t *testing.T) {
	h := newHouse(t, func(c *config.Config, _ *Deps) { c.Checkpoints = 1 }) // so that commands are kept
	h.items()
	h.scan(eachGTIN)
	h.order("O1", 1, "X", 1)
	assert.Equal(t, "Units moved because of the centre's commands, applied up to 4: order O1 came, 1 unit", h.event(h.head().Seq).Text)
	h.send(wire.Command{Policy: &wire.Policy{Version: "27"}})
	assert.Contains(t, h.event(h.head().Seq).Text, "no unit moved: policy 27 came into force")
	changed := orderCommand("O1", 2, 3, "X", 1)
	changed.Order.Changed = true
	h.send(changed)
	assert.Contains(t, h.event(h.head().Seq).Text, "a person ranked order O1 anew, version 2")
}

// The centre writes an event with the name of its site: the site knows its own.
func TestASiteAnswersForItsEventsByItsOwnName(t *testing.T) {
	h := newHouse(t)
	h.items()
	seq := h.scan(eachGTIN).Seq
	for _, id := range []string{"leeds", "leeds:" + testLife} {
		assert.Equal(t, seq, h.why(fmt.Sprintf("%s:%d", id, seq)).Event.Seq, id)
	}
	_, _, problem := h.ask("hull:1")
	assert.Contains(t, problem, "this is site leeds: ask site hull for its events")
	_, _, problem = h.ask("leeds:earlier:1")
	assert.Contains(t, problem, "The centre has it: ask there for leeds:earlier:1")
}
