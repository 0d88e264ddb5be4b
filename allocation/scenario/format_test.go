package scenario

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/allocation"
)

func TestEveryKindOfLineIsRead(t *testing.T) {
	const in = `{"policy":{"rank":["tier"],"share":"fair","gate_mode":"hold","over_receipt_pct":10,"guarantees":[{"segment":"B","qty":4}]}}

{"item":{"sku":"X","gtins":[{"gtin":"15400141288763","qty":12}],"substitutes":["Y"],"putaway":"A-04"}}
{"cmd":7,"order":{"id":"O1","customer":"C9","segment":"B","tier":2,"contract":0,"class":"redistribute","override":0,"accepted":"2027-03-01T09:00:00Z","promised":"2027-04-01","requested":"2027-04-02","ship":"partial","door":"12","customer_name":"S","site":"","lines":[{"id":"1","sku":"X","qty":3,"min_life_days":0,"pack":0}]}}
{"inbound":{"id":"PO1","supplier":"S","expected":"2027-03-05","tolerance_pct":10,"lines":[{"sku":"X","qty":10}],"pallets":[{"sscc":"340123450000000017","lines":[{"sku":"X","qty":10}]}]}}
{"scan":{"sku":"X","qty":5,"disposition":"good","lot":"","expiry":"2028-01-01","serial":"","inbound":"PO1","station":"1","at":"2027-03-05T09:00:00Z"}}
{"cancel":{"line":"O2/1","qty":2}}
{"change":{"order":"O4","class":"win","tier":1,"promised":"2027-04-01"}}
{"stage":{"line":"O1/1","qty":1}}
{"undo":{"station":"1"}}
{"regrade":{"sku":"X","qty":1,"from":"damaged","to":"good"}}
{"map":{"code":"c","sku":"X","qty":1}}
{"approve":{"inbound":"PO1","qty":1}}
{"close":{"inbound":"PO1"}}
{"adjust":{"sku":"X","qty":-2,"reason":"count"}}`
	r := NewReader(strings.NewReader(in))
	var kinds []string
	var lines []Line
	for {
		n, l, err := r.Next()
		if errors.Is(err, io.EOF) {
			assert.Equal(t, 15, n)
			break
		}
		require.NoError(t, err, "line %d", n)
		kinds, lines = append(kinds, l.Kind()), append(lines, l)
	}
	assert.Equal(t, allKinds, []string{"policy", "item", "order", "inbound", "scan", "cancel", "change", "stage", "undo", "regrade", "map", "approve", "close", "adjust"})
	assert.Equal(t, allKinds, kinds)
	assert.EqualValues(t, 7, *lines[2].Cmd)
	assert.EqualValues(t, 12, lines[1].Item.GTINs[0].Qty)
	assert.Equal(t, allocation.Date("2028-01-01"), lines[4].Scan.Expiry)
}

func TestALineThatIsNotOfTheFormatIsRefusedAndReadingGoesOn(t *testing.T) {
	r := NewReader(strings.NewReader("{\n[1]\n{\"scan\":{\"sku\":5}}\n{}\n{\"cmd\":1}\n{\"undo\":{}} x\n{\"undo\":{}}"))
	for range 6 {
		n, _, err := r.Next()
		var bad *Error
		require.ErrorAs(t, err, &bad, "line %d", n)
		assert.Equal(t, Syntax, bad.Code)
	}
	n, l, err := r.Next()
	require.NoError(t, err)
	assert.Equal(t, 7, n)
	assert.Equal(t, "undo", l.Kind())
}

// The last of two quantities would hold, and nobody would know.
func TestAKeyStandsOnceAndInItsOwnLetters(t *testing.T) {
	for text, want := range map[string]string{
		`{"scan":{"sku":"X","qty":5,"qty":1}}`: `the key "qty" stands twice`,
		`{"undo":{},"undo":{}}`:                `the key "undo" stands twice`,
		`{"cmd":1,"cmd":2,"undo":{}}`:          `the key "cmd" stands twice`,
		`{"order":{"id":"A","lines":[{"id":"1","sku":"X","qty":1},{"id":"2","id":"3","sku":"X","qty":1}]}}`: `the key "id" stands twice`,
		`{"SCAN":{"sku":"X"}}`: `there is no key "SCAN"`,
		`{"item":{"sku":"X","gtins":[{"Gtin":"5400141288766","qty":1}]}}`: `there is no key "Gtin"`,
		`{"scan":{"skus":"X"}}`: `there is no key "skus"`,
	} {
		_, err := Parse([]byte(text))
		var bad *Error
		require.ErrorAs(t, err, &bad, text)
		assert.Equal(t, Syntax, bad.Code)
		assert.Contains(t, bad.Message, want)
	}
	_, err := Parse([]byte(`{"inbound":{"id":"P","tolerance_pct":null,"pallets":[{"sscc":"1","lines":[]}],"lines":null}}`))
	assert.NoError(t, err)
}

func TestTwoDecisionsOfALineBecomeOneResult(t *testing.T) {
	one := Result{Verdict: allocation.Allocated, Allocations: []Given{{"A/1", 1}}, Why: "because; and so"}
	assert.Equal(t, Result{Verdict: allocation.Allocated, Allocations: []Given{{"A/1", 3}, {"B/1", 1}}, Moves: []Moved{{"C/1", "A/1", 1}}, Free: 2, Why: "because; and so; other"},
		one.And(Result{Allocations: []Given{{"A/1", 2}, {"B/1", 1}}, Moves: []Moved{{"C/1", "A/1", 1}}, Free: 2, Why: "because; other"}))
	assert.Equal(t, "because", Result{}.And(Result{Why: "because"}).Why)
}

func TestALineWithoutEndIsAnErrorAndNotMemory(t *testing.T) {
	_, _, err := NewReader(io.LimitReader(endless{}, 100<<20)).Next()
	require.ErrorContains(t, err, "line 1 is longer than")
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

func TestOutputKeepsItsShape(t *testing.T) {
	var out bytes.Buffer
	w := NewWriter(&out)
	require.NoError(t, w.Result(Result{N: 4, Verdict: allocation.Allocated, Allocations: []Given{{"O1/1", 1}}, Moves: []Moved{{"O1/1", "O4/1", 1}}, Why: "a < b"}))
	require.NoError(t, w.Balances(Balances{
		Lines: map[allocation.LineID]Balance{"O1/1": {Ordered: 3, Allocated: 1, Open: 2}},
		Free:  map[allocation.SKU]int64{"X": 0}, Damaged: map[allocation.SKU]int64{"X": 0}, Hold: map[allocation.SKU]int64{"X": 0},
	}))
	assert.Equal(t, `{"n":4,"verdict":"ALLOCATED","allocations":[{"line":"O1/1","qty":1}],"moves":[{"from":"O1/1","to":"O4/1","qty":1}],"free":0,"why":"a < b"}
{"balances":{"lines":{"O1/1":{"ordered":3,"cancelled":0,"allocated":1,"staged":0,"open":2}},"free":{"X":0},"damaged":{"X":0},"hold":{"X":0}}}
`, out.String())
}
