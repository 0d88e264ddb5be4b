package web

import (
	"context"
	"slices"
	"sync"
	"time"

	"dockfill/allocation"
	"dockfill/cloud/promise"
	"dockfill/cloud/store"
)

// outlook says when what is owed will come. It reads and plays only what hangs on
// the lines that are asked for. What was read stays good until something is
// committed; and as long as four times what it took, so that a large house with
// many scans does not spend its time on dates.
type outlook struct {
	s    *Server
	asks chan struct{} // wakes run where the survey may be old

	mu   sync.Mutex
	kept []*forecast // the newest last

	surveying sync.Mutex
	now       sync.Mutex
	last      *survey
}

func newOutlook(s *Server) *outlook { return &outlook{s: s, asks: make(chan struct{}, 1)} }

// made says by what a result was made, and so how long it is good.
type made struct {
	changed <-chan struct{}
	today   allocation.Date
	at      time.Time
	took    time.Duration
}

// rest is how many times what a result took it is good for, whatever changed.
const (
	forecastRest = 4
	surveyRest   = 20
)

func (o *outlook) begin() made {
	return made{changed: o.s.Reads.Changed(), today: o.today(), at: time.Now()} // before reading, so that no commit is missed
}

func (m *made) end() { m.took = time.Since(m.at) }

func (o *outlook) good(m made, rest time.Duration) bool {
	return m.today == o.today() && (m.changed == o.s.Reads.Changed() || time.Since(m.at) < (1+rest)*m.took)
}

func (o *outlook) today() allocation.Date { return dateOf(o.s.Now()) }

func dateOf(t time.Time) allocation.Date { return allocation.Date(t.UTC().Format(time.DateOnly)) }

// forecast is what was said of some lines.
type forecast struct {
	made
	lines  map[allocation.LineID]promise.Line
	orders map[allocation.OrderID]bool // of which all lines are in it
}

func (f *forecast) covers(l store.OwedLine) bool {
	_, has := f.lines[l.Line]
	return has && (l.Ship != allocation.ShipOrder || f.orders[l.Order])
}

const keptForecasts = 8

// comes gives what can be said of the lines. One that is not in it was filled or
// cancelled meanwhile.
func (o *outlook) comes(ctx context.Context, lines []store.OwedLine) (map[allocation.LineID]promise.Line, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, f := range slices.Backward(o.kept) {
		if o.good(f.made, forecastRest) && !slices.ContainsFunc(lines, func(l store.OwedLine) bool { return !f.covers(l) }) {
			return f.lines, nil
		}
	}
	var skus []allocation.SKU
	var orders []allocation.OrderID
	for _, l := range lines {
		skus = append(skus, l.SKU)
		if l.Ship == allocation.ShipOrder {
			orders = append(orders, l.Order)
		}
	}
	f, err := o.forecast(ctx, skus, orders)
	if err != nil {
		return nil, err
	}
	o.kept = append(o.kept, f)
	o.kept = o.kept[max(0, len(o.kept)-keptForecasts):]
	return f.lines, nil
}

func (o *outlook) forecast(ctx context.Context, skus []allocation.SKU, orders []allocation.OrderID) (*forecast, error) {
	f := &forecast{made: o.begin(), lines: map[allocation.LineID]promise.Line{}, orders: map[allocation.OrderID]bool{}}
	p, err := o.s.Reads.Prospect(ctx, skus, orders)
	if err != nil {
		return nil, err
	}
	for _, id := range orders {
		f.orders[id] = true
	}
	for _, g := range p.Sites {
		g.Today = f.today
		dates, err := promise.Dates(p.Policy, g)
		if err != nil {
			return nil, err
		}
		for id, l := range dates.Lines {
			f.lines[id] = l
		}
	}
	f.end()
	return f, nil
}

// survey is how all promises stand.
type survey struct {
	made
	lines map[promise.Word][]allocation.LineID
}

// surveyed is how many SKUs a survey plays at once.
const surveyed = 256

// survey counts the promises of all open lines, or gives the last count where that
// is good enough.
func (o *outlook) survey(ctx context.Context) (*survey, error) {
	o.surveying.Lock()
	defer o.surveying.Unlock()
	if v := o.latest(); v != nil && o.good(v.made, surveyRest) {
		return v, nil
	}
	v := &survey{made: o.begin(), lines: map[promise.Word][]allocation.LineID{}}
	lines, err := o.s.Reads.Promised(ctx)
	if err == nil {
		err = o.count(ctx, v, lines)
	}
	if err != nil {
		return nil, err
	}
	v.end()
	o.now.Lock()
	defer o.now.Unlock()
	o.last = v
	return v, nil
}

// count plays the goods of some SKUs after others. Where orders tie them the gates
// come last, when all lines of each order have their dates.
func (o *outlook) count(ctx context.Context, v *survey, lines []store.PromisedLine) error {
	f := promise.Forecast{Lines: make(map[allocation.LineID]promise.Line, len(lines))}
	for rest := lines; len(rest) > 0; {
		n, skus := someSKUs(rest)
		part, err := o.forecast(ctx, skus, nil)
		if err != nil {
			return err
		}
		for _, l := range rest[:n] {
			if line, open := part.lines[l.Line]; open {
				line.Portions = nil
				f.Lines[l.Line] = line
			}
		}
		rest = rest[n:]
	}
	open := make([]allocation.Line, 0, len(lines))
	for _, l := range lines {
		if _, is := f.Lines[l.Line]; is {
			open = append(open, allocation.Line{Ship: l.Ship, Rank: allocation.Rank{Order: l.Order, Line: l.Line}})
		}
	}
	f.Gates(open)
	for _, l := range lines {
		if line, is := f.Lines[l.Line]; is {
			word := line.Against(l.Promised, v.today)
			v.lines[word] = append(v.lines[word], l.Line)
		}
	}
	return nil
}

// someSKUs gives how many of the lines, which are sorted by SKU, belong to the
// first SKUs, and these.
func someSKUs(lines []store.PromisedLine) (n int, skus []allocation.SKU) {
	for ; n < len(lines); n++ {
		if n > 0 && lines[n].SKU == lines[n-1].SKU {
			continue
		}
		if len(skus) == surveyed {
			break
		}
		skus = append(skus, lines[n].SKU)
	}
	return n, skus
}

// latest gives the last survey at once, nil where there is none yet; run makes a
// newer one.
func (o *outlook) latest() *survey {
	o.now.Lock()
	defer o.now.Unlock()
	return o.last
}

func (o *outlook) ask() {
	select {
	case o.asks <- struct{}{}:
	default:
	}
}

// run keeps the survey new while pages ask for it, until ctx ends.
func (o *outlook) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-o.asks:
		}
		before := o.latest()
		v, err := o.survey(ctx)
		if err != nil && ctx.Err() == nil {
			o.s.Log.Error("promises cannot be counted", "err", err)
		}
		if err == nil && v != before {
			o.s.hub.wake()
		}
	}
}
