package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"dockfill/allocation"
	"dockfill/sync/rights"
	"dockfill/sync/wire"
)

// Event is one entry of the log as it is stored.
type Event struct {
	Seq  int64
	At   time.Time
	Hash wire.Hash // behind this event
	Body []byte    // of wire.Event
}

// Head is the last entry of the log.
func (tx *Tx) Head() wire.Cursor { return tx.head }

// Append writes the next event. prev is the station's last scan that was not
// undone, 0 for other events; parts is in how many events the scan was told, in
// the last one of them, else 1.
func (tx *Tx) Append(e wire.Event, prev int64, parts int) error {
	if e.Seq != tx.head.Seq+1 {
		return fmt.Errorf("event %d cannot follow %d", e.Seq, tx.head.Seq)
	}
	body, err := e.Marshal()
	if err != nil {
		return err
	}
	hash := tx.head.Hash.Next(body)
	err = tx.c.exec(`INSERT INTO event (seq, at, prev, parts, hash, body) VALUES (?, ?, ?, ?, ?, ?)`,
		e.Seq, e.At.UnixNano(), prev, parts, hash[:], body)
	if err != nil {
		return err
	}
	tx.head = wire.Cursor{Seq: e.Seq, Hash: hash}
	return nil
}

// readHead gives the log's end; the newest event is never deleted.
func (tx *Tx) readHead(m *Meta) (wire.Cursor, error) {
	head := wire.Cursor{Hash: wire.Genesis(m.Site, m.Incarnation)}
	var hash []byte
	found, err := tx.one(`SELECT seq, hash FROM event ORDER BY seq DESC LIMIT 1`, nil, &head.Seq, &hash)
	if found {
		copy(head.Hash[:], hash)
	}
	return head, err
}

// followChain holds the newest n events to their hashes and numbers. What the
// retention has deleted, below the safe mark alone, is not asked for.
func (tx *Tx) followChain(n int64) error {
	var at wire.Cursor
	return tx.each(`SELECT seq, at, hash, body FROM event WHERE seq > ? ORDER BY seq`, []any{tx.head.Seq - n}, func(rows *sql.Rows) error {
		e, err := scanEvent(rows)
		if err != nil {
			return err
		}
		first := at == wire.Cursor{}
		if first && e.Seq == 1 {
			at.Hash = wire.Genesis(tx.meta.Site, tx.meta.Incarnation)
			first = false
		}
		kept := e.Seq <= tx.meta.Safe.Seq || e.Seq == tx.head.Seq-n+1
		if first && !kept || !first && (e.Seq != at.Seq+1 || e.Hash != at.Hash.Next(e.Body)) {
			return fmt.Errorf("%w: event %d does not follow from the one before it", ErrDamaged, e.Seq)
		}
		at = wire.Cursor{Seq: e.Seq, Hash: e.Hash}
		return nil
	})
}

func (tx *Tx) hashAt(seq int64) (wire.Hash, error) {
	switch seq {
	case 0:
		return wire.Genesis(tx.meta.Site, tx.meta.Incarnation), nil
	case tx.head.Seq:
		return tx.head.Hash, nil
	}
	var h wire.Hash
	var hash []byte
	_, err := tx.one(`SELECT hash FROM event WHERE seq = ?`, []any{seq}, &hash)
	copy(h[:], hash)
	return h, err
}

// HashAt gives the chain's hash behind event seq, wire.Genesis at 0, and the
// zero hash where the log does not reach or no longer reaches.
func (s *Store) HashAt(ctx context.Context, seq int64) (h wire.Hash, err error) {
	err = s.View(ctx, func(tx *Tx) error {
		h, err = tx.hashAt(seq)
		return err
	})
	return h, err
}

// Read gives the events behind after, in order: at most maxEvents, and as many
// as keep the sum of len(Body)+1 within maxBytes, but always one where there is
// one.
func (s *Store) Read(ctx context.Context, after int64, maxEvents, maxBytes int) ([]Event, error) {
	var events []Event
	err := s.View(ctx, func(tx *Tx) error {
		var err error
		events, err = tx.events(after, maxEvents, maxBytes)
		return err
	})
	return events, err
}

func (tx *Tx) events(after int64, maxEvents, maxBytes int) ([]Event, error) {
	return tx.eventsOf(`SELECT seq, at, hash, body FROM event WHERE seq > ? ORDER BY seq LIMIT ?`, maxBytes, after, maxEvents)
}

