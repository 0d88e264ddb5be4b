package sim

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/stretchr/testify/require"

	"dockfill/agent/config"
	"dockfill/allocation"
	"dockfill/scanner"
)

// site is a warehouse: the machines that its agents run on, and its floor.
type site struct {
	w      *world
	n      int
	id     allocation.SiteID
	main   *machine
	other  *machine // a clone that somebody started beside it; mostly nil
	floors []*floor
	bought int // machines so far
}

// machine is a computer with a data folder, and perhaps an agent at work on it.
type machine struct {
	s     *site
	data  string
	agent *process // nil while none runs
	kept  *copied  // somebody's copy of the folder

	// The oracle's reading of the database, and how far it has read.
	reader   *tables
	readLife string
	readSeq  int64
}

func newSite(w *world, n int) *site {
	s := &site{w: w, n: n, id: allocation.SiteID(fmt.Sprintf("site-%d", n+1))}
	s.main = s.machine()
	for i := range w.plan.stations {
		s.floors = append(s.floors, newFloor(s, allocation.StationID(fmt.Sprint(i+1))))
	}
	return s
}

func (s *site) machine() *machine {
	s.bought++
	m := &machine{s: s, data: s.w.path(fmt.Sprintf("%s-%d", s.id, s.bought), "data")}
	require.NoError(s.w.t, os.MkdirAll(m.data, 0o750))
	return m
}

func (s *site) install() {
	s.main.start()
	for _, f := range s.floors {
		f.begin()
	}
}

// machines are those that there are.
func (s *site) machines() []*machine {
	if s.other == nil {
		return []*machine{s.main}
	}
	return []*machine{s.main, s.other}
}

func (m *machine) config() config.Config {
	c := config.Config{Site: m.s.id, Data: m.data, Retention: 48 * time.Hour, Checkpoints: 8}
	for _, f := range m.s.floors {
		c.Stations = append(c.Stations, scanner.Config{Station: f.station})
	}
	return c
}

func (m *machine) start() {
	if m.agent == nil {
		m.agent = launch(m)
	}
}

// kill ends the agent as kill -9 does: nothing more is committed, said or heard, and its
// anchor knows of no stop.
func (m *machine) kill() {
	if m.agent != nil {
		m.agent.die()
		m.stop()
	}
}

// stop ends the agent cleanly, or waits for one that is dying.
func (m *machine) stop() {
	if m.agent == nil {
		return
	}
	m.unread()
	p := m.agent
	m.agent = nil
	p.cancel()
	<-p.done
	if p.image != nil {
		p.image.back(m.s.w, m.data)
	}
}

// tables reads the database that is in use; nil while there is none.
func (m *machine) tables() *tables {
	if m.reader == nil {
		path := filepath.Join(m.data, "agent.db")
		if _, err := os.Stat(path); err != nil {
			return nil
		}
		m.reader = m.s.w.read(path)
	}
	return m.reader
}

// unread lets go of the file, which is about to be replaced or closed.
func (m *machine) unread() {
	m.reader.close()
	m.reader = nil
}

// wipe is a new disk, with the same names on it.
func (m *machine) wipe() {
	m.unread()
	m.readLife, m.readSeq, m.kept = "", 0, nil
	require.NoError(m.s.w.t, os.RemoveAll(m.data))
	require.NoError(m.s.w.t, os.RemoveAll(m.config().AnchorDir()))
	require.NoError(m.s.w.t, os.MkdirAll(m.data, 0o750))
}

// copied are files as they were at a moment, by their path within a folder.
type copied struct {
	at    time.Time
	files map[string][]byte
}

// copyOf reads the files of a folder that there are.
func copyOf(w *world, dir string, names ...string) *copied {
	c := &copied{time.Now(), map[string][]byte{}}
	for _, name := range names {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if os.IsNotExist(err) {
			continue
		}
		require.NoError(w.t, err)
		c.files[name] = b
	}
	return c
}

// back writes the content into the files that are there, as a disk has it after a crash.
func (c *copied) back(w *world, dir string) {
	for name, b := range c.files {
		require.NoError(w.t, os.WriteFile(filepath.Join(dir, name), b, 0o640))
	}
}

// restore puts new files of the same names there, as whoever restores a backup does.
func (c *copied) restore(w *world, dir string, names ...string) {
	for _, name := range append(names, names[0]+"-shm") {
		if err := os.Remove(filepath.Join(dir, name)); !os.IsNotExist(err) {
			require.NoError(w.t, err)
		}
	}
	c.back(w, dir)
}

var agentFiles = []string{"agent.db", "agent.db-wal"}

// keep copies the database while it is in use.
func (m *machine) keep() {
	if _, err := os.Stat(filepath.Join(m.data, "agent.db")); err == nil {
		m.kept = copyOf(m.s.w, m.data, agentFiles...)
	}
}

// putBack replaces the database by the copy; no agent runs.
func (m *machine) putBack() {
	m.unread()
	m.readLife, m.readSeq = "", 0
	m.kept.restore(m.s.w, m.data, agentFiles...)
}

// admitted is the nonce by which the centre keeps a clone out; "" where it keeps none out.
func (s *site) kept() (nonce string) {
	s.w.centre.tables().each(func(row func(...any)) { row(&nonce) },
		`SELECT nonce FROM clone WHERE site = ? AND admitted = 0 ORDER BY at DESC LIMIT 1`, string(s.id))
	return nonce
}

func background() context.Context { return context.Background() }
