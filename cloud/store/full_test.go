package store

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A file that may not grow is a full disk to SQLite. Whoever brings something in
// is told so, and readiness says it until there is room.
func TestAFullDiskIsNamed(t *testing.T) {
	ctx := context.Background()
	s, err := Open(ctx, Options{Path: filepath.Join(t.TempDir(), "centre.db")})
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Close() })
	limit := func(pages string) {
		_, err := s.writer.conn.ExecContext(ctx, "PRAGMA max_page_count = "+pages)
		require.NoError(t, err)
	}
	fill := func() error {
		return s.Update(ctx, func(tx *Tx) error {
			_, err := tx.exec(ctx, `UPDATE centre SET incarnation = incarnation || $1`, strings.Repeat("x", 1<<20))
			return err
		})
	}
	limit("1")
	assert.ErrorIs(t, fill(), ErrFull)
	assert.True(t, s.full.Load())
	limit("1000000")
	assert.NoError(t, s.Ping(ctx), "there is room by now")
	assert.False(t, s.full.Load())
	require.NoError(t, fill())

	assert.ErrorIs(t, noRoom(&pgconn.PgError{Code: "53100"}), ErrFull)
	assert.NotErrorIs(t, noRoom(errors.New("connection reset")), ErrFull)
}
