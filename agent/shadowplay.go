package agent

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"dockfill/agent/store"
	"dockfill/allocation"
	"dockfill/sync/wire"
)

// playing is one run of a site's log through a copy of a checkpoint, by the very
// code that a dock runs.
type playing struct {
	store *store.Store
	desk  *desk
	tally *tally
	// strict is of the run by the site's own policies: all is as the log says, or it is
	// a difference. Else people do as much of what the log says as is possible.
	strict bool
	began  int64 // the log's end in the checkpoint

	tx     *store.Tx  // while something is played
	now    *happening // that
	from   int64      // the head before it
	nonces uint64     // where the log gives none

	scans  map[int64]int64 // of the log, by their first event: their last one here
	missed []Missed
	under  []string // the versions of the policies in force
}

// Missed is something in the log that could not be done under other rules, or not
// all of it.
type Missed struct {
	Seq       int64 // of its event in the site's log
	What, Why string
}

// errMissed says why something cannot be done here.
type errMissed string

func (e errMissed) Error() string { return string(e) }

// newPlaying begins at the checkpoint c, which s was made of. Where under is set it
// is the one policy of the run, in force before anything happens.
func newPlaying(ctx context.Context, s *store.Store, o Shadow, c store.Checkpoint, under *allocation.Policy) (*playing, error) {
	p := &playing{store: s, tally: newTally(), strict: under == nil, began: c.Head.Seq, scans: map[int64]int64{}}
	p.desk = &desk{rules: o.Rules, now: p.clock, nonce: p.nonce}
	if err := p.tally.begin(ctx, s); err != nil {
		return nil, err
	}
	start := happening{events: []wire.Event{{Seq: c.Head.Seq, At: c.At}}}
	_, err := p.update(ctx, start, func() error {
		if under == nil {
			p.under = []string{p.tx.Meta().Policy.Version}
			return nil
		}
		p.under = []string{under.Version}
		return p.begin(*under)
	})
	p.desk.onePolicy = under != nil
	return p, err
}

// begin puts the policy in force as a command of the centre does, which may move
// units at once.
func (p *playing) begin(under allocation.Policy) error {
	r := &run{d: p.desk, tx: p.tx}
	w := wire.PolicyOf(under)
	if err := r.policy(&w); err != nil {
		return err
	}
	return r.append(p.tx.Meta().Commands, false)
}

// clock is when it happened: of the very event that is written where the run goes
// along with the log.
func (p *playing) clock() time.Time {
	if e := p.own(); e != nil {
		return e.At
	}
	return p.now.first().At
}

func (p *playing) nonce() string {
	if e := p.own(); e != nil {
		return e.Nonce
	}
	p.nonces++
	return fmt.Sprintf("%016x", p.nonces)
}

// own is the event of the log that stands where the next one here will.
func (p *playing) own() *wire.Event {
	if i := p.tx.Head().Seq - p.from; p.strict && i < int64(len(p.now.events)) {
		return &p.now.events[i]
	}
	return nil
}

// play does what happened once more and gives the events that tell of it here.
// errMissed, or a refusal, is why it could not be done; nothing has changed then.
func (p *playing) play(ctx context.Context, h happening) ([]wire.Event, error) {
	missed := len(p.missed)
	told, err := p.update(ctx, h, p.perform)
	if err == nil || store.OfTheDisk(err) || ctx.Err() != nil {
		return told, err
	}
	p.missed = append(p.missed[:missed], Missed{h.first().Seq, describe(h), err.Error()})
	return nil, nil
}

func (p *playing) update(ctx context.Context, h happening, do func() error) (told []wire.Event, err error) {
	err = p.store.Update(ctx, func(tx *store.Tx) error {
		p.tx, p.now, p.from = tx, &h, tx.Head().Seq
		if err := do(); err != nil {
			return err
		}
		for seq := p.from + 1; seq <= tx.Head().Seq; seq++ {
			e, _, err := tx.EventAt(seq)
			if err != nil {
				return err
			}
			told = append(told, e)
		}
		return p.tally.add(tx, told, p.now.first().At)
	})
	return told, err
}

func (p *playing) perform() error {
	switch first := p.now.first(); {
	case p.now.applied != nil:
		return p.apply()
	case first.Scan != nil:
		return p.scan(first.Scan)
	case first.Undo != nil:
		return p.undo(first.Undo)
	case ofCard(first.Deed):
		return p.card(first.Deed)
	default:
		return p.deed(*first.Deed)
	}
}

