package web

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/allocation"
	"dockfill/cloud/store"
)

// ask sends one request as it would come over loopback.
func ask(data *twin, method, target, body string, header ...string) *httptest.ResponseRecorder {
	return askServer(newServer(data), method, target, body, header...)
}

func askServer(s *Server, method, target, body string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	r = r.WithContext(context.WithValue(r.Context(), http.LocalAddrContextKey, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}))
	r.Host = "127.0.0.1:8080"
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
		if header[i] == "Host" {
			r.Host = header[i+1]
		}
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func asProblem(t *testing.T, w *httptest.ResponseRecorder, status int) huma.ErrorModel {
	t.Helper()
	require.Equal(t, status, w.Code, w.Body.String())
	require.Equal(t, "application/problem+json", w.Header().Get("Content-Type"))
	var p huma.ErrorModel
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &p))
	require.Equal(t, status, p.Status)
	require.NotEmpty(t, p.Title)
	return p
}

const goodOrder = `{"id":"SO-1","version":1,"site":"leeds","customer":"C1","customer_name":"Marlow","accepted":"2026-11-01T08:00:00Z","promised":"2026-11-20","lines":[{"line":"1","sku":"X","qty":3}]}`

func TestOneOrderOrManyAreTaken(t *testing.T) {
	for _, body := range []string{goodOrder, `{"orders":[` + goodOrder + `]}`, " [" + goodOrder + "]"} {
		data := newTwin()
		w := ask(data, "POST", "/api/v1/orders", body)
		require.Equal(t, 200, w.Code, w.Body.String())
		assert.JSONEq(t, `{"new":1,"changed":0,"same":0,"other":0,"other_ids":[],"stale":0,"lines":0,"refused":[],"sites":[],"no_item":0,"no_item_skus":[]}`, w.Body.String())
		require.Len(t, data.batches, 1)
		o := data.batches[0].Orders[0]
		assert.Equal(t, allocation.OrderID("SO-1"), o.ID)
		assert.Equal(t, allocation.Redistribute, o.Class, "an order without a class gets the default")
		assert.Equal(t, []store.OrderLine{{Line: "1", SKU: "X", Qty: 3}}, o.Lines)
	}
}

func TestItemsAndInboundAreTaken(t *testing.T) {
	data := newTwin()
	w := ask(data, "POST", "/api/v1/items", `{"items":[{"sku":"X","putaway":"A-04","gtins":[{"gtin":"4006381333931"},{"gtin":"15400141288763","qty":12}]}]}`)
	require.Equal(t, 200, w.Code, w.Body.String())
	assert.Equal(t, []store.PackGTIN{{GTIN: "04006381333931", Qty: 1}, {GTIN: "15400141288763", Qty: 12}}, data.batches[0].Items[0].GTINs)
	w = ask(data, "POST", "/api/v1/inbound", `{"id":"PO1","version":1,"site":"leeds","pallets":[{"sscc":"106141411234567897","lines":[{"sku":"X","qty":10}]}]}`)
	require.Equal(t, 200, w.Code, w.Body.String())
	assert.Equal(t, allocation.SSCC("106141411234567897"), data.batches[1].Inbound[0].Pallets[0].SSCC)
}

func TestEverythingWrongInABodyIsToldAtOnceAndNothingIsTaken(t *testing.T) {
	data := newTwin()
	bad := strings.NewReplacer(`"SO-1"`, `"SO-2"`, `"leeds"`, `"Leeds!"`, `"qty":3`, `"qty":-3`).Replace(goodOrder)
	p := asProblem(t, ask(data, "POST", "/api/v1/orders", `{"orders":[`+goodOrder+`,`+bad+`,`+goodOrder+`]}`), 422)
	assert.Equal(t, "Nothing was imported: 2 records are wrong.", p.Detail)
	var told []string
	for _, e := range p.Errors {
		told = append(told, e.Location)
	}
	assert.Equal(t, []string{"body.orders[1].site", "body.orders[1].lines[0].qty", "body.orders[2]"}, told)
	assert.Contains(t, p.Errors[2].Message, `"SO-1" stands here already at body.orders[0]`)
	assert.Empty(t, data.batches)
}

