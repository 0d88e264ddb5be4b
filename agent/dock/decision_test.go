package dock_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/agent/dock"
	"dockfill/agent/dock/docktest"
	"dockfill/allocation"
	"dockfill/sync/rights"
	"dockfill/sync/why"
	"dockfill/sync/wire"
)

var asked = time.Date(2027, 3, 1, 9, 0, 0, 0, time.UTC)

// waiting is a line of an order with a tier.
func waiting(id allocation.LineID, tier int) allocation.Line {
	order, _ := id.Split()
	return allocation.Line{SKU: "TEALIGHT-42", Ordered: 12, Right: 12, Rank: allocation.Rank{Class: allocation.Redistribute, Tier: tier, Order: order, Line: id, Accepted: asked}}
}

// answers is a site that knows one event, one line and one serial.
func answers(code string) *docktest.Twin {
	twin := docktest.New()
	known := why.Known{Policies: map[string]allocation.Policy{"default": allocation.DefaultPolicy()}, Lines: map[allocation.LineID]allocation.Line{}}
	for i, id := range []allocation.LineID{"SO-10101/1", "SO-10102/1", "SO-10140/2", "SO-10177/1"} {
		known.Lines[id] = waiting(id, i+1)
	}
	told := &why.Told{ID: why.ID{Site: "leeds", Life: "c1-leeds-1", Seq: 1204}, Hash: wire.Genesis("leeds", "x"), Prev: wire.Genesis("leeds", "y"), Body: []byte(`{}`), Known: known,
		Event: wire.Event{Seq: 1204, At: asked, Scan: &wire.Scan{Station: "2", Worker: "ann", Code: []byte(code), Verdict: allocation.Allocated, Why: allocation.WhyRanked, Policy: "default",
			Receipts: []wire.Receipt{{SKU: "TEALIGHT-42", Qty: 15, Lot: "L-7", Free: 1, Allocations: []wire.Allocation{{Line: "SO-10102/1", Qty: 12, By: "tier", Over: "SO-10140/2"}, {Line: "SO-10140/2", Qty: 2, By: "tier", Over: "SO-10177/1"}}}},
			Passed:   []wire.Passed{{Line: "SO-10101/1", Lacks: allocation.WhyNoRight}, {Line: "SO-9/1", Lacks: allocation.WhyPack}}, More: true}}}
	twin.Decide = func(id why.ID, page why.Page) (why.Answer, error) {
		history := why.History{Searched: 100_000, Next: why.ID{Seq: 77}, Rows: []why.Row{{Event: why.ID{Seq: 1204}, At: asked, Entries: why.OfLine(told.Event, "SO-10102/1")}}}
		switch {
		case id.Seq == 1204:
			return why.Answer{Event: told}, nil
		case id.Line == "SO-10102/1":
			first := waiting("SO-10101/1", 1)
			return why.Answer{Line: &why.LineStory{Line: known.Lines[id.Line], CustomerName: code, Door: "7", Policy: allocation.DefaultPolicy(),
				Rights:   []why.Right{{Site: "leeds", Life: "c1-leeds-1", Present: true, Registers: rights.Registers{Granted: 12}}},
				Standing: &why.Standing{Before: 1, First: []allocation.Line{first}}, Lacks: []string{"it ships only whole"}, History: history}}, nil
		case id.Serial == "S1":
			return why.Answer{Unit: &why.UnitStory{Serial: "S1", Where: "With free stock", History: history}}, nil
		}
		return why.Answer{}, why.Missingf("nothing is known of %s", id)
	}
	return twin
}

func TestThePageSaysWhyAndLinksLeadOn(t *testing.T) {
	url := serve(t, answers("]C1\x1d0104006381333931"))
	r, html := get(t, url+"/decisions/1204")
	require.Equal(t, http.StatusOK, r.StatusCode)
	for _, want := range []string{
		"Event 1204 of leeds", `class="verdict allocated">ALLOCATED`, `]C1\x1d0104006381333931`, wire.Genesis("leeds", "x").String(), wire.Genesis("leeds", "y").String(),
		"SO-10102/1 came before SO-10140/2 by its customer&#39;s tier", "no right at the site", "takes whole packs", "tier: 2 before 3", "Further lines that rank better may have been passed",
		"1 went to free stock.", "shown as it is known now", `href="/decisions/SO-10102%2F1"`, "not known here any more", "<dd>default</dd>", "<dd>ann</dd>",
	} {
		assert.Contains(t, html, want)
	}
	_, html = get(t, url+"/decisions/SO-10102%2F1")
	for _, want := range []string{"Line SO-10102/1", "12 of 12 are open; 1 line comes before it", "12 left: 12 granted", "it ships only whole", `href="/decisions/1204"`,
		"got 12 of TEALIGHT-42 that came in, before SO-10140/2 by tier", `href="/decisions/SO-10102%2F1?before=77"`, "100000 events were searched"} {
		assert.Contains(t, html, want)
	}
	_, html = get(t, url+"/decisions/serial:S1?before=90")
	assert.Contains(t, html, "With free stock")
	assert.Contains(t, html, `href="/decisions/serial:S1">The newest`)

	r, html = get(t, url+"/decisions?id=SO-10102/1")
	assert.Equal(t, "/decisions/SO-10102%2F1", r.Request.URL.EscapedPath(), "the field leads to the answer")
	assert.Contains(t, html, "Line SO-10102/1")
	r, html = get(t, url+"/decisions")
	assert.Equal(t, http.StatusOK, r.StatusCode)
	assert.Contains(t, html, "serial:ABC123")
	r, html = get(t, url+"/decisions/99")
	assert.Equal(t, http.StatusNotFound, r.StatusCode)
	assert.Contains(t, html, "nothing is known of 99")
	r, html = get(t, url+"/decisions/%3Cb%3E")
	assert.Equal(t, http.StatusUnprocessableEntity, r.StatusCode)
	assert.Contains(t, html, "ask about an event")
	assert.NotContains(t, html, "<b>")
	r, _ = get(t, url+"/decisions/1204?before=x")
	assert.Equal(t, http.StatusUnprocessableEntity, r.StatusCode)
}

