package web

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/allocation"
	"dockfill/cloud/promise"
	"dockfill/cloud/store"
)

const june10, june20 = allocation.Date("2026-06-10"), allocation.Date("2026-06-20")

// case14 is two lines of X, 5 and 8, on the first of June.
func case14(supply ...promise.Supply) (*twin, *Server) {
	t := newTwin()
	for i, qty := range []int64{5, 8} {
		l := store.OwedLine{Order: allocation.OrderID([]string{"O1", "O2"}[i]), SKU: "X", Site: "leeds", Customer: "C1", Ordered: qty, Open: qty, Accepted: noon.AddDate(-1, 0, i), Promised: "2026-06-12"}
		l.Line = allocation.MakeLineID(l.Order, "1")
		t.lines = append(t.lines, l)
	}
	t.totals.Lines = 2
	t.supply = map[allocation.SiteID][]promise.Supply{"leeds": supply}
	s := newServer(t)
	s.Now = func() time.Time { return time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC) }
	return t, s
}

func x(id allocation.InboundID, day allocation.Date, qty int64) promise.Supply {
	return promise.Supply{Inbound: id, SKU: "X", Expected: day, Qty: qty}
}

func owedOf(t *testing.T, s *Server, query string) []owedLineJSON {
	t.Helper()
	w := askServer(s, "GET", "/api/v1/owed"+query, "")
	require.Equal(t, 200, w.Code, w.Body.String())
	var all owedJSON
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &all))
	return all.Lines
}

func TestTheAPISaysWhenALineComes(t *testing.T) {
	_, s := case14(x("PO1", june10, 6), x("PO2", june20, 10))
	lines := owedOf(t, s, "")
	assert.Equal(t, &comesJSON{Text: "10 Jun", First: "2026-06-10", Whole: "2026-06-10", Leaves: "2026-06-10", Promise: "kept",
		Portions: []portionJSON{{Qty: 5, Kind: "inbound", Date: "2026-06-10", Inbound: "PO1"}}}, lines[0].Comes)
	assert.Equal(t, &comesJSON{Text: "1 on 10 Jun, all by 20 Jun", First: "2026-06-10", Whole: "2026-06-20", Leaves: "2026-06-10", Promise: "missed",
		Portions: []portionJSON{{Qty: 1, Kind: "inbound", Date: "2026-06-10", Inbound: "PO1"}, {Qty: 7, Kind: "inbound", Date: "2026-06-20", Inbound: "PO2"}}}, lines[1].Comes)
}

func TestTheDatesAreToldInWords(t *testing.T) {
	for text, supply := range map[string][]promise.Supply{
		"nothing announced":            nil,
		"10 Jun":                       {x("PO1", june10, 13)},
		"10 Jan 2027":                  {x("PO1", "2027-01-10", 13)},
		"late: PO7 was due 30 May":     {x("PO7", "2026-05-30", 13)},
		"by PO9, no day told":          {x("PO9", "", 13)},
		"1 on 10 Jun; 7 not announced": {x("PO1", june10, 6)},
		"1 on 10 Jun; 2 more by 20 Jun; 5 not announced":                 {x("PO1", june10, 6), x("PO2", june20, 2)},
		"1 on 10 Jun; 4 late: PO7 was due 30 May; 3 by PO9, no day told": {x("PO1", june10, 6), x("PO7", "2026-05-30", 4), x("PO9", "", 5)},
	} {
		_, s := case14(supply...)
		assert.Equal(t, text, owedOf(t, s, "")[1].Comes.Text)
	}
	stock := promise.Line{Open: 4, First: "2026-06-01", Whole: june10, Portions: []promise.Portion{{Qty: 3, Kind: promise.Stock, Date: "2026-06-01"}, {Qty: 1, Kind: promise.Inbound, Date: june10}}}
	assert.Equal(t, "3 in stock, all by 10 Jun", comesWords(stock, noon))
}

