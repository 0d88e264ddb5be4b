package store

import (
	"database/sql"
	"fmt"
	"maps"
	"time"

	"dockfill/allocation"
)

// Station is what is remembered of a scanner's place.
type Station struct {
	ID     allocation.StationID
	Last   int64 // the newest scan that was not undone, its last event; 0 for none
	Run    int64 // the run that made it
	Proven int64 // the newest scan whose feedback is known to have been given
	Asked  []byte
	// AskedMemory is the memory that an open question is about; 0 for none.
	AskedMemory int64
	// Readings are the newest that were taken, goods or cards, the last one first.
	// They are kept in memory alone: a restart takes longer than a trigger bounces.
	Readings []Reading
	// What control cards said about the next scan; zero for nothing.
	NextQty         int64
	NextDisposition allocation.Disposition
	Worker          string
	Scans           int64 // scans saved
	Units           int64 // good units received and not undone
}

// Reading is a code, what it says in any dress, when it was read at the port, and
// since when it may have lain there.
type Reading struct {
	Code      []byte
	Says      string
	At, Since time.Time
}

// maxReadings is far more than a hand makes while they are kept.
const maxReadings = 64

// Hear puts a reading before those that may have come less than keep before it, and
// forgets the others. The state before stays as it was.
func (s *Station) Hear(r Reading, keep time.Duration) {
	all := append(make([]Reading, 0, 4), r)
	for _, old := range s.Readings {
		if r.Since.Sub(old.At) < keep && len(all) < maxReadings {
			all = append(all, old)
		}
	}
	s.Readings = all
}

// Station reads a station; a new one is empty. What Given told counts as stored.
func (tx *Tx) Station(id allocation.StationID) (Station, error) {
	s, known := tx.stations[id]
	if !known {
		s.ID = id
		_, err := tx.one(`SELECT last, run, proven, asked, asked_memory, next_qty, next_disposition, worker, scans, units FROM station WHERE id = ?`,
			[]any{id}, &s.Last, &s.Run, &s.Proven, &s.Asked, &s.AskedMemory, &s.NextQty, &s.NextDisposition, &s.Worker, &s.Scans, &s.Units)
		if err != nil {
			return s, err
		}
	}
	s.Proven = max(s.Proven, tx.given[id])
	return s, nil
}

// PutStation writes a station.
func (tx *Tx) PutStation(s Station) error {
	before, err := tx.Station(s.ID)
	if err != nil {
		return err
	}
	tx.counts.Scans += s.Scans - before.Scans
	tx.counts.Units += s.Units - before.Units
	delete(tx.given, s.ID)
	if s.Asked == nil {
		s.Asked = []byte{}
	}
	tx.know(s)
	return tx.c.exec(`INSERT INTO station (id, last, run, proven, asked, asked_memory, next_qty, next_disposition, worker, scans, units)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET last = excluded.last, run = excluded.run, proven = excluded.proven,
			asked = excluded.asked, asked_memory = excluded.asked_memory, next_qty = excluded.next_qty, next_disposition = excluded.next_disposition,
			worker = excluded.worker, scans = excluded.scans, units = excluded.units`,
		s.ID, s.Last, s.Run, s.Proven, s.Asked, s.AskedMemory, s.NextQty, s.NextDisposition, s.Worker, s.Scans, s.Units)
}

// Heard keeps a reading of a station, as Hear does, and writes nothing.
func (tx *Tx) Heard(id allocation.StationID, r Reading, keep time.Duration) error {
	s, err := tx.Station(id)
	if err != nil {
		return err
	}
	s.Hear(r, keep)
	tx.know(s)
	return nil
}

// know keeps a station as it is written. The map is copied, as the state before
// must stay for what is taken back.
func (tx *Tx) know(s Station) {
	stations := maps.Clone(tx.stations)
	if stations == nil {
		stations = map[allocation.StationID]Station{}
	}
	stations[s.ID] = s
	tx.stations = stations
}

// Given tells the transaction of which scans the feedback was given, by station.
// It is written with the station's row where the transaction writes that anyway,
// and by Prove for the others.
func (tx *Tx) Given(newest map[allocation.StationID]int64) { tx.given = maps.Clone(newest) }

