package web

import (
	"encoding/json"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/allocation"
	"dockfill/cloud/store"
	"dockfill/sync/wire"
)

const changePath = "/api/v1/orders/SO%2F1/change"

func TestAPersonRanksAnOrderAnew(t *testing.T) {
	data := newTwin()
	w := ask(data, "POST", changePath, `{"class":"win","override":2,"promised":""}`)
	require.Equal(t, 200, w.Code, w.Body.String())
	assert.JSONEq(t, `{"order":"SO/1","site":"leeds","changed":true,"override":2,"class":"win","contract":0,"tier":3}`, w.Body.String())
	assert.Nil(t, data.change.Tier, "what is not named stays")
	for body, location := range map[string]string{`{"class":"best"}`: "body.class", `{"tier":-1}`: "body.tier", `{"promised":"soon"}`: "body.promised", `{}`: "body", `{"teir":1}`: "body.teir"} {
		p := asProblem(t, ask(newTwin(), "POST", changePath, body), 422)
		assert.Equal(t, location, p.Errors[0].Location, body)
	}
	data.cannot = store.ErrNotFound
	assert.Equal(t, "No order SO/1 is known.", asProblem(t, ask(data, "POST", changePath, `{"tier":1}`), 404).Detail)
	asProblem(t, ask(data, "POST", "/api/v1/orders/a%00b/change", `{"tier":1}`), 404)
	data.cannot = errors.New("dial tcp: secret.internal:5432")
	assert.NotContains(t, asProblem(t, ask(data, "POST", changePath, `{"tier":1}`), 503).Detail, "secret")
}

func TestAPersonSaysWhatACodeIs(t *testing.T) {
	data := newTwin()
	for body, want := range map[string]store.Alias{
		`{"code":"]C1X","sku":"X","qty":12}`: {Code: []byte("]C1X"), SKU: "X", Qty: 12},
		`{"raw":"WgD/","sku":"X"}`:           {Code: []byte("Z\x00\xff"), SKU: "X", Qty: 1},
	} {
		w := ask(data, "POST", "/api/v1/sites/leeds/map", body)
		require.Equal(t, 200, w.Code, w.Body.String())
		assert.JSONEq(t, `{"site":"leeds"}`, w.Body.String())
		assert.Equal(t, want, data.alias)
	}
	for _, body := range []string{`{"sku":"X"}`, `{"code":"a","raw":"WgD/","sku":"X"}`, `{"code":"a","sku":""}`, `{"code":"a","sku":"X","qty":0}`, `{"code":"a","sku":"X","qty":1000001}`,
		`{"code":"` + strings.Repeat("a", 4097) + `","sku":"X"}`} {
		asProblem(t, ask(newTwin(), "POST", "/api/v1/sites/leeds/map", body), 422)
	}
	asProblem(t, ask(newTwin(), "POST", "/api/v1/sites/Leeds!/map", `{"code":"a","sku":"X"}`), 404)
	data.cannot = &store.ActError{Reason: "no item describes SKU X: import the item first"}
	assert.Equal(t, "Nothing was changed: no item describes SKU X: import the item first.", asProblem(t, ask(data, "POST", "/api/v1/sites/leeds/map", `{"code":"a","sku":"X"}`), 422).Detail)
}

func TestAPersonApprovesSurplus(t *testing.T) {
	data := newTwin()
	w := ask(data, "POST", "/api/v1/sites/leeds/approve", `{"inbound":"PO1","qty":3}`)
	require.Equal(t, 200, w.Code, w.Body.String())
	assert.EqualValues(t, 3, data.approve)
	for _, body := range []string{`{"qty":3}`, `{"inbound":"","qty":3}`, `{"inbound":"PO1"}`, `{"inbound":"PO1","qty":0}`} {
		asProblem(t, ask(newTwin(), "POST", "/api/v1/sites/leeds/approve", body), 422)
	}
}

func TestAPersonAdmitsAProcessThatWasKeptOut(t *testing.T) {
	data := newTwin()
	const path, nonce = "/api/v1/sites/leeds/admit", "0000000000000001"
	w := ask(data, "POST", path, `{"nonce":"`+nonce+`","by":"Ann","reason":"the other is a copy"}`)
	require.Equal(t, 200, w.Code, w.Body.String())
	assert.Equal(t, nonce, data.admitted)
	assert.Equal(t, store.Person{Name: "Ann", Reason: "the other is a copy"}, data.by)
	for _, body := range []string{`{}`, `{"nonce":"` + nonce + `","by":"Ann"}`, `{"nonce":"` + nonce + `","by":" ","reason":"x"}`, `{"nonce":"../x","by":"Ann","reason":"x"}`,
		`{"nonce":"` + nonce + `","by":"a\u0000b","reason":"x"}`} {
		asProblem(t, ask(newTwin(), "POST", path, body), 422)
	}
}

