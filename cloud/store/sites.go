package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"dockfill/allocation"
	"dockfill/cloud/store/witness"
	"dockfill/sync/wire"
)

// Site is what the centre holds about one site.
type Site struct {
	ID          allocation.SiteID
	Incarnation string // the present life; "" before the first
	Run         int64  // of the process welcomed last, and its nonce
	Nonce       string
	Instead     string // the life that process had when the present one was minted for it
	Commands    int64  // number of the last command written for this life
	Applied     int64  // number of the last command applied there
	Supplied    string // the life that was sent all it must know
	Head        int64  // newest event of this life, as told
	LastSeen    time.Time
	Fenced      string // reason code; "" where it is not fenced
	FencedText  string
	Program     string
	Scans       int64
	Units       int64
	Allocated   int64
	Lost        time.Time     // when a person declared its database lost, and none was given since; zero: it was not
	ClockOff    time.Duration // by how much its clock runs ahead; negative: behind; 0: not noticeably
}

// Open reports whether commands are written for the site: its present life was
// told all that it must know, and is told what changes. While it is fenced they
// are not sent.
func (s *Site) Open() bool { return s.Supplied != "" && s.Supplied == s.Incarnation }

const siteColumns = `site, incarnation, run, nonce, commands, applied, supplied, head, last_seen, fenced, fenced_text, program, scans, units, allocated, clock_off, instead, lost`

func scanSite(scan func(...any) error) (*Site, error) {
	s := &Site{}
	var seen, lost int64
	err := scan(&s.ID, &s.Incarnation, &s.Run, &s.Nonce, &s.Commands, &s.Applied, &s.Supplied, &s.Head, &seen,
		&s.Fenced, &s.FencedText, &s.Program, &s.Scans, &s.Units, &s.Allocated, &s.ClockOff, &s.Instead, &lost)
	s.LastSeen, s.Lost = unixTime(seen), unixTime(lost)
	return s, err
}

