package agent

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"time"

	"dockfill/agent/dock"
	"dockfill/agent/store"
	"dockfill/sync/wire"
)

// A checkpoint a day is what a week of this site can be played from again under
// another policy (shadow.go). It is made beside the scans and never in their way:
// where it cannot be made, the site receives as before.

const (
	checkpointFolder = "checkpoints" // within the data folder
	// leastFree is what a copy leaves of the disk: from there on the page warns.
	leastFree = dock.LowDisk
	// retryAfter is how long a copy that failed is not tried again.
	retryAfter = time.Hour
	// copyLife is how long a copy lies there that somebody asked for, and mostCopies
	// how many of them.
	copyLife   = time.Hour
	mostCopies = 4
)

// The names in the folder: a checkpoint by its day, a copy that a replay asked for,
// and what a crash left of either.
var (
	checkpointName = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}\.db$`)
	copyName       = regexp.MustCompile(`^now-[0-9a-f]{16}\.db$`)
	partName       = regexp.MustCompile(`^(\d{4}-\d{2}-\d{2}|now-[0-9a-f]{16})\.db\.part(-journal)?$`)
)

// checkpoints looks after the folder of a site's checkpoints.
type checkpoints struct {
	a   *Agent
	dir string

	copying sync.Mutex // one copy at a time
	retry   time.Time  // not before: the last one failed

	mu      sync.Mutex // guards the rest
	kept    []store.Checkpoint
	problem string               // why today's could not be made
	copies  map[string]time.Time // that were asked for, and when
}

func checkpointDir(data string) string { return filepath.Join(data, checkpointFolder) }

func newCheckpoints(a *Agent) *checkpoints {
	return &checkpoints{a: a, dir: checkpointDir(a.config.Data), copies: map[string]time.Time{}}
}

// tidy removes what a process before left unfinished or to be read, and looks at
// what is kept.
func (c *checkpoints) tidy(ctx context.Context) {
	for _, name := range namesIn(c.dir) {
		if copyName.MatchString(name) || partName.MatchString(name) {
			c.remove(filepath.Join(c.dir, name))
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	var unread error
	if c.kept, unread = keptCheckpoints(ctx, c.dir); unread != nil {
		c.a.log.Warn("not all checkpoints can be read", "error", unread)
	}
}

func namesIn(dir string) (names []string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil // there is none yet, or it is said where one is to be written
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// keptCheckpoints are those that can be read, the oldest first, and why others cannot
// be read.
func keptCheckpoints(ctx context.Context, dir string) (all []store.Checkpoint, unread error) {
	for _, name := range namesIn(dir) {
		if !checkpointName.MatchString(name) {
			continue
		}
		c, err := store.ReadCheckpoint(ctx, filepath.Join(dir, name))
		if err != nil {
			unread = errors.Join(unread, err)
			continue
		}
		all = append(all, c)
	}
	return all, unread
}

func (c *checkpoints) remove(path string) {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		c.a.log.Warn("a copy of the database could not be removed", "error", err)
	}
}

// keep makes today's checkpoint where it is missing, and lets go of old ones and of
// copies that nobody reads any more.
func (c *checkpoints) keep(ctx context.Context) {
	c.copying.Lock()
	defer c.copying.Unlock()
	now := c.a.deps.Now()
	c.dropCopies(now)
	c.prune()
	if c.a.config.Checkpoints == 0 {
		return
	}
	meta, _, _ := c.a.store.Now()
	path := filepath.Join(c.dir, now.Format(time.DateOnly)+".db")
	// Before a site is admitted there is nothing to be played again.
	if _, err := os.Stat(path); err == nil || meta.Incarnation == "" || now.Before(c.retry) {
		return
	}
	made, err := c.copyTo(ctx, path, now)
	if ctx.Err() != nil {
		return
	}
	c.note(made, err, now)
	c.prune()
}

func (c *checkpoints) note(made store.Checkpoint, err error, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		c.retry = now.Add(retryAfter)
		if c.problem != err.Error() {
			c.a.log.Warn("today's checkpoint could not be made: the site receives as before", "error", err)
		}
		c.problem = err.Error()
		return
	}
	c.problem, c.retry = "", time.Time{}
	c.kept = append(c.kept, made)
	c.a.log.Info("a checkpoint was made", "path", made.Path, "event", made.Head.Seq)
}

// copyTo writes a checkpoint where the disk has room for two of them and more. It is
// called under the lock of copying.
func (c *checkpoints) copyTo(ctx context.Context, path string, now time.Time) (store.Checkpoint, error) {
	var bytes int64
	err := c.a.store.View(ctx, func(tx *store.Tx) (err error) {
		bytes, err = tx.Bytes()
		return err
	})
	if err != nil {
		return store.Checkpoint{}, err
	}
	if err := roomFor(bytes, c.a.diskFree()); err != nil {
		return store.Checkpoint{}, err
	}
	if err := os.MkdirAll(c.dir, 0o750); err != nil {
		return store.Checkpoint{}, err
	}
	return c.a.store.CopyTo(ctx, path, now)
}

// roomFor refuses a copy that would leave the scans too little of the disk.
func roomFor(bytes, free int64) error {
	if least := max(leastFree, 2*bytes); free != dock.UnknownBytes && free < least {
		return fmt.Errorf("the disk has %s free, and a copy of the database is made where there are %s", dock.Bytes(free), dock.Bytes(least))
	}
	return nil
}

// prune removes the checkpoints of days that are not kept, also those that cannot be
// read.
func (c *checkpoints) prune() {
	var days []string
	for _, name := range namesIn(c.dir) {
		if checkpointName.MatchString(name) {
			days = append(days, name)
		}
	}
	old := days[:max(0, len(days)-c.a.config.Checkpoints)]
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, name := range old {
		c.remove(filepath.Join(c.dir, name))
	}
	c.kept = slices.DeleteFunc(c.kept, func(k store.Checkpoint) bool { return slices.Contains(old, filepath.Base(k.Path)) })
}

// through is the last event that no checkpoint needs. The one that a checkpoint ends
// with stays, as its hash says whose checkpoint it is.
func (c *checkpoints) through(incarnation string, head wire.Cursor) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	through := head.Seq
	for _, k := range c.kept {
		if k.Incarnation == incarnation {
			through = min(through, k.Head.Seq-1)
		}
	}
	return through
}

// status tells how many there are, and what is wrong.
func (c *checkpoints) status() dock.Checkpoints {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := dock.Checkpoints{Wanted: c.a.config.Checkpoints, Kept: len(c.kept), Problem: c.problem}
	if n := len(c.kept); n > 0 {
		s.Newest = c.kept[n-1].At
	}
	return s
}

// now writes a copy of this moment for somebody who reads it and removes it.
func (c *checkpoints) now(ctx context.Context) (store.Checkpoint, error) {
	c.copying.Lock()
	defer c.copying.Unlock()
	now := c.a.deps.Now()
	if c.dropCopies(now) >= mostCopies {
		return store.Checkpoint{}, &dock.Refused{Text: fmt.Sprintf("%d copies of the database lie in %s and are being read: try again when one of those replays has ended", mostCopies, c.dir)}
	}
	made, err := c.copyTo(ctx, filepath.Join(c.dir, "now-"+eventNonce()+".db"), now)
	if err == nil {
		c.mu.Lock()
		c.copies[made.Path] = now
		c.mu.Unlock()
	}
	return made, err
}

// dropCopies forgets the copies that were removed, removes old ones, and counts the
// others.
func (c *checkpoints) dropCopies(now time.Time) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	for path, made := range c.copies {
		if now.Sub(made) > copyLife {
			c.remove(path)
		}
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			delete(c.copies, path)
		}
	}
	return len(c.copies)
}

// packed are commands, and the form in which they are kept.
type packed struct {
	cmds []wire.Command
	kept store.Packed // nil where nothing is to be played again
}

// packed packs commands where checkpoints are made.
func (a *Agent) packed(cmds []wire.Command) (p packed, err error) {
	p.cmds = cmds
	if a.config.Checkpoints > 0 {
		p.kept, err = store.Pack(cmds)
	}
	return p, err
}

// applyKept applies commands and keeps them, as the log tells only what came of them.
func (d *desk) applyKept(tx *store.Tx, centre string, first int64, p packed) (*run, error) {
	seq := tx.Head().Seq + 1
	r, err := d.apply(tx, centre, first, p.cmds)
	if err == nil && p.kept != nil {
		err = tx.KeepCommands(seq, centre, first, p.kept)
	}
	return r, err
}

// Copy implements dock.Site.
func (a *Agent) Copy(ctx context.Context) (dock.Copied, error) {
	if a.store == nil {
		return dock.Copied{}, a.damage()
	}
	made, err := a.checkpoints.now(ctx)
	if err != nil {
		return dock.Copied{}, err
	}
	path, err := filepath.Abs(made.Path)
	return dock.Copied{Path: path, Seq: made.Head.Seq, Bytes: made.Bytes}, err
}