// Operations see whom to tell: how many promises will be missed, and which.
func TestPromisesThatWillBeMissedAreCountedAndListed(t *testing.T) {
	data, s := case14(x("PO1", june10, 6), x("PO2", june20, 10))
	w := askServer(s, "GET", "/api/v1/promises", "")
	require.Equal(t, 200, w.Code, w.Body.String())
	assert.Contains(t, w.Body.String(), `"kept":1,"missed":1,"unknown":0`)
	lines := owedOf(t, s, "?promise=missed")
	require.Len(t, lines, 1)
	assert.Equal(t, "O2/1", lines[0].Line)
	assert.Empty(t, owedOf(t, s, "?promise=unknown"))
	page := askServer(s, "GET", "/?promise=missed", "").Body.String()
	assert.Contains(t, page, `data-line="O2/1"`)
	assert.NotContains(t, page, `data-line="O1/1"`)
	assert.Contains(t, page, `<td role="cell" class="comes late">1 on 10 Jun, all by 20 Jun<span>misses its promise</span></td>`)
	assert.Contains(t, page, `<a href="/?promise=missed">1</a> <span class="unit">line</span>`)
	csv := askServer(s, "GET", "/api/v1/owed.csv?promise=missed", "").Body.String()
	assert.Contains(t, csv, "O2/1")
	assert.NotContains(t, csv, "O1/1")

	data.commit(func() { data.supply["leeds"] = []promise.Supply{x("PO1", june10, 6)} })
	s.outlook.last, s.outlook.kept = nil, nil // as if they were old
	assert.Contains(t, askServer(s, "GET", "/api/v1/promises", "").Body.String(), `"kept":1,"missed":0,"unknown":1`)
	assert.Equal(t, "unknown", owedOf(t, s, "")[1].Comes.Promise)
}

func TestAnOrderThatShipsWholeIsToldItsLastDay(t *testing.T) {
	data, s := case14(x("PO1", june10, 20), promise.Supply{Inbound: "PO3", SKU: "Y", Expected: june20, Qty: 2})
	data.lines[1].Order, data.lines[1].Line, data.lines[1].SKU, data.lines[1].Open = "O1", "O1/2", "Y", 2
	for i := range data.lines {
		data.lines[i].Ship = allocation.ShipOrder
	}
	line := owedOf(t, s, "?sku=X")[0]
	assert.Equal(t, "order", line.Ship)
	assert.Equal(t, []string{"2026-06-10", "2026-06-20", "missed"}, []string{line.Comes.Whole, line.Comes.Leaves, line.Comes.Promise})
	assert.Contains(t, askServer(s, "GET", "/", "").Body.String(), "the whole order: 20 Jun")
}

func TestWhatIsCancelledDoesNotCome(t *testing.T) {
	data, s := case14(x("PO1", june10, 6))
	data.lines[0].Pending = 5
	lines := owedOf(t, s, "")
	assert.Nil(t, lines[0].Comes)
	assert.Equal(t, "6 on 10 Jun; 2 not announced", lines[1].Comes.Text)
	assert.Contains(t, askServer(s, "GET", "/", "").Body.String(), "nothing more: cancelled")
}

// The list is drawn again and again; dates are made anew when something changed.
func TestDatesAreMadeAnewOnlyWhenSomethingChanged(t *testing.T) {
	data, s := case14(x("PO1", june10, 6))
	for range 5 {
		owedOf(t, s, "")
	}
	owedOf(t, s, "?order=O2")
	assert.Equal(t, 1, data.prospects)
	data.commit(func() { data.supply["leeds"] = nil })
	s.outlook.kept[0].took = 0 // however long that took
	assert.Equal(t, "nothing announced", owedOf(t, s, "")[1].Comes.Text)
	s.Now = func() time.Time { return time.Date(2026, 6, 2, 0, 0, 0, 0, time.UTC) }
	owedOf(t, s, "")
	assert.Equal(t, 3, data.prospects, "another day")
}
