package agent

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/allocation"
)

// A page in the middle goes bad: nothing more is written into the database, in this
// process or the next, and no scan is refused because of it.
func TestADatabaseThatIsDamagedAtWorkIsWrittenNoMore(t *testing.T) {
	h := newHouse(t)
	h.items()
	h.order("A", 1, "X", 3)
	require.NoError(t, h.stop()) // all of it is in the file now
	h.start()
	path := filepath.Join(h.config.Data, "agent.db")
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	require.NoError(t, err)
	info, err := f.Stat()
	require.NoError(t, err)
	for at := int64(8 * 4096); at < info.Size(); at += 4096 {
		_, err = f.WriteAt(bytes.Repeat([]byte{0xa5}, 4096), at)
		require.NoError(t, err)
	}
	require.NoError(t, f.Close())
	_, err = h.Balances(t.Context()) // a page of a reader meets it first
	require.Error(t, err)

	for range 2 {
		for _, station := range []string{"1", "2"} {
			f := h.scanAt(station, caseGTIN)
			assert.Equal(t, allocation.Held, f.Verdict, f.Text)
			assert.Zero(t, f.Seq)
		}
		st, err := h.Status(t.Context())
		require.NoError(t, err)
		assert.Equal(t, "CAPTURE-ONLY", st.State)
		assert.Contains(t, st.Reason, "damaged")
		assert.Contains(t, st.Reason, "call central operations")
		require.NoError(t, h.stop(), "it stops cleanly")
		h.start()
	}
	st, err := h.Status(t.Context())
	require.NoError(t, err)
	assert.EqualValues(t, 4, st.Captured.Scans)
}
