package store

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/allocation"
	"dockfill/sync/wire"
)

var noon = time.Date(2027, 3, 4, 12, 0, 0, 0, time.UTC)

func TestACheckpointIsOfOneMomentWhileScansGoOn(t *testing.T) {
	s, path := fresh(t)
	large := wire.Refused{Message: strings.Repeat("x", 1000)} // a copy of several steps
	require.NoError(t, s.Update(t.Context(), func(tx *Tx) error {
		for range 3000 {
			if err := tx.Append(wire.Event{Seq: tx.Head().Seq + 1, Applied: &wire.Applied{Refused: []wire.Refused{large}}}, 0, 1); err != nil {
				return err
			}
		}
		return nil
	}))
	_, before, err := s.State(t.Context())
	require.NoError(t, err)
	to := filepath.Join(t.TempDir(), "2027-03-04.db")
	stop := make(chan struct{})
	wrote := make(chan error, 1)
	go func() {
		for {
			select {
			case <-stop:
				wrote <- nil
				return
			default:
			}
			if err := s.Update(t.Context(), func(tx *Tx) error {
				return tx.Append(wire.Event{Seq: tx.Head().Seq + 1, Applied: &wire.Applied{}}, 0, 1)
			}); err != nil {
				wrote <- err
				return
			}
		}
	}()
	c, err := s.CopyTo(t.Context(), to, noon)
	close(stop)
	require.NoError(t, <-wrote)
	require.NoError(t, err)
	_, after, err := s.State(t.Context())
	require.NoError(t, err)
	assert.GreaterOrEqual(t, c.Head.Seq, before.Seq)
	assert.LessOrEqual(t, c.Head.Seq, after.Seq)
	hash, err := s.HashAt(t.Context(), c.Head.Seq)
	require.NoError(t, err)
	assert.Equal(t, hash, c.Head.Hash, "of one moment of this log")
	assert.True(t, c.At.Equal(noon))
	assert.Equal(t, life, c.Incarnation)
	assert.Equal(t, allocation.SiteID("leeds"), c.Site)
	beside, err := filepath.Glob(to + "*")
	require.NoError(t, err)
	assert.Equal(t, []string{to}, beside, "one closed file")
	mine, err := os.Stat(path)
	require.NoError(t, err)
	info, err := os.Stat(to)
	require.NoError(t, err)
	assert.Equal(t, mine.Mode(), info.Mode())
	again, err := s.CopyTo(t.Context(), to, noon)
	require.NoError(t, err, "a newer one takes its place")
	assert.Equal(t, after, again.Head)
}

// Somebody copies an old state over a lost database: it must not begin to promise
// units a second time.
func TestACheckpointIsNoSite(t *testing.T) {
	s, path := fresh(t)
	log(t, s, 3)
	to := filepath.Join(t.TempDir(), "2027-03-04.db")
	_, err := s.CopyTo(t.Context(), to, noon)
	require.NoError(t, err)
	require.NoError(t, s.Close())
	body, err := os.ReadFile(to)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(path, body, 0o640))
	_, err = Open(t.Context(), Options{Path: path, Site: "leeds"})
	require.ErrorIs(t, err, ErrCheckpoint)
	assert.ErrorContains(t, err, "put the site's own database back")
	left, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, body, left, "not changed by a byte")
}

func TestARevivedCheckpointGoesOnWhereItWasMade(t *testing.T) {
	s, _ := fresh(t)
	log(t, s, 5)
	to := filepath.Join(t.TempDir(), "2027-03-04.db")
	c, err := s.CopyTo(t.Context(), to, noon)
	require.NoError(t, err)
	revived := filepath.Join(t.TempDir(), "agent.db")
	require.NoError(t, Revive(t.Context(), to, revived))
	r := open(t, revived)
	_, head, err := r.State(t.Context())
	require.NoError(t, err)
	assert.Equal(t, c.Head, head)
	log(t, r, 1)
	again, err := ReadCheckpoint(t.Context(), to)
	require.NoError(t, err)
	assert.Equal(t, c, again)
	require.ErrorIs(t, Revive(t.Context(), revived, revived+"2"), ErrForeign, "a site's database is no checkpoint")
}

func TestABrokenOffCopyLeavesNothingUnderItsName(t *testing.T) {
	s, _ := fresh(t)
	log(t, s, 10)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	to := filepath.Join(t.TempDir(), "2027-03-04.db")
	_, err := s.CopyTo(ctx, to, noon)
	require.Error(t, err)
	left, err := filepath.Glob(to + "*")
	require.NoError(t, err)
	assert.Empty(t, left)
	log(t, s, 1) // and the site goes on
}

func TestAStoppedDatabaseIsCopiedUnderItsLock(t *testing.T) {
	s, path := fresh(t)
	log(t, s, 5)
	to := filepath.Join(t.TempDir(), "end.db")
	require.ErrorIs(t, CopyStopped(t.Context(), path, to, noon), ErrInUse)
	// A crash leaves the newest events in the write-ahead log alone.
	crashed := filepath.Join(t.TempDir(), "agent.db")
	for _, end := range []string{"", "-wal"} {
		require.NoError(t, copyFile(path+end, crashed+end))
	}
	before, err := os.ReadFile(crashed)
	require.NoError(t, err)
	require.NoError(t, CopyStopped(t.Context(), crashed, to, noon))
	c, err := ReadCheckpoint(t.Context(), to)
	require.NoError(t, err)
	assert.EqualValues(t, 5, c.Head.Seq)
	after, err := os.ReadFile(crashed)
	require.NoError(t, err)
	assert.Equal(t, before, after)
	_, err = os.Stat(crashed + "-shm")
	assert.ErrorIs(t, err, os.ErrNotExist, "nobody opened it")
	require.Error(t, CopyStopped(t.Context(), filepath.Join(t.TempDir(), "none.db"), to+"2", noon))
}

func TestAppliedCommandsAreKeptAsFarBackAsTheyAreNeeded(t *testing.T) {
	s, _ := fresh(t)
	cmds := []wire.Command{{Item: &wire.Item{SKU: "X"}}, {Grant: &wire.Grant{Line: "A/1", Incarnation: life, Total: 5}}}
	packed, err := Pack(cmds)
	require.NoError(t, err)
	for i := range int64(4) {
		require.NoError(t, s.Update(t.Context(), func(tx *Tx) error {
			from := tx.Head().Seq + 1
			for range 2 {
				if err := tx.Append(wire.Event{Seq: tx.Head().Seq + 1, Applied: &wire.Applied{}}, 0, 1); err != nil {
					return err
				}
			}
			return tx.KeepCommands(from, "c", 1+2*i, packed)
		}))
	}
	require.NoError(t, s.View(t.Context(), func(tx *Tx) error {
		a, found, err := tx.AppliedAt(3)
		assert.True(t, found)
		assert.Equal(t, Applied{First: 3, Last: 4, Centre: "c", N: 3, Commands: cmds}, a)
		require.NoError(t, err)
		_, found, err = tx.AppliedAt(4)
		assert.False(t, found)
		return err
	}))
	forget := func(through int64, limit int) (n int64) {
		require.NoError(t, s.Update(t.Context(), func(tx *Tx) (err error) {
			n, err = tx.ForgetCommands(through, limit)
			return err
		}))
		return n
	}
	assert.EqualValues(t, 2, forget(5, 100), "the run of 5 and 6 is told behind event 5")
	assert.EqualValues(t, 1, forget(8, 1))
	assert.EqualValues(t, 1, forget(8, 100))
}
