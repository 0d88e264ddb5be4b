package store_test

import (
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/allocation"
	"dockfill/cloud/store"
	"dockfill/cloud/store/storetest"
	"dockfill/sync/rights"
)

func nothing(*store.Tx) error { return nil }

func TestASecondCentreIsRefused(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o store.Options) {
		first := storetest.Open(t, o)
		_, err := store.Open(ctx, o)
		require.ErrorIs(t, err, store.ErrInUse)
		assert.ErrorContains(t, err, "stop it, or use another database")
		update(t, first, nothing)
		require.NoError(t, first.Close())
		update(t, storetest.Open(t, o), nothing)
	})
}

// While the connection was away, somebody else may have taken the database.
func TestNothingIsWrittenWithoutTheLock(t *testing.T) {
	o := storetest.Postgres(t)
	s := storetest.Open(t, o)
	admin, err := pgx.Connect(ctx, o.URL)
	require.NoError(t, err)
	defer admin.Close(ctx)
	_, err = admin.Exec(ctx, `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`)
	require.NoError(t, err)
	other := storetest.Open(t, o)
	require.ErrorIs(t, s.Update(ctx, nothing), store.ErrInUse)
	update(t, other, nothing)
	require.NoError(t, other.Close())
	update(t, s, nothing)
}

func TestWhatDeadLivesMayHaveAllocatedIsInDoubt(t *testing.T) {
	storetest.EachStore(t, func(t *testing.T, s *store.Store) {
		update(t, s, func(tx *store.Tx) error {
			_, err := tx.AddSite(ctx, "leeds")
			require.NoError(t, err)
			for _, nonce := range []string{"n1", "n2"} {
				site, err := tx.Site(ctx, "leeds")
				require.NoError(t, err)
				require.NoError(t, tx.Mint(ctx, site, nonce))
				require.NoError(t, tx.PutSite(ctx, site))
				require.NoError(t, tx.PutRegisters(ctx, store.Life{Site: "leeds", Incarnation: site.Incarnation}, map[allocation.LineID]*rights.Registers{
					"O1/1": {Granted: 10, Used: 5, Undone: 1, Returned: 2}, "O1/2": {Granted: 3, Used: 3}, "O1/3": {Granted: 1, Used: 4}}))
			}
			return nil
		})
		rows, err := s.Sites(ctx)
		require.NoError(t, err)
		require.Len(t, rows, 1)
		assert.EqualValues(t, 4, rows[0].InDoubt, "of the first life alone, what is neither used nor returned")
	})
}
