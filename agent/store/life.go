package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"dockfill/sync/wire"
)

// ErrGrown says that a life cannot be replaced: more was logged in it than the centre
// has kept.
var ErrGrown = errors.New("more was logged than the centre has kept")

// Life is one that the database left, of whose log the centre does not have all safely.
type Life struct {
	Incarnation        string
	Head, Stored, Safe wire.Cursor
	n                  int64
}

// lifeShift and lifeBase make the number of an event in the log of an earlier life one
// below 0, so that older ones stay before newer ones.
const (
	lifeShift = 1 << 40
	lifeBase  = 1 << 52
)

// Replace puts a new life, minted by the centre, in the place of the database's own,
// of which the centre holds all up to kept. The log goes on as the log of an earlier
// life; the new one is empty and has no rights. Goods stay where they are: what an
// earlier life gave to lines stays given. The error wraps ErrGrown where the log does
// not end at kept.
func (tx *Tx) Replace(incarnation, centre string, kept wire.Cursor) error {
	old := tx.meta
	switch {
	case old.Incarnation == incarnation:
		return nil
	case old.Incarnation == "":
		return tx.Adopt(incarnation, centre)
	case tx.head != kept:
		return fmt.Errorf("%w: the log ends at event %d, it has %d", ErrGrown, tx.head.Seq, kept.Seq)
	}
	if centre != old.Commands.Centre { // nothing is known of what that one holds
		if err := tx.unmarkLives(); err != nil {
			return err
		}
	}
	if err := errors.Join(tx.leaveLog(), tx.leaveRights()); err != nil {
		return err
	}
	err := tx.c.exec(`UPDATE meta SET incarnation = ?, command_centre = ?, command_n = 0, stored_seq = 0, stored_hash = x'',
		safe_seq = 0, safe_hash = x'', doubt = '', fence_reason = '', fence_text = ''`, incarnation, centre)
	if err != nil {
		return err
	}
	tx.known, tx.serials, tx.absent, tx.given = nil, nil, serialKey{}, nil
	tx.about.clear()
	return tx.reload()
}

// leaveLog moves the log to those of earlier lives, and takes its numbers out of what
// refers to it.
func (tx *Tx) leaveLog() error {
	n, err := tx.keepLife()
	if err != nil {
		return err
	}
	for _, q := range []struct {
		text string
		args []any
	}{
		{`INSERT INTO past (life, seq, at, hash, body) SELECT ?, seq, at, hash, body FROM event`, []any{n}},
		{`DELETE FROM event`, nil},
		{`DELETE FROM command`, nil},
		{`DELETE FROM unknown WHERE mapped > 0`, nil},
		{`UPDATE unknown SET seq = seq + ? WHERE seq > 0`, []any{n*lifeShift - lifeBase}},
		{`UPDATE pallet SET received = -1 WHERE received > 0`, nil},
		{`UPDATE serial SET seq = -1 WHERE seq > 0`, nil},
		{`UPDATE upload SET seq = -1 WHERE seq > 0`, nil},
		{`UPDATE captured SET seq = 0 WHERE seq > 0`, nil},
		{`UPDATE memory SET since = 0`, nil},
		{`UPDATE station SET last = 0, run = 0, proven = 0, asked = x'', asked_memory = 0`, nil},
	} {
		if err := tx.c.exec(q.text, q.args...); err != nil {
			return err
		}
	}
	return nil
}

