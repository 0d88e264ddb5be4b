package agent

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/agent/config"
	"dockfill/agent/dock"
	"dockfill/agent/store"
	"dockfill/allocation"
	"dockfill/sync/outbox"
	"dockfill/sync/wire"
)

// keeps has an agent keep checkpoints, at a time that a test sets.
func keeps(days int, clock *atomic.Int64) func(*config.Config, *Deps) {
	return func(c *config.Config, d *Deps) {
		c.Checkpoints = days
		d.Now = func() time.Time { return time.Unix(clock.Load(), 0) }
	}
}

// shadow plays the agent's log from the checkpoint at a moment on.
func (h *house) shadow(since int64) Shadow {
	return Shadow{Data: h.config.Data, Site: "leeds", Since: time.Unix(since, 0), Copy: func(ctx context.Context) (string, error) {
		made, err := h.Copy(ctx)
		return made.Path, err
	}}
}

func at(day int) int64 { return time.Date(2027, 3, day, 10, 0, 0, 0, time.Local).Unix() }

func (h *house) inFolder() []string {
	return namesIn(checkpointDir(h.config.Data))
}

func TestACheckpointADayIsKeptAndOldOnesGo(t *testing.T) {
	var clock atomic.Int64
	clock.Store(at(1))
	h := newHouse(t, keeps(3, &clock))
	h.items()
	for day := range 5 {
		clock.Store(at(1 + day))
		h.scan(eachGTIN)
		h.checkpoints.keep(t.Context())
		h.checkpoints.keep(t.Context()) // the day has its own
	}
	assert.Equal(t, []string{"2027-03-03.db", "2027-03-04.db", "2027-03-05.db"}, h.inFolder())
	s, err := h.Status(t.Context())
	require.NoError(t, err)
	assert.Equal(t, dock.Checkpoints{Wanted: 3, Kept: 3, Newest: time.Unix(at(5), 0)}, s.Checkpoints)

	// The log and the commands reach back to the oldest of them, whatever the retention.
	head := h.head()
	require.NoError(t, siteLog{h.Agent}.Acknowledge(t.Context(), head, head))
	h.Agent.config.Retention = time.Hour
	clock.Store(at(9))
	before := h.checkpoints.kept[0].Head.Seq
	h.order("A", 1, "X", 1)
	require.NoError(t, h.forget(t.Context()))
	assert.EqualValues(t, before, h.events()[0].Seq)
	r, err := h.shadow(at(3)).Run(t.Context())
	require.NoError(t, err, "with what is left it is played again")
	assert.True(t, r.Exact)
	assert.EqualValues(t, before, r.Checkpoint.Head.Seq)
	require.NoError(t, h.store.View(t.Context(), func(tx *store.Tx) error {
		_, found, err := tx.AppliedAt(1)
		assert.False(t, found, "in the checkpoint")
		require.NoError(t, err)
		_, found, err = tx.AppliedAt(h.head().Seq)
		assert.True(t, found, "behind it")
		return err
	}))
}

func TestAStartTidiesUpAndGoesOnWithWhatIsKept(t *testing.T) {
	var clock atomic.Int64
	clock.Store(at(1))
	h := newHouse(t, keeps(8, &clock))
	h.items()
	h.checkpoints.keep(t.Context())
	made, err := h.Copy(t.Context())
	require.NoError(t, err)
	require.NoError(t, h.stop())
	dir := checkpointDir(h.config.Data)
	for _, name := range []string{"2027-03-02.db.part", "2027-03-02.db.part-journal", "now-0123456789abcdef.db.part", "a person's own.txt"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte("half"), 0o640))
	}
	require.Contains(t, h.inFolder(), filepath.Base(made.Path))
	clock.Store(at(2))
	h.start()
	want := []string{"2027-03-01.db", "2027-03-02.db", "a person's own.txt"}
	require.Eventually(t, func() bool { return slices.Equal(want, h.inFolder()) }, waitLong, waitStep)
	assert.Eventually(t, func() bool { return h.checkpoints.status().Kept == 2 }, waitLong, waitStep)
}

func TestWithoutCheckpointsNothingIsKept(t *testing.T) {
	var clock atomic.Int64
	clock.Store(at(1))
	h := newHouse(t, keeps(2, &clock))
	h.items()
	h.checkpoints.keep(t.Context())
	require.Len(t, h.inFolder(), 1)
	require.NoError(t, h.stop())
	h.config.Checkpoints = 0
	h.start()
	require.Eventually(t, func() bool { return len(h.inFolder()) == 0 }, waitLong, waitStep)
	h.order("A", 1, "X", 1)
	require.NoError(t, h.forget(t.Context()))
	require.NoError(t, h.store.View(t.Context(), func(tx *store.Tx) error {
		for seq := range h.head().Seq {
			_, found, err := tx.AppliedAt(seq + 1)
			assert.False(t, found)
			require.NoError(t, err)
		}
		return nil
	}))
}

