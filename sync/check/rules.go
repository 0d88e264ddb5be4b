package check

import (
	"dockfill/sync/rights"
	"dockfill/sync/session"
	"dockfill/sync/wire"
)

// rules are the steps of the product that a search calls where a rule stands behind
// them. A search of the product has those of product; to see that a rule is needed,
// one of them is replaced by what a house without the rule would do.
type rules struct {
	agrees   func(session.Anchor, session.Database) error
	judge    func(session.Known, *wire.Hello) session.Answer
	place    func(wire.Cursor, *wire.Events, []wire.Hash, func(int64) wire.Hash) (session.Place, int)
	believes func(wire.Cursor, wire.Hash) bool
	meant    func(session.Site, wire.Message) bool
	confirms func(session.Site, *wire.Ack) bool
	takes    func(session.Site, *wire.Commands) bool
	fresh    func(wire.CommandCursor, *wire.Commands) (int64, []wire.Command)
	names    func(granted, present string) bool // that a grant is for this life
	grant    func(h *rights.Held, total int64) rights.Change
	undo     func(h *rights.Held) (rights.Change, error) // one unit leaves the line
	restore  func(rights.Noted, *rights.Registers)
	settled  func(wanted int64, lives []rights.Registers) int64
	mayGrant func(session.Recovery) bool
	reports  func(r *session.Recovery, centre string, h *wire.Hello)
	welcomed func(*session.Site, *wire.Welcome, wire.Hash, wire.Cursor) (session.Turn, error)
	counted  func(int64) int64 // units that a person finds of a dead life
	// What has no step in the product, as the product never does it:
	forgetsStored bool // the site deletes what is stored, safe or not
	leavesDead    bool // what a dead life held counts no more
	freesByTime   bool // the centre takes a recalled right back when it has waited long enough
	anyProcess    bool // what was meant for a process that ended, the next one takes
	opensEarly    bool // a life is granted rights before a hello came under it
	keepsRights   bool // a new life goes on with the registers of the old one
	flushesLate   bool // the witness is written when a command is answered, not before it is sent
	forgetsLives  bool // the witness has no lives
	forgetsBounds bool // the witness has no effective quantities
	settlesFrozen bool // a cancel settles while a centre waits for reports
	freesLost     bool // the rights of a site that was declared lost are free
}

func product() rules {
	return rules{
		agrees:   session.Anchor.Agrees,
		judge:    session.Judge,
		place:    session.PlaceOf,
		believes: session.Believes,
		meant:    session.Site.Meant,
		confirms: session.Site.Confirms,
		takes:    session.Site.Takes,
		fresh:    session.Fresh,
		names:    func(granted, present string) bool { return granted == present },
		welcomed: (*session.Site).Welcomed,
		counted:  func(n int64) int64 { return n },
		grant:    (*rights.Held).Grant,
		undo:     func(h *rights.Held) (rights.Change, error) { return h.Apply(h.TakeBack(1)) },
		restore:  rights.Noted.Restore,
		settled:  rights.Settled,
		mayGrant: session.Recovery.MayGrant,
		reports:  (*session.Recovery).Report,
	}
}
