package agent

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"dockfill/agent/dock"
	"dockfill/agent/store"
	"dockfill/allocation"
	"dockfill/sync/wire"
)

// Status implements dock.Site.
func (a *Agent) Status(ctx context.Context) (dock.Status, error) {
	s := dock.Status{
		Site: a.config.Site, Version: a.deps.Version, Started: a.started,
		Stations: a.stationStatus(), DiskFreeBytes: a.diskFree(),
	}
	state, reason := a.state()
	s.State, s.Reason, s.StateSince = string(state), reason, a.since.get()
	s.Captured, s.DiskFull = a.aside.status(), a.reserve.spent()
	if a.store == nil {
		s.Unread = true
		return s, nil
	}
	link := a.session.Status()
	s.Link = dock.Link{Up: link.Up, Since: link.Since, Problem: link.Problem, Dropped: link.Dropped + a.inbox.Dropped()}
	m, head, c := a.store.Now()
	s.Incarnation, s.Policy = m.Incarnation, m.Policy.Version
	s.Head, s.Stored, s.Safe, s.Tasks = head.Seq, m.Stored.Seq, m.Safe.Seq, c.Tasks
	s.Owed = dock.Owed{Lines: c.OwedLines, Orders: c.OwedOrders, Units: c.OwedUnits}
	s.Totals = dock.Totals{
		Scans: c.Scans, Units: c.Units, Allocated: c.Allocated,
		OrdersComplete: c.OrdersComplete, LinesKnown: c.LinesKnown, Free: c.Free,
	}
	s.Checkpoints = a.checkpoints.status()
	err := a.store.View(ctx, func(tx *store.Tx) (err error) {
		if s.Head > s.Stored {
			if s.OldestUnsent, err = tx.UnsentSince(s.Stored); err != nil {
				return err
			}
		}
		if s.DatabaseBytes, err = tx.Bytes(); err != nil {
			return err
		}
		if s.Uncounted, err = uncounted(tx, a.stations, a.deps.Now()); err != nil {
			return err
		}
		if s.Short, s.ShortLines, err = short(tx); err != nil {
			return err
		}
		s.Held, err = held(tx)
		return err
	})
	if err != nil && a.damage() != nil {
		s.Unread, err = true, nil
	}
	return s, err
}

func (a *Agent) diskFree() int64 {
	free, _ := a.deps.Space(a.config.Data)
	return free
}

func short(tx *store.Tx) (all []dock.Short, lines int64, err error) {
	first, lines, err := tx.Short(dock.ShortShown)
	for _, s := range first {
		all = append(all, dock.Short(s))
	}
	return all, lines, err
}

func held(tx *store.Tx) ([]dock.Held, error) {
	var all []dock.Held
	sums, err := tx.HeldHere()
	for _, h := range sums {
		all = append(all, dock.Held(h))
	}
	return all, err
}

// Kept implements dock.Site.
func (a *Agent) Kept(ctx context.Context, n int) (kept []dock.Kept, err error) {
	if a.store == nil {
		return nil, a.damage()
	}
	err = a.store.View(ctx, func(tx *store.Tx) error {
		codes, err := tx.KeptCodes(n)
		for _, k := range codes {
			kept = append(kept, dock.Kept{Code: dock.Visible(string(k.Code)), Why: k.Why, Units: k.Units, Scans: k.Scans, Since: k.Since})
		}
		return err
	})
	return kept, err
}

func (a *Agent) stationStatus() []dock.Station {
	var all []dock.Station
	for _, s := range a.stations {
		d := dock.Station{ID: s.config.Station, Port: s.config.Port, State: "no scanner", Since: a.started}
		if s.source != nil {
			st := s.source.Status()
			d.State, d.Since, d.LastScan = string(st.State), st.Since, st.LastScan
			d.Device, d.Revision, d.Counts = st.Device, st.Revision, dock.Counts(st.Counts)
			d.Counts.Repeats += s.repeats.Load()
			if st.LastError != nil {
				d.Problem = st.LastError.Error()
			}
		}
		all = append(all, d)
	}
	return all
}

// Scan implements dock.Site.
func (a *Agent) Scan(ctx context.Context, id allocation.StationID, code []byte) (dock.Feedback, error) {
	known := func(s station) bool { return s.config.Station == id }
	i := slices.IndexFunc(a.stations, known)
	if i < 0 {
		return dock.Feedback{}, fmt.Errorf("%w: %s", dock.ErrNoStation, id)
	}
	now := a.deps.Now()
	s := scan{station: id, raw: slices.Clone(code), at: now}
	s.code = a.desk.rules.Parse("", s.raw, now.Year())
	answer := make(chan dock.Feedback, 1)
	a.take(ctx, s, func(f dock.Feedback) { answer <- f })
	select {
	case f := <-answer:
		return f, nil
	case <-ctx.Done():
		return dock.Feedback{}, ctx.Err()
	}
}

