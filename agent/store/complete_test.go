package store

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/sync/wire"
)

// copyOf lays the files of a running site elsewhere, as a crash or a person
// would leave them.
func copyOf(t *testing.T, path string, endings ...string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "agent.db")
	for _, end := range endings {
		b, err := os.ReadFile(path + end)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(to+end, b, 0o600))
	}
	return to
}

// Whose a database is and which life it leads must not depend on its -wal.
func TestADatabaseThatLostItsLogIsNoNewSite(t *testing.T) {
	s, path := fresh(t)
	log(t, s, 20)
	left := copyOf(t, path, "", ".lock")
	m, _, err := open(t, left).State(t.Context())
	require.NoError(t, err)
	assert.Equal(t, life, m.Incarnation)
	assert.EqualValues(t, 2, m.Run)

	_, err = Open(t.Context(), Options{Path: copyOf(t, path, "", ".lock"), Site: "york"})
	require.ErrorIs(t, err, ErrForeign)
}

func TestADatabaseThatWasCompleteAndIsNotIsDamaged(t *testing.T) {
	for name, damage := range map[string]func(t *testing.T, path string){
		"empty":                func(t *testing.T, p string) { require.NoError(t, os.Truncate(p, 0)) },
		"less than a page":     func(t *testing.T, p string) { require.NoError(t, os.Truncate(p, 3000)) },
		"one page":             func(t *testing.T, p string) { require.NoError(t, os.Truncate(p, 4096)) },
		"ours, without tables": bare,
	} {
		t.Run(name, func(t *testing.T) {
			s, path := fresh(t)
			log(t, s, 20)
			for _, left := range []string{copyOf(t, path, "", ".lock"), copyOf(t, path, "", "-wal", ".lock")} {
				damage(t, left)
				_, err := Open(t.Context(), Options{Path: left, Site: "leeds"})
				require.ErrorIs(t, err, ErrDamaged)
				assert.ErrorContains(t, err, "call central operations")
			}
		})
	}
}

// bare leaves what a start leaves behind whose tables were in the -wal alone.
func bare(t *testing.T, path string) {
	require.NoError(t, os.Remove(path))
	require.NoError(t, os.RemoveAll(path+"-wal"))
	require.NoError(t, prime(t.Context(), path))
}

func TestAFirstStartThatWasBrokenOffIsMadeAnew(t *testing.T) {
	for name, left := range map[string]func(t *testing.T, path string){
		"empty":                func(t *testing.T, p string) { require.NoError(t, os.WriteFile(p, nil, 0o600)) },
		"ours, without tables": func(t *testing.T, p string) { require.NoError(t, prime(t.Context(), p)) },
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "agent.db")
			left(t, path)
			require.NoError(t, os.WriteFile(path+".lock", nil, 0o600))
			_, head, err := open(t, path).State(t.Context())
			require.NoError(t, err)
			assert.Equal(t, wire.Cursor{Hash: wire.Genesis("leeds", "")}, head)
		})
	}
}

// Taking the file away is how a person asks for a new database, also where the
// start after that is broken off.
func TestADatabaseThatWasTakenAwayIsMadeAnew(t *testing.T) {
	s, path := fresh(t)
	require.NoError(t, s.Close())
	require.NoError(t, os.Remove(path))
	lock, err := lockFile(path + ".lock")
	require.NoError(t, err)
	_, err = (&Store{o: Options{Path: path}, lock: lock}).prepareFile(t.Context(), true)
	require.NoError(t, err)
	require.NoError(t, lock.Close())
	m, _, err := open(t, path).State(t.Context())
	require.NoError(t, err)
	assert.Empty(t, m.Incarnation)
}