func TestASiteTellsOfItsForksAndClones(t *testing.T) {
	data := newTwin()
	data.sites = []store.SiteRow{{Site: "leeds", Incarnation: "c.a", State: store.SiteActive, LastSeen: noon, Quarantined: 3, Unreported: []store.Unreported{{Life: store.Life{Site: "leeds", Incarnation: "c.a"}, Since: noon}}, Clones: []store.Clone{{Site: "leeds", Nonce: "0000000000000001"}}}}
	page := ask(data, "GET", "/", "").Body.String()
	assert.Contains(t, page, "3 events of another history")
	assert.Contains(t, page, "dockfill-cloud site admit leeds 0000000000000001")
	assert.Contains(t, ask(data, "GET", "/api/v1/sites", "").Body.String(), `"clones":["0000000000000001"]`)
	assert.Contains(t, page, "waits for this site to report")
	assert.Contains(t, ask(data, "GET", "/readyz", "").Body.String(), `"waiting":[{"site":"leeds","incarnation":"c.a","since":`)
	metrics := ask(data, "GET", "/metrics", "").Body.String()
	assert.Contains(t, metrics, `dockfill_site_quarantined_events{site="leeds"} 3`)
	assert.Contains(t, metrics, `dockfill_site_clones{site="leeds"} 1`)
}

func putPolicy(data *twin, kind, text string) *httptest.ResponseRecorder {
	return ask(data, "PUT", "/api/v1/policy", text, "Content-Type", kind)
}

func TestAPolicyIsTakenAsTOMLAndAsJSON(t *testing.T) {
	data := newTwin()
	w := putPolicy(data, "application/toml", "version = \"2027-04\"\nshare = \"fair\"\n[[guarantee]]\nsegment = \"web\"\nqty = 4\n")
	require.Equal(t, 200, w.Code, w.Body.String())
	assert.JSONEq(t, `{"version":"2027-04","changed":true}`, w.Body.String())
	shown := ask(data, "GET", "/api/v1/policy", "")
	require.Equal(t, 200, shown.Code)
	var got wire.Policy
	require.NoError(t, json.Unmarshal(shown.Body.Bytes(), &got))
	assert.Equal(t, allocation.Fair, got.Share)
	assert.Equal(t, []wire.Guarantee{{Segment: "web", Qty: 4}}, got.Guarantees)
	w = putPolicy(data, "application/json; charset=utf-8", shown.Body.String())
	require.Equal(t, 200, w.Code, "what was read can be put: %s", w.Body)
	assert.JSONEq(t, `{"version":"2027-04","changed":false}`, w.Body.String())
}

func TestABadPolicyIsRefusedWithItsPlace(t *testing.T) {
	data := newTwin()
	for _, bad := range []struct{ kind, text, want string }{
		{"application/toml", "version = \"v\"\nshare = \"even\"\n", "line 2, column 9"},
		{"application/toml", "version = \"v\"\nshares = \"fair\"\n", `line 2, column 1: "shares" is no key of a policy`},
		{"application/json", `{"version":"v","shares":"fair"}`, `field "shares" is not known`},
		{"application/json", `{"version":"v","share":"even"}`, `share "even" is none of sequence, fair`},
		{"application/json", `{"version":"v"} {}`, "text follows behind the end"},
		{"application/json", `{"version":""}`, "policy version is missing"},
		{"application/json", `{"version":"v","over_receipt_pct":-1}`, "a tolerance of -1 percent"},
	} {
		p := asProblem(t, putPolicy(data, bad.kind, bad.text), 422)
		assert.Contains(t, p.Errors[0].Message, bad.want)
	}
	asProblem(t, putPolicy(data, "text/html", "x"), 415)
	asProblem(t, putPolicy(data, "application/toml", strings.Repeat("# long\n", 20_000)), 413)
	assert.Equal(t, allocation.DefaultPolicy(), data.policy)
	data.cannot = &store.OtherRulesError{Version: "v"}
	assert.Contains(t, asProblem(t, putPolicy(data, "application/json", `{"version":"v"}`), 409).Detail, "give this one another version")
}

