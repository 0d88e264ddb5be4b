package ingest

import "dockfill/sync/wire"

// place is where a batch stands beside the cursor of its life.
type place int

const (
	next  place = iota // it goes on from the cursor, maybe with a part seen before
	seen               // all of it lies at or below the cursor
	gap                // something is missing before it
	other              // it is another history than the stored one
)

// placeOf compares a batch with the cursor. With next, from is the index of its
// first new event. With seen, the caller still compares the batch's last hash
// with the stored one.
func placeOf(stored wire.Cursor, m *wire.Events, hashes []wire.Hash) (p place, from int) {
	last := m.First + int64(len(m.Events)) - 1
	switch {
	case m.First > stored.Seq+1:
		return gap, 0
	case last < stored.Seq:
		return seen, 0
	}
	from = int(stored.Seq + 1 - m.First)
	before := m.Prev
	if from > 0 {
		before = hashes[from-1]
	}
	switch {
	case before != stored.Hash:
		return other, 0
	case from == len(m.Events):
		return seen, 0
	}
	return next, from
}
