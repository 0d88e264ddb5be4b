package check

import (
	"dockfill/sync/rights"
	"dockfill/sync/wire"
)

// A log is named by its last event: equal names are equal logs, so the name does for
// the chain's hash. The logs that a search has met are kept once, for all its states.
type node struct {
	key
	seq  uint8
	bits mask // of it and all before it
}

// key is what makes an event what it is. slot and n stand for its random nonce.
type key struct {
	parent  ref
	slot, n uint8
	kind    uint8
	line    uint8
	change  [lines]change
	era, to uint8 // commands applied
	begins  uint8 // site and life, where it stands before the first event
}

type change struct{ used, undone, returned uint8 }

// Kinds of events.
const (
	genesis uint8 = iota
	scanned
	stocked
	undid
	applied
)

type histories struct {
	nodes []node
	index map[key]ref
}

func newHistories() *histories {
	return &histories{nodes: make([]node, 1), index: map[key]ref{}} // 0 names nothing
}

func (h *histories) add(k key) ref {
	if r, ok := h.index[k]; ok {
		return r
	}
	i := len(h.nodes)
	r := ref{uint8(i >> 16), uint8(i >> 8), uint8(i)}
	n := node{key: k}
	if k.kind != genesis {
		before := h.at(k.parent)
		n.seq, n.bits = before.seq+1, before.bits.or(bit(k.slot, k.n))
	}
	h.nodes, h.index[k] = append(h.nodes, n), r
	return r
}

func (h *histories) at(r ref) *node { return &h.nodes[r.int()] }

// begin names the empty log of a life.
func (h *histories) begin(site, life uint8) ref { return h.add(key{begins: site<<4 | life + 1}) }

// up names the log as it was at seq; the zero ref where it does not reach.
func (h *histories) up(r ref, seq int64) ref {
	if seq < 0 || r == (ref{}) || int64(h.at(r).seq) < seq {
		return ref{}
	}
	for int64(h.at(r).seq) > seq {
		r = h.at(r).parent
	}
	return r
}

// hash stands for the chain's hash.
func hash(r ref) (h wire.Hash) {
	if r != (ref{}) {
		h[0], h[1], h[2], h[3] = 1, r[0], r[1], r[2]
	}
	return h
}

func refOf(h wire.Hash) ref { return ref{h[1], h[2], h[3]} }

func (h *histories) cursor(r ref) wire.Cursor {
	return wire.Cursor{Seq: int64(h.at(r).seq), Hash: hash(r)}
}

func (c change) rights() rights.Change {
	return rights.Change{Used: int64(c.used), Undone: int64(c.undone), Returned: int64(c.returned)}
}

func changeOf(c rights.Change) change {
	return change{uint8(c.Used), uint8(c.Undone), uint8(c.Returned)}
}