// Where no checkpoint can be made, the site receives as before and says why.
func TestACheckpointThatFailsIsAWordAndNoStop(t *testing.T) {
	var clock atomic.Int64
	clock.Store(at(1))
	h := newHouse(t, keeps(8, &clock))
	h.items()
	require.NoError(t, os.RemoveAll(checkpointDir(h.config.Data)))
	require.NoError(t, os.WriteFile(checkpointDir(h.config.Data), nil, 0o640), "a file where the folder is to be")
	h.checkpoints.keep(t.Context())
	s, err := h.Status(t.Context())
	require.NoError(t, err)
	assert.NotEmpty(t, s.Checkpoints.Problem)
	assert.Equal(t, allocation.Stock, h.scan(eachGTIN).Verdict)
	require.NoError(t, os.Remove(checkpointDir(h.config.Data)))
	h.checkpoints.keep(t.Context())
	assert.Empty(t, h.inFolder(), "not tried again at once")
	clock.Add(int64(2 * time.Hour / time.Second))
	h.checkpoints.keep(t.Context())
	assert.Len(t, h.inFolder(), 1)
	assert.Empty(t, h.checkpoints.status().Problem)
}

func TestACopyLeavesTheScansTheirDisk(t *testing.T) {
	const gib = 1 << 30
	require.ErrorContains(t, roomFor(10<<20, gib-1), "1.0 GiB")
	require.NoError(t, roomFor(10<<20, gib))
	require.Error(t, roomFor(gib, 2*gib-1), "room for two of them")
	require.NoError(t, roomFor(gib, 2*gib))
	require.NoError(t, roomFor(gib, dock.UnknownBytes))
}

func TestCopiesThatNobodyRemovesAreFewAndGo(t *testing.T) {
	var clock atomic.Int64
	clock.Store(at(1))
	h := newHouse(t, keeps(0, &clock))
	for range mostCopies {
		_, err := h.Copy(t.Context())
		require.NoError(t, err)
	}
	var no *dock.Refused
	_, err := h.Copy(t.Context())
	require.ErrorAs(t, err, &no)
	names := h.inFolder()
	require.Len(t, names, mostCopies)
	require.NoError(t, os.Remove(filepath.Join(checkpointDir(h.config.Data), names[0])))
	_, err = h.Copy(t.Context())
	require.NoError(t, err, "one was read to its end")
	clock.Add(int64(2 * copyLife / time.Second))
	h.checkpoints.keep(t.Context())
	assert.Empty(t, h.inFolder())
}

// A site with a running agent, a day later, is played again from its checkpoint.
func TestARunningSiteIsReplayed(t *testing.T) {
	var clock atomic.Int64
	clock.Store(at(1))
	h := newHouse(t, keeps(8, &clock))
	h.items()
	h.checkpoints.keep(t.Context())
	clock.Store(at(2))
	h.order("A", 1, "X", 5)
	h.scan(eachGTIN)
	h.send(wire.Command{Policy: &wire.Policy{Version: "second", Share: allocation.Fair}})
	h.scan(caseGTIN)
	o := h.shadow(at(2))
	r, err := o.Run(t.Context())
	require.NoError(t, err)
	require.Nil(t, r.First)
	assert.True(t, r.Exact)
	assert.EqualValues(t, 5, r.Happenings)
	assert.Equal(t, []string{"2027-03-01.db"}, h.inFolder(), "the copy is gone")
	require.NoError(t, h.stop())
	stopped, err := o.Run(t.Context())
	require.NoError(t, err, "no agent is asked where none runs")
	assert.True(t, stopped.Exact)
	assert.Equal(t, r.Events, stopped.Events)
	h.start()
	assert.Equal(t, allocation.Stock, h.scan(eachGTIN).Verdict, "and it goes on")
}

// What a site receives in its first minute is its past, too.
func TestTheFirstCheckpointIsMadeAsTheSiteIsAdmitted(t *testing.T) {
	var clock atomic.Int64
	clock.Store(at(1))
	c := config.Config{Site: "leeds", Data: t.TempDir(), Retention: config.DefaultRetention}
	d := Deps{}
	keeps(3, &clock)(&c, &d)
	a, err := New(c, d)
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- a.Run(ctx) }()
	require.NoError(t, siteLog{a}.Adopt(t.Context(), outbox.NewLife{Incarnation: testLife, Centre: testCentre}))
	assert.Equal(t, []string{"2027-03-01.db"}, namesIn(checkpointDir(c.Data)))
	stop()
	require.NoError(t, <-ended)
}
