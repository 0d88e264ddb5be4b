package agent

import (
	"context"
	"fmt"

	"dockfill/agent/store"
	"dockfill/allocation"
	"dockfill/sync/why"
	"dockfill/sync/wire"
)

// searchChunk is how many events one look into the log passes: a reader must not
// hold the database for long.
const searchChunk = 10_000

// Decision implements dock.Site.
func (a *Agent) Decision(ctx context.Context, id why.ID, page why.Page) (why.Answer, error) {
	var answer why.Answer
	var err error
	id, elsewhere := a.ownEvent(id)
	switch {
	case a.store == nil:
		err = a.damage()
	case elsewhere != nil:
		err = elsewhere
	case id.Serial != "":
		answer.Unit, err = a.unitStory(ctx, id, page)
	case id.Line != "":
		answer.Line, err = a.lineStory(ctx, id.Line, page)
	default:
		err = a.store.View(ctx, func(tx *store.Tx) (err error) {
			answer.Event, err = eventTold(tx, id.Seq)
			return err
		})
	}
	return answer, err
}

// ownEvent takes the site and its life off an event's name, as the centre writes it.
func (a *Agent) ownEvent(id why.ID) (why.ID, error) {
	if id.Site == "" {
		return id, nil
	}
	if id.Site != a.config.Site {
		return id, why.Missingf("this is site %s: ask site %s for its events, or the centre for %s", a.config.Site, id.Site, id)
	}
	if a.store != nil && id.Life != "" {
		if m, _, _ := a.store.Now(); id.Life != m.Incarnation {
			return id, why.Missingf("event %d of the life %s is not kept here: this database leads the life %s. The centre has it: ask there for %s", id.Seq, id.Life, m.Incarnation, id)
		}
	}
	return why.ID{Seq: id.Seq}, nil
}

func eventTold(tx *store.Tx, seq int64) (*why.Told, error) {
	logged, prev, found, err := tx.Logged(seq)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, notLogged(tx, seq)
	}
	e, err := wire.ParseEvent(logged.Body)
	if err != nil {
		return nil, err
	}
	told := &why.Told{ID: hereID(tx, seq), Hash: logged.Hash, Prev: prev, Body: logged.Body, Event: e}
	if told.Commands, err = tx.AppliedIn(seq); err != nil {
		return nil, err
	}
	if told.Known, err = knownTo(tx, why.Named(e)); err == nil && told.Known.Shared(e) {
		told.Known.Given, err = givenBefore(tx, seq, told.Known.Lines)
	}
	return told, err
}

// givenBefore counts what lines held before an event: what they hold, less what they
// have got from it on. It is nil where too many events have followed.
func givenBefore(tx *store.Tx, seq int64, lines map[allocation.LineID]allocation.Line) (map[allocation.LineID]int64, error) {
	last := tx.Head().Seq
	if last-seq >= searchChunk {
		return nil, nil
	}
	given := map[allocation.LineID]int64{}
	for id, l := range lines {
		given[id] = l.Allocated
		since, err := tx.Search(seq, last, why.Needle(string(id)), searchChunk)
		if err != nil {
			return nil, err
		}
		for _, logged := range since {
			e, err := wire.ParseEvent(logged.Body)
			if err != nil {
				return nil, err
			}
			all, _ := shifts(e)
			for _, s := range all {
				if s.line == id {
					given[id] -= s.qty
				}
			}
		}
	}
	return given, nil
}

func hereID(tx *store.Tx, seq int64) why.ID {
	m := tx.Meta()
	return why.ID{Site: m.Site, Life: m.Incarnation, Seq: seq}
}

// notLogged says why the log does not hold an event, and where to ask.
func notLogged(tx *store.Tx, seq int64) error {
	oldest, err := tx.Oldest()
	if err != nil {
		return err
	}
	if head := tx.Head().Seq; seq > head {
		return why.Missingf("there is no event %d: the log ends at %d", seq, head)
	}
	return why.Missingf("event %d is not kept here any more: the log begins at %d. The centre has it: ask there for %s", seq, oldest, hereID(tx, seq))
}

func knownTo(tx *store.Tx, lines []allocation.LineID) (why.Known, error) {
	standard, policy := allocation.DefaultPolicy(), tx.Meta().Policy
	k := why.Known{
		Lines:    map[allocation.LineID]allocation.Line{},
		Policies: map[string]allocation.Policy{standard.Version: standard, policy.Version: policy},
	}
	for _, id := range lines {
		l, found, err := tx.Line(id)
		if err != nil {
			return k, err
		}
		if found {
			k.Lines[id] = l
		}
	}
	return k, nil
}

