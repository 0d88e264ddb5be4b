package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/hex"
	"slices"
	"time"

	"dockfill/allocation"
)

// Held is what one event set aside for one reason, until people decide: units of
// a SKU, or a code that named nothing known at the site.
type Held struct {
	Life
	Seq     int64
	Why     allocation.WhyCode   // WhyUnknown, WhyNotASN, WhySurplus, WhyOnHold or WhyDamaged
	SKU     allocation.SKU       // "" for a code
	Code    []byte               // as read; nil for units of a SKU
	Inbound allocation.InboundID // of surplus
	Qty     int64
	At      time.Time // the site's clock
}

// HeldSum is what one site holds for one reason.
type HeldSum struct {
	Site  allocation.SiteID
	Why   allocation.WhyCode
	Units int64     // base units; of unknown codes, as often as they were scanned
	Codes int64     // different codes, or SKUs
	Since time.Time // of the oldest, by the site's clock
}

// HeldRow is what one site holds of one SKU or code.
type HeldRow struct {
	Site allocation.SiteID
	Why  allocation.WhyCode
	SKU  allocation.SKU // "" for a code
	Code []byte         // as read; empty for a SKU
	// Inbound is what surplus came by: it waits to be approved there.
	Inbound allocation.InboundID
	Units   int64
	Scans   int64
	Since   time.Time // of the oldest, by the site's clock
}

// codeKey is a code as a database takes it: text there holds no NUL.
func codeKey(code []byte) string { return hex.EncodeToString(code) }

// AddHeld keeps what events set aside. What one event sets aside stands in one
// call, together.
func (tx *Tx) AddHeld(ctx context.Context, all []Held) error {
	rows := make([][]any, len(all))
	for i, h := range all {
		n := int64(0) // within its event
		if i > 0 && all[i-1].Life == h.Life && all[i-1].Seq == h.Seq {
			n = rows[i-1][3].(int64) + 1
		}
		rows[i] = []any{string(h.Site), h.Incarnation, h.Seq, n, string(h.Why), string(h.SKU), codeKey(h.Code), string(h.Inbound), h.Qty, nanos(h.At)}
	}
	err := tx.bulk(ctx, `INSERT INTO held (site, incarnation, seq, n, why, sku, code, inbound, qty, at) %s`,
		[]kind{text, text, number, number, text, text, text, text, number, number}, rows)
	return explain(err, "units set aside")
}

// TakeHeld lets the scan of event seq take the place of the site's oldest kept
// scan of its code, where one waits: the code has become known there.
func (tx *Tx) TakeHeld(ctx context.Context, life Life, seq int64, code []byte) error {
	_, err := tx.exec(ctx, `UPDATE held SET taken_by = $1, taken = $2 WHERE (site, incarnation, seq, n) IN
		(SELECT site, incarnation, seq, n FROM held WHERE site = $3 AND code = $4 AND taken = 0 ORDER BY at, seq LIMIT 1)`,
		life.Incarnation, seq, string(life.Site), codeKey(code))
	return explain(err, "kept code of site %s", life.Site)
}

// TakeKept lets event seq take the place of the code that event kept has kept, in
// the same life: somebody said what it is.
func (tx *Tx) TakeKept(ctx context.Context, life Life, seq, kept int64) error {
	_, err := tx.exec(ctx, `UPDATE held SET taken_by = $1, taken = $2 WHERE site = $3 AND incarnation = $4 AND seq = $5 AND code <> ''`,
		life.Incarnation, seq, string(life.Site), life.Incarnation, kept)
	return explain(err, "kept code of site %s", life.Site)
}

// LessHeld takes units of h.Why, h.SKU and h.Inbound away that were set aside at
// the site: those of the events first, then those of the life, the oldest first.
func (tx *Tx) LessHeld(ctx context.Context, h Held, first []int64) error {
	rows, err := tx.unitsHeld(ctx, h)
	if err != nil {
		return err
	}
	slices.SortStableFunc(rows, func(a, b heldUnits) int {
		return cmp.Compare(a.order(h.Life, first), b.order(h.Life, first))
	})
	left := h.Qty
	for _, r := range rows {
		if left == 0 {
			break
		}
		n := min(left, r.qty)
		left -= n
		if n == r.qty {
			_, err = tx.exec(ctx, `DELETE FROM held WHERE site = $1 AND incarnation = $2 AND seq = $3 AND n = $4`, string(h.Site), r.life, r.seq, r.n)
		} else {
			_, err = tx.exec(ctx, `UPDATE held SET qty = $1 WHERE site = $2 AND incarnation = $3 AND seq = $4 AND n = $5`, r.qty-n, string(h.Site), r.life, r.seq, r.n)
		}
		if err != nil {
			return explain(err, "units set aside at site %s", h.Site)
		}
	}
	return nil
}

// heldUnits is a row of units set aside.
type heldUnits struct {
	life        string
	seq, n, qty int64
}

func (u heldUnits) order(life Life, first []int64) int {
	switch {
	case u.life != life.Incarnation:
		return 2
	case slices.Contains(first, u.seq):
		return 0
	}
	return 1
}

