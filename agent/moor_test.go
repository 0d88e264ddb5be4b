package agent

import (
	"database/sql"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/agent/anchor"
	"dockfill/agent/config"
	"dockfill/allocation"
	"dockfill/sync/outbox"
	"dockfill/sync/session"
	"dockfill/sync/wire"
)

func (h *house) doubt() string {
	h.t.Helper()
	p, err := siteLog{h.Agent}.Position(h.t.Context())
	require.NoError(h.t, err)
	return p.Fence.Doubt
}

func (h *house) restart() {
	h.t.Helper()
	require.NoError(h.t, h.stop())
	h.start()
}

func (h *house) anchorFile() string { return filepath.Join(h.config.AnchorDir(), "anchor.json") }

func TestASiteKnowsItsOwnDatabaseAgainWithoutANetwork(t *testing.T) {
	h := newHouse(t)
	h.items()
	for range 3 {
		h.scan(eachGTIN)
		h.restart()
		require.Empty(t, h.doubt())
		require.Equal(t, session.Active, h.session.Status().State)
		require.NotEqual(t, allocation.Stop, h.scan(eachGTIN).Verdict)
		h.crash()
		require.Empty(t, h.doubt())
		require.NotEqual(t, allocation.Stop, h.scan(eachGTIN).Verdict)
	}
}

// What nobody vouches for allocates nothing, over any number of starts, and says why.
func TestADatabaseThatIsNotTheOneIsNotUsed(t *testing.T) {
	replace := func(h *house) {
		db := filepath.Join(h.config.Data, "agent.db")
		b, err := os.ReadFile(db)
		require.NoError(t, err)
		require.NoError(t, os.Rename(db, db+".old"))
		require.NoError(t, os.WriteFile(db, b, 0o600))
	}
	older := func(starts int) func(*house) { // the same file, as it was before some scans
		return func(h *house) {
			h.start()
			disk := h.disk()
			delete(disk, h.anchorFile())
			for range starts {
				h.restart()
			}
			h.scanAt("2", eachGTIN)
			require.NoError(t, h.stop())
			h.putBack(disk)
		}
	}
	for name, row := range map[string]struct {
		strike func(*house)
		want   string
	}{
		"a copy in its place":    {replace, session.ErrFile.Error()},
		"an older state":         {older(0), session.ErrOtherHead.Error()},
		"a state two starts ago": {older(2), session.ErrOtherRun.Error()},
		"no anchor":              {func(h *house) { require.NoError(t, os.Remove(h.anchorFile())) }, anchor.ErrMissing.Error()},
		"a damaged anchor":       {func(h *house) { require.NoError(t, os.WriteFile(h.anchorFile(), []byte("{"), 0o600)) }, anchor.ErrDamaged.Error()},
		"another site's machine": {func(h *house) { h.moveTo("elsewhere") }, session.ErrMachine.Error()},
	} {
		h := newHouse(t)
		h.items()
		h.order("A", 1, "X", 2)
		require.Equal(t, allocation.Allocated, h.scan(eachGTIN).Verdict)
		require.NoError(t, h.stop())
		row.strike(h)
		for range 3 {
			h.start()
			assert.Contains(t, h.doubt(), row.want, name)
			assert.Equal(t, session.Unverified, h.session.Status().State, name)
			head := h.head()
			f := h.scan(eachGTIN)
			assert.Zero(t, f.Seq, name)
			assert.Equal(t, allocation.Held, f.Verdict, name)
			assert.Error(t, h.Done(t.Context(), 1))
			assert.Error(t, commands{h.Agent}.Apply(t.Context(), testLife, testCentre, h.sent+1, []wire.Command{grantCommand("A", 9)}))
			assert.Equal(t, head, h.head(), name)
			s, err := h.Status(t.Context())
			require.NoError(t, err)
			assert.Contains(t, s.Reason, row.want, name)
			require.NoError(t, h.stop())
		}
	}
}