func (tx *Tx) eventsOf(query string, maxBytes int, args ...any) ([]Event, error) {
	rows, err := tx.c.query(query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var events []Event
	for rows.Next() {
		e, err := scanEvent(rows.Rows)
		if err != nil {
			return nil, err
		}
		if maxBytes -= len(e.Body) + 1; maxBytes < 0 && len(events) > 0 {
			break
		}
		events = append(events, e)
	}
	return events, classify(rows.Err())
}

func scanEvent(rows *sql.Rows) (Event, error) {
	var e Event
	var at int64
	var hash []byte
	if err := rows.Scan(&e.Seq, &at, &hash, &e.Body); err != nil {
		return e, classify(err)
	}
	e.At = time.Unix(0, at).UTC()
	copy(e.Hash[:], hash)
	return e, nil
}

// EventAt reads one event, of an earlier life where seq is below 0; false where the log
// does not hold it.
func (tx *Tx) EventAt(seq int64) (wire.Event, bool, error) {
	var body []byte
	query, args := `SELECT body FROM event WHERE seq = ?`, []any{seq}
	if seq < 0 {
		life, in := placeOf(seq)
		query, args = `SELECT body FROM past WHERE life = ? AND seq = ?`, []any{life, in}
	}
	found, err := tx.one(query, args, &body)
	if !found || err != nil {
		return wire.Event{}, false, err
	}
	e, err := wire.ParseEvent(body)
	return e, err == nil, err
}

// Newest yields the last n events, newest first.
func (tx *Tx) Newest(n int) ([]Event, error) {
	var events []Event
	err := tx.each(`SELECT seq, at, hash, body FROM event ORDER BY seq DESC LIMIT ?`, []any{n}, func(r *sql.Rows) error {
		e, err := scanEvent(r)
		events = append(events, e)
		return err
	})
	return events, err
}

// UnsentSince is when the oldest event behind stored was written, the one that
// the centre has confirmed last; zero where there is none.
func (tx *Tx) UnsentSince(stored int64) (time.Time, error) {
	var at int64
	found, err := tx.one(`SELECT at FROM event WHERE seq = ?`, []any{stored + 1}, &at)
	if !found {
		return time.Time{}, err
	}
	return time.Unix(0, at).UTC(), err
}

// Forget deletes at most limit events that are older than before, none behind
// through, only below the safe mark, and only if the log's own hash there is the
// centre's. The newest event always stays, as the chain goes on from it. It reports
// how many went.
func (tx *Tx) Forget(before time.Time, through int64, limit int) (int64, error) {
	safe := tx.meta.Safe
	mine, err := tx.hashAt(safe.Seq)
	if err != nil || safe.Seq == 0 || mine != safe.Hash {
		return 0, err
	}
	var first, last sql.NullInt64
	_, err = tx.one(`SELECT min(seq), max(seq) FROM (SELECT seq FROM event WHERE seq < ? AND at < ? ORDER BY seq LIMIT ?)`,
		[]any{min(safe.Seq, tx.head.Seq, through+1), before.UnixNano(), limit}, &first, &last)
	if err != nil || !last.Valid {
		return 0, err
	}
	for _, q := range []string{`DELETE FROM event WHERE seq <= ?`, `DELETE FROM unknown WHERE seq <= ? AND mapped > 0`} {
		if err := tx.c.exec(q, last.Int64); err != nil {
			return 0, err
		}
	}
	// Gives at most 4 MB of the free pages back to the disk.
	err = tx.each(`PRAGMA incremental_vacuum(1000)`, nil, func(*sql.Rows) error { return nil })
	return last.Int64 - first.Int64 + 1, err
}

// Registers digests the right registers of all lines in the order of their ids.
func (tx *Tx) Registers() (wire.Hash, error) {
	var d rights.Digest
	err := tx.each(`SELECT id, granted, used, undone, returned FROM line WHERE granted > 0 ORDER BY id`, nil, func(rows *sql.Rows) error {
		var line allocation.LineID
		var r rights.Registers
		if err := rows.Scan(&line, &r.Granted, &r.Used, &r.Undone, &r.Returned); err != nil {
			return err
		}
		d.Add(line, r)
		return nil
	})
	return d.Sum(), err
}
