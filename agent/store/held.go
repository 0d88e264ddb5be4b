package store

import (
	"database/sql"
	"time"

	"dockfill/allocation"
)

// Held is what lies here for one reason and waits for a decision of people.
type Held struct {
	Why   allocation.WhyCode // WhyUnknown, WhyNotASN, WhySurplus, WhyOnHold or WhyDamaged
	Units int64              // base units; of unknown codes, as often as they were scanned
	Codes int64              // different codes, or SKUs
	Since time.Time          // of the oldest
}

// HeldHere sums up what waits, by its reason; a reason that nothing waits for is
// left out.
func (tx *Tx) HeldHere() ([]Held, error) {
	var all []Held
	for _, query := range []string{
		`SELECT why, sum(qty), count(DISTINCT code), min(at) FROM unknown WHERE mapped = 0 GROUP BY why ORDER BY why DESC`,
		`SELECT iif(shelf = 'hold', 'on-hold', shelf), sum(qty), count(DISTINCT sku), min(since)
			FROM stock INDEXED BY stock_aside WHERE shelf <> 'free' GROUP BY shelf ORDER BY shelf DESC`,
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
	err := tx.each(`SELECT code, why, sum(qty), count(*), min(at) AS since FROM unknown WHERE mapped = 0
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
	_, err = tx.one(`SELECT seq FROM unknown WHERE code = ? AND mapped = 0 ORDER BY seq LIMIT 1`, []any{code}, &seq)
	return seq, err
}

// KeptScan is a scan of a kept code that waits.
type KeptScan struct {
	Seq     int64 // the event that kept it
	Station allocation.StationID
	Code    []byte
	Why     allocation.WhyCode
	Times   int64
	At      time.Time // of the scan
}

// KeptScans gives the scans of a code that wait, the oldest first.
func (tx *Tx) KeptScans(code []byte) (all []KeptScan, err error) {
	if !tx.keeps {
		return nil, nil
	}
	err = tx.each(`SELECT seq, station, code, why, qty, at FROM unknown WHERE code = ? AND mapped = 0 ORDER BY seq`, []any{code}, func(r *sql.Rows) error {
		var k KeptScan
		var at int64
		err := r.Scan(&k.Seq, &k.Station, &k.Code, &k.Why, &k.Times, &at)
		k.At = time.Unix(0, at).UTC()
		all = append(all, k)
		return err
	})
	return all, err
}

// WaitingCodes gives the different codes that wait.
func (tx *Tx) WaitingCodes() (all [][]byte, err error) {
	if !tx.keeps {
		return nil, nil
	}
	err = tx.each(`SELECT DISTINCT code FROM unknown WHERE mapped = 0 ORDER BY code`, nil, func(r *sql.Rows) error {
		var code []byte
		err := r.Scan(&code)
		all = append(all, code)
		return err
	})
	return all, err
}

// MapKept notes that the event by received what the event seq had kept.
func (tx *Tx) MapKept(seq, by int64) error {
	return tx.c.exec(`UPDATE unknown SET mapped = ? WHERE seq = ?`, by, seq)
}

// MappedBy gives the event that received what the event seq had kept; 0 where it
// waits, or was never kept.
func (tx *Tx) MappedBy(seq int64) (by int64, err error) {
	_, err = tx.one(`SELECT mapped FROM unknown WHERE seq = ?`, []any{seq}, &by)
	return by, err
}

// UndoKept forgets what the event seq kept.
func (tx *Tx) UndoKept(seq int64) error {
	return tx.c.exec(`DELETE FROM unknown WHERE seq = ?`, seq)
}

// Alias gives what a person said that a name stands for which labels bear, a GTIN, a
// house's code or a text: qty base units of a SKU each time.
func (tx *Tx) Alias(name []byte) (sku allocation.SKU, qty int64, found bool, err error) {
	if !tx.named {
		return "", 0, false, nil
	}
	found, err = tx.one(`SELECT sku, qty FROM alias WHERE code = ?`, []any{name}, &sku, &qty)
	return sku, qty, found, err
}

// SetAlias writes what a name stands for.
func (tx *Tx) SetAlias(name []byte, sku allocation.SKU, qty int64) error {
	tx.named = true
	return tx.c.exec(`INSERT INTO alias (code, sku, qty) VALUES (?, ?, ?)
		ON CONFLICT (code) DO UPDATE SET sku = excluded.sku, qty = excluded.qty`, name, sku, qty)
}
