package store

import (
	"database/sql"
	"slices"

	"dockfill/allocation"
)

// abouts is what is known of SKUs at large, as the writer last read or changed it:
// without it each scan would ask several indexes that hold nothing for its SKU.
// What is noted may be true where there is none, never false where there is one.
type abouts struct {
	of map[allocation.SKU]allocation.About
	// unsure are those that were read or changed in this transaction: they are
	// forgotten where it, or a part of it, is taken back.
	unsure map[allocation.SKU]bool
	// beside is what Beside said of SKUs, and besides counts the names in it.
	beside  map[allocation.SKU][]allocation.SKU
	besides int
	// kinds are the kinds of the lines that can take something, of SKUs; there may be
	// more than lines are of.
	kinds map[allocation.SKU][]kind
}

// mostAbouts bounds the memory.
const mostAbouts = 20_000

func (a *abouts) set(sku allocation.SKU, to allocation.About) {
	if a.of == nil || len(a.of) > mostAbouts {
		a.of = map[allocation.SKU]allocation.About{}
	}
	if a.unsure == nil {
		a.unsure = map[allocation.SKU]bool{}
	}
	a.of[sku], a.unsure[sku] = to, true
}

func (a *abouts) drop(sku allocation.SKU) {
	delete(a.of, sku)
	delete(a.kinds, sku)
}

func (a *abouts) clear() { a.of, a.kinds = nil, nil }

// mostKinds bounds how many are kept: each costs a question.
const mostKinds = 16

func (a *abouts) setKinds(sku allocation.SKU, all []kind) {
	if a.kinds == nil || len(a.kinds) > mostAbouts {
		a.kinds = map[allocation.SKU][]kind{}
	}
	if len(all) <= mostKinds {
		a.kinds[sku] = all
	}
}

// noteKind notes of which kind a line has become.
func (a *abouts) noteKind(l *Line, k kind) {
	all, known := a.kinds[l.SKU]
	switch {
	case !known || !l.can() || slices.Contains(all, k):
	case k.whole > 0 || len(all) == mostKinds:
		delete(a.kinds, l.SKU) // those that no line is of any more go with it
	default:
		a.kinds[l.SKU] = append(slices.Clip(all), k)
	}
}

func (a *abouts) setBeside(sku allocation.SKU, all []allocation.SKU) {
	if a.beside == nil || a.besides > mostAbouts {
		a.beside, a.besides = map[allocation.SKU][]allocation.SKU{}, 0
	}
	a.beside[sku] = all
	a.besides += 1 + len(all)
}

// keep is for a commit.
func (a *abouts) keep() { a.unsure = nil }

// forget is for what is taken back.
func (a *abouts) forget() {
	for sku := range a.unsure {
		delete(a.of, sku)
	}
	a.beside, a.kinds = nil, nil
}

// noteLine notes what a line has become. What it no longer is has to be asked
// for, as another line of the SKU may still be it.
func (a *abouts) noteLine(before, l *Line) {
	if l.Ship == allocation.ShipOrder && (!before.waits() && l.waits() || !before.can() && l.can() || before.SKU != l.SKU) {
		a.beside = nil
	}
	had, has := before.traits(), l.traits()
	if before.SKU != l.SKU {
		a.drop(before.SKU)
		a.drop(l.SKU)
	}
	about, known := a.of[l.SKU]
	if !known || had == has {
		return
	}
	if had.Low && !has.Low || had.Gathered && !has.Gathered || had.Win && !has.Win {
		a.drop(l.SKU)
		return
	}
	about.Low, about.Gathered, about.Win = about.Low || has.Low, about.Gathered || has.Gathered, about.Win || has.Win
	a.set(l.SKU, about)
}

// traits is what one line makes true of its SKU.
type traits struct{ Low, Gathered, Win bool }

func (l *Line) traits() traits {
	holds := l.holds()
	is := func(what int) bool { return holds&what == what }
	return traits{is(holdsMovable | holdsLow), is(holdsMovable | holdsGathered), l.Rank.Class == allocation.Win && l.can()}
}

// noteFree notes that free stock of a SKU came, or that a parcel of it is used up.
func (a *abouts) noteFree(sku allocation.SKU, came bool) {
	about, known := a.of[sku]
	switch {
	case !known:
	case !came:
		a.drop(sku)
	case !about.Free:
		about.Free = true
		a.set(sku, about)
	}
}

// About is of allocation.View.
func (tx *Tx) About(sku allocation.SKU) (allocation.About, error) {
	if about, known := tx.about.of[sku]; known {
		return about, nil
	}
	var about allocation.About
	_, err := tx.one(`SELECT EXISTS (SELECT 1 FROM stock WHERE sku = ?1 AND shelf = 'free'),
		EXISTS (SELECT 1 FROM line INDEXED BY line_holds WHERE sku = ?1 AND holds > 0 AND holds IN (19, 23)), -- movable and low
		EXISTS (SELECT 1 FROM line INDEXED BY line_holds WHERE sku = ?1 AND holds > 0 AND holds IN (7, 15, 23)), -- movable and gathered
		EXISTS (SELECT 1 FROM line INDEXED BY line_can WHERE sku = ?1 AND can = 1 AND class = 1)`,
		[]any{sku}, &about.Free, &about.Low, &about.Gathered, &about.Win)
	if err == nil && tx.standIns {
		about.Substitutes, err = tx.skus(`SELECT other FROM substitute WHERE sku = ? ORDER BY n`, sku)
	}
	if err == nil && tx.standIns {
		about.ServesAlso, err = tx.skus(`SELECT DISTINCT sku FROM substitute WHERE other = ? ORDER BY sku`, sku)
	}
	if err == nil {
		tx.about.set(sku, about)
	}
	return about, err
}

func (tx *Tx) skus(query string, args ...any) (all []allocation.SKU, err error) {
	err = tx.each(query, args, func(r *sql.Rows) error {
		var sku allocation.SKU
		err := r.Scan(&sku)
		all = append(all, sku)
		return err
	})
	return all, err
}
