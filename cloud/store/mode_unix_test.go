//go:build unix

package store_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/cloud/store"
	"dockfill/cloud/store/storetest"
)

// Who is owed what is no matter of other users, whatever the shell's umask was.
func TestTheDatabaseIsClosedToOtherUsers(t *testing.T) {
	for _, umask := range []int{0, 0o022, 0o077} {
		o := storetest.SQLite(t)
		before := syscall.Umask(umask)
		s, err := store.Open(ctx, o)
		syscall.Umask(before)
		require.NoError(t, err)
		for _, name := range []string{o.Path, o.Path + "-wal", o.Path + "-shm"} {
			info, err := os.Stat(name)
			require.NoError(t, err)
			assert.Equal(t, os.FileMode(0o640), info.Mode().Perm(), "%s at umask %03o", filepath.Base(name), umask)
		}
		require.NoError(t, s.Close())
	}
}
