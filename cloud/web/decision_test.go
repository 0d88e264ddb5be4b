package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/allocation"
	"dockfill/cloud/store"
	"dockfill/sync/rights"
	"dockfill/sync/why"
	"dockfill/sync/wire"
)

// waiting is a line of an order with a tier.
func waiting(id allocation.LineID, tier int) allocation.Line {
	order, _ := id.Split()
	return allocation.Line{SKU: "20737", Ordered: 12, Right: 12, Rank: allocation.Rank{Class: allocation.Redistribute, Tier: tier, Order: order, Line: id, Accepted: noon}}
}

// answers is a centre that knows one event, one line and one serial.
func answers(code string) *twin {
	data := busy()
	known := why.Known{Policies: map[string]allocation.Policy{"default": allocation.DefaultPolicy()}, Lines: map[allocation.LineID]allocation.Line{}}
	for i, id := range []allocation.LineID{"SO-10101/2", "SO-10102/1", "SO-10140/1"} {
		known.Lines[id] = waiting(id, i+1)
	}
	event := why.ID{Site: "leeds", Life: "c1.a", Seq: 5201}
	told := &why.Told{ID: event, Hash: wire.Genesis("leeds", "x"), Prev: wire.Genesis("leeds", "y"), Body: []byte(`{}`), Known: known, StoredAt: noon,
		Event: wire.Event{Seq: 5201, At: noon, Scan: &wire.Scan{Station: "2", Worker: "ann", Code: []byte(code), Verdict: allocation.Allocated, Why: allocation.WhyRanked, Policy: "default", Kept: 7,
			Receipts: []wire.Receipt{{SKU: "20737", Qty: 13, Surplus: 1, Allocations: []wire.Allocation{{Line: "SO-10102/1", Qty: 12, By: "tier", Over: "SO-10140/1"}}}},
			Passed:   []wire.Passed{{Line: "SO-10101/2", Lacks: allocation.WhyLife}, {Line: "SO-9/1", Lacks: allocation.WhyPack}}}}}
	data.decide = func(id why.ID, page why.Page) (why.Answer, error) {
		history := why.History{Searched: 100_000, Next: event, Rows: []why.Row{{Event: event, At: noon, Entries: why.OfLine(told.Event, "SO-10102/1")}}}
		switch {
		case id.Seq == 5201:
			return why.Answer{Event: told}, nil
		case id.Line == "SO-10102/1":
			return why.Answer{Line: &why.LineStory{Line: known.Lines[id.Line], Customer: "C1", CustomerName: code, Site: "leeds", Policy: allocation.DefaultPolicy(),
				Rights:   []why.Right{{Site: "leeds", Life: "c1.a", Present: true, Registers: rights.Registers{Granted: 12}}, {Site: "leeds", Life: "c1.0", Registers: rights.Registers{Granted: 3}}},
				Standing: &why.Standing{Before: 1000, First: []allocation.Line{known.Lines["SO-10101/2"]}, Partial: true}, History: history}}, nil
		case id.Serial == "S1":
			return why.Answer{Unit: &why.UnitStory{Serial: "S1", Where: "The newest event that names it", History: history}}, nil
		}
		return why.Answer{}, fmt.Errorf("decision: %w", why.Missingf("nothing is known of %s", id))
	}
	return data
}

func TestTheCentreSaysWhy(t *testing.T) {
	data := answers("]C1\x1d0104006381333931")
	w := ask(data, "GET", "/decisions/leeds:5201", "")
	require.Equal(t, http.StatusOK, w.Code)
	for _, want := range []string{
		"Event 5201 of leeds", `class="lead allocated"`, `]C1\x1d0104006381333931`, wire.Genesis("leeds", "x").String(), wire.Genesis("leeds", "y").String(),
		"SO-10102/1 came before SO-10140/1 by its customer&#39;s tier", "needs goods that last longer", "takes whole packs", "tier: 2 before 3", "not known here any more",
		"1 went aside: more came than was announced.", `href="/decisions/SO-10102%2F1"`, `href="/decisions/leeds:c1.a:7"`,
	} {
		assert.Contains(t, w.Body.String(), want)
	}
	w = ask(data, "GET", "/decisions/SO-10102%2F1", "")
	for _, want := range []string{"12 of 12 are open; 1000 lines or more come before it", "an earlier life of the site, c1.0", "999 lines or more stand between", `href="/decisions/leeds:c1.a:5201"`,
		`href="/decisions/SO-10102%2F1?before=leeds%3Ac1.a%3A5201"`, "may stand further behind"} {
		assert.Contains(t, w.Body.String(), want)
	}
	assert.Contains(t, ask(data, "GET", "/decisions/serial:S1", "").Body.String(), "The newest event that names it")
	w = ask(data, "GET", "/decisions?id=SO-10102/1", "")
	assert.Equal(t, "/decisions/SO-10102%2F1", w.Header().Get("Location"))
	assert.Contains(t, ask(data, "GET", "/decisions", "").Body.String(), "leeds:1204")
}