// keepLife notes the life that is left. The centre that replaced it holds all of it.
func (tx *Tx) keepLife() (n int64, err error) {
	safe := tx.meta.Safe
	err = tx.c.exec(`INSERT INTO life (incarnation, head_seq, head_hash, stored_seq, stored_hash, safe_seq, safe_hash) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		tx.meta.Incarnation, tx.head.Seq, tx.head.Hash[:], tx.head.Seq, tx.head.Hash[:], safe.Seq, safe.Hash[:])
	if err != nil {
		return 0, err
	}
	_, err = tx.one(`SELECT max(n) FROM life`, nil, &n)
	return n, err
}

// leaveRights begins all registers anew.
func (tx *Tx) leaveRights() error {
	return tx.c.exec(`UPDATE line SET granted = 0, used = 0, undone = 0, returned = 0, target = 0, can = 0
		WHERE granted <> 0 OR used <> 0 OR undone <> 0 OR returned <> 0 OR target <> 0 OR can <> 0`)
}

// reload reads the row anew after a life began.
func (tx *Tx) reload() error {
	tx.adopted = true
	now, err := loadState(tx)
	now.counts = tx.counts
	tx.state = now
	return err
}

// Follow notes that commands come from another life of the centre, counted from 1, and
// that it holds the log as far as it says. What it holds of earlier lives is not known.
func (tx *Tx) Follow(centre string, stored, safe wire.Cursor) error {
	if stored.Seq > tx.head.Seq || safe.Seq > stored.Seq {
		return fmt.Errorf("the centre's mark %d (safe %d) is refused: the log ends at %d", stored.Seq, safe.Seq, tx.head.Seq)
	}
	if err := tx.unmarkLives(); err != nil {
		return err
	}
	m := &tx.meta
	m.Commands, m.Stored, m.Safe = wire.CommandCursor{Centre: centre}, stored, safe
	return tx.c.exec(`UPDATE meta SET command_centre = ?, command_n = 0, stored_seq = ?, stored_hash = ?, safe_seq = ?, safe_hash = ?`,
		centre, stored.Seq, stored.Hash[:], safe.Seq, safe.Hash[:])
}

func (tx *Tx) unmarkLives() error {
	return tx.c.exec(`UPDATE life SET stored_seq = 0, stored_hash = x'', safe_seq = 0, safe_hash = x''`)
}

// Lives gives the lives that the database left of whose logs not all is safe, the
// oldest first.
func (tx *Tx) Lives() (all []Life, err error) {
	err = tx.each(`SELECT n, incarnation, head_seq, head_hash, stored_seq, stored_hash, safe_seq, safe_hash FROM life
		WHERE safe_seq < head_seq ORDER BY n`, nil, func(r *sql.Rows) error {
		var l Life
		var head, stored, safe []byte
		err := r.Scan(&l.n, &l.Incarnation, &l.Head.Seq, &head, &l.Stored.Seq, &stored, &l.Safe.Seq, &safe)
		copy(l.Head.Hash[:], head)
		copy(l.Stored.Hash[:], stored)
		copy(l.Safe.Hash[:], safe)
		all = append(all, l)
		return err
	})
	return all, err
}

// AcknowledgeLife raises the centre's two marks in the log of an earlier life; a lower
// one changes nothing.
func (tx *Tx) AcknowledgeLife(incarnation string, stored, safe wire.Cursor) error {
	return errors.Join(
		tx.c.exec(`UPDATE life SET stored_seq = ?1, stored_hash = ?2 WHERE incarnation = ?3 AND stored_seq < ?1 AND ?1 <= head_seq`, stored.Seq, stored.Hash[:], incarnation),
		tx.c.exec(`UPDATE life SET safe_seq = ?1, safe_hash = ?2 WHERE incarnation = ?3 AND safe_seq < ?1 AND ?1 <= head_seq`, safe.Seq, safe.Hash[:], incarnation),
	)
}

// ForgetLives deletes at most limit events of earlier lives that are older than before and
// whose logs are safe, but none by which something was kept that still waits: a centre that
// is put back to a copy asks for them again. It reports how many went.
func (tx *Tx) ForgetLives(before time.Time, limit int) (int64, error) {
	return tx.c.change(`DELETE FROM past WHERE (life, seq) IN (SELECT p.life, p.seq FROM past p JOIN life l ON l.n = p.life
		WHERE l.safe_seq >= l.head_seq AND p.at < ? AND NOT EXISTS (SELECT 1 FROM unknown u WHERE u.seq = p.life * ? + p.seq - ? AND u.mapped = 0) LIMIT ?)`,
		before.UnixNano(), lifeShift, lifeBase, limit)
}

// placeOf gives the life and the number in its log of an event of an earlier one.
func placeOf(seq int64) (life, in int64) {
	at := seq + lifeBase
	return at / lifeShift, at % lifeShift
}

// ReadLife is Read of the log of an earlier life.
func (s *Store) ReadLife(ctx context.Context, incarnation string, after int64, maxEvents, maxBytes int) (events []Event, err error) {
	err = s.View(ctx, func(tx *Tx) error {
		events, err = tx.eventsOf(`SELECT seq, at, hash, body FROM past WHERE life = (SELECT n FROM life WHERE incarnation = ?) AND seq > ? ORDER BY seq LIMIT ?`,
			maxBytes, incarnation, after, maxEvents)
		return err
	})
	return events, err
}

// LifeHashAt is HashAt of the log of an earlier life.
func (s *Store) LifeHashAt(ctx context.Context, incarnation string, seq int64) (h wire.Hash, err error) {
	if seq == 0 {
		return wire.Genesis(s.o.Site, incarnation), nil
	}
	err = s.View(ctx, func(tx *Tx) error {
		var hash []byte
		_, err := tx.one(`SELECT coalesce((SELECT hash FROM past WHERE life = n AND seq = ?1), iif(head_seq = ?1, head_hash, x''))
			FROM life WHERE incarnation = ?2`, []any{seq, incarnation}, &hash)
		copy(h[:], hash)
		return err
	})
	return h, err
}

// Granted gives what this life was ever granted, line by line in the order of their ids.
func (tx *Tx) Granted() (all []wire.Granted, err error) {
	err = tx.each(`SELECT id, granted FROM line WHERE granted > 0 ORDER BY id`, nil, func(r *sql.Rows) error {
		var g wire.Granted
		err := r.Scan(&g.Line, &g.N)
		all = append(all, g)
		return err
	})
	return all, err
}