func TestMisspeltFieldIsRefused(t *testing.T) {
	p := asProblem(t, ask(newTwin(), "POST", "/api/v1/orders", strings.Replace(goodOrder, "promised", "promissed", 1)), 422)
	assert.Contains(t, p.Errors[0].Message, `promissed`)
	p = asProblem(t, ask(newTwin(), "POST", "/api/v1/orders", `[1]`), 422)
	assert.Equal(t, "body[0]", p.Errors[0].Location)
	assert.Equal(t, "it is a number, expected is an object", p.Errors[0].Message)
	p = asProblem(t, ask(newTwin(), "POST", "/api/v1/orders", `"x"`), 400)
	assert.Equal(t, "The body is neither a JSON object nor a list of them: it is text, expected is an object.", p.Detail)
	asProblem(t, ask(newTwin(), "POST", "/api/v1/orders", `{"id":`), 400)
}

func TestRefusedRecordIsFoundByItsPlace(t *testing.T) {
	data := newTwin()
	data.refuse = &store.RefusedError{Refused: []store.Refusal{{Kind: "order", ID: "SO-1", Reason: "SKU X is not known"}}}
	p := asProblem(t, ask(data, "POST", "/api/v1/orders", goodOrder), 422)
	assert.Equal(t, "body", p.Errors[0].Location)
	assert.Equal(t, "SKU X is not known", p.Errors[0].Message)
}

func TestImportStreamIsOneBatch(t *testing.T) {
	data := newTwin()
	var lines strings.Builder
	for i := range 500 {
		lines.WriteString(strings.Replace(goodOrder, "SO-1", fmt.Sprint("SO-", i), 1) + "\n")
	}
	w := ask(data, "POST", "/api/v1/import/orders", lines.String(), "Content-Type", "application/x-ndjson")
	require.Equal(t, 200, w.Code, w.Body.String())
	require.Len(t, data.batches, 1)
	assert.Len(t, data.batches[0].Orders, 500)

	broken := ask(data, "POST", "/api/v1/import/orders", lines.String()[:lines.Len()-20])
	assert.Contains(t, asProblem(t, broken, 400).Detail, "The stream breaks at record 500")
	assert.Len(t, data.batches, 1, "nothing of a broken stream is taken")
}

// Whoever sends 84,000 lines sees that they are being stored, and how far.
func TestAnImportUnderWayTellsHowFarItIs(t *testing.T) {
	data := newTwin()
	data.importing = make(chan struct{})
	s := newServer(data)
	done := make(chan int)
	go func() { done <- askServer(s, "POST", "/api/v1/import/orders?name=k3qv", goodOrder).Code }()
	<-data.importing
	look := func() *httptest.ResponseRecorder { return askServer(s, "GET", "/api/v1/imports/k3qv", "") }
	assert.JSONEq(t, `{"stored":0.25}`, look().Body.String())
	data.importing <- struct{}{}
	assert.Equal(t, 200, <-done)
	asProblem(t, look(), 404)
}

func TestBodyThatIsTooLargeIsRefused(t *testing.T) {
	p := asProblem(t, ask(newTwin(), "POST", "/api/v1/orders", `{"id":"`+strings.Repeat("x", maxBody)+`"}`), 413)
	assert.Equal(t, "The body is larger than 8 MiB; nothing was imported. Split it, or send it one object a line to /api/v1/import/orders, which takes 512 MiB.", p.Detail)
	data := newTwin()
	require.Equal(t, 200, ask(data, "POST", "/api/v1/orders", goodOrder+strings.Repeat(" ", maxBody-len(goodOrder))).Code, "the limit itself is taken")
	p = asProblem(t, ask(newTwin(), "POST", "/api/v1/items", ""), 400)
	assert.Equal(t, `The body is empty. Send one object, a list of them, or {"items": [...]}.`, p.Detail)
}

