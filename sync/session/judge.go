package session

import (
	"dockfill/sync/wire"
)

// Known is what the centre holds about a site.
type Known struct {
	Centre      string // the centre's own present life
	Incarnation string // the site's present life; "" where none was minted, or the last one was closed
	Instead     string // the life that the process Nonce had when Incarnation was minted for it
	Run         int64  // of the process that was welcomed last
	Nonce       string
	Holder      Holder
	Barred      bool               // the process that says hello was fenced as a clone, and no person has decided since
	Stranger    bool               // it follows the centre of another house, and no person has admitted it
	Commands    wire.CommandCursor // the last command written for the site

	// Of the life that the hello names:

	Minted bool // this centre knows it, present or dead
	// Stored is how far the centre holds its log, and HashAt the hash there and
	// below; the zero hash where it holds none.
	Stored wire.Cursor
	HashAt func(seq int64) wire.Hash
	// Kept reports whether the centre holds the event at a cursor with that very
	// hash, in the log or quarantined, and so all before it.
	Kept func(wire.Cursor) bool
	// Followed reports whether a life of the centre is its own, or one before.
	Followed func(centre string) bool
}

// Holder is what came of asking the process that was welcomed last whether it lives.
type Holder int

// What a holder can be.
const (
	Unasked Holder = iota
	Answers
	Silent // for as long as the centre waits: 5 s
)

// Answer is what follows from a verdict.
type Answer struct {
	Verdict Verdict
	Ask     bool // ask the present holder, and judge again when it answers or the time is up
	// Recover: the centre takes a new life of its own, counts the one that the site
	// follows among those before it, and begins a recovery. Then judge again.
	Recover bool
	Fence   bool
	Facts   bool        // welcome it to send what follows From, and to allocate nothing
	Mint    bool        // give it a new life with a snapshot; what the old one held stays committed
	Again   bool        // repeat the answer by which its life was minted
	From    wire.Cursor // where the site begins to send, where it is welcome to
}

// Judge answers a hello. What a site logged comes first: it is given a new life, or
// is fenced, only when the centre holds all of its log.
func Judge(k Known, h *wire.Hello) Answer {
	a := Answer{Verdict: Weigh(k, h)}
	switch whole := h.Incarnation == "" || k.Kept(h.HeadAt); {
	case a.Verdict == Continue:
		a.From = k.Stored
	case a.Verdict == Probe:
		a.Ask = true
	case a.Verdict == CentreBehind:
		a.Recover = true
	case a.Verdict == Stranger:
		// It is told nothing: to its own house it may be the only one that is right.
	case a.Verdict == Late || !whole:
		a.Facts, a.From = true, from(k, h, a.Verdict)
	case a.Verdict == Clone:
		a.Fence = true
	case a.Verdict == MintedBefore:
		a.Again = true
	default:
		a.Mint = true
	}
	return a
}

// from is where a site begins to send what the centre does not have. Where its log may
// not be the centre's, that is further back; where all of it is kept, it is its end,
// which may be quarantined.
func from(k Known, h *wire.Hello, v Verdict) wire.Cursor {
	switch {
	case v == Late && k.Kept(h.HeadAt):
		return h.HeadAt
	case h.Doubt != "" || v == Diverged || v == Late:
		return common(k, h)
	}
	return k.Stored
}

// common is a place in its log from which the centre holds all before: the last
// acknowledgement that the site has seen, if the centre still has that, or else the
// beginning. What lies behind may be a fork.
func common(k Known, h *wire.Hello) wire.Cursor {
	if k.Kept(h.Stored) {
		return h.Stored
	}
	return wire.Cursor{Hash: wire.Genesis(h.Site, h.Incarnation)}
}

// Weigh gives the verdict on a hello.
func Weigh(k Known, h *wire.Hello) Verdict {
	v := row(k, h)
	if !displaces(v) || k.Nonce == "" || h.Nonce == k.Nonce {
		return v
	}
	switch {
	case k.Barred || k.Holder == Answers:
		return Clone
	case k.Holder == Unasked:
		return Probe
	}
	return v
}

// displaces reports whether the verdict takes the life of the site away from the
// process that has it now.
func displaces(v Verdict) bool {
	switch v {
	case Mint, DeadLife, Diverged, Doubtful:
		return true
	}
	return false
}

// row is the first that fits.
func row(k Known, h *wire.Hello) Verdict {
	switch {
	case k.Stranger:
		return Stranger
	case behind(k, h):
		return CentreBehind
	case h.Late:
		return Late
	case h.Nonce == k.Nonce && h.Incarnation == k.Instead && k.Incarnation != h.Incarnation && k.Incarnation != "":
		return MintedBefore
	case h.Incarnation == "":
		return Mint
	case h.Incarnation != k.Incarnation:
		return DeadLife
	case h.Run <= k.Run && h.Nonce != k.Nonce: // a start is counted before it says hello
		return Diverged
	case diverged(k, h):
		return Diverged
	case h.Doubt != "":
		return Doubtful
	}
	return Continue
}

// behind reports whether the site has seen what this centre has not: it is an older
// copy. What a site saw of an earlier life of the centre proves nothing any more: the
// loss is known since that life ended, and the site has yet to follow the new one. What is
// quarantined here was confirmed, too.
func behind(k Known, h *wire.Hello) bool {
	switch h.Commands.Centre {
	case "":
		return h.Incarnation != "" && !k.Minted
	case k.Centre:
		return h.Incarnation != "" && !k.Minted || h.Stored.Seq > k.Stored.Seq && !k.Kept(h.Stored) ||
			h.Incarnation == k.Incarnation && h.Commands.N > k.Commands.N
	}
	return !k.Followed(h.Commands.Centre)
}

// diverged compares histories. A head behind what is stored is a shorter log,
// except from the process that was welcomed: there it is a hello that the
// carrier delivered late.
func diverged(k Known, h *wire.Hello) bool {
	if h.HeadAt.Seq < k.Stored.Seq && h.Nonce != k.Nonce {
		return true
	}
	for _, c := range []wire.Cursor{h.HeadAt, h.Stored} {
		if c.Seq > 0 && c.Seq <= k.Stored.Seq && k.HashAt(c.Seq) != c.Hash {
			return true
		}
	}
	return false
}