// Prove writes what Given told and no row of a station carries yet.
func (tx *Tx) Prove() error {
	for id, seq := range tx.given {
		if err := tx.c.exec(`UPDATE station SET proven = max(proven, ?) WHERE id = ?`, seq, id); err != nil {
			return err
		}
		if s, known := tx.stations[id]; known {
			s.Proven = max(s.Proven, seq)
			tx.know(s)
		}
	}
	return nil
}

// Before gives, of the scan whose last event is seq, its first event and the
// station's scan before it; false where the log holds it no longer.
func (tx *Tx) Before(seq int64) (first, prev int64, found bool, err error) {
	var parts int64
	found, err = tx.one(`SELECT parts, prev FROM event WHERE seq = ?`, []any{seq}, &parts, &prev)
	return seq - parts + 1, prev, found, err
}

// The kinds of task.
const (
	Pick   = "PICK"
	Move   = "MOVE"
	Return = "RETURN"
	// Putaway brings to stock what was set aside.
	Putaway = "PUTAWAY"
)

// SetAside stands in From for the place where units lie that were set aside. It is no
// line's name: those have a slash.
const SetAside allocation.LineID = "aside"

// Task is what a person must still carry.
type Task struct {
	ID       int64
	Kind     string
	SKU      allocation.SKU
	Qty      int64
	From, To allocation.LineID // "" is the stock; From may be SetAside
	Since    time.Time
	// What a person is shown.
	Item Item
	Door string // of the order that To belongs to
}

// AddTask writes a task and gives its number, which no task has had before.
func (tx *Tx) AddTask(t Task) (id int64, err error) {
	tx.counts.Tasks++
	_, err = tx.one(`INSERT INTO task (kind, sku, qty, from_line, to_line, since) VALUES (?, ?, ?, ?, ?, ?) RETURNING id`,
		[]any{t.Kind, t.SKU, t.Qty, t.From, t.To, t.Since.UnixNano()}, &id)
	return id, err
}

// Tasks gives the open tasks, oldest first; of one SKU alone where it is named.
func (tx *Tx) Tasks(sku allocation.SKU) ([]Task, error) {
	where, args := "", []any(nil)
	if sku != "" {
		where, args = "WHERE t.sku = +?", []any{sku}
	}
	var tasks []Task
	err := tx.each(`SELECT t.id, t.kind, t.sku, t.qty, t.from_line, t.to_line, t.since,
			coalesce(i.description, ''), coalesce(i.putaway, ''), coalesce(o.door, '')
		FROM task t LEFT JOIN item i ON i.sku = t.sku
		LEFT JOIN line l ON l.id = t.to_line LEFT JOIN orders o ON o.n = l.order_n `+where+` ORDER BY t.id`, args,
		func(r *sql.Rows) error {
			var t Task
			var since int64
			err := r.Scan(&t.ID, &t.Kind, &t.SKU, &t.Qty, &t.From, &t.To, &since, &t.Item.Description, &t.Item.Putaway, &t.Door)
			t.Since, t.Item.SKU = time.Unix(0, since).UTC(), t.SKU
			tasks = append(tasks, t)
			return err
		})
	return tasks, err
}

// TaskQty gives how many units a task is for now; 0 where it is not open any more.
func (tx *Tx) TaskQty(id int64) (qty int64, err error) {
	_, err = tx.one(`SELECT qty FROM task WHERE id = ?`, []any{id}, &qty)
	return qty, err
}

// ShrinkTask takes n units off a task; a task of nothing is gone.
func (tx *Tx) ShrinkTask(t Task, n int64) error {
	switch {
	case n > t.Qty:
		return fmt.Errorf("task %d is for %d units, not for %d", t.ID, t.Qty, n)
	case n == t.Qty:
		return tx.EndTask(t.ID)
	}
	return tx.c.exec(`UPDATE task SET qty = qty - ? WHERE id = ?`, n, t.ID)
}

// EndTask removes an open task that was done or has lost its reason.
func (tx *Tx) EndTask(id int64) error {
	tx.counts.Tasks--
	return tx.c.exec(`DELETE FROM task WHERE id = ?`, id)
}

// OldestTask gives the id of the oldest open task; 0 for none.
func (tx *Tx) OldestTask() (id int64, err error) {
	_, err = tx.one(`SELECT id FROM task ORDER BY id LIMIT 1`, nil, &id)
	return id, err
}
