package agent

import (
	"bytes"
	"fmt"
	"strings"

	"dockfill/agent/dock"
	"dockfill/agent/store"
	"dockfill/allocation"
	"dockfill/sync/wire"
)

// repeatAfterCrash asks where nobody can know: the station's newest scans were
// saved by a process that died, their tone is not known to have been given, and
// now the same code comes again. A code with a serial or an SSCC needs no
// question. The first other code shows that the worker has gone on.
func (d *desk) repeatAfterCrash(tx *store.Tx, at store.Station, s scan, g goods) (dock.Feedback, bool, error) {
	if s.again || at.Last <= at.Proven || at.Run >= tx.Meta().Run || g.sscc != "" || s.code.Serial != "" {
		return dock.Feedback{}, false, nil
	}
	for seq := at.Last; seq > at.Proven; {
		e, found, err := tx.EventAt(seq)
		if err != nil {
			return dock.Feedback{}, false, err
		}
		if !found || e.Scan == nil {
			break
		}
		if bytes.Equal(e.Scan.Code, s.raw) {
			at.Asked = s.raw
			return d.question(s, e), true, tx.PutStation(at)
		}
		if _, seq, _, err = tx.Before(seq); err != nil {
			return dock.Feedback{}, false, err
		}
	}
	return dock.Feedback{}, false, nil
}

func (d *desk) question(s scan, e wire.Event) dock.Feedback {
	return dock.Feedback{
		Station: s.station, At: s.at, Verdict: allocation.Check, Why: allocation.WhyRepeat, Code: dock.Visible(string(s.raw)),
		Text: "this code was saved just before a restart, " + outcome(e) +
			"; if this is another unit scan DF:SAME-AGAIN, if it is the same one go on",
	}
}

// outcome says in words what a stored scan came to.
func outcome(e wire.Event) string {
	if e.Scan == nil {
		return fmt.Sprintf("as event %d", e.Seq)
	}
	var to []string
	for _, r := range e.Scan.Receipts {
		for _, a := range r.Allocations {
			to = append(to, fmt.Sprintf("%d to %s", a.Qty, a.Line))
		}
		if r.Free > 0 {
			to = append(to, fmt.Sprintf("%d put away", r.Free))
		}
	}
	const most = 3
	if len(to) > most {
		to = append(to[:most], fmt.Sprintf("and %d more", len(to)-most))
	}
	text := fmt.Sprintf("as event %d at station %s: %s", e.Seq, e.Scan.Station, e.Scan.Verdict)
	if len(to) > 0 {
		text += " (" + strings.Join(to, ", ") + ")"
	}
	return text
}
