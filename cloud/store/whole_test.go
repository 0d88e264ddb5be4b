package store_test

import (
	"database/sql"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/allocation"
	"dockfill/cloud/store"
	"dockfill/cloud/store/storetest"
)

// filled is a database of some hundred kilobytes that was closed.
func filled(t *testing.T) store.Options {
	o := storetest.SQLite(t)
	s := storetest.Open(t, o)
	update(t, s, func(tx *store.Tx) error {
		var items []*store.Item
		for n := range 5000 {
			items = append(items, &store.Item{SKU: allocation.SKU(fmt.Sprint("SKU-", n)), Description: "Bunting, ten metres"})
		}
		return tx.PutItems(ctx, items)
	})
	require.NoError(t, s.Close())
	return o
}

// refused opens a database that is not whole, and checks that people learn what
// to do, in one line, and that the folder is as it was.
func refused(t *testing.T, o store.Options, why string) {
	t.Helper()
	before := folder(t, o)
	_, err := store.Open(ctx, o)
	require.ErrorIs(t, err, store.ErrDamaged)
	assert.NotContains(t, err.Error(), "\n")
	for _, want := range []string{o.Path, why, "nothing was changed", "the newest copy of the data folder", "keep what the centre has not confirmed"} {
		assert.ErrorContains(t, err, want)
	}
	assert.Equal(t, before, folder(t, o))
}

// folder is every file beside a database, and itself.
func folder(t *testing.T, o store.Options) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(filepath.Dir(o.Path), "*"))
	require.NoError(t, err)
	all := map[string]string{}
	for _, f := range files {
		text, err := os.ReadFile(f)
		require.NoError(t, err)
		all[filepath.Base(f)] = string(text)
	}
	return all
}

// Sites would meet a centre that knows nothing of what it confirmed.
func TestAnEmptiedDatabaseIsNoNewCentre(t *testing.T) {
	o := filled(t)
	require.NoError(t, os.Truncate(o.Path, 0))
	refused(t, o, "the file is empty, and was not")
	refused(t, o, "the file is empty, and was not")
	require.NoError(t, os.Remove(o.Path))
	require.NoError(t, os.WriteFile(o.Path+"-wal", []byte("log"), 0o600))
	refused(t, o, "the file is lost, and "+o.Path+"-wal still belongs to it")
	require.NoError(t, os.WriteFile(o.Path+"-wal", nil, 0o600))
	storetest.Open(t, o)
}

// A copy of the file alone, as somebody brings it to be looked at.
func TestARefusalLeavesNothingBesideTheFile(t *testing.T) {
	o := filled(t)
	require.NoError(t, os.Remove(o.Path+".lock"))
	require.NoError(t, os.Truncate(o.Path, 50_000))
	refused(t, o, "it is damaged: ")
	assert.Len(t, folder(t, o), 1)

	require.NoError(t, os.WriteFile(o.Path+"-wal", []byte("log"), 0o600))
	refused(t, o, "it is damaged: ")
	assert.Len(t, folder(t, o), 2, "the file and its log")
}

// Its tables would stand among those of another program.
func TestTheDatabaseOfAnotherProgramIsLeftAlone(t *testing.T) {
	o := storetest.SQLite(t)
	other, err := sql.Open("sqlite3", o.Path)
	require.NoError(t, err)
	_, err = other.Exec("CREATE TABLE x (a)")
	require.NoError(t, err)
	require.NoError(t, other.Close())
	before := folder(t, o)
	_, err = store.Open(ctx, o)
	require.ErrorIs(t, err, store.ErrForeign)
	assert.ErrorContains(t, err, o.Path+": it is no centre's database: another program made it; nothing was changed. Move it away")
	assert.Equal(t, before, folder(t, o))
}

func TestAFolderInThePlaceOfTheDatabaseIsNamed(t *testing.T) {
	o := storetest.SQLite(t)
	require.NoError(t, os.Mkdir(o.Path, 0o700))
	_, err := store.Open(ctx, o)
	assert.ErrorContains(t, err, "it is no file: move what stands there away")
}

// It may be what people meant, or the wrong folder after a restore.
func TestALostDatabaseIsNotReplacedInSilence(t *testing.T) {
	var log strings.Builder
	o := filled(t)
	o.Log = slog.New(slog.NewTextHandler(&log, nil))
	s := storetest.Open(t, o)
	require.NoError(t, s.Close())
	assert.Empty(t, log.String())
	require.NoError(t, os.Remove(o.Path))
	storetest.Open(t, o)
	assert.Contains(t, log.String(), "level=WARN")
	assert.Contains(t, log.String(), "the one that was here is gone")
}

func TestAFirstStartThatWasBrokenOffIsTakenUp(t *testing.T) {
	o := storetest.SQLite(t)
	require.NoError(t, os.WriteFile(o.Path, nil, 0o600))
	storetest.Open(t, o)
}

func TestADamagedDatabaseIsLeftAsItIs(t *testing.T) {
	for _, size := range []int64{50, 5000, 50_000} {
		o := filled(t)
		require.NoError(t, os.Truncate(o.Path, size))
		refused(t, o, "it is damaged: ")
	}
	o := filled(t)
	require.NoError(t, os.WriteFile(o.Path, []byte("this is no database, whatever its name may say"), 0o600))
	refused(t, o, "it is damaged: ")
}

// live copies the files of a database at work, as a crash leaves them.
func live(t *testing.T) store.Options {
	from, to := storetest.SQLite(t), storetest.SQLite(t)
	s := storetest.Open(t, from)
	update(t, s, func(tx *store.Tx) error {
		_, err := tx.AddSite(ctx, "leeds")
		return err
	})
	for _, suffix := range []string{"", "-wal", ".lock"} {
		data, err := os.ReadFile(from.Path + suffix)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(to.Path+suffix, data, 0o600))
	}
	return to
}

func TestACrashIsNoDamage(t *testing.T) {
	sites, err := storetest.Open(t, live(t)).Sites(ctx)
	require.NoError(t, err)
	assert.Len(t, sites, 1)
}

// All that a young centre holds stands in the log beside its file.
func TestALostLogIsNoNewCentre(t *testing.T) {
	o := live(t)
	require.NoError(t, os.Remove(o.Path+"-wal"))
	refused(t, o, "it holds no tables, and did")
	o = live(t)
	require.NoError(t, os.Truncate(o.Path, 0))
	log, err := os.ReadFile(o.Path + "-wal")
	require.NoError(t, err)
	refused(t, o, "the file is empty, and was not")
	after, err := os.ReadFile(o.Path + "-wal")
	require.NoError(t, err)
	assert.Equal(t, log, after, "what the log holds may be all there is")
}
