package dock_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"dockfill/agent/dock"
	"dockfill/agent/dock/docktest"
	"dockfill/allocation"
	"dockfill/sync/wire"
)

// What is said over the API is what the site is asked to do.
func TestDeedsAreSaidByTheirOwnAddress(t *testing.T) {
	for address, said := range map[string]struct {
		body string
		deed wire.Deed
	}{
		"pick":    {`{"line":"A/1","qty":2,"worker":"ann"}`, wire.Deed{Kind: wire.DeedPick, Line: "A/1", Qty: 2, Worker: "ann"}},
		"stage":   {`{"line":"A/1","qty":2,"station":"1"}`, wire.Deed{Kind: wire.DeedStage, Line: "A/1", Qty: 2, Station: "1"}},
		"ship":    {`{"line":"A/1","qty":2}`, wire.Deed{Kind: wire.DeedShip, Line: "A/1", Qty: 2}},
		"return":  {`{"line":"A/1","qty":2}`, wire.Deed{Kind: wire.DeedReturn, Line: "A/1", Qty: 2}},
		"regrade": {`{"sku":"X","qty":2,"from":"good","to":"damaged","reason":"wet"}`, wire.Deed{Kind: wire.DeedRegrade, SKU: "X", Qty: 2, From: allocation.Good, To: allocation.Damaged, Reason: "wet"}},
		"adjust":  {`{"sku":"X","qty":-2,"reason":"count"}`, wire.Deed{Kind: wire.DeedAdjust, SKU: "X", Qty: -2, Reason: "count"}},
		"approve": {`{"inbound":"PO1","qty":2}`, wire.Deed{Kind: wire.DeedApprove, Inbound: "PO1", Qty: 2}},
	} {
		twin := docktest.New()
		var did []wire.Deed
		twin.Perform = func(w wire.Deed) (dock.Done, error) {
			did = append(did, w)
			return dock.Done{Seq: 7, Moves: []wire.Move{{SKU: "X", Qty: 2, From: "free", To: "B/1"}}, Complete: []allocation.OrderID{"B"}}, nil
		}
		url := serve(t, twin) + "/api/v1/" + address
		r, body := post(t, url, said.body)
		assert.Equal(t, http.StatusOK, r.StatusCode, body)
		assert.Equal(t, []wire.Deed{said.deed}, did)
		assert.JSONEq(t, `{"schema":1,"seq":7,"moves":[{"sku":"X","qty":2,"from":"free","to":"B/1"}],"complete":["B"]}`, body)
		r, body = post(t, url, `{"qty":0}`)
		assert.Equal(t, http.StatusUnprocessableEntity, r.StatusCode, body)
		assert.Len(t, did, 1)
	}
}

func TestADeedThatIsRefusedSaysWhatToDo(t *testing.T) {
	for want, err := range map[int]error{
		http.StatusConflict:            &dock.Refused{Why: allocation.WhyTooMany, Text: "line A/1 has 1 units for this, not 2"},
		http.StatusUnprocessableEntity: &dock.Refused{Text: "a correction of a count needs a reason"},
		http.StatusNotFound:            &dock.Refused{Why: allocation.WhyNoLine, Text: "this site knows no line"},
		http.StatusServiceUnavailable:  context.DeadlineExceeded,
	} {
		twin := docktest.New()
		twin.Perform = func(wire.Deed) (dock.Done, error) { return dock.Done{}, err }
		r, body := post(t, serve(t, twin)+"/api/v1/stage", `{"line":"A/1","qty":2}`)
		assert.Equal(t, want, r.StatusCode)
		assert.Contains(t, body, err.Error())
		assert.Equal(t, "application/problem+json", r.Header.Get("Content-Type"))
	}
}
