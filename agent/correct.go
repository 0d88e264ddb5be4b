package agent

import (
	"fmt"

	"dockfill/agent/dock"
	"dockfill/agent/store"
	"dockfill/allocation"
)

// standing leaves those of the new tasks that are still open, with what is to be
// carried of them now: the decisions behind theirs may have redirected the units.
func standing(tx *store.Tx, errands []store.Task) (still []store.Task, err error) {
	for _, t := range errands {
		if t.Qty, err = tx.TaskQty(t.ID); err != nil {
			return nil, err
		}
		if t.Qty > 0 {
			still = append(still, t)
		}
	}
	return still, nil
}

// correct tells the stations whose earlier scans brought units to a line that these
// go elsewhere now: each station once, however many tasks there are.
func (a *Agent) correct(errands []store.Task) {
	byStation := map[allocation.StationID][]store.Task{}
	var order []allocation.StationID
	for _, t := range errands {
		if t.From == "" || t.From == store.SetAside {
			continue
		}
		for _, b := range a.hub.broughtTo(t.From, t.Qty) {
			if byStation[b.station] == nil {
				order = append(order, b.station)
			}
			t.Qty = b.qty
			byStation[b.station] = append(byStation[b.station], t)
		}
	}
	for _, station := range order {
		a.hub.publish(a.correction(station, byStation[station]))
	}
}

func (a *Agent) correction(station allocation.StationID, tasks []store.Task) dock.Feedback {
	first := dockTask(tasks[0])
	f := dock.Feedback{
		Station: station, At: a.deps.Now(), Verdict: allocation.Check, Why: allocation.WhyRanked,
		SKU: string(first.SKU), Text: first.Kind + " " + first.Text,
	}
	if more := len(tasks) - 1; more > 0 {
		f.Text += fmt.Sprintf("; and %d more to carry", more)
	}
	return f
}
