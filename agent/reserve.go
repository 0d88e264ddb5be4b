package agent

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"dockfill/agent/dock"
)

// ballastName is a file of nothing beside the database. It is let go of when the disk
// fills: what the site still owes then has room, namely what was acknowledged, what is
// set aside, and a clean stop.
const ballastName = "agent.ballast"

const (
	// mostBallast is enough for the write-ahead log of all that is in flight.
	mostBallast = 8 << 20
	// ballastShare is how small a part of a small disk it may be.
	ballastShare = 16
	// reservePause is how often the room is looked at while nothing is written.
	reservePause = time.Second
)

// reserve keeps the ballast. Scans are decided while it lies there: below the stop mark
// it is let go of, and made again when there is room for it and twice the mark.
type reserve struct {
	path  string
	space func() (free, total int64) // of the disk; dock.UnknownBytes where the system does not say
	log   *slog.Logger

	mu    sync.Mutex
	empty bool // the ballast was let go of, or there was no room for it
}

func newReserve(dir string, space func() (free, total int64), log *slog.Logger) *reserve {
	return &reserve{path: filepath.Join(dir, ballastName), space: space, log: log}
}

// size of the ballast, and the mark of free bytes below which scans are refused: SQLite
// still has room for what it has begun.
func (r *reserve) size(total int64) (ballast, stop int64) {
	ballast = min(mostBallast, total/ballastShare)
	return ballast, ballast / 2
}

// look compares the room with the marks and does what they ask for.
func (r *reserve) look() {
	r.mu.Lock()
	defer r.mu.Unlock()
	free, total := r.space()
	if free == dock.UnknownBytes || total == dock.UnknownBytes {
		return
	}
	ballast, stop := r.size(total)
	have := r.have()
	switch {
	case have > 0 && free < stop:
		r.release(free)
	case have < ballast && free+have >= ballast+2*stop:
		r.fill(ballast)
	case have == 0:
		r.empty = true
	}
}

// have is how much lies in reserve.
func (r *reserve) have() int64 {
	info, err := os.Stat(r.path)
	if err != nil {
		return 0
	}
	return info.Size()
}

func (r *reserve) release(free int64) {
	if err := os.Remove(r.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		r.log.Error("the ballast could not be let go of", "error", err)
		return
	}
	r.empty = true
	r.log.Error("the disk is full: scans are refused until there is room", "free", dock.Bytes(free))
}

// fill writes what no file system can compress.
func (r *reserve) fill(size int64) {
	err := r.write(size)
	if err != nil {
		r.log.Warn("the ballast could not be made", "error", errors.Join(err, os.Remove(r.path)))
		r.empty = true
		return
	}
	if r.empty {
		r.log.Info("the disk has room again: scans are taken")
	}
	r.empty = false
}

func (r *reserve) write(size int64) error {
	f, err := os.OpenFile(r.path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o640)
	if err != nil {
		return err
	}
	_, err = io.CopyN(f, rand.Reader, size)
	return errors.Join(err, f.Sync(), f.Close())
}

// full is told that a write has found no room.
func (r *reserve) full() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if free, _ := r.space(); r.have() > 0 {
		r.release(free)
	}
}

// spent reports whether only the room is left that was let go of.
func (r *reserve) spent() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.empty
}

// keepReserve looks at the room also while nothing is written.
func (a *Agent) keepReserve(ctx context.Context) error {
	tick := time.NewTicker(reservePause)
	defer tick.Stop()
	for {
		a.reserve.look()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}
