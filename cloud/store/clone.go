package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"dockfill/allocation"
	"dockfill/sync/wire"
)

// Clone is a process that was fenced as a clone of a site's database.
type Clone struct {
	Site        allocation.SiteID
	Nonce       string
	Incarnation string    // the life that it speaks from; "" where it has none
	At          time.Time // when it was heard last
	Admitted    bool      // a person let it take the place of the process that is there
}

// Clone gives what is known of a process as a clone; nil where it was never fenced as
// one.
func (tx *Tx) Clone(ctx context.Context, site allocation.SiteID, nonce string) (*Clone, error) {
	c := &Clone{Site: site, Nonce: nonce}
	var at, admitted int64
	err := tx.queryRow(ctx, `SELECT incarnation, at, admitted FROM clone WHERE site = $1 AND nonce = $2`, string(site), nonce).
		Scan(&c.Incarnation, &at, &admitted)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	c.At, c.Admitted = unixTime(at), admitted > 0
	return c, explain(err, "clone of site %s", site)
}

// PutClone keeps that a process was fenced as a clone, until a person decides, and when
// it was heard last.
func (tx *Tx) PutClone(ctx context.Context, c Clone) error {
	_, err := tx.exec(ctx, `INSERT INTO clone (site, nonce, incarnation, at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (site, nonce) DO UPDATE SET at = excluded.at`, string(c.Site), c.Nonce, c.Incarnation, nanos(c.At))
	return explain(err, "clone of site %s", c.Site)
}

// DropClone forgets that a process was a clone: it has got a life of its own.
func (tx *Tx) DropClone(ctx context.Context, site allocation.SiteID, nonce string) error {
	_, err := tx.exec(ctx, `DELETE FROM clone WHERE site = $1 AND nonce = $2`, string(site), nonce)
	return explain(err, "clone of site %s", site)
}

// AdmitClone keeps that a person let a clone take the place of the process that is
// there; it reports false where no such clone waits for a decision.
func (tx *Tx) AdmitClone(ctx context.Context, site allocation.SiteID, nonce string) (bool, error) {
	n, err := tx.exec(ctx, `UPDATE clone SET admitted = $1 WHERE site = $2 AND nonce = $3 AND admitted = 0`,
		time.Now().UnixNano(), string(site), nonce)
	return n == 1, explain(err, "clone of site %s", site)
}

// cloneShown is how long a clone that is silent is shown to people.
const cloneShown = 24 * time.Hour

// clones gives those of all sites on which a person must decide, by site.
func (s *Store) clones(ctx context.Context) (map[allocation.SiteID][]Clone, error) {
	all := map[allocation.SiteID][]Clone{}
	rows, err := s.read.QueryContext(ctx, `SELECT site, nonce, incarnation, at FROM clone WHERE admitted = 0 AND at > $1 ORDER BY site, nonce`,
		time.Now().Add(-cloneShown).UnixNano())
	err = eachRow(rows, err, func(r *sql.Rows) error {
		var c Clone
		var at int64
		err := r.Scan(&c.Site, &c.Nonce, &c.Incarnation, &at)
		c.At = unixTime(at)
		all[c.Site] = append(all[c.Site], c)
		return err
	})
	return all, explain(err, "clones")
}

// Keeps reports whether the event at a cursor of a life is kept with that very hash, in
// the log or quarantined, and so all before it.
func (tx *Tx) Keeps(ctx context.Context, l Life, at wire.Cursor) (bool, error) {
	if at.Seq == 0 {
		return true, nil
	}
	hash, err := tx.HashAt(ctx, l.Site, l.Incarnation, at.Seq)
	if err != nil || hash == at.Hash {
		return err == nil, err
	}
	var n int64
	err = tx.queryRow(ctx, `SELECT COUNT(*) FROM quarantine WHERE site = $1 AND incarnation = $2 AND seq = $3 AND hash = $4`,
		string(l.Site), l.Incarnation, at.Seq, at.Hash[:]).Scan(&n)
	return n > 0, explain(err, "quarantine of site %s", l.Site)
}
