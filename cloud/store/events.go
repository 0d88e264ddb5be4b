package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"dockfill/allocation"
	"dockfill/sync/wire"
)

// recentKept is about how many of a site's newest events Live can show, and
// recentAdded how many of them one transaction adds: while a backlog drains,
// nobody reads thousands of lines a second.
const (
	recentKept  = 200
	recentAdded = 50
)

// Event is one stored event: the site's bytes and the chain's hash behind them.
type Event struct {
	Site        allocation.SiteID
	Incarnation string
	Seq         int64
	Hash        wire.Hash
	Body        []byte
}

var (
	eventNames = []string{"site", "incarnation", "seq", "hash", "stored_at", "body"}
	eventKinds = []kind{text, text, number, bytes, number, bytes}
)

// AddEvents stores events that the cursor has not passed yet.
func (tx *Tx) AddEvents(ctx context.Context, at time.Time, events []Event) error {
	rows := make([][]any, len(events))
	var site, life, now any = "", "", nanos(at)
	for i := range events {
		e := &events[i]
		if site != string(e.Site) || life != e.Incarnation {
			site, life = string(e.Site), e.Incarnation
		}
		rows[i] = []any{site, life, e.Seq, e.Hash[:], now, e.Body}
	}
	return explain(tx.load(ctx, "event", eventNames, eventKinds, rows), "events")
}

// AddRecent marks events of one life to be shown by Live, and forgets older ones
// of the site.
func (tx *Tx) AddRecent(ctx context.Context, at time.Time, events []Event) error {
	events = events[max(0, len(events)-recentAdded):]
	rows := make([][]any, len(events))
	for i, e := range events {
		rows[i] = []any{string(e.Site), e.Incarnation, e.Seq, nanos(at)}
	}
	err := tx.bulk(ctx, `INSERT INTO recent (site, incarnation, seq, stored_at) %s ON CONFLICT DO NOTHING`,
		[]kind{text, text, number, number}, rows)
	if err != nil || len(events) == 0 {
		return explain(err, "recent events")
	}
	last := events[len(events)-1]
	_, err = tx.exec(ctx, `DELETE FROM recent WHERE site = $1 AND incarnation = $2 AND seq <= $3`,
		string(last.Site), last.Incarnation, last.Seq-recentKept)
	return explain(err, "recent events")
}

// HashAt gives the chain's hash behind a stored event; the zero hash where none
// is stored.
func (tx *Tx) HashAt(ctx context.Context, site allocation.SiteID, incarnation string, seq int64) (wire.Hash, error) {
	var h wire.Hash
	var b []byte
	err := tx.queryRow(ctx, `SELECT hash FROM event WHERE site = $1 AND incarnation = $2 AND seq = $3`,
		string(site), incarnation, seq).Scan(&b)
	if errors.Is(err, sql.ErrNoRows) {
		return h, nil
	}
	copy(h[:], b)
	return h, explain(err, "hash of event %d of site %s", seq, site)
}

// Quarantine keeps events of another history than the stored one, as facts for
// people; it reports how many were not known yet.
func (tx *Tx) Quarantine(ctx context.Context, at time.Time, nonce string, events []Event) (int64, error) {
	var added int64
	for i := range events {
		e := &events[i]
		n, err := tx.exec(ctx, `INSERT INTO quarantine (site, incarnation, seq, hash, nonce, stored_at, body)
			VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING`,
			string(e.Site), e.Incarnation, e.Seq, e.Hash[:], nonce, nanos(at), e.Body)
		if err != nil {
			return added, explain(err, "quarantine of event %d of site %s", e.Seq, e.Site)
		}
		added += n
	}
	return added, nil
}

// Poison is a stored event that could not be applied, and why.
type Poison struct {
	Event
	Reason string
	Lines  []allocation.LineID // that wait for it
}

// AddPoison keeps events that could not be applied. Their lines wait.
func (tx *Tx) AddPoison(ctx context.Context, poison []Poison) error {
	for _, p := range poison {
		_, err := tx.exec(ctx, `INSERT INTO poison (site, incarnation, seq, reason) VALUES ($1, $2, $3, $4)`,
			string(p.Site), p.Incarnation, p.Seq, p.Reason)
		if err != nil {
			return explain(err, "poison event %d of site %s", p.Seq, p.Site)
		}
		for _, line := range p.Lines {
			_, err := tx.exec(ctx, `INSERT INTO poison_line (site, incarnation, line, seq) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`,
				string(p.Site), p.Incarnation, string(line), p.Seq)
			if err != nil {
				return explain(err, "line %s of poison event %d of site %s", line, p.Seq, p.Site)
			}
		}
	}
	return nil
}

// Waiting gives the lines of one life that wait for a poison event, with the
// event's number.
func (tx *Tx) Waiting(ctx context.Context, site allocation.SiteID, incarnation string) (map[allocation.LineID]int64, error) {
	lines := map[allocation.LineID]int64{}
	err := tx.each(ctx, func(r *sql.Rows) error {
		var line allocation.LineID
		var seq int64
		err := r.Scan(&line, &seq)
		lines[line] = seq
		return err
	}, `SELECT line, seq FROM poison_line WHERE site = $1 AND incarnation = $2`, string(site), incarnation)
	return lines, explain(err, "waiting lines of site %s", site)
}

// TakePoison gives all poison events of the lives that have some, in the order
// of site, incarnation and number, and forgets them: whoever takes them applies
// them again, or adds them again.
func (tx *Tx) TakePoison(ctx context.Context) ([]Event, error) {
	var events []Event
	err := tx.each(ctx, func(r *sql.Rows) error {
		var e Event
		var hash []byte
		err := r.Scan(&e.Site, &e.Incarnation, &e.Seq, &hash, &e.Body)
		copy(e.Hash[:], hash)
		events = append(events, e)
		return err
	}, `SELECT e.site, e.incarnation, e.seq, e.hash, e.body FROM poison p
		JOIN event e ON e.site = p.site AND e.incarnation = p.incarnation AND e.seq = p.seq
		ORDER BY e.site, e.incarnation, e.seq`)
	if err != nil || len(events) == 0 {
		return nil, explain(err, "poison events")
	}
	if _, err := tx.exec(ctx, `DELETE FROM poison_line`); err != nil {
		return nil, explain(err, "poison events")
	}
	_, err = tx.exec(ctx, `DELETE FROM poison`)
	return events, explain(err, "poison events")
}
