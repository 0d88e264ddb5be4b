package witness_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/allocation"
	"dockfill/cloud/store/storetest"
	"dockfill/cloud/store/witness"
	"dockfill/sync/rights"
)

var ctx = context.Background()

// each runs a test on a witness in a file and on one in a database; the place opens the
// same one again.
func each(t *testing.T, test func(t *testing.T, where string)) {
	t.Run("file", func(t *testing.T) { test(t, filepath.Join(t.TempDir(), "rights.witness")) })
	t.Run("postgres", func(t *testing.T) { test(t, storetest.Postgres(t).URL) })
}

func open(t *testing.T, where string) witness.Witness {
	t.Helper()
	w, err := witness.Open(ctx, where, "house")
	require.NoError(t, err)
	t.Cleanup(func() { _ = w.Close() })
	return w
}

func grant(line allocation.LineID, n int64) witness.Entry {
	return witness.Entry{Site: "leeds", Life: "c.l", Line: line, Granted: n}
}

func add(t *testing.T, w witness.Witness, entries ...witness.Entry) int64 {
	t.Helper()
	n, err := w.Append(ctx, entries)
	require.NoError(t, err)
	return n
}

func folded(t *testing.T, w witness.Witness) *witness.State {
	t.Helper()
	s := witness.NewState()
	require.NoError(t, w.Each(ctx, s.Take))
	return s
}

func TestAWitnessTellsAllAgain(t *testing.T) {
	each(t, func(t *testing.T, where string) {
		w := open(t, where)
		assert.Zero(t, w.Last())
		three := int64(3)
		add(t, w, witness.Entry{Centre: "c"}, witness.Entry{Site: "leeds", Life: "c.l", Present: true}, grant("O1/1", 5))
		assert.EqualValues(t, 2, add(t, w, grant("O1/1", 4), witness.Entry{Site: "leeds", Life: "c.l", Line: "O1/1", Attested: 2},
			witness.Entry{Line: "O1/1", Bound: &three}, witness.Entry{Site: "york", Life: "c.y", Present: true}, witness.Entry{Site: "york", Present: true}))
		require.NoError(t, w.Close())
		w = open(t, where)
		assert.EqualValues(t, 2, w.Last())
		s := folded(t, w)
		assert.Equal(t, map[string]bool{"c": true}, s.Centres)
		assert.Equal(t, rights.Noted{Granted: 5, Attested: 2}, s.Lives[witness.Life{Site: "leeds", Name: "c.l"}]["O1/1"])
		assert.Contains(t, s.Lives, witness.Life{Site: "york", Name: "c.y"})
		assert.EqualValues(t, 3, s.Bounds["O1/1"])
		assert.Equal(t, "c.l", s.Present["leeds"])
		assert.Empty(t, s.Present["york"])
		assert.Len(t, s.Present, 2)
	})
}

func TestAWitnessOfAnotherCentreIsRefused(t *testing.T) {
	each(t, func(t *testing.T, where string) {
		require.NoError(t, open(t, where).Close())
		_, err := witness.Open(ctx, where, "another")
		require.ErrorIs(t, err, witness.ErrForeign)
		assert.NotContains(t, err.Error(), "postgres://")
	})
}

// What repeats other entries goes when the witness is opened, and its number stays.
func TestAnOldWitnessIsFolded(t *testing.T) {
	each(t, func(t *testing.T, where string) {
		w := open(t, where)
		for n := range int64(1100) {
			add(t, w, grant("O1/1", n), witness.Entry{Site: "leeds", Life: fmt.Sprintf("c.%d", n%3), Present: true})
		}
		before := folded(t, w)
		require.NoError(t, w.Close())
		w = open(t, where)
		assert.EqualValues(t, 1100, w.Last())
		assert.Equal(t, before, folded(t, w))
		records := 0
		require.NoError(t, w.Each(ctx, func(witness.Entry) error { records++; return nil }))
		assert.Less(t, records, 10)
		assert.EqualValues(t, 1101, add(t, w, grant("O1/1", 9999)))
		require.NoError(t, w.Close())
		assert.EqualValues(t, 1101, open(t, where).Last())
	})
}

func TestManyEntriesAreOneFlush(t *testing.T) {
	each(t, func(t *testing.T, where string) {
		w := open(t, where)
		var all []witness.Entry
		for n := range int64(4500) {
			all = append(all, grant("O1/1", n))
		}
		assert.EqualValues(t, 3, add(t, w, all...))
		assert.Zero(t, add(t, open(t, filepath.Join(t.TempDir(), "x"))), "nothing is no record")
	})
}

