package agent

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"dockfill/agent/store"
	"dockfill/allocation"
	"dockfill/allocation/scenario"
	"dockfill/sync/wire"
)

// Replay runs a scenario through a fresh database and the decisions of a real
// site, all rights held, a transaction for each line. It writes a result for
// each line, a refused one included, and the balances last, and gives the number
// of refused lines. Everything is deterministic: the same input gives the same
// output and the same hashes. It begins under the given policy. An error is the
// input's, the output's, or the disk's.
func Replay(ctx context.Context, in io.Reader, out io.Writer, under allocation.Policy) (refused int, err error) {
	dir, err := os.MkdirTemp("", "dockfill-replay-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	// Nobody needs this file after a crash, so it is not flushed: a scenario of
	// thousands of lines would wait for the disk thousands of times.
	s, err := store.Open(ctx, store.Options{Path: filepath.Join(dir, "agent.db"), Site: replaySite, Unflushed: true})
	if err != nil {
		return 0, err
	}
	r := newReplay(s, out, under)
	err = errors.Join(r.run(ctx, in), s.Close())
	return r.refused, err
}

const (
	replaySite   = "replay"
	replayCentre = "replay"
	replayLife   = "replay-1"
)

// replay is a centre that grants everything, and a dock.
type replay struct {
	store *store.Store
	desk  *desk
	out   *scenario.Writer
	clock time.Time // the latest time that the scenario named
	nonce uint64

	orders   map[allocation.OrderID]*scenario.Order
	versions map[allocation.OrderID]int64
	inbounds map[allocation.InboundID]*wire.Inbound // as they were sent last
	under    allocation.Policy                      // to begin with
	policies int
	refused  int
	seen     map[int64]bool
	skus     map[allocation.SKU]bool  // named anywhere: they stand in the balances
	kept     map[int64]*scenario.Scan // what was said beside codes that wait, by event
}

func newReplay(s *store.Store, out io.Writer, under allocation.Policy) *replay {
	r := &replay{
		under: under, store: s, out: scenario.NewWriter(out), clock: time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC),
		orders: map[allocation.OrderID]*scenario.Order{}, versions: map[allocation.OrderID]int64{},
		inbounds: map[allocation.InboundID]*wire.Inbound{}, seen: map[int64]bool{}, skus: map[allocation.SKU]bool{},
		kept: map[int64]*scenario.Scan{},
	}
	r.desk = &desk{
		now: func() time.Time { return r.clock },
		nonce: func() string {
			r.nonce++
			return fmt.Sprintf("%016x", r.nonce)
		},
		beside: r.beside,
	}
	return r
}

func (r *replay) run(ctx context.Context, in io.Reader) error {
	err := r.store.Update(ctx, func(tx *store.Tx) error {
		return errors.Join(tx.Adopt(replayLife, replayCentre), tx.SetPolicy(r.under))
	})
	if err != nil {
		return err
	}
	lines := scenario.NewReader(in)
	for {
		n, line, err := lines.Next()
		if errors.Is(err, io.EOF) {
			return r.balances(ctx)
		}
		var bad *scenario.Error
		if err != nil && !errors.As(err, &bad) {
			return err
		}
		result := scenario.Result{Error: bad}
		if bad == nil {
			if result, err = r.line(ctx, line); err != nil {
				return err
			}
		}
		result.N = n
		if result.Error != nil {
			r.refused++
		}
		if err := r.out.Result(result); err != nil {
			return err
		}
	}
}

// line does one line. What the line itself is to blame for stands in the result;
// an error is of the disk or of ctx.
func (r *replay) line(ctx context.Context, l scenario.Line) (scenario.Result, error) {
	if l.Cmd != nil {
		if r.seen[*l.Cmd] {
			return scenario.Result{Why: fmt.Sprintf("command %d was seen before", *l.Cmd)}, nil
		}
		r.seen[*l.Cmd] = true
	}
	var result scenario.Result
	err := r.store.Update(ctx, func(tx *store.Tx) error {
		var err error
		result, err = r.perform(tx, l)
		return err
	})
	if err == nil || store.OfTheDisk(err) || ctx.Err() != nil {
		return result, err
	}
	return blame(l, err), nil
}

// blame turns a refusal into a result; its transaction was taken back.
func blame(l scenario.Line, err error) scenario.Result {
	var no *refusal
	if !errors.As(err, &no) {
		return scenario.Result{Error: &scenario.Error{Code: scenario.Invalid, Message: err.Error()}}
	}
	text := cmp.Or(no.rule, no.Error())
	result := scenario.Result{Why: text, Error: &scenario.Error{Code: string(no.why), Message: text}}
	if l.Scan != nil || l.Undo != nil {
		result.Verdict = no.verdict
	}
	return result
}

func (r *replay) perform(tx *store.Tx, l scenario.Line) (scenario.Result, error) {
	switch {
	case l.Scan != nil:
		return r.scan(tx, l.Scan)
	case l.Undo != nil:
		return r.undo(tx, l.Undo)
	case l.Order != nil:
		return r.order(tx, l.Order, false)
	case l.Cancel != nil:
		return r.cancel(tx, l.Cancel)
	case l.Change != nil:
		return r.change(tx, l.Change)
	case l.Stage != nil:
		return r.deed(tx, wire.Deed{Kind: wire.DeedStage, Line: l.Stage.Line, Qty: l.Stage.Qty})
	case l.Regrade != nil:
		r.skus[l.Regrade.SKU] = true
		return r.deed(tx, wire.Deed{Kind: wire.DeedRegrade, SKU: l.Regrade.SKU, Qty: l.Regrade.Qty, From: l.Regrade.From, To: l.Regrade.To})
	case l.Map != nil:
		return r.mapCode(tx, l.Map)
	case l.Approve != nil:
		return r.command(tx, wire.Command{Approve: &wire.Approve{Inbound: l.Approve.Inbound, Qty: l.Approve.Qty}})
	case l.Close != nil:
		return r.close(tx, l.Close.Inbound)
	case l.Adjust != nil:
		return r.adjust(tx, l.Adjust)
	case l.Item != nil:
		return r.item(tx, l.Item)
	case l.Inbound != nil:
		return r.inbound(tx, l.Inbound)
	}
	return r.policy(tx, l.Policy)
}

// balances writes the last line; every SKU that was named stands in it.
func (r *replay) balances(ctx context.Context) error {
	b := scenario.Balances{Lines: map[allocation.LineID]scenario.Balance{}}
	err := r.store.View(ctx, func(tx *store.Tx) error {
		now, err := balances(tx)
		for id, l := range now.Lines {
			b.Lines[id] = scenario.Balance(l)
		}
		b.Free, b.Damaged, b.Hold = now.Free, now.Damaged, now.Hold
		return err
	})
	if err != nil {
		return err
	}
	for sku := range r.skus {
		for _, m := range []map[allocation.SKU]int64{b.Free, b.Damaged, b.Hold} {
			m[sku] += 0
		}
	}
	return r.out.Balances(b)
}
