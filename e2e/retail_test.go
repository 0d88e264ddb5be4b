package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// retail is the folder of the Online Retail day files, one CSV file a day. The
// data stays outside the repository.
func retail(t testing.TB) []string {
	t.Helper()
	folder := os.Getenv("DOCKFILL_E2E_RETAIL")
	if folder == "" {
		folder = "../../shared/data/online-retail"
	}
	days, _ := filepath.Glob(filepath.Join(folder, "2011-11-*.csv"))
	if len(days) < 4 {
		t.Skipf("no Online Retail day files in %s; DOCKFILL_E2E_RETAIL names their folder", folder)
	}
	return days
}

// figures is what a run on real data comes to.
type figures struct {
	Lines           int64 `json:"lines_imported"`
	UnitsScanned    int64 `json:"units_scanned"`
	UnitsAllocated  int64 `json:"units_allocated"`
	OrdersCompleted int64 `json:"orders_completed"`
	UnitsOpen       int64 `json:"open_units"`
}

// How a day file becomes orders and items.
const (
	orderColumns = "../docs/examples/online-retail.toml"
	itemColumns  = "../docs/examples/online-retail-items.toml"
)

// Three days of real invoices are backorders, the fourth day's goods come in as
// pallets. The agent, the centre and a script that shares nothing with either
// come to the same figures, down to every line.
func TestRealDataComesToTheSameFiguresThreeTimes(t *testing.T) {
	whole(t)
	python := program(t, "python3", "python3")
	days := retail(t)
	orders, supply := days[:3], days[3]
	var script struct {
		figures
		Allocated map[string]int64
	}
	require.NoError(t, json.Unmarshal([]byte(run(t, python, append([]string{"retail.py", "--details", supply}, orders...)...)), &script))

	c := newCentre(t)
	for _, day := range days[:4] {
		c.run("import", "items", day, "--map", itemColumns)
	}
	for _, day := range orders {
		c.run("import", "orders", day, "--map", orderColumns)
	}
	s := newSite(t, c.broker, stations(1))
	s.knows(script.Lines)

	play(t, s, supply)
	heal(t, s, c, patience)
	var agent figures
	eventually(t, patience, "the agent's totals up to date", func() bool {
		now := s.status()
		agent = figures{now.Totals.LinesKnown, now.Totals.Units, now.Totals.Allocated, now.Totals.OrdersComplete, now.Owed.Units}
		return now.Totals.Units == script.UnitsScanned
	})
	assert.Equal(t, script.figures, agent, "script and agent")
	assert.Equal(t, script.figures, c.totals(), "script and centre")
	assert.Equal(t, run(t, python, append([]string{"retail.py", supply}, orders...)...), c.run("totals"), "a person lays the two side by side")
	got := map[string]int64{}
	for id, a := range c.owed() {
		if a.allocated > 0 {
			got[id] = a.allocated
		}
	}
	assert.Equal(t, script.Allocated, got, "who got what")
	audit(t, s, c, nil)
	t.Logf("script, agent and centre: %+v", script.figures)
}

// play scans the day's goods, summed by stock code, as pallets.
func play(t *testing.T, s *site, day string) {
	t.Helper()
	scenario := filepath.Join(t.TempDir(), "pallets.txt")
	run(t, tool("firmware-sim"), "scenario", "pallets", day, "--out", scenario)
	p := start(t, "firmware-sim", exec.Command(tool("firmware-sim"), "play", scenario, "--set", "link="+s.ports[0]))
	require.Zero(t, p.wait(20*time.Minute), "every scan and every card was taken\n%s", p.tail())
}

func (c *centre) totals() (f figures) {
	c.t.Helper()
	require.NoError(c.t, json.Unmarshal([]byte(c.run("totals", "--json")), &f))
	return f
}

// All day files in one import. The time is printed for people, and asserted by
// nobody.
func TestAllRealLinesAreImported(t *testing.T) {
	whole(t)
	days := retail(t)
	c := newCentre(t)
	all := filepath.Join(t.TempDir(), "all.csv")
	rows := join(t, all, days)
	began := time.Now()
	c.run("import", "items", all, "--map", itemColumns)
	took := time.Since(began)
	began = time.Now()
	c.run("import", "orders", all, "--map", orderColumns)
	t.Logf("%d rows: items in %s, orders in %s; %+v", rows, took.Round(time.Millisecond), time.Since(began).Round(time.Millisecond), c.totals())
	assert.NotZero(t, c.totals().Lines)
}

// join puts day files behind one header.
func join(t *testing.T, to string, days []string) (rows int) {
	t.Helper()
	var whole strings.Builder
	for i, day := range days {
		text, err := os.ReadFile(day)
		require.NoError(t, err)
		header, rest, _ := strings.Cut(string(text), "\n")
		if i == 0 {
			fmt.Fprintln(&whole, header)
		}
		whole.WriteString(rest)
	}
	require.NoError(t, os.WriteFile(to, []byte(whole.String()), 0o600))
	return strings.Count(whole.String(), "\n") - 1
}