func TestTheSitePageLeadsToTheDecisionOfAScan(t *testing.T) {
	twin := docktest.New()
	twin.Tell(dock.Feedback{Seq: 1204, Station: "1", At: time.Now(), Verdict: allocation.Stock, Code: "1", Text: "no order waits for it"})
	twin.Tell(dock.Feedback{Station: "1", At: time.Now(), Verdict: allocation.Stop, Code: "2", Text: "not saved"})
	_, html := get(t, serve(t, twin)+"/site")
	assert.Equal(t, 1, strings.Count(html, `href="/decisions/`))
	assert.Contains(t, html, `href="/decisions/1204"`)
}

func TestWhatWasReadStaysTextInAnAnswer(t *testing.T) {
	for _, code := range hostile {
		url := serve(t, answers(code))
		for _, page := range []string{"/decisions/1204", "/decisions/SO-10102%2F1", "/api/v1/decisions/1204"} {
			r, text := get(t, url+page)
			require.Equal(t, http.StatusOK, r.StatusCode)
			if !strings.HasPrefix(page, "/api") {
				for _, bad := range []string{"<script>alert", "<img", "<svg onload"} {
					assert.NotContains(t, text, bad, "%s with %q", page, code)
				}
			}
			assert.False(t, strings.ContainsFunc(text, func(r rune) bool { return r < 0x20 && r != '\n' || r == 0x7f || r == 0x202e || r == 0x2028 }), "%s with %q", page, code)
		}
	}
}

func TestTheAPIAnswersWhyInItsDocumentedForm(t *testing.T) {
	url := serve(t, answers("X"))
	_, text := get(t, url+"/api/v1/decisions/SO-10102/1")
	var b dock.DecisionBody
	require.NoError(t, json.Unmarshal([]byte(text), &b))
	assert.Equal(t, dock.Schema, b.Schema)
	assert.Equal(t, "SO-10102/1", b.ID)
	assert.Equal(t, "77", b.Line.History.Next)
	_, text = get(t, url+"/openapi.json")
	assert.Contains(t, text, `"/api/v1/decisions/{id}"`)
	assert.NotContains(t, text, `{id...}`)
}

func TestTheAnswerFitsEveryScreenAndPaper(t *testing.T) {
	ctx := browser(t, kiosk)
	url := serve(t, answers("]C1\x1d0104006381333931"+strings.Repeat("W", 300)))
	for name, path := range map[string]string{"event": "/decisions/1204", "line": "/decisions/SO-10102%2F1", "serial": "/decisions/serial:S1"} {
		for _, width := range []int64{360, 768, 1440} {
			do(t, ctx, chromedp.EmulateViewport(width, 900))
			do(t, ctx, chromedp.Navigate(url+path))
			until(t, ctx, `document.readyState === "complete" && document.querySelector("h1") !== null`)
			assert.LessOrEqual(t, ask[int64](t, ctx, `document.documentElement.scrollWidth`), width, "%s at %d scrolls sideways", name, width)
			assert.Empty(t, ask[[]string](t, ctx, outside), "%s at %d", name, width)
			picture(t, ctx, "why-site-"+name+"-"+strings.TrimSpace(map[int64]string{360: "360", 768: "768", 1440: "1440"}[width]))
		}
	}
}

// outside lists texts that leave the screen, those in a table that scrolls left out.
const outside = `[...document.querySelectorAll("h1, h2, p, dt, dd, td, input, button, small")].filter(e => !e.closest(".table"))
	.filter(e => { const r = e.getBoundingClientRect(); return r.width > 0 && (r.right > innerWidth + 1 || r.left < -1 || e.scrollWidth > e.clientWidth + 2 && getComputedStyle(e).display !== "inline" && e.tagName !== "INPUT"); })
	.map(e => e.tagName + " " + e.textContent.slice(0, 40))`
