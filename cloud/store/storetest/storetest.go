// Package storetest runs a test on both databases of the centre: SQLite in a
// temporary folder, and a PostgreSQL server that it starts itself, on a free
// loopback port, once for each test program.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"

	"dockfill/cloud/store"
)

// Each runs a test once for each database. The options open the same database
// again, for tests of a restart.
func Each(t *testing.T, test func(t *testing.T, o store.Options)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { test(t, Postgres(t)) })
}

// EachStore is Each with the database open.
func EachStore(t *testing.T, test func(t *testing.T, s *store.Store)) {
	t.Helper()
	Each(t, func(t *testing.T, o store.Options) { test(t, Open(t, o)) })
}

// Open opens a database that is closed when the test ends.
func Open(t testing.TB, o store.Options) *store.Store {
	t.Helper()
	s, err := store.Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// SQLite gives an empty database of this test's own.
func SQLite(t testing.TB) store.Options {
	return store.Options{Path: filepath.Join(t.TempDir(), "cloud.db")}
}

// Copy gives a database that is as this one is now, which nobody may have open.
func Copy(t testing.TB, o store.Options) store.Options {
	t.Helper()
	if o.URL != "" {
		name := fmt.Sprintf("t%d", databases.Add(1))
		at := strings.LastIndexByte(o.URL, '/')
		admin(t, o.URL[:at], "CREATE DATABASE "+name+" TEMPLATE "+o.URL[at+1:])
		t.Cleanup(func() { admin(t, o.URL[:at], "DROP DATABASE "+name+" WITH (FORCE)") })
		return store.Options{URL: o.URL[:at] + "/" + name}
	}
	text, err := os.ReadFile(o.Path)
	if err != nil {
		t.Fatal(err)
	}
	o.Path = filepath.Join(t.TempDir(), "cloud.db")
	if err := os.WriteFile(o.Path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return o
}

// Postgres gives an empty database of this test's own on the shared server. It
// skips the test where no PostgreSQL is installed, and fails it under CI=true.
func Postgres(t testing.TB) store.Options {
	t.Helper()
	shared, err := server()
	if errors.Is(err, errAbsent) && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return store.Options{URL: database(t, shared.address)}
}

var errAbsent = errors.New("PostgreSQL is not installed, so this was tested with SQLite alone: install Debian's package postgresql")

var databases atomic.Int64

func database(t testing.TB, address string) string {
	name := fmt.Sprintf("t%d", databases.Add(1))
	admin(t, address, "CREATE DATABASE "+name)
	t.Cleanup(func() { admin(t, address, "DROP DATABASE "+name+" WITH (FORCE)") })
	return address + "/" + name
}

func admin(t testing.TB, address, statement string) {
	t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, address+"/postgres")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, statement); err != nil {
		t.Fatal(err)
	}
}