func TestForeignPageMayNotChangeAnything(t *testing.T) {
	data := newTwin()
	asProblem(t, ask(data, "POST", "/api/v1/orders", goodOrder, "Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example"), 403)
	asProblem(t, ask(data, "POST", "/api/v1/orders", goodOrder, "Origin", "https://evil.example"), 403)
	asProblem(t, ask(data, "GET", "/api/v1/owed", "", "Host", "evil.example"), 421)
	assert.Empty(t, data.batches)
	for _, host := range []string{"localhost:8080", "127.0.0.1", "[::1]:8080"} {
		assert.Equal(t, 200, ask(data, "GET", "/api/v1/owed", "", "Host", host).Code, host)
	}
}

func TestOwedIsFilteredSortedAndPaged(t *testing.T) {
	data := busy()
	var got owedJSON
	w := ask(data, "GET", "/api/v1/owed?site=hull&sort=open&dir=desc&per_page=10&page=2", "")
	require.Equal(t, 200, w.Code, w.Body.String())
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &got))
	assert.EqualValues(t, 67, got.Total)
	require.Len(t, got.Lines, 10)
	for i, l := range got.Lines {
		assert.Equal(t, "hull", l.Site)
		assert.True(t, i == 0 || l.Open <= got.Lines[i-1].Open)
	}
	p := asProblem(t, ask(data, "GET", "/api/v1/owed?sort=colour", ""), 422)
	assert.Equal(t, "query.sort", p.Errors[0].Location)
	asProblem(t, ask(data, "GET", "/api/v1/owed?sight=hull", ""), 422)
}

func TestEveryReadAnswersAndADeadDatabaseIsAProblem(t *testing.T) {
	dead := busy()
	dead.broken = errors.New("dial tcp: secret.internal:5432")
	for _, path := range []string{"/api/v1/summary", "/api/v1/owed", "/api/v1/owed.csv", "/api/v1/sites", "/api/v1/live", "/api/v1/totals", "/api/v1/policy", "/readyz"} {
		assert.Equal(t, 200, ask(busy(), "GET", path, "").Code, path)
		p := asProblem(t, ask(dead, "GET", path, ""), 503)
		assert.NotContains(t, p.Detail, "secret", "what a client reads names no machine")
	}
	asProblem(t, ask(dead, "POST", "/api/v1/orders", goodOrder), 503)
	assert.Equal(t, 200, ask(dead, "GET", "/healthz", "").Code, "the process is alive")
	asProblem(t, ask(busy(), "GET", "/api/v2/owed", ""), 404)
}

func TestMetricsTellTheTradesFigures(t *testing.T) {
	text := ask(busy(), "GET", "/metrics", "").Body.String()
	for _, want := range []string{"dockfill_owed_units 3456", "dockfill_owed_lines 200", `dockfill_site_unsent_events{site="hull"} 37`, "dockfill_database_up 1"} {
		assert.Contains(t, text, want+"\n")
	}
	dead := busy()
	dead.broken = errors.New("down")
	assert.Contains(t, ask(dead, "GET", "/metrics", "").Body.String(), "dockfill_database_up 0\n")
}

func TestOpenAPIListsEveryRouteAndEveryReferenceHolds(t *testing.T) {
	w := ask(newTwin(), "GET", "/openapi.json", "")
	require.Equal(t, 200, w.Code)
	var doc map[string]any
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &doc))
	assert.True(t, strings.HasPrefix(doc["openapi"].(string), "3.1."))
	paths := doc["paths"].(map[string]any)
	for path, method := range map[string]string{"/api/v1/summary": "get", "/api/v1/owed": "get", "/api/v1/owed.csv": "get", "/api/v1/sites": "get",
		"/api/v1/live": "get", "/api/v1/totals": "get", "/api/v1/orders": "post", "/api/v1/items": "post", "/api/v1/inbound": "post",
		"/api/v1/import/orders": "post", "/api/v1/import/items": "post", "/api/v1/import/inbound": "post", "/api/v1/policy": "put",
		"/api/v1/orders/{id}/change": "post", "/api/v1/sites/{site}/map": "post", "/api/v1/sites/{site}/approve": "post", "/healthz": "get", "/readyz": "get"} {
		op, ok := paths[path].(map[string]any)
		require.True(t, ok, path)
		require.Contains(t, op, method, path)
		answers := op[method].(map[string]any)["responses"].(map[string]any)
		assert.Contains(t, answers, "200", path)
		assert.True(t, len(answers) > 1, "%s says how it fails", path)
	}
	eachRef(doc, func(ref string) {
		at := any(doc)
		for _, step := range strings.Split(strings.TrimPrefix(ref, "#/"), "/") {
			at = at.(map[string]any)[step]
			require.NotNil(t, at, ref)
		}
	})
}

