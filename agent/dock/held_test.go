package dock_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/agent/dock"
	"dockfill/agent/dock/docktest"
	"dockfill/allocation"
)

func holding(kept ...dock.Kept) *docktest.Twin {
	twin := docktest.New()
	at := time.Now().Add(-3 * time.Hour)
	twin.Set(func(s *dock.Status, _ *[]dock.Task, _ *dock.Balances) {
		s.Held = []dock.Held{
			{Why: allocation.WhyUnknown, Units: 5, Codes: int64(max(1, len(kept))), Since: at}, {Why: allocation.WhyNotASN, Units: 1, Codes: 1, Since: at},
			{Why: allocation.WhyOnHold, Units: 12, Codes: 2, Since: at}, {Why: allocation.WhyDamaged, Units: 1, Codes: 1, Since: at},
		}
	})
	twin.Keep(kept...)
	return twin
}

// Units that nobody sees are units that nobody decides about.
func TestWhatIsSetAsideIsShownWhereverTheSiteIs(t *testing.T) {
	at := serve(t, holding(dock.Kept{Code: `<b>=1+1</b>\x1d`, Why: allocation.WhyUnknown, Units: 5, Scans: 2, Since: time.Now()}))
	_, page := get(t, at+"/site")
	for _, want := range []string{"Unknown code", "Pallet not announced", "Set on hold", "Damaged", "(3 h)", `&lt;b&gt;=1&#43;1&lt;/b&gt;\x1d`, "Import the item with this barcode"} {
		assert.Contains(t, page, want)
	}
	_, display := get(t, at+"/?station=1")
	assert.Contains(t, display, "Set aside: 5 units of an unknown code, 1 pallet not announced, 12 units on hold, 1 damaged unit")
	_, metrics := get(t, at+"/metrics")
	assert.Contains(t, metrics, `dockfill_units_held{why="on-hold"} 12`)
	assert.Contains(t, metrics, `dockfill_held_oldest_seconds{why="unknown"} 10800`)

	var body dock.HeldBody
	_, text := get(t, at+"/api/v1/held?n=1")
	require.NoError(t, json.Unmarshal([]byte(text), &body))
	assert.Equal(t, []string{"5 units of an unknown code", "1 pallet not announced", "12 units on hold", "1 damaged unit"},
		[]string{body.Held[0].Text, body.Held[1].Text, body.Held[2].Text, body.Held[3].Text})
	assert.Equal(t, `<b>=1+1</b>\x1d`, body.Codes[0].Code)
	var status dock.StatusBody
	_, text = get(t, at+"/api/v1/status")
	require.NoError(t, json.Unmarshal([]byte(text), &status))
	assert.Equal(t, body.Held, status.Held)
}

// What must be filled whole and is not needs a person, who reads pages.
func TestALineThatIsToBeFilledWholeIsShown(t *testing.T) {
	twin := docktest.New()
	at := serve(t, twin)
	_, page := get(t, at+"/site")
	assert.NotContains(t, page, "To be filled whole")
	_, text := get(t, at+"/api/v1/status")
	assert.Contains(t, text, `"short":[],"short_lines":0`)
	twin.Set(func(s *dock.Status, _ *[]dock.Task, _ *dock.Balances) {
		s.Short, s.ShortLines = []dock.Short{{Line: "O7/1", SKU: "X<b>", Qty: 2000}}, 3
	})
	_, page = get(t, at+"/site")
	assert.Contains(t, page, "To be filled whole")
	assert.Contains(t, page, "is to be filled whole and lacks 2,000 of X&lt;b&gt;")
	assert.Contains(t, page, `href="/decisions/O7%2F1"`)
	assert.Contains(t, page, "2 more lines")
	_, metrics := get(t, at+"/metrics")
	assert.Contains(t, metrics, "dockfill_lines_short 3")
	var status dock.StatusBody
	_, text = get(t, at+"/api/v1/status")
	require.NoError(t, json.Unmarshal([]byte(text), &status))
	assert.Equal(t, []dock.ShortJSON{{Line: "O7/1", SKU: "X<b>", Lacks: 2000, Text: "O7/1 is to be filled whole and lacks 2,000 of X<b>"}}, status.Short)
}

func TestNothingSetAsideIsSaidAndTheAlarmGoesToZero(t *testing.T) {
	at := serve(t, docktest.New())
	_, page := get(t, at+"/site")
	assert.Contains(t, page, "Nothing waits for a decision.")
	_, display := get(t, at+"/?station=1")
	assert.NotContains(t, display, "Set aside")
	_, metrics := get(t, at+"/metrics")
	assert.Contains(t, metrics, `dockfill_units_held{why="unknown"} 0`)
}

// The page is read every two seconds: it must stay small however much waits.
func TestThousandsOfRowsDoNotFillTheSitePage(t *testing.T) {
	kept := make([]dock.Kept, 10_000)
	for i := range kept {
		kept[i] = dock.Kept{Code: fmt.Sprint("code ", i), Why: allocation.WhyUnknown, Units: 1, Scans: 1, Since: time.Now()}
	}
	twin := holding(kept...)
	twin.Set(func(_ *dock.Status, tasks *[]dock.Task, _ *dock.Balances) {
		for i := range int64(10_000) {
			*tasks = append(*tasks, dock.Task{ID: i + 1, Kind: "PICK", SKU: "X", Qty: 1, From: "A", To: "B", Since: time.Now()})
		}
	})
	answer, page := get(t, serve(t, twin)+"/site")
	assert.Equal(t, http.StatusOK, answer.StatusCode)
	assert.Contains(t, page, "the oldest 100; 9,901 more")
	assert.Contains(t, page, "9,900 more tasks")
	assert.Equal(t, 100, strings.Count(page, "/done\""))
	assert.Less(t, len(page), 200_000)
}
