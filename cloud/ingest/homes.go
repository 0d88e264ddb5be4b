package ingest

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"dockfill/allocation"
	"dockfill/cloud/placement"
	"dockfill/cloud/store"
	"dockfill/sync/rights"
	"dockfill/sync/wire"
)

// homes gathers what one transaction changes at sites: their rows, their rights,
// and the commands that say so. A right and its command are written together,
// with the counter that numbers it.
type homes struct {
	tx       *store.Tx
	rows     map[allocation.SiteID]*store.Site
	before   map[allocation.SiteID]store.Site // the rows as they were
	commands map[allocation.SiteID][]wire.Command
	granted  map[store.Life]map[allocation.LineID]*rights.Registers
	moved    map[allocation.LineID]*store.Line
	frozen   *bool // nil: not looked at yet
}

func newHomes(tx *store.Tx) *homes {
	return &homes{tx: tx, rows: map[allocation.SiteID]*store.Site{}, before: map[allocation.SiteID]store.Site{},
		commands: map[allocation.SiteID][]wire.Command{}, granted: map[store.Life]map[allocation.LineID]*rights.Registers{}, moved: map[allocation.LineID]*store.Line{}}
}

// site gives the row of a site that is known, held for this transaction.
func (h *homes) site(ctx context.Context, id allocation.SiteID) (*store.Site, error) {
	if s := h.rows[id]; s != nil {
		return s, nil
	}
	s, err := h.tx.Site(ctx, id)
	if err == nil && s == nil {
		err = fmt.Errorf("site %s has no row", id)
	}
	if err != nil {
		return nil, err
	}
	h.rows[id], h.before[id] = s, *s
	return s, nil
}

// all loads every site.
func (h *homes) all(ctx context.Context) ([]*store.Site, error) {
	ids, err := h.tx.SiteIDs(ctx)
	if err != nil {
		return nil, err
	}
	sites := make([]*store.Site, len(ids))
	for n, id := range ids {
		if sites[n], err = h.site(ctx, id); err != nil {
			return nil, err
		}
	}
	return sites, nil
}

// tell adds commands for a site that is open. One that is not is told
// everything when it is welcomed.
func (h *homes) tell(s *store.Site, commands ...wire.Command) {
	if s.Open() {
		h.commands[s.ID] = append(h.commands[s.ID], commands...)
	}
}

// held is what all lives hold of a line.
type held map[store.Life]rights.Registers

func (h held) registers() []rights.Registers {
	return slices.Collect(maps.Values(h))
}

// settle brings lines down to what is still held of them after rights came
// back, and grants again what may be granted.
func (h *homes) settle(ctx context.Context, lines map[allocation.LineID]*store.Line) error {
	ids := slices.Sorted(maps.Keys(lines))
	registers, err := h.tx.Registers(ctx, ids)
	if err != nil {
		return err
	}
	for _, id := range ids {
		line := lines[id]
		if line.Effective, err = h.effective(ctx, line, registers[id]); err != nil {
			return err
		}
		h.moved[id] = line
		if err := h.grant(ctx, line, registers[id]); err != nil {
			return err
		}
	}
	return nil
}

// regrant makes up for the rights that a site was not given while it was fenced.
func (h *homes) regrant(ctx context.Context, s *store.Site) error {
	orders, err := h.tx.OrdersAt(ctx, s.ID)
	if err != nil {
		return err
	}
	lines, err := h.tx.LinesOf(ctx, orders)
	if err != nil {
		return err
	}
	return h.settle(ctx, lines)
}

// grant gives the line's home what it may hold of it, by rule C.
func (h *homes) grant(ctx context.Context, line *store.Line, all held) error {
	home, err := h.site(ctx, line.Site)
	if err != nil || !home.Open() || home.Fenced != "" {
		return err
	}
	if free, err := h.free(ctx); err != nil || !free {
		return err
	}
	present := store.Life{Site: home.ID, Incarnation: home.Incarnation}
	demand := placement.Demand{Line: line.ID, Home: line.Site, Wanted: line.Wanted}
	for _, g := range placement.Place(demand, holdings(all, present)) {
		r := all[present]
		r.Grant(g.Total)
		if h.granted[present] == nil {
			h.granted[present] = map[allocation.LineID]*rights.Registers{}
		}
		h.granted[present][line.ID] = &r
		h.tell(home, wire.Command{Grant: &wire.Grant{Line: g.Line, Incarnation: g.Incarnation, Total: g.Total}})
	}
	return nil
}

func holdings(all held, present store.Life) []placement.Holding {
	list := []placement.Holding{{Site: present.Site, Incarnation: present.Incarnation, Open: true, Registers: all[present]}}
	for life, r := range all {
		if life != present {
			list = append(list, placement.Holding{Site: life.Site, Incarnation: life.Incarnation, Registers: r})
		}
	}
	return list
}

// pending counts the rows that write will write of commands and rights.
func (h *homes) pending() (rows int) {
	for _, commands := range h.commands {
		rows += len(commands)
	}
	for _, registers := range h.granted {
		rows += len(registers)
	}
	return rows + len(h.moved)
}

// write stores what was gathered.
func (h *homes) write(ctx context.Context) error {
	if err := h.tx.MoveLines(ctx, values(h.moved)); err != nil {
		return err
	}
	for life, registers := range h.granted {
		if err := h.tx.Grant(ctx, life, registers); err != nil {
			return err
		}
	}
	for _, s := range slices.SortedFunc(maps.Values(h.rows), bySite) {
		if err := h.tx.AddCommands(ctx, s, h.commands[s.ID]); err != nil {
			return err
		}
		if err := h.writeSite(ctx, s, h.before[s.ID]); err != nil {
			return err
		}
	}
	return nil
}

func (h *homes) writeSite(ctx context.Context, s *store.Site, before store.Site) error {
	if *s == before {
		return nil
	}
	if s.Applied > before.Applied {
		if err := h.tx.ForgetCommands(ctx, s.ID, s.Applied); err != nil {
			return err
		}
	}
	return h.tx.PutSite(ctx, s)
}

func bySite(a, b *store.Site) int { return cmp.Compare(a.ID, b.ID) }
