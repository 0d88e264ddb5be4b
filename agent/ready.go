package agent

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"

	"dockfill/agent/dock"
	"dockfill/agent/store"
	"dockfill/allocation"
	"dockfill/sync/session"
)

// unverified is what a site is told that has no life of its own yet.
const unverified = "this site has not been admitted by the centre yet: connect it once, and it can receive"

// doubtful is what a site is told whose database nothing vouches for.
func doubtful(reason string) string {
	return reason + ": nothing is allocated until the centre has given this site a new beginning; connect it, and keep its data folder"
}

// errAside says that a scan is to be set aside: the site may not allocate, or what was
// set aside before it goes first.
var errAside = errors.New("the scan is set aside")

// receiving says whether a scan may be decided now: nil, errAside, or store.ErrFull.
func (a *Agent) receiving(tx *store.Tx) error {
	if a.ready(tx) != nil || a.aside.holds() {
		return errAside
	}
	return a.room()
}

// room refuses what needs room on the disk while there is only what lies in reserve.
func (a *Agent) room() error {
	if a.reserve.spent() {
		return store.ErrFull
	}
	return nil
}

// ready refuses to change the books while the site may not allocate.
func (a *Agent) ready(tx *store.Tx) error {
	if tx.Meta().Incarnation == "" {
		return stop(allocation.WhyNotReady, "%s", unverified)
	}
	if state, reason := a.state(); state != session.Active {
		return stop(allocation.WhyNotReady, "%s", reason)
	}
	return nil
}

// stands is ready outside of a transaction.
func (a *Agent) stands() error {
	if a.store == nil {
		return a.damage()
	}
	if meta, _, _ := a.store.Now(); meta.Incarnation == "" {
		return stop(allocation.WhyNotReady, "%s", unverified)
	}
	if state, reason := a.state(); state != session.Active {
		return stop(allocation.WhyNotReady, "%s", reason)
	}
	return nil
}

// state is what the site may do, and why that is not all; a life that was begun just now
// counts, also where the session was not told yet.
func (a *Agent) state() (session.State, string) {
	if err := a.damage(); err != nil {
		return session.CaptureOnly, err.Error()
	}
	if s := a.session.Status(); s.State == session.CaptureOnly {
		return s.State, s.Text
	}
	if doubt := a.moor.doubts(); doubt != "" {
		return session.Unverified, doubtful(doubt)
	}
	if meta, _, _ := a.store.Now(); meta.Incarnation == "" {
		return session.Unverified, unverified
	}
	return session.Active, ""
}

// standing notes since when the state is what it is, and tells who waits for a change.
func (a *Agent) standing() {
	state, _ := a.state()
	a.since.set(state, a.deps.Now())
	select {
	case a.changed <- struct{}{}:
	default:
	}
}

// stateSince is since when this process has seen a state.
type stateSince struct {
	mu    sync.Mutex
	state session.State
	at    time.Time
}

func (s *stateSince) set(state session.State, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state != state {
		s.state, s.at = state, now
	}
}

func (s *stateSince) get() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.at
}

// damaged is told of a database that is not whole. From then on nothing is written into
// it, in this process and the next ones, until it was rebuilt.
func (a *Agent) damaged(err error) {
	err = store.Explain(a.databasePath(), err)
	a.harm.mu.Lock()
	first := a.harm.err == nil
	if first {
		a.harm.err = err
	}
	a.harm.mu.Unlock()
	if !first {
		return
	}
	a.log.Error("the database is damaged: scans are set aside, and nothing is written into it", "error", err)
	if err := os.WriteFile(a.databasePath()+store.DamageMark, []byte(err.Error()+"\n"), 0o640); err != nil {
		a.log.Warn("that the database is damaged could not be noted", "error", err)
	}
	a.standing()
}

// harm is what is wrong with the database.
type harm struct {
	mu  sync.Mutex
	err error
}

// damage is why the database may not be used; nil where it may.
func (a *Agent) damage() error {
	a.harm.mu.Lock()
	defer a.harm.mu.Unlock()
	return a.harm.err
}

// knownDamage gives what a process before has found.
func knownDamage(database string) error {
	text, err := os.ReadFile(database + store.DamageMark)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return fmt.Errorf("%w: found by an earlier start: %s", store.ErrDamaged, dock.Visible(string(text)))
}

// refused is the feedback of a scan of which nothing was saved.
func refused(s scan, err error) dock.Feedback {
	f := dock.Feedback{Station: s.station, At: s.at, Verdict: allocation.Stop, Code: dock.Visible(string(s.raw)), Text: err.Error()}
	var r *refusal
	switch {
	case errors.As(err, &r):
		f.Verdict, f.Why = r.verdict, r.why
	case errors.Is(err, store.ErrFull):
		f.Why, f.Text = allocation.WhyUnsaved, "the disk is full and nothing was saved: make room, then scan again"
	default:
		f.Why, f.Text = allocation.WhyUnsaved, "nothing was saved: "+err.Error()
	}
	return f
}
