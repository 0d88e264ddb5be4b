package store

import (
	"database/sql"
	"time"

	"dockfill/allocation"
)

// Held is what lies here for one reason and waits for a decision of people.
type Held struct {
	Why   allocation.WhyCode // WhyUnknown, WhyNotASN, WhyOnHold or WhyDamaged
	Units int64              // base units; of unknown codes, as often as they were scanned
	Codes int64              // different codes, or SKUs
	Since time.Time          // of the oldest
}

// Held sums up what waits, by its reason; a reason that nothing waits for is
// left out.
func (tx *Tx) Held() ([]Held, error) {
	var all []Held
	for _, query := range []string{
		`SELECT why, sum(qty), count(DISTINCT code), min(at) FROM unknown WHERE taken = 0 GROUP BY why ORDER BY why DESC`,
		`SELECT iif(disposition = 'hold', 'on-hold', disposition), sum(qty), count(*), min(since)
			FROM stock WHERE disposition <> 'good' AND qty > 0 GROUP BY disposition ORDER BY disposition DESC`,
	} {
		err := tx.each(query, nil, func(r *sql.Rows) error {
			var h Held
			var since int64
			err := r.Scan(&h.Why, &h.Units, &h.Codes, &since)
			h.Since = time.Unix(0, since).UTC()
			all = append(all, h)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

// Kept is a code that names nothing known here.
type Kept struct {
	Code  []byte
	Why   allocation.WhyCode // WhyUnknown or WhyNotASN
	Units int64              // as often as it counts, by the quantity card
	Scans int64
	Since time.Time // of its first scan
}

// KeptCodes gives the kept codes that wait, the oldest first, at most limit of
// them.
func (tx *Tx) KeptCodes(limit int) ([]Kept, error) {
	var all []Kept
	err := tx.each(`SELECT code, why, sum(qty), count(*), min(at) AS since FROM unknown WHERE taken = 0
		GROUP BY code, why ORDER BY since, code LIMIT ?`, []any{limit}, func(r *sql.Rows) error {
		var k Kept
		var since int64
		err := r.Scan(&k.Code, &k.Why, &k.Units, &k.Scans, &since)
		k.Since = time.Unix(0, since).UTC()
		all = append(all, k)
		return err
	})
	return all, err
}

// SetAside adds n units, 1 or more, that are not good to the stock; at is when.
func (tx *Tx) SetAside(sku allocation.SKU, d allocation.Disposition, n int64, at time.Time) error {
	return tx.c.exec(`INSERT INTO stock (sku, disposition, qty, since) VALUES (?, ?, ?, ?)
		ON CONFLICT (sku, disposition) DO UPDATE SET qty = qty + excluded.qty, since = iif(qty = 0, excluded.since, since)`, sku, d, n, at.UnixNano())
}

// KeepUnknown keeps a code that names nothing known here, as told by the event
// seq; why is WhyUnknown or WhyNotASN.
func (tx *Tx) KeepUnknown(seq int64, station allocation.StationID, why allocation.WhyCode, code []byte, qty int64, at time.Time) error {
	tx.keeps = true
	return tx.c.exec(`INSERT INTO unknown (seq, station, why, code, qty, at) VALUES (?, ?, ?, ?, ?, ?)`,
		seq, station, why, code, qty, at.UnixNano())
}

// Kept gives the oldest event that kept this very code and still waits; 0 for
// none.
func (tx *Tx) Kept(code []byte) (seq int64, err error) {
	_, err = tx.one(`SELECT seq FROM unknown WHERE code = ? AND taken = 0 ORDER BY seq LIMIT 1`, []any{code}, &seq)
	return seq, err
}

// TakeKept lets the scan of the event seq take the place of the oldest kept scan
// of its code, where there is one: the code has become known, and the unit was
// scanned again.
func (tx *Tx) TakeKept(code []byte, seq int64) error {
	if !tx.keeps {
		return nil
	}
	kept, err := tx.Kept(code)
	if err != nil || kept == 0 {
		return err
	}
	return tx.c.exec(`UPDATE unknown SET taken = ? WHERE seq = ?`, seq, kept)
}

// UndoKept takes back what the event seq did to the kept codes: the one that it
// kept is forgotten, the one whose place it took waits again.
func (tx *Tx) UndoKept(seq int64) error {
	if err := tx.c.exec(`DELETE FROM unknown WHERE seq = ?`, seq); err != nil {
		return err
	}
	return tx.c.exec(`UPDATE unknown SET taken = 0 WHERE taken = ?`, seq)
}