// Site gives a site's row, held for this transaction, or nil where there is
// none.
func (tx *Tx) Site(ctx context.Context, id allocation.SiteID) (*Site, error) {
	r := tx.queryRow(ctx, `SELECT `+siteColumns+` FROM site WHERE site = $1`+tx.kind.lock(), string(id))
	s, err := scanSite(r.Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return s, explain(err, "site %s", id)
}

// AddSite makes the row of a site that was not known; it reports false where
// it was.
func (tx *Tx) AddSite(ctx context.Context, id allocation.SiteID) (bool, error) {
	n, err := tx.exec(ctx, `INSERT INTO site (site) VALUES ($1) ON CONFLICT DO NOTHING`, string(id))
	return n == 1, explain(err, "site %s", id)
}

// SiteIDs gives all sites in the order of their ids.
func (tx *Tx) SiteIDs(ctx context.Context) ([]allocation.SiteID, error) {
	var ids []allocation.SiteID
	err := tx.each(ctx, func(r *sql.Rows) error {
		var id allocation.SiteID
		err := r.Scan(&id)
		ids = append(ids, id)
		return err
	}, `SELECT site FROM site ORDER BY site`)
	return ids, err
}

// PutSite writes the row of a site that Site gave.
func (tx *Tx) PutSite(ctx context.Context, s *Site) error {
	_, err := tx.exec(ctx, `UPDATE site SET incarnation = $1, run = $2, nonce = $3, commands = $4, applied = $5, supplied = $6,
		head = $7, last_seen = $8, fenced = $9, fenced_text = $10, program = $11, scans = $12, units = $13, allocated = $14,
		clock_off = $15, instead = $16, lost = $17 WHERE site = $18`,
		s.Incarnation, s.Run, s.Nonce, s.Commands, s.Applied, s.Supplied, s.Head, nanos(s.LastSeen),
		s.Fenced, s.FencedText, s.Program, s.Scans, s.Units, s.Allocated, int64(s.ClockOff), s.Instead, nanos(s.Lost), string(s.ID))
	return explain(err, "site %s", s.ID)
}

// Minted reports whether a life of the site was minted for this process before.
func (tx *Tx) Minted(ctx context.Context, site allocation.SiteID, nonce string) (bool, error) {
	var n int64
	err := tx.queryRow(ctx, `SELECT COUNT(*) FROM incarnation WHERE site = $1 AND nonce = $2`, string(site), nonce).Scan(&n)
	return n > 0, explain(err, "lives of site %s", site)
}

// Mint gives the site a new life with an empty log, for the process with this
// nonce. Commands of the life before can never be applied again; the numbers
// begin anew with the new one.
func (tx *Tx) Mint(ctx context.Context, s *Site, nonce string) error {
	s.Incarnation = NewIncarnation(tx.centre)
	s.Commands, s.Applied, s.Supplied, s.Head = 0, 0, "", 0
	if err := tx.AddLife(ctx, Life{s.ID, s.Incarnation}, nonce); err != nil {
		return err
	}
	s.Lost = time.Time{}
	tx.notePresent(s.ID, s.Incarnation)
	_, err := tx.exec(ctx, `DELETE FROM command WHERE site = $1`, string(s.ID))
	return explain(err, "commands of site %s", s.ID)
}

// Lose ends the present life of a site. What it holds stays committed.
func (tx *Tx) Lose(ctx context.Context, s *Site, at time.Time) error {
	s.Incarnation, s.Instead, s.Commands, s.Applied, s.Supplied, s.Head, s.Lost = "", "", 0, 0, "", 0, at
	s.Fenced, s.FencedText = "", ""
	tx.notePresent(s.ID, "")
	_, err := tx.exec(ctx, `DELETE FROM command WHERE site = $1`, string(s.ID))
	return explain(err, "commands of site %s", s.ID)
}

// AddLife makes the row of a life with an empty log, minted for the process with this
// nonce; a life that is known stays as it is. A centre that was put back to an older
// copy learns in this way of lives that it minted since; their nonce is "".
func (tx *Tx) AddLife(ctx context.Context, l Life, nonce string) error {
	genesis := wire.Genesis(l.Site, l.Incarnation)
	n, err := tx.exec(ctx, `INSERT INTO incarnation (site, incarnation, minted, nonce, seq, hash) VALUES ($1, $2, $3, $4, 0, $5) ON CONFLICT DO NOTHING`,
		string(l.Site), l.Incarnation, time.Now().UnixNano(), nonce, genesis[:])
	if n > 0 {
		tx.note(witness.Entry{Site: l.Site, Life: l.Incarnation})
	}
	return explain(err, "life %s of site %s", l.Incarnation, l.Site)
}

// Stored gives the cursor of one life of a site; it reports false where the
// centre never minted that life.
func (tx *Tx) Stored(ctx context.Context, site allocation.SiteID, incarnation string) (wire.Cursor, bool, error) {
	var c wire.Cursor
	var hash []byte
	err := tx.queryRow(ctx, `SELECT seq, hash FROM incarnation WHERE site = $1 AND incarnation = $2`,
		string(site), incarnation).Scan(&c.Seq, &hash)
	if errors.Is(err, sql.ErrNoRows) {
		return c, false, nil
	}
	if err == nil && copy(c.Hash[:], hash) != len(c.Hash) {
		err = fmt.Errorf("its hash has %d bytes", len(hash))
	}
	return c, err == nil, explain(err, "cursor of site %s", site)
}

// MoveStored sets the cursor of one life of a site.
func (tx *Tx) MoveStored(ctx context.Context, site allocation.SiteID, incarnation string, c wire.Cursor) error {
	_, err := tx.exec(ctx, `UPDATE incarnation SET seq = $1, hash = $2 WHERE site = $3 AND incarnation = $4`,
		c.Seq, c.Hash[:], string(site), incarnation)
	return explain(err, "cursor of site %s", site)
}
