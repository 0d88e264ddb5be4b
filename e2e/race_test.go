//go:build race

package e2e

// raced builds the programs with the race detector where the tests have it.
const raced = true