// apply applies the same commands in the same transaction. That another life of the
// centre was followed is told by its first commands alone.
func (p *playing) apply() error {
	a := p.now.applied
	if m := p.tx.Meta(); m.Commands.Centre != a.Centre {
		if err := p.tx.Follow(a.Centre, m.Stored, m.Safe); err != nil {
			return err
		}
	}
	r, err := p.desk.apply(p.tx, a.Centre, a.N, a.Commands)
	if err != nil {
		return err
	}
	var before []int64
	for _, e := range p.now.events {
		if e.Applied != nil {
			for _, x := range e.Applied.Refused {
				before = append(before, x.N)
			}
		}
	}
	for _, x := range r.refused {
		if !p.strict && !slices.Contains(before, x.N) {
			p.miss(fmt.Sprintf("command %d of the centre", x.N), x.Message)
		}
	}
	for _, c := range a.Commands {
		if c.Policy != nil && p.strict && p.under[len(p.under)-1] != c.Policy.Version {
			p.under = append(p.under, c.Policy.Version)
		}
	}
	return nil
}

func (p *playing) miss(what, why string) {
	p.missed = append(p.missed, Missed{p.now.first().Seq, what, why})
}

// scan takes in what the scan took in. What its code names and the cards before it
// said stands in the log: it is not read again.
func (p *playing) scan(e *wire.Scan) error {
	at, err := p.tx.Station(e.Station)
	if err != nil {
		return err
	}
	at.Worker, at.NextDisposition = e.Worker, e.Disposition
	s := scan{station: e.Station, raw: e.Code, late: e.Late}
	s.code.SSCC = allocation.SSCC(e.SSCC)
	if e.At != nil {
		s.at = *e.At
	}
	if e.DeviceAt != nil {
		s.deviceTime = *e.DeviceAt
	}
	g, err := p.goods()
	if err != nil {
		return err
	}
	t, err := p.desk.take(p.tx, s, g)
	if err != nil {
		return err
	}
	seq, err := p.desk.record(p.tx, at, s, g, t)
	p.scans[p.now.first().Seq] = seq
	return err
}

// goods are what the scan brought, put together of the parts that it was told in.
func (p *playing) goods() (g goods, err error) {
	e := p.now.first().Scan
	for _, part := range p.now.events {
		if part.Scan == nil {
			break
		}
		for _, r := range part.Scan.Receipts {
			g.units = addReceipt(g.units, r)
		}
	}
	if e.Why == allocation.WhyUnknown || e.Why == allocation.WhyNotASN {
		return goods{kept: e.Why, times: max(1, e.Times)}, nil
	}
	sscc := allocation.SSCC(e.SSCC)
	_, announced, err := p.tx.Pallet(sscc)
	if announced {
		g.sscc = sscc
	}
	return g, err
}

// addReceipt joins the pieces of a receipt; only the first has its serial, which is
// then all that the scan took in.
func addReceipt(units []unit, r wire.Receipt) []unit {
	u := unit{gtin: allocation.GTIN(r.GTIN), Receipt: allocation.Receipt{
		Batch: batchOf(r), Qty: r.Qty, Disposition: cmp.Or(r.Disposition, allocation.Good), Inbound: r.Inbound,
	}}
	for i := range units {
		b := units[i].Batch
		if r.Serial == "" {
			b.Serial, b.Trade = "", ""
		}
		if b == u.Batch {
			units[i].Qty += r.Qty
			return units
		}
	}
	return append(units, u)
}

// undo takes back what the same scan came to here.
func (p *playing) undo(u *wire.Undo) error {
	first := u.Seqs[0]
	last, here := p.scans[first]
	switch {
	case here:
	case first > p.began:
		return errMissed("its scan could not be taken in")
	default:
		e, found, err := p.tx.EventAt(first)
		if err != nil || !found {
			return cmp.Or(err, error(errTooOld))
		}
		last = first + int64(max(1, e.Scan.Parts)) - 1
	}
	at, err := p.tx.Station(u.Station)
	if err != nil {
		return err
	}
	at.Last = last
	_, err = p.desk.undo(p.tx, at, scan{station: u.Station})
	return err
}

// asLogged reports whether the events that were told here say what those of the log
// say: numbers, random words and times apart.
func asLogged(here, log []wire.Event) bool {
	return slices.EqualFunc(here, log, func(a, b wire.Event) bool {
		x, errX := bare(a).Marshal()
		y, errY := bare(b).Marshal()
		return errors.Join(errX, errY) == nil && string(x) == string(y)
	})
}

func bare(e wire.Event) wire.Event {
	e.Seq, e.Nonce, e.At = 0, "", time.Time{}
	switch {
	case e.Scan != nil:
		s := *e.Scan
		s.Kept = 0
		e.Scan = &s
	case e.Undo != nil:
		u := *e.Undo
		u.Seqs = nil
		e.Undo = &u
	}
	return e
}
