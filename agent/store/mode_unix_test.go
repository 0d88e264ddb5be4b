//go:build unix

package store

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What was scanned is no matter of other users, whatever the shell's umask was.
func TestTheDatabaseIsClosedToOtherUsers(t *testing.T) {
	for _, umask := range []int{0, 0o022, 0o077} {
		before := syscall.Umask(umask)
		path := filepath.Join(t.TempDir(), "agent.db")
		s, err := Open(t.Context(), Options{Path: path, Site: "leeds"})
		syscall.Umask(before)
		require.NoError(t, err)
		for _, name := range []string{path, path + "-wal", path + "-shm"} {
			info, err := os.Stat(name)
			require.NoError(t, err)
			assert.Equal(t, os.FileMode(0o640), info.Mode().Perm(), "%s at umask %03o", filepath.Base(name), umask)
		}
		require.NoError(t, s.Close())
	}
}