func TestWhyIsAnsweredByTheAPIInOneForm(t *testing.T) {
	data := answers("X")
	w := ask(data, "GET", "/api/v1/decisions/SO-10102/1?limit=7", "")
	require.Equal(t, http.StatusOK, w.Code, w.Body.String())
	var a wire.Asked
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &a))
	assert.Equal(t, "SO-10102/1", a.ID)
	assert.Equal(t, "leeds:c1.a:5201", a.Line.History.Next)
	assert.Equal(t, "before SO-10102/1 by tier: 1 before 2", a.Line.Standing.First[0].Text)
	assert.Len(t, a.Line.Rights, 2)
	w = ask(data, "GET", "/api/v1/decisions/leeds:c1.a:5201", "")
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &a))
	assert.Equal(t, []string{"passed", "passed", "got", "next"}, []string{a.Event.Decisions[0].Candidates[0].Part, a.Event.Decisions[0].Candidates[1].Part,
		a.Event.Decisions[0].Candidates[2].Part, a.Event.Decisions[0].Candidates[3].Part})
	document := ask(data, "GET", "/openapi.json", "").Body.String()
	assert.Contains(t, document, `"/api/v1/decisions/{id}"`)
	assert.NotContains(t, document, `{id...}`)
}

func TestAQuestionThatCannotBeAnsweredSaysWhatToDo(t *testing.T) {
	data := answers("X")
	for path, want := range map[string]string{
		"1204": "none of the forms", "leeds:0": "numbered from 1", "LEEDS:1": "may hold only a-z", "serial:": "the serial is missing", "%2F1": "order is missing", "": "the id is missing",
		"SO-1/1?before=12": "none of the forms", "SO-1/1?before=leeds:12": "with the life of its site", "leeds:a%01:1": "control character",
	} {
		p := asProblem(t, ask(data, "GET", "/api/v1/decisions/"+path, ""), 422)
		assert.Contains(t, strings.ToLower(p.Detail), want, path)
		if path != "" {
			assert.Equal(t, 422, ask(data, "GET", "/decisions/"+path, "").Code, path)
		}
	}
	p := asProblem(t, ask(data, "GET", "/api/v1/decisions/leeds:99", ""), 404)
	assert.Equal(t, "Nothing is known of leeds:99.", p.Detail)
	w := ask(data, "GET", "/decisions/leeds:99", "")
	assert.Equal(t, 404, w.Code)
	assert.Contains(t, w.Body.String(), "Nothing is known of leeds:99.")
	data.broken = assert.AnError
	asProblem(t, ask(data, "GET", "/api/v1/decisions/leeds:5201", ""), 503)
	assert.Equal(t, 503, ask(data, "GET", "/decisions/leeds:5201", "").Code)
}

func TestTheLatestEventsAndTheBackordersLeadToWhy(t *testing.T) {
	data := busy()
	html := ask(data, "GET", "/", "").Body.String()
	assert.Contains(t, html, `href="/decisions/leeds:c1.a:5201"`)
	line := data.lines[0]
	assert.Contains(t, html, `href="`+aboutLine(line.Line)+`"`)
	assert.Contains(t, html, `href="/decisions"`)
	data.live = []store.LiveRow{{Site: "event", Incarnation: "c1.a", Seq: 3, At: noon}}
	assert.Contains(t, ask(data, "GET", "/", "").Body.String(), `href="/decisions/event:event:c1.a:3"`, "a site may be named like a mark")
}

func TestWhatWasReadStaysTextInAnAnswer(t *testing.T) {
	for _, code := range []string{"<script>alert(1)</script>", `"><img src=x onerror=alert(1)>`, "\x00\x1b[2J\x7f\xff", "a\u202eb"} {
		data := answers(code)
		for _, path := range []string{"/decisions/leeds:5201", "/decisions/SO-10102%2F1"} {
			html := ask(data, "GET", path, "").Body.String()
			assert.NotContains(t, html, "<script>alert")
			assert.NotContains(t, html, "<img src=x")
			assert.False(t, strings.ContainsFunc(html, func(r rune) bool { return r < 0x20 && r != '\n' || r == 0x7f || r == 0x202e }), "%s with %q", path, code)
		}
	}
}

func TestTheAnswerFitsEveryScreen(t *testing.T) {
	at := serve(t, answers("]C1\x1d"+strings.Repeat("W", 300)))
	ctx, complaints := browser(t)
	for name, path := range map[string]string{"event": "leeds:5201", "line": "SO-10102%2F1", "serial": "serial:S1"} {
		for _, size := range [][2]int64{{360, 800}, {768, 900}, {1440, 900}} {
			require.NoError(t, chromedp.Do(ctx, chromedp.EmulateViewport(size[0], size[1]), chromedp.Navigate(at+"/decisions/"+path)))
			until(t, ctx, `document.readyState === "complete" && document.querySelector("h1") !== null`)
			wide, err := chromedp.Run(ctx, chromedp.Evaluate[int64](`document.documentElement.scrollWidth`))
			require.NoError(t, err)
			assert.LessOrEqual(t, wide, size[0], "%s scrolls sideways at %d", name, size[0])
			over, err := chromedp.Run(ctx, chromedp.Evaluate[string](overflowing))
			require.NoError(t, err)
			assert.Empty(t, over, "%s at %d", name, size[0])
			shoot(t, ctx, fmt.Sprintf("why-centre-%s-%d", name, size[0]), size[0], size[1])
		}
	}
	assert.Empty(t, complaints())
}