func eachRef(v any, found func(string)) {
	switch v := v.(type) {
	case map[string]any:
		for k, below := range v {
			if ref, ok := below.(string); ok && k == "$ref" {
				found(ref)
			}
			eachRef(below, found)
		}
	case []any:
		for _, below := range v {
			eachRef(below, found)
		}
	}
}

// hostile are names that somebody typed, or a barcode that somebody printed.
var hostile = []string{`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `=HYPERLINK("http://evil","x")`, "bell\x07 esc\x1b[31m", "\u202etxt.exe", `'; DROP TABLE line;--`}

func withHostileNames() *twin {
	data := busy()
	for i, name := range hostile {
		l := &data.lines[i]
		l.CustomerName, l.SKU, l.Description, l.Accepted = name, allocation.SKU(name), name, noon.AddDate(-1, 0, -i)
		data.live[0].SKU = allocation.SKU(name)
	}
	return data
}

func TestNamesAreTextAndNothingElse(t *testing.T) {
	page := ask(withHostileNames(), "GET", "/", "")
	require.Equal(t, 200, page.Code)
	html := page.Body.String()
	assert.NotContains(t, html, "<script>alert")
	assert.NotContains(t, html, "<img src=x")
	assert.NotContains(t, html, "\x07")
	assert.NotContains(t, html, "\x1b")
	assert.NotContains(t, html, "\u202e")
	assert.Contains(t, html, `bell\x07 esc\x1b[31m`)
	assert.Contains(t, html, "&lt;script&gt;alert(1)&lt;/script&gt;")
	assert.Contains(t, page.Header().Get("Content-Security-Policy"), "script-src 'self'")
	assert.NotContains(t, page.Header().Get("Content-Security-Policy"), "unsafe")
	assert.NotContains(t, html, "style=", "a style in the page would be refused by its own policy")
}

func TestSearchTextComesBackAsText(t *testing.T) {
	html := ask(busy(), "GET", `/?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E&site=%3Cb%3E&sort=%27&page=-5`, "").Body.String()
	assert.NotContains(t, html, "<script>alert")
	assert.Contains(t, html, "No open line matches this search")
}

func TestCSVRunsNothingInASpreadsheet(t *testing.T) {
	w := ask(withHostileNames(), "GET", "/api/v1/owed.csv", "")
	require.Equal(t, "text/csv; charset=utf-8", w.Header().Get("Content-Type"))
	rows, err := csv.NewReader(w.Body).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 201)
	for _, row := range rows[1:] {
		for _, cell := range row {
			if cell != "" {
				assert.NotContains(t, "=+-@|%\t\r", cell[:1], cell)
			}
		}
	}
}

func TestPageReadsWithoutScript(t *testing.T) {
	html := ask(busy(), "GET", "/?q=fenwick&sort=open", "").Body.String()
	for _, want := range []string{`value="fenwick"`, `aria-sort="ascending"`, "Fenwick Homeware", "hull last heard 12 min ago; at least 37 events not here yet",
		"hull is not current: 12 min old", `<desc id="bands-svg-desc">0–2 days: 564 units`, `<input type="hidden" name="sort" value="open">`} {
		assert.Contains(t, html, want)
	}
	assert.Contains(t, ask(busy(), "GET", "/?page=2", "").Body.String(), `rel="next" href="/?page=3"`)
	part := ask(busy(), "GET", "/?q=fenwick", "", "Dockfill-Part", "owed").Body.String()
	assert.NotContains(t, part, "<html")
	assert.Contains(t, part, "Fenwick Homeware")
}