// moveTo rewrites the anchor as if another machine had written it.
func (h *house) moveTo(machine string) {
	h.t.Helper()
	f, err := anchor.At(h.config.AnchorDir())
	require.NoError(h.t, err)
	a, err := f.Read()
	require.NoError(h.t, err)
	a.Machine = machine
	require.NoError(h.t, f.Write(a))
}

// A database of a program that kept no anchors gets one, once.
func TestAnOlderProgramsDatabaseGetsItsFirstAnchor(t *testing.T) {
	h := newHouse(t)
	h.items()
	require.NoError(t, h.stop())
	db, err := sql.Open("sqlite3", filepath.Join(h.config.Data, "agent.db"))
	require.NoError(t, err)
	_, err = db.ExecContext(t.Context(), "UPDATE meta SET anchored = 0")
	require.NoError(t, err)
	require.NoError(t, db.Close())
	require.NoError(t, os.Remove(h.anchorFile()))
	h.start()
	assert.Empty(t, h.doubt())
	assert.NotZero(t, h.scan(eachGTIN).Seq)
	h.restart()
	assert.Empty(t, h.doubt())
	require.NoError(t, h.stop())
	require.NoError(t, os.Remove(h.anchorFile()))
	h.start()
	assert.Contains(t, h.doubt(), anchor.ErrMissing.Error())
}

func TestTheCeilingIsRaisedBeforeItIsPassed(t *testing.T) {
	h := newHouse(t)
	require.NoError(t, h.stop())
	h.start()
	require.NoError(t, h.stop())
	m := h.moor
	stopped := m.now
	require.True(t, stopped.Stopped)
	a := session.Begin(session.Database{Incarnation: testLife, Head: stopped.Head}, anchorBlock)
	require.NoError(t, m.flush(a))
	require.NoError(t, m.reach(0, anchorBlock))
	assert.Equal(t, a, m.now, "nothing is written within the block")
	require.NoError(t, m.reach(anchorBlock-3, anchorBlock+2))
	read, err := m.file.Read()
	require.NoError(t, err)
	assert.EqualValues(t, anchorBlock-3, read.Floor, "what was committed")
	assert.EqualValues(t, 2*anchorBlock-3, read.Ceiling)
	// Where it cannot be flushed nothing is logged.
	require.NoError(t, os.RemoveAll(h.config.AnchorDir()))
	assert.Error(t, m.reach(2*anchorBlock-3, 2*anchorBlock))
	assert.EqualValues(t, 2*anchorBlock-3, m.now.Ceiling)
}

func TestAFolderForTheAnchorThatCannotBeMadeEndsTheStart(t *testing.T) {
	c := config.Config{Site: "leeds", Data: t.TempDir(), Anchor: filepath.Join(t.TempDir(), "file")}
	require.NoError(t, os.WriteFile(c.Anchor, nil, 0o600))
	_, err := New(c, Deps{})
	assert.ErrorContains(t, err, "name another folder as `anchor`")
}

// What stopped a site outlasts its process: a restart without a network is no way
// around it.
func TestAFenceOutlastsTheProcess(t *testing.T) {
	h := newHouse(t)
	h.items()
	fence := outbox.Fence{Reason: "clone", Text: "Stop the copy.", Doubt: "clone"}
	require.NoError(t, siteLog{h.Agent}.Fence(t.Context(), fence))
	for range 2 {
		h.restart()
		assert.Equal(t, session.CaptureOnly, h.session.Status().State)
		head := h.head()
		f := h.scan(eachGTIN)
		assert.Zero(t, f.Seq)
		assert.Equal(t, allocation.Held, f.Verdict)
		assert.Equal(t, head, h.head())
		p, err := siteLog{h.Agent}.Position(t.Context())
		require.NoError(t, err)
		assert.Equal(t, fence, p.Fence)
	}
}
