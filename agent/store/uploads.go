package store

// Upload is how much of one content of a device's memory was taken in.
type Upload struct {
	Fingerprint string
	Done, Of    int   // records: the highest taken in, and all
	Seq         int64 // the event of record Done
}

// Upload reads an upload; false where nothing of such a content was taken in.
func (tx *Tx) Upload(fingerprint string) (Upload, bool, error) {
	u := Upload{Fingerprint: fingerprint}
	found, err := tx.one(`SELECT done, of, seq FROM upload WHERE fingerprint = ?`, []any{fingerprint}, &u.Done, &u.Of, &u.Seq)
	return u, found, err
}

// PutUpload writes an upload.
func (tx *Tx) PutUpload(u Upload) error {
	return tx.c.exec(`INSERT INTO upload (fingerprint, done, of, seq) VALUES (?, ?, ?, ?)
		ON CONFLICT (fingerprint) DO UPDATE SET done = excluded.done, seq = excluded.seq`, u.Fingerprint, u.Done, u.Of, u.Seq)
}

// DropUpload forgets an upload, so that the same content counts again.
func (tx *Tx) DropUpload(fingerprint string) error {
	return tx.c.exec(`DELETE FROM upload WHERE fingerprint = ?`, fingerprint)
}
