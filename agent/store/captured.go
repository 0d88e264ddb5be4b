package store

// Captured gives the newest record of a capture file that was taken in; 0 for none.
func (tx *Tx) Captured(file string) (n int64, err error) {
	_, err = tx.one(`SELECT coalesce(max(n), 0) FROM captured WHERE file = ?`, []any{file}, &n)
	return n, err
}

// PutCaptured notes that a record was taken in, with the last event of its scan; 0 where
// it made none. The same record again is an error.
func (tx *Tx) PutCaptured(file string, n, seq int64) error {
	return tx.c.exec(`INSERT INTO captured (file, n, seq) VALUES (?, ?, ?)`, file, n, seq)
}

// WasCaptured reports whether the scan that ends with an event was set aside before it was
// taken in: its goods were, too.
func (tx *Tx) WasCaptured(seq int64) (bool, error) {
	var one int
	return tx.one(`SELECT 1 FROM captured WHERE seq = ?`, []any{seq}, &one)
}

// ForgetCaptured deletes at most limit rows of records that no event of the log belongs
// to any more, but none of the file that is named, and of others not the newest. It
// reports how many went.
func (tx *Tx) ForgetCaptured(file string, limit int) (int64, error) {
	return tx.c.change(`DELETE FROM captured WHERE (file, n) IN (SELECT c.file, c.n FROM captured c
		WHERE c.file <> ? AND c.seq < (SELECT coalesce(min(seq), 0) FROM event)
			AND c.n < (SELECT max(n) FROM captured m WHERE m.file = c.file) LIMIT ?)`, file, limit)
}
