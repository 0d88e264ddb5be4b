package store

import (
	"context"
	"database/sql"
	"time"

	"dockfill/cloud/store/witness"
	"dockfill/sync/session"
)

// Unreported is a life that the centre waits for before it grants again.
type Unreported struct {
	Life
	Since time.Time
}

const selectUnreported = `SELECT site, incarnation, since FROM awaited ORDER BY site, incarnation`

func scanUnreported(all *[]Unreported) func(*sql.Rows) error {
	return func(r *sql.Rows) error {
		var a Unreported
		var since int64
		err := r.Scan(&a.Site, &a.Incarnation, &since)
		a.Since = unixTime(since)
		*all = append(*all, a)
		return err
	}
}

// Unreported gives the lives that are waited for; none where grants are free.
func (s *Store) Unreported(ctx context.Context) (all []Unreported, err error) {
	rows, err := s.read.QueryContext(ctx, selectUnreported)
	err = eachRow(rows, err, scanUnreported(&all))
	return all, explain(err, "awaited lives")
}

// Recovery gives what the centre waits for.
func (tx *Tx) Recovery(ctx context.Context) (r session.Recovery, err error) {
	var all []Unreported
	err = tx.each(ctx, scanUnreported(&all), selectUnreported)
	for _, a := range all {
		r.Waiting = append(r.Waiting, session.Life(a.Life))
	}
	return r, explain(err, "awaited lives")
}

// PutRecovery writes what the centre waits for. Who is waited for already keeps its
// time.
func (tx *Tx) PutRecovery(ctx context.Context, r session.Recovery) error {
	before, err := tx.Recovery(ctx)
	if err != nil {
		return err
	}
	waits := map[session.Life]bool{}
	for _, l := range r.Waiting {
		waits[l] = true
		_, err := tx.exec(ctx, `INSERT INTO awaited (site, incarnation, since) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
			string(l.Site), l.Incarnation, time.Now().UnixNano())
		if err != nil {
			return explain(err, "awaited life of site %s", l.Site)
		}
	}
	for _, l := range before.Waiting {
		if waits[l] {
			continue
		}
		if _, err := tx.exec(ctx, `DELETE FROM awaited WHERE site = $1 AND incarnation = $2`, string(l.Site), l.Incarnation); err != nil {
			return explain(err, "awaited life of site %s", l.Site)
		}
	}
	return nil
}

// Renew gives the centre a new life of its own, and counts the one that a site follows
// among those before it. Every site is told everything anew, by commands from 1; rows
// of sites that were read before are stale.
func (tx *Tx) Renew(ctx context.Context, followed string) error {
	before := tx.centre
	tx.centre = renewed(tx.centre)
	tx.note(witness.Entry{Centre: tx.centre})
	if err := tx.AddCentres(ctx, []string{before, followed}); err != nil {
		return err
	}
	for _, text := range []string{`DELETE FROM command`, `UPDATE site SET commands = 0, applied = 0, supplied = ''`} {
		if _, err := tx.exec(ctx, text); err != nil {
			return explain(err, "commands of the life before")
		}
	}
	_, err := tx.exec(ctx, `UPDATE centre SET incarnation = $1, minted = $2, restored = 0`, tx.centre, time.Now().UnixNano())
	return explain(err, "new life of the centre")
}

// Followed reports whether a life of the centre is its present one, or one before.
func (tx *Tx) Followed(ctx context.Context, centre string) (bool, error) {
	if centre == tx.centre {
		return true, nil
	}
	var n int64
	err := tx.queryRow(ctx, `SELECT COUNT(*) FROM centre_before WHERE incarnation = $1`, centre).Scan(&n)
	return n > 0, explain(err, "lives of the centre")
}
