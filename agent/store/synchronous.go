//go:build !failpoint

package store

// synchronous is how SQLite flushes, by its name and as PRAGMA synchronous gives
// it back. FULL flushes the log at every commit.
const synchronous, synchronousIs = "FULL", "2"
