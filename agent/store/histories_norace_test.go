//go:build !race

package store

const defaultHistories = 2000
