package web

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/allocation"
	"dockfill/cloud/store"
)

func read(t *testing.T, data *twin, path string) string {
	t.Helper()
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Host = "127.0.0.1"
	newServer(data).ServeHTTP(w, r)
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	return w.Body.String()
}

// Operations must see what waits for them, and for how long.
func TestWhatIsSetAsideStandsOnThePageInTheAPIAndInTheMetrics(t *testing.T) {
	data := busy()
	page := read(t, data, "/")
	for _, want := range []string{
		"<b>Unknown code</b> 27 units of 3 codes", "oldest 3 days", "<b>Pallet not announced</b> 1 pallet<", "<b>Damaged</b> 3 units of 1 SKU<",
		"<b>Set on hold</b> 1 unit of 1 SKU<", "&lt;img src=x onerror=alert(1)&gt;", "2 units · Unknown code · leeds",
	} {
		assert.Contains(t, page, want)
	}
	assert.NotContains(t, page, "<img src=x")
	api := read(t, data, "/api/v1/held?site=leeds&per_page=2")
	assert.Contains(t, api, `"total":4,"page":1,"per_page":2`)
	assert.Contains(t, api, `{"site":"hull","why":"unknown","units":24,"codes":1,"since":"2026-11-20T09:00:00Z"}`)
	metrics := read(t, data, "/metrics")
	for _, want := range []string{
		`dockfill_held_units{site="hull",why="unknown"} 24`, `dockfill_held_units{site="leeds",why="on-hold"} 0`,
		`dockfill_held_oldest_timestamp_seconds{site="hull",why="unknown"} 1.7`,
	} {
		assert.Contains(t, metrics, want)
	}
}

func TestThePageSaysThatNothingIsSetAside(t *testing.T) {
	data := busy()
	data.held = nil
	assert.Contains(t, read(t, data, "/"), "Nothing waits for a decision.")
}

func TestThousandsOfKeptCodesDoNotFillThePage(t *testing.T) {
	data := busy()
	for i := range 10_000 {
		data.held = append(data.held, store.HeldRow{Site: "leeds", Why: allocation.WhyUnknown, Code: fmt.Appendf(nil, "code %d", i), Units: 1, Scans: 1, Since: noon})
	}
	page := read(t, data, "/")
	assert.Contains(t, page, "9,994 more")
	assert.Equal(t, asideRows, strings.Count(page, `class="code"`))
}

// A site that is there, but lives in another time.
func TestAWrongClockIsToldOnTheSitesCard(t *testing.T) {
	data := busy()
	data.sites[1].ClockOff = 3 * time.Hour
	assert.Contains(t, read(t, data, "/"), "Last heard 4 s ago; its clock is 3 h ahead of the centre&#39;s: set it, the times of its scans are wrong")
	assert.Contains(t, read(t, data, "/api/v1/sites"), `"clock_off_seconds":10800`)
	data.sites[1].ClockOff = -49 * time.Hour
	assert.Contains(t, read(t, data, "/"), "its clock is 2 days behind the centre&#39;s")
	assert.Contains(t, read(t, data, "/metrics"), `dockfill_site_clock_off_seconds{site="leeds"} -176400`)
}

func TestACentreWithoutSitesSaysWhereItsFiguresComeFrom(t *testing.T) {
	data := busy()
	data.sites = nil
	page := read(t, data, "/")
	assert.Contains(t, page, "From imports alone; no site has called yet")
	assert.Contains(t, page, "No site has called yet.")
}