func TestEventsAreToldInWords(t *testing.T) {
	move := func(qty int64, from, to string) store.LiveMove {
		return store.LiveMove{SKU: "X", Qty: qty, From: from, To: to}
	}
	given := []store.LiveAllocation{{Line: "O1/1", Qty: 3}}
	won := move(1, "O5/1", "O1/1")
	won.By, won.Over = allocation.ByClass, "O5/1"
	for _, row := range []struct {
		of                 store.LiveRow
		verdict, what, say string
	}{
		{store.LiveRow{Verdict: allocation.Allocated, SKU: "X", Qty: 6, Allocations: given, Free: 1, Surplus: 2, Moves: []store.LiveMove{move(2, "O5/1", "O1/1")}}, "ALLOCATED", "X",
			"· 3 to O1/1, 2 from O5/1 to O1/1, 1 put away, 2 set aside, for more came than was announced"},
		{store.LiveRow{Verdict: allocation.Allocated, SKU: "X", Qty: 3, Allocations: given, Staged: true, Kept: 4}, "ALLOCATED", "X", "· 3 to O1/1, staged at once, its code was set aside until it was known"},
		{store.LiveRow{Verdict: allocation.Held, Why: allocation.WhySurplus, SKU: "X", Qty: 2, Surplus: 2}, "HOLD", "X", "· 2 set aside, for more came than was announced"},
		{store.LiveRow{Verdict: allocation.Stock, Why: allocation.WhyNoDemand, SKU: "X", Qty: 2, Free: 2}, "STOCK", "X", "· no order waits for it: put it away"},
		{store.LiveRow{Why: allocation.WhyUndone, Qty: -3, Moves: []store.LiveMove{move(2, "O1/1", ""), move(1, "free", "")}}, "UNDONE", "units", "· 2 X taken back from O1/1, 1 X taken back from stock"},
		{store.LiveRow{Why: allocation.WhyUndone}, "UNDONE", "", "· the last scan was taken back"},
		{store.LiveRow{Verdict: allocation.Held, Why: allocation.WhyUnknown, Code: []byte("NO\x1dCODE")}, "HOLD", `NO\x1dCODE`, "· the code names no item: set it aside until somebody says what it is"},
		{store.LiveRow{Moves: []store.LiveMove{move(2, "free", "O1/1")}}, "FROM STOCK", "", "· 2 X from stock to O1/1"},
		{store.LiveRow{Moves: []store.LiveMove{won}}, "MOVED", "", "· 1 X from O5/1 to O1/1. O1/1 came before O5/1 by its class"},
		{store.LiveRow{Deed: wire.DeedStage, Line: "O1/1", SKU: "X", Qty: 2}, "STAGED", "of O1/1", ""},
		{store.LiveRow{Deed: wire.DeedReturn, Line: "O1/1", SKU: "X", Qty: 2, Moves: []store.LiveMove{move(2, "O1/1", "free")}}, "RETURNED", "of O1/1", "· 2 from O1/1 to stock"},
		{store.LiveRow{Deed: wire.DeedRegrade, SKU: "X", Qty: 1, From: allocation.Damaged, To: allocation.Good, Reason: "dry <again>", Moves: []store.LiveMove{move(1, "damaged", "O1/1")}},
			"REGRADED", "X", "· 1 from damaged to O1/1, damaged units are good now, dry <again>"},
		{store.LiveRow{Deed: wire.DeedAdjust, SKU: "X", Qty: 2, Moves: []store.LiveMove{move(2, "", "free")}}, "COUNT CORRECTED", "X", "· 2 found, to stock"},
		{store.LiveRow{Deed: wire.DeedApprove, Inbound: "P1", Qty: 2, Moves: []store.LiveMove{move(2, "surplus", "O1/1")}}, "APPROVED", "of inbound P1", "· 2 X from surplus to O1/1"},
	} {
		e := showEvent(row.of)
		assert.Equal(t, []string{row.verdict, row.what, row.say}, []string{e.Verdict, e.SKU, e.To})
	}
}

func TestThePageAndTheAPITellWhatIsPickedStagedAndShipped(t *testing.T) {
	data := busy()
	l := &data.lines[0]
	l.Allocated, l.Picked, l.Staged, l.Shipped = 7, 1, 5, 2
	assert.Contains(t, read(t, data, "/"), "1 picked, 3 staged, 2 shipped")
	assert.Contains(t, read(t, data, "/api/v1/owed"), `"allocated":7,"picked":1,"staged":5,"shipped":2`)
	data.live[0].Moves = []store.LiveMove{{SKU: "X", Qty: 2, From: "SO-2/1", To: "SO-1/1", By: allocation.ByClass, Over: "SO-2/1"}}
	assert.Contains(t, read(t, data, "/api/v1/live"), `"moves":[{"sku":"X","qty":2,"from":"SO-2/1","to":"SO-1/1","by":"class","over":"SO-2/1"}]`)
}

func TestSurplusWaitsUnderItsInbound(t *testing.T) {
	data := busy()
	data.held = append(data.held, store.HeldRow{Site: "leeds", Why: allocation.WhySurplus, SKU: "20737", Inbound: "PO-<1>", Units: 4, Scans: 1, Since: noon})
	page := read(t, data, "/")
	assert.Contains(t, page, "<b>More than announced</b> 4 units of 1 SKU<")
	assert.Contains(t, page, "4 units · More than announced · leeds · inbound PO-&lt;1&gt;")
	assert.Contains(t, read(t, data, "/api/v1/held?site=leeds"), `"why":"surplus","sku":"20737","inbound":"PO-<1>","units":4`)
	assert.Contains(t, read(t, data, "/metrics"), `dockfill_held_units{site="leeds",why="surplus"} 4`)
}
