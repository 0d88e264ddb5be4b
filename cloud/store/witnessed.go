package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"
	"time"

	"dockfill/allocation"
	"dockfill/cloud/store/witness"
)

// ErrWitness says that the rights witness did not take what a transaction would have
// granted or settled, so that nothing of it was stored.
var ErrWitness = errors.New("the rights witness did not take it")

// guard is the witness at work. What a transaction grants, mints and settles is
// flushed there before the database commits it.
type guard struct {
	witness witness.Witness // nil: none is kept

	mu    sync.Mutex
	fault error // of the last try; nil while it works
	since time.Time
}

// Witness is how the rights witness does.
type Witness struct {
	Name  string // where it is; "" where none is kept
	Last  int64  // number of its last record
	Fault error  // why it takes nothing; nil while it does
	Since time.Time
}

// Attach has what follows noted in the witness, which the caller closes.
func (s *Store) Attach(w witness.Witness) { s.guard.witness = w }

// Witness tells how the witness does.
func (s *Store) Witness() Witness {
	if s.guard.witness == nil {
		return Witness{}
	}
	s.guard.mu.Lock()
	defer s.guard.mu.Unlock()
	return Witness{Name: s.guard.witness.Name(), Last: s.guard.witness.Last(), Fault: s.guard.fault, Since: s.guard.since}
}

func (g *guard) set(fault error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if fault != nil && g.fault == nil {
		g.since = time.Now()
	}
	g.fault = fault
}

// Writable reports whether the witness takes what this transaction may grant. Where it
// does not, nothing is granted and no cancel settles.
func (tx *Tx) Writable() bool {
	if tx.guard == nil || tx.guard.witness == nil {
		return true
	}
	tx.guard.mu.Lock()
	defer tx.guard.mu.Unlock()
	return tx.guard.fault == nil
}

// notes are what a transaction has for the witness.
type notes struct {
	entries []witness.Entry
	raised  []witness.Entry // effective quantities that rose: without them the witness is careful
}

func (tx *Tx) note(e witness.Entry) { tx.notes.entries = append(tx.notes.entries, e) }

// noteBounds notes effective quantities that are not as they were read. A line that is
// new here is new in no older copy.
func (tx *Tx) noteBounds(lines []*Line) {
	for _, l := range lines {
		if !l.known || l.Effective == l.bound {
			continue
		}
		bound := l.Effective
		e := witness.Entry{Line: l.ID, Bound: &bound}
		if l.Effective > l.bound {
			tx.notes.raised = append(tx.notes.raised, e)
		} else {
			tx.note(e)
		}
	}
}

// testify flushes what the transaction has for the witness, and notes its number.
func (tx *Tx) testify(ctx context.Context) error {
	if tx.guard == nil || tx.guard.witness == nil {
		return nil
	}
	entries := tx.notes.entries
	if tx.Writable() {
		entries = append(entries, tx.notes.raised...)
	}
	if len(entries) == 0 {
		return nil
	}
	last, err := tx.guard.witness.Append(ctx, entries)
	if err != nil {
		tx.guard.set(err)
		return fmt.Errorf("%w: %w", ErrWitness, err)
	}
	_, err = tx.exec(ctx, `UPDATE centre SET witnessed = $1`, last)
	return explain(err, "number of the rights witness")
}

// MendWitness tries a witness that took nothing. It reports true where it does again,
// so that what was not granted meanwhile can be.
func (s *Store) MendWitness(ctx context.Context) (bool, error) {
	if s.Witness().Fault == nil {
		return false, nil
	}
	err := s.Update(ctx, func(tx *Tx) error {
		tx.note(witness.Entry{Centre: tx.centre})
		return nil
	})
	if err == nil {
		s.guard.set(nil)
	}
	return err == nil, err
}

// Standing is what the centre's own row says of its past.
type Standing struct {
	House     string
	Witnessed int64 // number of the witness's last record; 0: it has none, Left: it had one
	Restored  bool  // it is a backup that was put back, and has not begun anew
}

// Left stands for the witness that a centre was told to go on without.
const Left = -1

// Standing reads it.
func (tx *Tx) Standing(ctx context.Context) (st Standing, err error) {
	var restored int64
	err = tx.queryRow(ctx, `SELECT house, witnessed, restored FROM centre`).Scan(&st.House, &st.Witnessed, &restored)
	st.Restored = restored > 0
	return st, explain(err, "the centre's own row")
}

// House names the centre in all copies of its database.
func (s *Store) House() string { return s.house }

// Leave notes that the centre goes on without its witness, for good.
func (tx *Tx) Leave(ctx context.Context) error {
	_, err := tx.exec(ctx, `UPDATE centre SET witnessed = $1`, int64(Left))
	return explain(err, "leaving the rights witness")
}

// NoteAll tells a witness all that the database knows.
func (tx *Tx) NoteAll(ctx context.Context) error {
	for _, part := range []struct {
		text string
		read func(*sql.Rows) error
	}{
		{`SELECT incarnation FROM centre UNION SELECT incarnation FROM centre_before`, tx.noteCentre},
		{`SELECT site, incarnation, 0, '', 0, 0 FROM incarnation`, tx.noteLife},
		{`SELECT site, incarnation, 1, '', 0, 0 FROM site WHERE incarnation <> '' OR lost > 0`, tx.noteLife},
		{`SELECT site, incarnation, 0, line, granted, attested FROM register WHERE granted > 0 OR attested > 0`, tx.noteLife},
		{`SELECT id, effective FROM line WHERE effective < ordered`, tx.noteBound},
	} {
		if err := tx.each(ctx, part.read, part.text); err != nil {
			return explain(err, "what the rights witness is told")
		}
	}
	return nil
}

func (tx *Tx) noteCentre(r *sql.Rows) error {
	var e witness.Entry
	err := r.Scan(&e.Centre)
	tx.note(e)
	return err
}

func (tx *Tx) noteLife(r *sql.Rows) error {
	var e witness.Entry
	err := r.Scan(&e.Site, &e.Life, &e.Present, &e.Line, &e.Granted, &e.Attested)
	tx.note(e)
	return err
}

func (tx *Tx) noteBound(r *sql.Rows) error {
	e := witness.Entry{Bound: new(int64)}
	err := r.Scan(&e.Line, e.Bound)
	tx.note(e)
	return err
}

// AddCentres counts lives of the centre among those before the present one.
func (tx *Tx) AddCentres(ctx context.Context, lives []string) error {
	for _, c := range lives {
		if c == tx.centre || c == "" {
			continue
		}
		if _, err := tx.exec(ctx, `INSERT INTO centre_before (incarnation, ended) VALUES ($1, $2) ON CONFLICT DO NOTHING`, c, time.Now().UnixNano()); err != nil {
			return explain(err, "lives of the centre")
		}
	}
	return nil
}

// Renewed reports whether the centre ever took a new life, so that it may know rights of
// lines that it does not know.
func (tx *Tx) Renewed(ctx context.Context) (bool, error) {
	var n int64
	err := tx.queryRow(ctx, `SELECT COUNT(*) FROM centre_before`).Scan(&n)
	return n > 0, explain(err, "lives of the centre")
}

// notePresent notes which life a site has now; "" where it was declared lost.
func (tx *Tx) notePresent(site allocation.SiteID, life string) {
	tx.note(witness.Entry{Site: site, Life: life, Present: true})
}
