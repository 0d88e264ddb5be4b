// Package witness keeps the rights witness: a record outside of the centre's database of
// what the centre granted, which is only ever appended to. It is flushed before a site
// can learn of a grant, so that a centre which is put back to an older copy of its
// database still knows all that it gave away. It lies in a file on another volume or
// machine, or in a second PostgreSQL database.
package witness

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"dockfill/allocation"
)

// Entry is one fact. Entries may be told twice and in any order, but for those of
// Bound and Present, of which the last counts. Just one of the groups is set.
type Entry struct {
	// Centre is a life of the centre.
	Centre string

	// Site and Life name a life of a site; with Present it is the one that the site has
	// now, and an absent Life then says that the site was declared lost.
	Site    allocation.SiteID
	Life    string
	Present bool

	// Of a line in that life: totals that only grow, in base units.
	Line     allocation.LineID
	Granted  int64
	Attested int64

	// Bound is the effective quantity of Line, where Site is absent.
	Bound *int64
}

// Witness is an opened witness.
type Witness interface {
	// Last is the number of the last record; 0: it is empty.
	Last() int64
	// Append writes entries and flushes them, and gives the number of the last record.
	// After an error nothing, or all, or a part of them may be kept; the next Append
	// begins behind what is whole.
	Append(ctx context.Context, entries []Entry) (last int64, err error)
	// Each gives all entries in their order.
	Each(ctx context.Context, tell func(Entry) error) error
	// Name says where it is, for people; it tells no password.
	Name() string
	Close() error
}

// The ways in which a witness can be refused.
var (
	// ErrForeign says that the witness belongs to another centre.
	ErrForeign = errors.New("it is the witness of another centre")
	// ErrDamaged says that it is not whole, and not only in its last record.
	ErrDamaged = errors.New("it is damaged")
	// ErrTaken says that another process appends to it.
	ErrTaken = errors.New("another process writes to it")
)

// maxEntries bounds what one record holds, and so what a reader takes at once.
const maxEntries = 2000

// Open opens the witness of a house, or makes an empty one where there is none. where is
// a file's path or a postgres:// address. Records that repeat each other are folded
// into as few as will do.
func Open(ctx context.Context, where, house string) (w Witness, err error) {
	if IsDatabase(where) {
		w, err = openDatabase(ctx, where, house)
	} else {
		w, err = openFile(where, house)
	}
	if err != nil {
		return nil, err
	}
	return w, nil
}

// IsDatabase reports whether the place of a witness is a PostgreSQL database.
func IsDatabase(where string) bool {
	return strings.HasPrefix(where, "postgres://") || strings.HasPrefix(where, "postgresql://")
}

func explain(name string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("rights witness %s: %w", name, err)
}