// A process that is killed, or a machine that loses its power, leaves a part of the last
// record behind; never a part of one that was flushed.
func TestATornTailIsCutWhereverItTears(t *testing.T) {
	path := filepath.Join(t.TempDir(), "w")
	w := open(t, path)
	add(t, w, grant("O1/1", 5))
	whole, err := os.ReadFile(path)
	require.NoError(t, err)
	add(t, w, grant("O1/1", 6))
	longer, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	for n := len(whole); n < len(longer)-1; n++ { // the last byte is the line's end alone
		for _, tail := range [][]byte{nil, make([]byte, 30), []byte("\n\n"), bytes.Repeat([]byte{0xff}, 9)} {
			require.NoError(t, os.WriteFile(path, append(append([]byte{}, longer[:n]...), tail...), 0o600))
			w, err := witness.Open(ctx, path, "house")
			require.NoError(t, err)
			require.EqualValues(t, 1, w.Last())
			require.EqualValues(t, 2, add(t, w, grant("O1/1", 7)))
			require.EqualValues(t, 7, folded(t, w).Lives[witness.Life{Site: "leeds", Name: "c.l"}]["O1/1"].Granted)
			require.NoError(t, w.Close())
		}
	}
}

func TestDamageInTheMiddleIsNoTornTail(t *testing.T) {
	path := filepath.Join(t.TempDir(), "w")
	w := open(t, path)
	add(t, w, grant("O1/1", 5))
	add(t, w, grant("O1/1", 6))
	require.NoError(t, w.Close())
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	at := bytes.IndexByte(text, '\n') + 20 // in the first record
	for name, bad := range map[string][]byte{
		"changed": append(append(append([]byte{}, text[:at]...), text[at]^1), text[at+1:]...),
		"lacking": append(append([]byte{}, text[:bytes.IndexByte(text, '\n')+1]...), append([]byte("1 00000000 []\n"), text[bytes.LastIndexByte(text[:len(text)-1], '\n')+1:]...)...),
	} {
		require.NoError(t, os.WriteFile(path, bad, 0o600))
		_, err = witness.Open(ctx, path, "house")
		require.ErrorIs(t, err, witness.ErrDamaged, name)
	}
	require.NoError(t, os.WriteFile(path, []byte("something else\n"), 0o600))
	_, err = witness.Open(ctx, path, "house")
	assert.ErrorContains(t, err, "it is no rights witness")
	_, err = witness.Open(ctx, filepath.Join(t.TempDir(), "not", "mounted", "w"), "house")
	assert.ErrorContains(t, err, "it cannot be written: no such file or directory")
}

func TestDamageInADatabaseIsNoticed(t *testing.T) {
	where := storetest.Postgres(t).URL
	w := open(t, where)
	add(t, w, grant("O1/1", 5))
	conn, err := pgx.Connect(ctx, where)
	require.NoError(t, err)
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, `UPDATE dockfill_witness SET body = body || ' '`)
	require.NoError(t, err)
	require.ErrorIs(t, w.Each(ctx, func(witness.Entry) error { return nil }), witness.ErrDamaged)
}

func TestAFileHasOneWriter(t *testing.T) {
	path := filepath.Join(t.TempDir(), "w")
	w := open(t, path)
	_, err := witness.Open(ctx, path, "house")
	require.ErrorIs(t, err, witness.ErrTaken)
	require.NoError(t, os.Rename(path, path+".away"))
	_, err = w.Append(ctx, []witness.Entry{grant("O1/1", 1)})
	require.Error(t, err, "it would be witness to nobody")
	require.NoError(t, os.Rename(path+".away", path))
	assert.EqualValues(t, 1, add(t, w, grant("O1/1", 1)))
}

// Two processes on one database: the second to write is told.
func TestADatabaseHasOneWriter(t *testing.T) {
	where := storetest.Postgres(t).URL
	first, second := open(t, where), open(t, where)
	add(t, first, grant("O1/1", 1))
	_, err := second.Append(ctx, []witness.Entry{grant("O1/1", 2)})
	require.ErrorIs(t, err, witness.ErrTaken)
}

// A kind of entry that a newer program wrote is not passed over.
func TestWhatANewerProgramWroteIsNotPassedOver(t *testing.T) {
	path := filepath.Join(t.TempDir(), "w")
	w := open(t, path)
	add(t, w, grant("O1/1", 1))
	require.NoError(t, w.Close())
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = f.WriteString(witness.Line(2, `[["lease","leeds",5]]`))
	require.NoError(t, err)
	require.NoError(t, f.Close())
	w = open(t, path)
	assert.ErrorContains(t, w.Each(ctx, func(witness.Entry) error { return nil }), "a newer dockfill-cloud wrote it")
}
