package store

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/allocation"
)

// A program that writes the keys otherwise than the one before it ranks every line
// anew before it decides anything.
func TestTheKeysOfAnOlderProgramAreWrittenAnew(t *testing.T) {
	s, path := fresh(t)
	var keys []string
	read := func(tx *Tx) error {
		keys = nil
		for _, l := range collect(t, tx, allocation.Search{SKU: "X"}) {
			keys = append(keys, string(l.ID()))
		}
		return nil
	}
	require.NoError(t, s.Update(t.Context(), func(tx *Tx) error {
		waiting(t, tx, "A", 1, 1, 1, 1, 1, 1, 1, 1, 1, 1)
		return read(tx)
	}))
	assert.Equal(t, []string{"A/1", "A/2", "A/3", "A/4", "A/5", "A/6", "A/7", "A/8", "A/9", "A/10"}, keys)
	require.NoError(t, s.Close())
	raw(t, path, `UPDATE line SET rank_key = substr(id, 3)`, `PRAGMA user_version = 0`)
	s = open(t, path)
	require.NoError(t, s.View(t.Context(), read))
	assert.Equal(t, "A/10", keys[len(keys)-1])
}
