package scannertest

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/scanner"
)

// patience is how long a test waits for what must come.
const patience = 30 * time.Second

// Run runs a source for the length of the test and gives its scans.
func Run(t testing.TB, s scanner.Source) <-chan scanner.Scan {
	t.Helper()
	out := make(chan scanner.Scan)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx, out) }()
	t.Cleanup(func() {
		cancel()
		select {
		case err := <-ended:
			assert.ErrorIs(t, err, context.Canceled)
		case <-time.After(patience):
			t.Error("Run did not end")
		}
	})
	return out
}

// Take gives the next scan.
func Take(t testing.TB, out <-chan scanner.Scan) scanner.Scan {
	t.Helper()
	select {
	case s := <-out:
		return s
	case <-time.After(patience):
		require.FailNow(t, "no scan came")
		return scanner.Scan{}
	}
}
