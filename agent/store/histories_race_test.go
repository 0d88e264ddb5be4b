//go:build race

package store

// defaultHistories is fewer here, as each takes four times as long.
const defaultHistories = 500
