package agent

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"dockfill/agent/store"
	"dockfill/allocation"
	"dockfill/sync/wire"
)

// ShadowReport is what came of it.
type ShadowReport struct {
	Site       allocation.SiteID
	Checkpoint store.Checkpoint
	Younger    bool      // nothing had happened at the site at the moment that was asked for
	Until      time.Time // of the last event; the checkpoint's where there is none
	Events     int64
	// Happenings are scans, words of people and runs of commands. Reproduced of them
	// came out by the log's own policies as the log says.
	Happenings, Reproduced int64
	First                  *Difference // the first that did not
	// Exact says that all events came out to the last byte: the hash at the end is that
	// of the log.
	Exact   bool
	End     wire.Cursor // what the first run came to
	Control Run
	Shadow  *Run // nil where no policy was to be tried
	// Lines are those that got another number of units, the largest difference first.
	Lines []LineChange
}

// Run is one way through the log.
type Run struct {
	Policies []string // versions, in the order in which they were in force
	Figures
	Missed []Missed
}

// Difference is something that came out otherwise than the log says.
type Difference struct {
	Seq       int64
	What      string
	Log, Here string
}

// LineChange is a line that has another number of units at the end.
type LineChange struct {
	Line            allocation.LineID
	SKU             allocation.SKU
	Tier            int
	Wanted          int64
	Control, Shadow int64 // allocated
}

// changes are the lines that got another number of units.
func changes(control, shadow course) (all []LineChange) {
	lines := maps.Clone(control.lines)
	maps.Copy(lines, shadow.lines)
	for id, l := range lines {
		x, y := control.net[id], shadow.net[id]
		if x == y {
			continue
		}
		before := l.Allocated - y // at the checkpoint
		if _, touched := shadow.lines[id]; !touched {
			before = l.Allocated - x
		}
		all = append(all, LineChange{Line: id, SKU: l.SKU, Tier: l.Rank.Tier, Wanted: l.Wanted(), Control: before + x, Shadow: before + y})
	}
	slices.SortFunc(all, func(a, b LineChange) int {
		return cmp.Or(cmp.Compare(distance(b), distance(a)), cmp.Compare(a.Line, b.Line))
	})
	return all
}

func distance(c LineChange) int64 { return max(c.Shadow-c.Control, c.Control-c.Shadow) }

// outcomes say in short where units went.
func outcomes(events []wire.Event) string {
	net := map[allocation.LineID]int64{}
	for _, e := range events {
		all, _ := shifts(e)
		for _, s := range all {
			net[s.line] += s.qty
		}
	}
	text := ""
	for _, id := range slices.Sorted(maps.Keys(net)) {
		if n := net[id]; n != 0 {
			text += fmt.Sprintf(", %+d for %s", n, id)
		}
	}
	if text == "" {
		return "no line got or lost units"
	}
	return text[2:]
}
