package sim

import (
	"context"
	"os"
	"path/filepath"

	"github.com/stretchr/testify/require"

	"dockfill/cloud/ingest"
	"dockfill/cloud/store"
)

// centre is the service at the centre: its ingest over its store.
type centre struct {
	w      *world
	dir    string
	path   string
	kept   *copied // somebody's copy of its database
	store  *store.Store
	ingest *ingest.Ingest
	port   *port
	cancel context.CancelFunc
	done   chan error
	reader *tables
}

func newCentre(w *world) *centre {
	dir := w.path("centre")
	require.NoError(w.t, os.MkdirAll(dir, 0o750))
	return &centre{w: w, dir: dir, path: filepath.Join(dir, centreFiles[0])}
}

var centreFiles = []string{"centre.db", "centre.db-wal"}

// keep copies the database while it is in use.
func (c *centre) keep() { c.kept = copyOf(c.w, c.dir, centreFiles...) }

func (c *centre) up() bool { return c.cancel != nil }

func (c *centre) start() {
	s, err := store.Open(context.Background(), store.Options{Path: c.path, Log: c.w.log})
	require.NoError(c.w.t, err)
	c.store = s
	c.ingest = ingest.New(ingest.Config{Store: s, Log: c.w.log.With("at", "centre")})
	c.port = c.w.net.port("", c.ingest.Handle, c.ingest.Link)
	ctx, cancel := context.WithCancel(context.Background())
	c.cancel, c.done = cancel, make(chan error, 2)
	go func() { c.done <- c.ingest.Run(ctx, c.port) }()
	go func() { c.port.Run(ctx); c.done <- nil }()
}

// tables reads its database, whether it runs or not.
func (c *centre) tables() *tables {
	if c.reader == nil {
		c.reader = c.w.read(c.path)
	}
	return c.reader
}

// stop ends the process at once: what it has not committed is gone.
func (c *centre) stop() {
	if c.cancel == nil {
		return
	}
	c.port.leave() // nothing it says now is heard
	c.cancel()
	<-c.done
	<-c.done
	c.cancel = nil
	c.reader.close()
	c.reader = nil
	require.NoError(c.w.t, c.store.Close())
}