func (a *Agent) lineStory(ctx context.Context, id allocation.LineID, page why.Page) (*why.LineStory, error) {
	var story why.LineStory
	err := a.store.View(ctx, func(tx *store.Tx) error {
		l, found, err := tx.Shown(id)
		if err == nil && !found {
			err = why.Missingf("this site knows no line %s: it is sent only the lines that it may fill. The centre knows all: ask there", id)
		}
		if err != nil {
			return err
		}
		m := tx.Meta()
		story = why.LineStory{Line: l.Line, CustomerName: l.CustomerName, Door: l.Door, Policy: m.Policy, Lacks: why.Hindrances(&l.Line, why.NoRightHere)}
		story.Rights = []why.Right{{Site: m.Site, Life: m.Incarnation, Present: true, Registers: l.Rights.Registers}}
		if l.Open() > 0 {
			standing, err := tx.Standing(l)
			story.Standing = &standing
			return err
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	story.History, err = a.history(ctx, page, why.Needle(string(id)), func(e wire.Event) []why.Entry { return why.OfLine(e, id) })
	return &story, err
}

// maxUnits bounds how many places of one serial are told.
const maxUnits = 50

func (a *Agent) unitStory(ctx context.Context, id why.ID, page why.Page) (*why.UnitStory, error) {
	story := why.UnitStory{Serial: id.Serial}
	readings := id.Readings()
	err := a.store.View(ctx, func(tx *store.Tx) error {
		for _, u := range readings {
			places, err := tx.Units(u, maxUnits)
			if err != nil {
				return err
			}
			story.Places = append(story.Places, places...)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	story.History, err = a.history(ctx, page, why.SerialNeedle(readings), func(e wire.Event) []why.Entry { return why.OfUnit(e, readings) })
	if err != nil {
		return nil, err
	}
	if len(story.Places) == 0 && len(story.History.Rows) == 0 && story.History.Next.Seq == 0 && page.Before.Seq == 0 {
		return nil, why.Missingf("no unit with the serial %s was received here%s", id.Serial, sinceWhen(story.History.Oldest))
	}
	story.Where = whereNow(story.Places)
	return &story, nil
}

func sinceWhen(oldest int64) string {
	if oldest == 0 {
		return ": check how it is written, or ask the centre"
	}
	return fmt.Sprintf(" since event %d, the oldest one that is kept. The centre has the older ones: ask there", oldest)
}

func whereNow(places []why.Place) string {
	switch len(places) {
	case 0:
		return "Not in the house: it was shipped, or what brought it in was taken back"
	case 1:
		p := places[0]
		if p.Bound > 0 {
			return "Picked or staged for line " + p.At
		}
		return "With " + why.PlaceWords(p.At)
	}
	return "In several places, see below"
}

// history looks through the log for what a page of a story tells. It passes at
// most why.MaxSearch events, some at a time.
func (a *Agent) history(ctx context.Context, page why.Page, needle []byte, of func(wire.Event) []why.Entry) (h why.History, err error) {
	var oldest, last int64
	err = a.store.View(ctx, func(tx *store.Tx) (err error) {
		last = tx.Head().Seq
		oldest, err = tx.Oldest()
		return err
	})
	if err != nil {
		return h, err
	}
	if oldest > 1 {
		h.Oldest = oldest
	}
	if page.Before.Seq > 0 {
		last = min(last, page.Before.Seq-1)
	}
	from, floor := last, max(oldest, last-why.MaxSearch+1)
	for last >= max(floor, 1) && len(h.Rows) < page.Limit {
		if last, err = a.look(ctx, &h, max(floor, last-searchChunk+1), last, page.Limit, needle, of); err != nil {
			return h, err
		}
	}
	h.Searched = from - last
	if last >= max(oldest, 1) {
		h.Next = why.ID{Seq: last + 1}
	}
	return h, nil
}

// look reads one run of the log, and gives the event before what it has passed.
func (a *Agent) look(ctx context.Context, h *why.History, first, last int64, limit int, needle []byte, of func(wire.Event) []why.Entry) (int64, error) {
	var found []store.Event
	left := limit - len(h.Rows)
	err := a.store.View(ctx, func(tx *store.Tx) (err error) {
		found, err = tx.Search(first, last, needle, left)
		return err
	})
	for _, f := range found {
		if err != nil {
			return 0, err
		}
		var e wire.Event
		if e, err = wire.ParseEvent(f.Body); err != nil {
			return 0, err
		}
		if entries := of(e); len(entries) > 0 {
			h.Rows = append(h.Rows, why.Row{Event: why.ID{Seq: f.Seq}, At: e.At, Entries: entries})
		}
	}
	if len(found) == left {
		return found[left-1].Seq - 1, err
	}
	return first - 1, err
}
