package agent

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"dockfill/agent/config"
	"dockfill/agent/dock"
	"dockfill/agent/store"
	"dockfill/allocation"
	"dockfill/scanner"
	"dockfill/sync/outbox"
	"dockfill/sync/wire"
)

const (
	testCentre = "centre-1"
	testLife   = "centre-1.leeds.1"
	caseGTIN   = "15400141288763"
	eachGTIN   = "04006381333931"
)

// house is a running agent and what the centre has told it.
type house struct {
	*Agent
	t      testing.TB
	config config.Config
	deps   Deps
	sent   int64
	stop   func() error
}

// newHouse starts an agent on a fresh database that the centre has admitted. Its
// stations take scans by hand.
func newHouse(t testing.TB, change ...func(*config.Config, *Deps)) *house {
	t.Helper()
	h := &house{t: t, config: config.Config{Site: "leeds", Data: t.TempDir(), Retention: config.DefaultRetention}}
	for i := range 16 {
		h.config.Stations = append(h.config.Stations, scanner.Config{Station: allocation.StationID(fmt.Sprint(i + 1))})
	}
	for _, f := range change {
		f(&h.config, &h.deps)
	}
	h.start()
	require.NoError(t, siteLog{h.Agent}.Adopt(t.Context(), outbox.NewLife{Incarnation: testLife, Centre: testCentre}))
	return h
}

func (h *house) start() {
	h.t.Helper()
	a, err := New(h.config, h.deps)
	require.NoError(h.t, err)
	h.Agent = a
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	ended := false
	var result error
	h.stop = func() error {
		if !ended {
			cancel()
			result, ended = <-done, true
		}
		return result
	}
	h.t.Cleanup(func() { h.stop() })
}

// crash goes on from what lay on the disk at this moment: whether the newest
// feedback was given is not part of it.
func (h *house) crash() {
	h.t.Helper()
	disk := h.disk()
	require.NoError(h.t, h.stop())
	h.putBack(disk)
	h.start()
}

// disk is what lies on the disk at this moment, by path.
func (h *house) disk() map[string][]byte {
	h.t.Helper()
	disk := map[string][]byte{}
	for _, path := range []string{"agent.db", "agent.db-wal", "../" + filepath.Base(h.config.AnchorDir()) + "/anchor.json"} {
		path = filepath.Join(h.config.Data, path)
		b, err := os.ReadFile(path)
		require.NoError(h.t, err)
		disk[path] = b
	}
	if b, err := os.ReadFile(h.captureFile()); err == nil {
		disk[h.captureFile()] = b
	}
	return disk
}

func (h *house) captureFile() string { return filepath.Join(h.config.Data, captureName) }

// putBack brings the same files to an older state.
func (h *house) putBack(disk map[string][]byte) {
	h.t.Helper()
	for path, b := range disk {
		require.NoError(h.t, os.WriteFile(path, b, 0o600))
	}
}

func (h *house) send(cmds ...wire.Command) {
	h.t.Helper()
	require.NoError(h.t, commands{h.Agent}.Apply(h.t.Context(), testLife, testCentre, h.sent+1, cmds))
	h.sent += int64(len(cmds))
}

// order sends an order of one line with the right to all of it.
func (h *house) order(id string, tier int, sku string, qty int64) {
	h.t.Helper()
	h.send(orderCommand(id, 1, tier, sku, qty), grantCommand(id, qty))
}

func orderCommand(id string, version int64, tier int, sku string, qty int64) wire.Command {
	return wire.Command{Order: &wire.Order{
		ID: allocation.OrderID(id), Version: version, Customer: "C1", CustomerName: "Smith & Sons", Tier: tier, Door: "7",
		Accepted: time.Date(2027, 3, 1, 9, 0, 0, 0, time.UTC),
		Lines:    []wire.OrderLine{{Line: "1", SKU: allocation.SKU(sku), Qty: qty}},
	}}
}

func grantCommand(id string, total int64) wire.Command {
	return wire.Command{Grant: &wire.Grant{Line: allocation.LineID(id + "/1"), Incarnation: testLife, Total: total}}
}

func (h *house) items() {
	h.t.Helper()
	h.send(
		wire.Command{Item: &wire.Item{SKU: "X", Description: "Mug", Putaway: "A-04", GTINs: []wire.ItemGTIN{{GTIN: caseGTIN, Qty: 12}, {GTIN: eachGTIN, Qty: 1}}}},
		wire.Command{Item: &wire.Item{SKU: "Y", Description: "Plate", Putaway: "B-01"}},
	)
}

func (h *house) scan(code string) dock.Feedback { return h.scanAt("1", code) }

func (h *house) scanAt(station, code string) dock.Feedback {
	h.t.Helper()
	f, err := h.Scan(h.t.Context(), allocation.StationID(station), []byte(code))
	require.NoError(h.t, err)
	return f
}

func (h *house) line(id string) store.Line {
	h.t.Helper()
	var l store.Line
	require.NoError(h.t, h.store.View(h.t.Context(), func(tx *store.Tx) error {
		var err error
		l, _, err = tx.Shown(allocation.LineID(id))
		return err
	}))
	return l
}

func (h *house) free(sku string) int64 {
	h.t.Helper()
	b, err := h.Balances(h.t.Context())
	require.NoError(h.t, err)
	return b.Free[allocation.SKU(sku)]
}

func (h *house) head() wire.Cursor {
	h.t.Helper()
	_, head, err := h.store.State(h.t.Context())
	require.NoError(h.t, err)
	return head
}

// events reads the whole log.
func (h *house) events() []wire.Event {
	h.t.Helper()
	stored, err := h.store.Read(h.t.Context(), 0, 1<<20, 1<<30)
	require.NoError(h.t, err)
	var all []wire.Event
	for _, s := range stored {
		e, err := wire.ParseEvent(s.Body)
		require.NoError(h.t, err)
		all = append(all, e)
	}
	return all
}

// How long a test waits for what must come, and how often it looks.
const (
	waitLong = 20 * time.Second
	waitStep = 2 * time.Millisecond
)

// stood is a scanner that only has a status.
type stood struct{ scanner.Source }

func (stood) Status() scanner.Status {
	return scanner.Status{
		State: scanner.Connected, Device: "/dev/ttyACM0", Revision: "Xenon 1900", LastError: scanner.ErrNotAnswering,
		Counts: scanner.Counts{Scans: 1, Faults: 2, Repeats: 3, Connects: 4, LostAnswers: 5, Late: 6},
	}
}

func TestStatusHasAllThatAScannerSaysOfItself(t *testing.T) {
	a, err := New(config.Config{Site: "leeds", Data: t.TempDir(), Stations: []scanner.Config{{Station: "1", Port: "stood"}}},
		Deps{Source: func(scanner.Config) (scanner.Source, error) { return stood{}, nil }})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, a.close()) })
	s, err := a.Status(t.Context())
	require.NoError(t, err)
	require.Len(t, s.Stations, 1)
	require.Equal(t, dock.Station{
		ID: "1", Port: "stood", State: dock.StationConnected, Device: "/dev/ttyACM0", Revision: "Xenon 1900",
		Counts: dock.Counts{Scans: 1, Faults: 2, Repeats: 3, Connects: 4, LostAnswers: 5, Late: 6}, Problem: scanner.ErrNotAnswering.Error(),
	}, s.Stations[0])
}
