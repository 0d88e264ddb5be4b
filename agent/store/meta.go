package store

import (
	"context"
	"encoding/json"
	"fmt"

	"dockfill/allocation"
	"dockfill/sync/wire"
)

// Meta is whose database this is, which life it leads, and how far the talk
// with the centre has come.
type Meta struct {
	Site         allocation.SiteID
	Incarnation  string // "" until the centre minted one
	Run          int64  // starts of this database, this one included
	Stored, Safe wire.Cursor
	Commands     wire.CommandCursor
	Policy       allocation.Policy
	Anchored     bool // an anchor of the database is kept, or was
	// Doubt is why the database is not vouched for, FenceReason and FenceText why the
	// site was told to stop; "" where it is, and was not.
	Doubt, FenceReason, FenceText string
}

// Meta gives the row as this transaction sees it.
func (tx *Tx) Meta() Meta { return tx.meta }

func loadState(tx *Tx) (state, error) {
	var s state
	var stored, safe []byte
	var policy string
	m := &s.meta
	_, err := tx.one(`SELECT site, incarnation, run, stored_seq, stored_hash, safe_seq, safe_hash,
		command_centre, command_n, policy, anchored, doubt, fence_reason, fence_text FROM meta`, nil,
		&m.Site, &m.Incarnation, &m.Run, &m.Stored.Seq, &stored, &m.Safe.Seq, &safe,
		&m.Commands.Centre, &m.Commands.N, &policy, &m.Anchored, &m.Doubt, &m.FenceReason, &m.FenceText)
	if err != nil {
		return s, err
	}
	copy(m.Stored.Hash[:], stored)
	copy(m.Safe.Hash[:], safe)
	if m.Policy, err = readPolicy(policy); err != nil {
		return s, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	s.by = rankingOf(m.Policy)
	if s.head, err = tx.readHead(m); err != nil {
		return s, err
	}
	_, err = tx.one(`SELECT EXISTS (SELECT 1 FROM unknown), EXISTS (SELECT 1 FROM alias), EXISTS (SELECT 1 FROM substitute)`, nil, &s.keeps, &s.named, &s.standIns)
	return s, err
}

func readPolicy(text string) (allocation.Policy, error) {
	if text == "" {
		return allocation.DefaultPolicy(), nil
	}
	var p wire.Policy
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		return allocation.Policy{}, fmt.Errorf("policy: %w", err)
	}
	return p.Check()
}

// startRun counts the run.
func (tx *Tx) startRun() error {
	tx.meta.Run++
	return tx.c.exec(`UPDATE meta SET run = ?`, tx.meta.Run)
}

// Adopt gives a database without a life the one that the centre minted. The
// same again changes nothing; any other is refused.
func (tx *Tx) Adopt(incarnation, centre string) error {
	switch tx.meta.Incarnation {
	case incarnation:
		return nil
	case "":
	default:
		return fmt.Errorf("the database lives as %s already and cannot become %s", tx.meta.Incarnation, incarnation)
	}
	if err := tx.c.exec(`UPDATE meta SET incarnation = ?, command_centre = ?, command_n = 0`, incarnation, centre); err != nil {
		return err
	}
	stations := tx.stations
	err := tx.reload()
	tx.stations = stations
	return err
}

// SetAnchored notes that an anchor of the database is kept.
func (tx *Tx) SetAnchored() error {
	tx.meta.Anchored = true
	return tx.c.exec(`UPDATE meta SET anchored = 1`)
}

// Fence notes why nothing may be allocated with the database any more, and why nobody
// vouches for it. A new life ends both.
func (tx *Tx) Fence(reason, text, doubt string) error {
	m := &tx.meta
	m.FenceReason, m.FenceText, m.Doubt = reason, text, doubt
	return tx.c.exec(`UPDATE meta SET fence_reason = ?, fence_text = ?, doubt = ?`, reason, text, doubt)
}

// MoveCommands notes the last command applied.
func (tx *Tx) MoveCommands(to wire.CommandCursor) error {
	tx.meta.Commands = to
	return tx.c.exec(`UPDATE meta SET command_centre = ?, command_n = ?`, to.Centre, to.N)
}

// Acknowledge raises the centre's two marks; a lower one changes nothing. A mark
// above the log's head is refused: no centre can hold what was never written.
func (tx *Tx) Acknowledge(stored, safe wire.Cursor) error {
	m := &tx.meta
	if stored.Seq > tx.head.Seq || safe.Seq > stored.Seq {
		return fmt.Errorf("acknowledgement of event %d (safe %d) is refused: the log ends at %d", stored.Seq, safe.Seq, tx.head.Seq)
	}
	if stored.Seq <= m.Stored.Seq && safe.Seq <= m.Safe.Seq {
		return nil
	}
	if stored.Seq > m.Stored.Seq {
		m.Stored = stored
	}
	if safe.Seq > m.Safe.Seq {
		m.Safe = safe
	}
	return tx.c.exec(`UPDATE meta SET stored_seq = ?, stored_hash = ?, safe_seq = ?, safe_hash = ?`,
		m.Stored.Seq, m.Stored.Hash[:], m.Safe.Seq, m.Safe.Hash[:])
}

// SetPolicy puts a policy in force and ranks anew the lines that wait or hold
// something. Others get their keys when they do so again.
func (tx *Tx) SetPolicy(p allocation.Policy) error {
	text, err := json.Marshal(wire.PolicyOf(p))
	if err != nil {
		return err
	}
	tx.meta.Policy, tx.by = p, rankingOf(p)
	if err := tx.c.exec(`UPDATE meta SET policy = ?`, string(text)); err != nil {
		return err
	}
	return tx.rankAll()
}

func (tx *Tx) rankAll() error {
	for after := int64(0); ; {
		last, err := tx.rerank(after, rerankChunk)
		if last == 0 || err != nil {
			return err
		}
		after = last
	}
}

// keyForm counts how rank_key was written since the first program: names of digits
// alone sort as numbers since 1.
const keyForm = 1

// renewKeys ranks all lines anew where an older program wrote their keys.
func (tx *Tx) renewKeys() error {
	var form int
	if _, err := tx.one(`PRAGMA user_version`, nil, &form); err != nil || form >= keyForm {
		return err
	}
	if err := tx.rankAll(); err != nil {
		return err
	}
	return tx.c.exec(fmt.Sprintf(`PRAGMA user_version = %d`, keyForm))
}

// rerankChunk bounds the memory that a new policy takes.
const rerankChunk = 2000

// Now is how the site stands after its last commit: its row, the log's end and
// the totals, all of one moment. It costs nothing and waits for nobody.
func (s *Store) Now() (Meta, wire.Cursor, Counts) {
	now := s.shown.Load()
	return now.meta, now.head, now.counts
}

// State is Meta and the log's end at one moment, outside of any transaction.
func (s *Store) State(ctx context.Context) (Meta, wire.Cursor, error) {
	var m Meta
	var head wire.Cursor
	err := s.View(ctx, func(tx *Tx) error {
		m, head = tx.meta, tx.head
		return nil
	})
	return m, head, err
}