// Do implements dock.Site.
func (a *Agent) Do(ctx context.Context, w wire.Deed) (dock.Done, error) {
	if a.store == nil {
		return dock.Done{}, a.damage()
	}
	if w.Station != "" && !slices.ContainsFunc(a.stations, func(s station) bool { return s.config.Station == w.Station }) {
		return dock.Done{}, fmt.Errorf("%w: %s", dock.ErrNoStation, w.Station)
	}
	var done decided
	var seq int64
	err := a.writer.wait(ctx, func(tx *store.Tx) error {
		err := a.ready(tx)
		if err == nil {
			err = knownItem(tx, w)
		}
		if err != nil {
			return err
		}
		seq = tx.Head().Seq + 1
		if done, err = a.desk.perform(tx, w); err == nil {
			done.errands, err = standing(tx, done.errands)
		}
		return err
	})
	if err != nil {
		return dock.Done{}, deedError(err)
	}
	a.correct(done.errands)
	return dock.Done{Seq: seq, Moves: wireMoves(done.Moves), Complete: done.Completed}, nil
}

// knownItem refuses to count units of a name that nobody knows: it was mistyped.
func knownItem(tx *store.Tx, w wire.Deed) error {
	if w.Kind != wire.DeedAdjust {
		return nil
	}
	_, found, err := tx.ItemBySKU(w.SKU)
	if err == nil && !found {
		err = fmt.Errorf("this site knows no item %s: nothing was changed", w.SKU)
	}
	return err
}

// deedError tells a refusal, and what was not possible, from what is not known.
func deedError(err error) error {
	var no *refusal
	var lost *unsaved
	switch {
	case errors.As(err, &no):
		return &dock.Refused{Why: no.why, Text: no.Error()}
	case errors.As(err, &lost), store.OfTheDisk(err), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded), errors.Is(err, errClosed):
		return err
	}
	return &dock.Refused{Text: err.Error()}
}

// Tasks implements dock.Site.
func (a *Agent) Tasks(ctx context.Context) (tasks []dock.Task, err error) {
	if a.store == nil {
		return nil, a.damage()
	}
	err = a.store.View(ctx, func(tx *store.Tx) error {
		open, err := tx.Tasks("")
		for _, t := range open {
			tasks = append(tasks, dockTask(t))
		}
		return err
	})
	return tasks, err
}

func dockTask(t store.Task) dock.Task {
	stock := cmp.Or(t.Item.Putaway, "stock")
	d := dock.Task{
		ID: t.ID, Kind: t.Kind, SKU: t.SKU, Qty: t.Qty, Since: t.Since,
		From: cmp.Or(string(t.From), stock), To: cmp.Or(string(t.To), stock),
	}
	if t.From == store.SetAside {
		d.From = "the set-aside place"
	}
	d.Text = fmt.Sprintf("%s of %s from %s to %s", dock.Number(t.Qty), t.SKU, d.From, d.To)
	if t.Door != "" {
		d.Text += ", door " + t.Door
	}
	return d
}

// Done implements dock.Site.
func (a *Agent) Done(ctx context.Context, task int64) error {
	if a.store == nil {
		return a.damage()
	}
	return a.writer.wait(ctx, func(tx *store.Tx) error {
		if err := a.ready(tx); err != nil {
			return err
		}
		_, err := a.desk.endTask(tx, task, store.Station{})
		return err
	})
}

// Recent implements dock.Site.
func (a *Agent) Recent(_ context.Context, id allocation.StationID, n int) ([]dock.Feedback, error) {
	return a.hub.last(id, n), nil
}

// Subscribe implements dock.Site.
func (a *Agent) Subscribe(id allocation.StationID) (<-chan dock.Feedback, func()) {
	return a.hub.subscribe(id)
}

// Balances implements dock.Site.
func (a *Agent) Balances(ctx context.Context) (b dock.Balances, err error) {
	if a.store == nil {
		return dock.Balances{}, a.damage()
	}
	err = a.store.View(ctx, func(tx *store.Tx) error {
		b, err = balances(tx)
		return err
	})
	return b, err
}

func balances(tx *store.Tx) (dock.Balances, error) {
	b := dock.Balances{
		Lines: map[allocation.LineID]dock.LineBalance{},
		Free:  map[allocation.SKU]int64{}, Damaged: map[allocation.SKU]int64{}, Hold: map[allocation.SKU]int64{},
	}
	err := tx.EachLine(func(l store.Line) error {
		b.Lines[l.ID()] = dock.LineBalance{
			Ordered: l.Ordered, Cancelled: l.Cancelled, Allocated: l.Allocated, Staged: l.Staged, Open: l.Open(),
		}
		return nil
	})
	if err != nil {
		return b, err
	}
	return b, tx.EachStock(func(sku allocation.SKU, shelf allocation.Shelf, qty int64) error {
		switch shelf {
		case allocation.Free:
			b.Free[sku] += qty
		case allocation.Broken:
			b.Damaged[sku] += qty
		case allocation.Aside, allocation.Surplus:
			b.Hold[sku] += qty
		}
		return nil
	})
}
