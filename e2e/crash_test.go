package e2e

import (
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/firmware-sim/device"
	"dockfill/firmware-sim/ledger"
	"dockfill/firmware-sim/network"
)

// shift is people scanning at all stations of a site: a running firmware-sim
// whose ledger, flushed after every tone, is the oracle.
type shift struct {
	*process
	t    testing.TB
	file string
}

// work starts a shift of count scans, 0 for no end, at most rate a second.
func (s *site) work(count, rate int) *shift {
	s.t.Helper()
	w := &shift{t: s.t, file: filepath.Join(s.t.TempDir(), "ledger")}
	w.process = start(s.t, "firmware-sim", exec.Command(tool("firmware-sim"), "load",
		"--links", s.dir, "--stations", strconv.Itoa(len(s.ports)), "--profile", "ssi", "--gtin", gtin, "--serial", "S",
		"--count", strconv.Itoa(count), "--rate", strconv.Itoa(rate), "--rescan", "1000", "--ledger", w.file))
	return w
}

func (w *shift) heard() []ledger.Entry {
	w.t.Helper()
	heard, err := ledger.Read(w.file)
	require.NoError(w.t, err)
	return heard
}

// good counts the good tones so far.
func (w *shift) good() (n int) {
	heard, err := ledger.Read(w.file)
	if err != nil {
		return 0 // not begun
	}
	for _, h := range heard {
		if h.Tone == string(device.Good) {
			n++
		}
	}
	return n
}

// goesOn waits for more good tones than there were.
func (w *shift) goesOn() {
	w.t.Helper()
	before := w.good()
	eventually(w.t, patience, "good tones again", func() bool { return w.good() > before })
}

// finish ends the shift between two scans.
func (w *shift) finish() []ledger.Entry {
	w.t.Helper()
	w.stop()
	return w.heard()
}

// between is a random time.
func between(least, most time.Duration) time.Duration {
	return least + rand.N(most-least)
}

// The agent is killed at random moments, while it starts, scans and sends. Every
// good tone that a worker heard is one unit, here and at the centre.
func TestKilledAgentLosesNothing(t *testing.T) {
	whole(t)
	kills := setting(t, "DOCKFILL_E2E_KILLS", 8)
	c, s := house(t, 4000, 2, stations(4))
	w := s.work(0, 0)
	w.goesOn()
	for range kills {
		time.Sleep(between(50*time.Millisecond, 2*time.Second))
		s.kill()
		s.launch()
	}
	s.http = s.line("http")
	w.goesOn()
	heard := w.finish()
	took := heal(t, s, c, patience)
	t.Logf("%d kills of the agent; equal at the centre after %s", kills, took.Round(time.Millisecond))
	audit(t, s, c, heard)
}

// The centre, and with it the embedded broker, is killed at random moments while
// the dock works on.
func TestKilledCentreLosesNothing(t *testing.T) {
	whole(t)
	kills := (setting(t, "DOCKFILL_E2E_KILLS", 8) + 1) / 2
	c, s := house(t, 2000, 2, stations(4))
	w := s.work(0, 300)
	w.goesOn()
	for range kills {
		time.Sleep(between(50*time.Millisecond, 3*time.Second))
		c.kill()
		w.goesOn()
		c.start()
	}
	heard := w.finish()
	took := heal(t, s, c, patience)
	t.Logf("%d kills of the centre; equal after %s", kills, took.Round(time.Millisecond))
	audit(t, s, c, heard)
}

// A real Mosquitto is killed with whatever it had acknowledged in its memory.
func TestKilledMosquittoLosesNothing(t *testing.T) {
	whole(t)
	kills := (setting(t, "DOCKFILL_E2E_KILLS", 8) + 1) / 2
	m := newMosquitto(t)
	c := newCentre(t, func(c *centre) { c.outside = "tcp://" + m.address })
	c.imports("items", items)
	c.imports("orders", orders("leeds", 2000, 2))
	s := newSite(t, m.address, stations(4))
	s.knows(2000)
	w := s.work(0, 300)
	w.goesOn()
	for range kills {
		time.Sleep(between(50*time.Millisecond, 3*time.Second))
		m.kill()
		w.goesOn()
		m.start()
	}
	heard := w.finish()
	took := heal(t, s, c, patience)
	t.Logf("%d kills of Mosquitto; equal after %s", kills, took.Round(time.Millisecond))
	audit(t, s, c, heard)
}

// The line to the centre is cut for a whole shift. The dock works as ever, and
// the centre has everything within seconds of the line's return.
func TestCutLineLosesNothing(t *testing.T) {
	whole(t)
	scans := setting(t, "DOCKFILL_E2E_SCANS", 1500)
	c := newCentre(t)
	c.imports("items", items)
	c.imports("orders", orders("leeds", 2000, 2))
	line, err := network.Listen("127.0.0.1:0", c.broker)
	require.NoError(t, err)
	t.Cleanup(line.Close)
	s := newSite(t, line.Addr(), stations(4))
	s.knows(2000)
	heal(t, s, c, patience) // what the site said of its commands is through

	line.Cut()
	before := count(c.db(), `SELECT max(seq) FROM event`)
	w := s.work(scans, 0)
	began := time.Now()
	require.Zero(t, w.wait(30*time.Minute), "every scan was answered")
	worked := time.Since(began)
	assert.Equal(t, before, count(c.db(), `SELECT max(seq) FROM event`), "nothing came through the cut line")
	assert.False(t, s.status().Link.Up)
	line.Restore()
	took := heal(t, s, c, 5*time.Minute)
	t.Logf("%d scans in %s while the line was cut; equal %s after its return", scans, worked.Round(time.Second), took.Round(time.Millisecond))
	assert.Equal(t, scans, w.good())
	audit(t, s, c, w.heard())
}