// An order may come in ahead of its time. It does not wait "0 days": the page
// says from when, on the figure, in the row and in the plot.
func TestAnOrderOfALaterTimeDoesNotWaitYet(t *testing.T) {
	data := busy()
	assert.NotContains(t, ask(data, "GET", "/", "").Body.String(), "not yet:")
	for after, want := range map[time.Duration]string{
		2 * time.Second: `<b>later</b> <span>today</span>`, 13 * time.Hour: `<b>in 1</b> <span>day</span>`,
		24 * time.Hour: `<b>in 1</b> <span>day</span>`, 240 * time.Hour: `<b>in 10</b> <span>days</span>`,
	} {
		data.lines[0].Accepted = noon.Add(after)
		html := ask(data, "GET", "/?dir=desc", "").Body.String()
		at := data.lines[0].Accepted
		assert.Contains(t, html, want+`<time datetime="`+at.Format(time.RFC3339)+`">from `+at.Format("2 Jan 2006")+`</time>`)
		assert.Contains(t, html, `<desc id="bands-svg-desc">not yet: `+count(data.lines[0].Open, "unit")+" on 1 line; 0–2 days: ")
	}
	data.lines = data.lines[:1]
	data.lines[0].Accepted = noon.AddDate(0, 0, 10)
	assert.Contains(t, ask(data, "GET", "/", "").Body.String(), `<dd class="value">in 10 <span class="unit">days</span></dd>`)
	data.lines[0].Accepted = noon.Add(-36 * time.Hour)
	assert.Contains(t, ask(data, "GET", "/", "").Body.String(), `<b>1</b> <span>day</span><time`)
}

func TestASiteThatNeverCalledIsNotHeard(t *testing.T) {
	data := busy()
	data.sites = append(data.sites, store.SiteRow{Site: "york", State: store.SiteExpected})
	assert.Contains(t, ask(data, "GET", "/", "").Body.String(), "hull is not current: 12 min old; york has not called yet")
	data.sites = data.sites[1:]
	html := ask(data, "GET", "/", "").Body.String()
	assert.Contains(t, html, ">york has not called yet<")
	assert.NotContains(t, html, "All sites heard")
}

func TestPageTellsWhatIsInDoubtAndWhatNoItemDescribes(t *testing.T) {
	data := busy()
	html := ask(data, "GET", "/", "").Body.String()
	assert.NotContains(t, html, "in doubt")
	assert.NotContains(t, html, "no such item yet")
	data.sites[1].InDoubt, data.lines[0].NoItem = 1, true
	html = ask(data, "GET", "/", "").Body.String()
	assert.Contains(t, html, "1 unit in doubt: granted to an earlier database of this site that was lost")
	assert.Contains(t, html, "<dt>Units in doubt</dt><dd>1</dd>")
	assert.Contains(t, html, "no such item yet")
	assert.Contains(t, ask(data, "GET", "/api/v1/sites", "").Body.String(), `"in_doubt":1`)
}

func TestWhatIsNotServedSaysSoInItsOwnWords(t *testing.T) {
	w := ask(busy(), "GET", "/nowhere", "")
	assert.Equal(t, 404, w.Code)
	assert.Contains(t, w.Body.String(), "<title>Dockfill: there is no such page</title>")
	assert.NotContains(t, w.Body.String(), "Try again")
	for path, allow := range map[string]string{"/api/v1/orders": "POST", "/api/v1/owed": "GET, HEAD", "/": "GET, HEAD", "/metrics": "GET, HEAD"} {
		w := ask(busy(), "DELETE", path, "")
		asProblem(t, w, 405)
		assert.Equal(t, allow, w.Header().Get("Allow"), path)
	}
}

func TestLiveListenersEndWithTheServer(t *testing.T) {
	data := busy()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- newServer(data).Run(ctx, ln) }()
	answer, err := http.Get("http://" + ln.Addr().String() + "/live")
	require.NoError(t, err)
	defer answer.Body.Close()
	require.Equal(t, "text/event-stream", answer.Header.Get("Content-Type"))
	stop()
	_, err = io.ReadAll(answer.Body)
	require.NoError(t, err, "the stream ends and is not torn")
	require.NoError(t, <-ended)
}
