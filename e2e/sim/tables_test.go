package sim

import (
	"database/sql"
	"net/url"

	_ "github.com/mattn/go-sqlite3"
	"github.com/stretchr/testify/require"
)

// tables reads a database of the product beside it, as the oracle must not ask the code
// that it judges.
type tables struct {
	w  *world
	db *sql.DB
}

func (w *world) read(path string) *tables {
	u := url.URL{Scheme: "file", Path: path, OmitHost: true, RawQuery: "mode=ro&_query_only=1&_busy_timeout=5000"}
	db, err := sql.Open("sqlite3", u.String())
	require.NoError(w.t, err)
	db.SetMaxOpenConns(1)
	return &tables{w, db}
}

func (t *tables) close() {
	if t != nil {
		require.NoError(t.w.t, t.db.Close())
	}
}

// each scans every row.
func (t *tables) each(scan func(row func(...any)), query string, args ...any) {
	rows, err := t.db.Query(query, args...)
	require.NoError(t.w.t, err)
	defer rows.Close()
	for rows.Next() {
		scan(func(dest ...any) { require.NoError(t.w.t, rows.Scan(dest...)) })
	}
	require.NoError(t.w.t, rows.Err())
}
