package session

import "dockfill/sync/wire"

// Place is where a batch stands beside the cursor of its life at the centre.
type Place int

// The places.
const (
	Next Place = iota // it goes on from the cursor, maybe with a part seen before: store it
	Seen              // all of it is stored, with the same hash: acknowledge again
	Gap               // something is missing before it: move nothing
	Fork              // it is another history: keep it aside as facts, fence whoever told it
)

// Place of a batch whose events have these hashes; from is the index of its first new
// event. at gives the stored hash of an event at or below the cursor.
func PlaceOf(stored wire.Cursor, m *wire.Events, hashes []wire.Hash, at func(seq int64) wire.Hash) (p Place, from int) {
	last := m.First + int64(len(hashes)) - 1
	switch {
	case m.First > stored.Seq+1:
		return Gap, 0
	case last < stored.Seq:
		return sameAs(at(last), m.Last), 0
	}
	from = int(stored.Seq + 1 - m.First)
	before := m.Prev
	if from > 0 {
		before = hashes[from-1]
	}
	switch {
	case before != stored.Hash:
		return Fork, 0
	case from == len(hashes):
		return Seen, 0
	}
	return Next, from
}

func sameAs(mine, theirs wire.Hash) Place {
	if mine == theirs {
		return Seen
	}
	return Fork
}
