package store

import (
	"database/sql"
	"errors"
	"time"

	"dockfill/allocation"
)

// maxMemories bounds how many memories of devices are remembered at a site.
const maxMemories = 64

// Memory is a content of a device's memory, and the newest upload that brought it.
type Memory struct {
	ID      int64
	Station allocation.StationID
	Upload  time.Time
	// Since is the newest event before that upload: what rows up to it tell was
	// received before.
	Since int64
	// Known counts the upload's records that were received before, First is the first
	// of them; 0 for none.
	Known, First int
}

// Record is one record of a memory.
type Record struct {
	Key   string
	Timed bool
	Gap   bool  // something unreadable came before it
	N     int   // its place in the newest upload, from 1; 0 where that did not bring it
	Seq   int64 // the event that it was received with; 0 where it was not
}

// Memories gives what is remembered, the newest first.
func (tx *Tx) Memories() (all []Memory, err error) {
	err = tx.each(`SELECT id, station, upload, since, known, first FROM memory ORDER BY since DESC, upload DESC`, nil, func(r *sql.Rows) error {
		m, err := scanMemory(r)
		all = append(all, m)
		return err
	})
	return all, err
}

// Uploaded gives the memory that an upload of a station brought; false where none was
// noted yet.
func (tx *Tx) Uploaded(station allocation.StationID, at time.Time) (m Memory, found bool, err error) {
	err = tx.each(`SELECT id, station, upload, since, known, first FROM memory WHERE station = ? AND upload = ?`,
		[]any{station, at.UnixNano()}, func(r *sql.Rows) (err error) {
			m, err = scanMemory(r)
			found = true
			return err
		})
	return m, found, err
}

func scanMemory(r *sql.Rows) (m Memory, err error) {
	var at int64
	err = r.Scan(&m.ID, &m.Station, &at, &m.Since, &m.Known, &m.First)
	m.Upload = time.Unix(0, at).UTC()
	return m, err
}

// Records gives the records of a memory in their order.
func (tx *Tx) Records(memory int64) (all []Record, err error) {
	err = tx.each(`SELECT record, timed, gap, n, seq FROM upload WHERE memory = ? ORDER BY place`, []any{memory}, func(r *sql.Rows) error {
		var k Record
		var key []byte
		err := r.Scan(&key, &k.Timed, &k.Gap, &k.N, &k.Seq)
		k.Key = string(key)
		all = append(all, k)
		return err
	})
	return all, err
}

// FirstRecord is the key of a memory's first record.
func (tx *Tx) FirstRecord(memory int64) (string, error) {
	var key []byte
	_, err := tx.one(`SELECT record FROM upload WHERE memory = ? AND place = 1`, []any{memory}, &key)
	return string(key), err
}

// Holding gives the memories that have a record.
func (tx *Tx) Holding(key string) (memories []int64, err error) {
	err = tx.each(`SELECT DISTINCT memory FROM upload WHERE record = ?`, []any{[]byte(key)}, func(r *sql.Rows) error {
		var id int64
		err := r.Scan(&id)
		memories = append(memories, id)
		return err
	})
	return memories, err
}

// TimedRecord gives the event with which a station received a record that carries the
// device's time; 0 for none.
func (tx *Tx) TimedRecord(station allocation.StationID, key string) (seq int64, err error) {
	_, err = tx.one(`SELECT u.seq FROM upload u JOIN memory m ON m.id = u.memory
		WHERE u.record = +? AND u.timed = 1 AND u.seq <> 0 AND m.station = +? LIMIT 1`, []any{[]byte(key), station}, &seq)
	return seq, err
}

// PutMemory writes a memory with all its records, and forgets the oldest ones beyond
// what is remembered. An ID of 0 is a new memory;
// the result is its ID.
func (tx *Tx) PutMemory(m Memory, records []Record) (int64, error) {
	if m.ID == 0 {
		if _, err := tx.one(`SELECT coalesce(max(id), 0) + 1 FROM memory`, nil, &m.ID); err != nil {
			return 0, err
		}
	}
	err := errors.Join(
		tx.c.exec(`INSERT INTO memory (id, station, upload, since, known, first) VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT (id) DO UPDATE SET station = excluded.station, upload = excluded.upload, since = excluded.since,
				known = excluded.known, first = excluded.first`,
			m.ID, m.Station, m.Upload.UnixNano(), m.Since, m.Known, m.First),
		tx.c.exec(`DELETE FROM upload WHERE memory = ?`, m.ID))
	if err != nil {
		return 0, err
	}
	for i, k := range records {
		if err := tx.c.exec(`INSERT INTO upload (memory, place, record, timed, gap, n, seq) VALUES (?, ?, ?, ?, ?, ?, ?)`,
			m.ID, i+1, []byte(k.Key), k.Timed, k.Gap, k.N, k.Seq); err != nil {
			return 0, err
		}
	}
	return m.ID, errors.Join(
		tx.c.exec(`DELETE FROM memory WHERE id NOT IN (SELECT id FROM memory ORDER BY since DESC, upload DESC LIMIT ?)`, maxMemories),
		tx.c.exec(`DELETE FROM upload WHERE memory NOT IN (SELECT id FROM memory)`))
}

// Received gives the event with which record n of a memory's newest upload was
// received; 0 where it was not.
func (tx *Tx) Received(memory int64, n int) (seq int64, err error) {
	_, err = tx.one(`SELECT seq FROM upload WHERE memory = ? AND n = ?`, []any{memory, n}, &seq)
	return seq, err
}

// Receive notes that record n of a memory's newest upload was received.
func (tx *Tx) Receive(memory int64, n int, seq int64) error {
	return tx.c.exec(`UPDATE upload SET seq = ? WHERE memory = ? AND n = ?`, seq, memory, n)
}

// CountAgain forgets that those records of a memory's newest upload were received
// which had been received before it.
func (tx *Tx) CountAgain(memory int64) error {
	return tx.c.exec(`UPDATE upload SET seq = 0 WHERE memory = ? AND n > 0 AND seq <= (SELECT since FROM memory WHERE id = ?)`, memory, memory)
}