func (tx *Tx) unitsHeld(ctx context.Context, h Held) ([]heldUnits, error) {
	var rows []heldUnits
	err := tx.each(ctx, func(r *sql.Rows) error {
		var u heldUnits
		err := r.Scan(&u.life, &u.seq, &u.n, &u.qty)
		rows = append(rows, u)
		return err
	}, `SELECT incarnation, seq, n, qty FROM held WHERE site = $1 AND sku = $2 AND sku <> '' AND why = $3 AND inbound = $4 ORDER BY at, seq`,
		string(h.Site), string(h.SKU), string(h.Why), string(h.Inbound))
	return rows, explain(err, "units set aside at site %s", h.Site)
}

// UndoHeld takes back what an event did to kept codes: the one that it kept is
// gone, the one whose place it took waits again.
func (tx *Tx) UndoHeld(ctx context.Context, life Life, seq int64) error {
	_, err := tx.exec(ctx, `DELETE FROM held WHERE site = $1 AND incarnation = $2 AND seq = $3 AND code <> ''`, string(life.Site), life.Incarnation, seq)
	if err == nil {
		_, err = tx.exec(ctx, `UPDATE held SET taken = 0 WHERE site = $1 AND taken_by = $2 AND taken = $3`, string(life.Site), life.Incarnation, seq)
	}
	return explain(err, "units set aside at site %s", life.Site)
}

// KeptCodes gives those of the codes that wait at a site, and those that would
// wait again if the events were undone. Where the site keeps none at all, that
// costs one look.
func (tx *Tx) KeptCodes(ctx context.Context, life Life, codes [][]byte, undone []int64) (map[string]bool, error) {
	kept := map[string]bool{}
	var any bool
	err := tx.queryRow(ctx, `SELECT EXISTS (SELECT 1 FROM held WHERE site = $1 AND code <> '')`, string(life.Site)).Scan(&any)
	if err != nil || !any {
		return kept, explain(err, "kept codes of site %s", life.Site)
	}
	note := func(r *sql.Rows) error {
		var key string
		err := r.Scan(&key)
		code, wrong := hex.DecodeString(key)
		if err == nil {
			err = wrong
		}
		kept[string(code)] = true
		return err
	}
	keys := make([]string, len(codes))
	for i, c := range codes {
		keys[i] = codeKey(c)
	}
	err = tx.eachOf(ctx, note, `SELECT DISTINCT code FROM held WHERE site = $1 AND code <> '' AND taken = 0 AND %s`, "code", keys, string(life.Site))
	for _, seq := range undone {
		if err == nil {
			err = tx.each(ctx, note, `SELECT code FROM held WHERE site = $1 AND taken_by = $2 AND taken = $3`, string(life.Site), life.Incarnation, seq)
		}
	}
	return kept, explain(err, "kept codes of site %s", life.Site)
}

// Held sums up what every site holds, by site and reason.
func (s *Store) Held(ctx context.Context) ([]HeldSum, error) {
	var all []HeldSum
	rows, err := s.read.QueryContext(ctx, `SELECT site, why, SUM(qty), COUNT(DISTINCT sku || ' ' || code || ' ' || inbound), MIN(at)
		FROM held WHERE taken = 0 GROUP BY site, why ORDER BY site, CASE why WHEN 'unknown' THEN 0 WHEN 'no-asn' THEN 1 WHEN 'surplus' THEN 2 WHEN 'on-hold' THEN 3 ELSE 4 END`)
	err = eachRow(rows, err, func(r *sql.Rows) error {
		var h HeldSum
		var since int64
		err := r.Scan(&h.Site, &h.Why, &h.Units, &h.Codes, &since)
		h.Since = unixTime(since)
		all = append(all, h)
		return err
	})
	return all, explain(err, "units set aside")
}

// HeldRows gives a page of what is held, by SKU and code, the oldest first, of
// one site or, with "", of all; and how many rows there are.
func (s *Store) HeldRows(ctx context.Context, site allocation.SiteID, offset, limit int) ([]HeldRow, int64, error) {
	const from = ` FROM held WHERE taken = 0 AND ($1 = '' OR site = $2) GROUP BY site, why, sku, code, inbound`
	var total int64
	if err := s.read.QueryRowContext(ctx, `SELECT COUNT(*) FROM (SELECT 1 AS one`+from+`) AS held_rows`, string(site), string(site)).Scan(&total); err != nil {
		return nil, 0, explain(err, "units set aside")
	}
	var all []HeldRow
	rows, err := s.read.QueryContext(ctx, `SELECT site, why, sku, code, inbound, SUM(qty), COUNT(*), MIN(at) AS since`+from+`
		ORDER BY since, site, why, sku, code, inbound LIMIT $3 OFFSET $4`, string(site), string(site), limit, offset)
	err = eachRow(rows, err, func(r *sql.Rows) error {
		var h HeldRow
		var since int64
		var key string
		err := r.Scan(&h.Site, &h.Why, &h.SKU, &key, &h.Inbound, &h.Units, &h.Scans, &since)
		if err == nil {
			h.Code, err = hex.DecodeString(key)
		}
		h.Since = unixTime(since)
		all = append(all, h)
		return err
	})
	return all, total, explain(err, "units set aside")
}
