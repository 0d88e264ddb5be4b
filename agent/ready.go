package agent

import (
	"errors"

	"dockfill/agent/dock"
	"dockfill/agent/store"
	"dockfill/allocation"
	"dockfill/sync/session"
)

// unverified is what a site is told that has no life of its own yet.
const unverified = "this site has not been admitted by the centre yet: connect it once, and it can receive"

// ready refuses every scan while the site may not receive.
func (a *Agent) ready(tx *store.Tx) error {
	if tx.Meta().Incarnation == "" {
		return stop(allocation.WhyNotReady, "%s", unverified)
	}
	if s := a.session.Status(); s.State == session.CaptureOnly {
		return stop(allocation.WhyNotReady, "%s", s.Text)
	}
	return nil
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
