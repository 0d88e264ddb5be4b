package session

import (
	"errors"
	"fmt"

	"dockfill/sync/wire"
)

// Anchor is what an agent keeps of its database in a flushed file outside of it and
// of every backup. A database that was put back, copied or cloned does not agree with
// it, and then nobody but the centre can say what the agent may still do.
type Anchor struct {
	Incarnation string
	Run         int64 // start of the database that wrote this
	// Floor and Ceiling bound the block of sequence numbers that may be in use: no
	// event is logged above Ceiling before a higher one is flushed.
	Floor, Ceiling int64
	// Stopped is true after a clean stop; the log then ends exactly at Head.
	Stopped bool
	Head    wire.Cursor
	File    string // identity of the database's file, such as volume, inode and time of birth
	Machine string
}

// Database is what a start finds.
type Database struct {
	Incarnation   string
	Run           int64 // starts before this one
	Head          wire.Cursor
	Copied        bool // our own backup made it, and marked it
	File, Machine string
}

// The ways in which a database can fail to agree, in the order in which they are told.
var (
	ErrCopied    = errors.New("the database was put back from a backup")
	ErrMachine   = errors.New("the database was made on another machine")
	ErrFile      = errors.New("the database's file was replaced by another")
	ErrOtherLife = errors.New("the database is of another life of this site than the last one that ran here")
	ErrOtherRun  = errors.New("the database is older or newer than the last start of this agent")
	ErrOtherHead = errors.New("the database's log does not end where this agent left it")
)

// Agrees reports why the database is not the one that this anchor was kept for; nil
// where it is. The error wraps one of the errors above. A rollback within one block
// after a crash is not seen here: the centre finds it at contact.
func (a Anchor) Agrees(d Database) error {
	switch {
	case d.Copied:
		return ErrCopied
	case d.Machine != a.Machine:
		return ErrMachine
	case d.File != a.File:
		return ErrFile
	case d.Incarnation != a.Incarnation:
		return ErrOtherLife
	case d.Run != a.Run && d.Run != a.Run+1: // it is counted in the database first
		return fmt.Errorf("%w: it has seen %d starts, the agent %d", ErrOtherRun, d.Run, a.Run)
	case a.Stopped && d.Head != a.Head:
		return fmt.Errorf("%w: it stopped cleanly at event %d and finds %d", ErrOtherHead, a.Head.Seq, d.Head.Seq)
	case d.Head.Seq < a.Floor || d.Head.Seq > a.Ceiling:
		return fmt.Errorf("%w: it ends at event %d, and %d to %d may be", ErrOtherHead, d.Head.Seq, a.Floor, a.Ceiling)
	}
	return nil
}

// Begin is the anchor of a process that starts, or begins a life, with a database
// that counts this start already. It is flushed before the first event.
func Begin(d Database, block int64) Anchor {
	return Anchor{
		Incarnation: d.Incarnation, Run: d.Run, File: d.File, Machine: d.Machine,
		Floor: d.Head.Seq, Ceiling: d.Head.Seq + block,
	}
}

// Raise gives the anchor that must be flushed before the events behind head are
// logged, so that there is room for n of them; false where there is room already.
func (a Anchor) Raise(head, n, block int64) (Anchor, bool) {
	if head+n <= a.Ceiling {
		return a, false
	}
	a.Floor, a.Ceiling = head, head+max(n, block)
	return a, true
}

// Stop is the anchor of a clean stop, flushed after the last event.
func (a Anchor) Stop(head wire.Cursor) Anchor {
	a.Stopped, a.Head = true, head
	a.Floor, a.Ceiling = head.Seq, head.Seq
	return a
}
