package agent

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"dockfill/agent/dock"
	"dockfill/agent/store"
	"dockfill/allocation"
	"dockfill/scanner"
)

// sameRecord passes over a record of a device's memory that was received before.
// It is told for the whole upload, behind the last of its records.
func (d *desk) sameRecord(tx *store.Tx, s scan) (dock.Feedback, bool, error) {
	if s.batch.Of() == 0 {
		return dock.Feedback{}, false, nil
	}
	m, err := d.openUpload(tx, s)
	if err != nil {
		return dock.Feedback{}, false, err
	}
	seq, err := tx.Received(m.ID, s.batch.N)
	if err != nil || seq == 0 {
		return dock.Feedback{}, false, err
	}
	return dock.Feedback{Station: s.station, At: s.at, Verdict: allocation.Check, Why: allocation.WhyRepeat}, true, nil
}

// passedOver is what an upload brought that was received before.
type passedOver struct {
	dock.Feedback     // without a text where there was nothing
	known         int // records
}

// endUpload says how much of an upload was received before, when all of it is taken
// in. What carries the device's time is certain; elsewhere a person may know better,
// so the question stays open for a day, or until the next upload.
func (d *desk) endUpload(tx *store.Tx, s scan) (passedOver, error) {
	m, found, err := tx.Uploaded(s.station, s.batch.Upload.At)
	if err != nil || !found {
		return passedOver{}, err
	}
	at, err := tx.Station(s.station)
	if err != nil {
		return passedOver{}, err
	}
	at.AskedMemory = 0
	p := passedOver{known: m.Known}
	if m.Known > 0 {
		text, err := notCountedAgain(tx, m)
		if err != nil {
			return p, err
		}
		if !s.batch.Upload.Records[m.First-1].Timed {
			at.AskedMemory = m.ID
			text += "; if the memory was cleared and they are other units scan DF:SAME-AGAIN and send it once more"
		}
		p.Feedback = dock.Feedback{Station: s.station, At: d.now(), Verdict: allocation.Check, Why: allocation.WhyRepeat, Text: text}
	}
	return p, tx.PutStation(at)
}

// uncounted are the open questions of all stations about their memories.
func uncounted(tx *store.Tx, stations []station, now time.Time) (all []dock.Uncounted, err error) {
	for _, s := range stations {
		at, err := tx.Station(s.config.Station)
		if err != nil {
			return nil, err
		}
		m, asked, err := askedMemory(tx, at, now)
		if err != nil {
			return nil, err
		}
		if asked {
			all = append(all, dock.Uncounted{Station: at.ID, Records: int64(m.Known), Since: m.Upload})
		}
	}
	return all, nil
}

// notCountedAgain counts what was received before, and what came with this upload.
func notCountedAgain(tx *store.Tx, m store.Memory) (string, error) {
	records, err := tx.Records(m.ID)
	if err != nil {
		return "", err
	}
	counted := 0
	for _, r := range records {
		if r.N > 0 && r.Seq > m.Since {
			counted++
		}
	}
	text := fmt.Sprintf("%d records of this memory were received before and are not counted", m.Known)
	if m.Known == 1 {
		text = "1 record of this memory was received before and is not counted"
	}
	switch {
	case counted == 1:
		text += ", 1 is new and counted"
	case counted > 1:
		text += fmt.Sprintf(", %d are new and counted", counted)
	}
	return text, nil
}

// askedFor is how long a question about a memory stays open: over night its device
// has been cleared.
const askedFor = 24 * time.Hour

// askedMemory is the memory that a station's open question is about; false for none.
func askedMemory(tx *store.Tx, at store.Station, now time.Time) (store.Memory, bool, error) {
	if at.AskedMemory == 0 {
		return store.Memory{}, false, nil
	}
	memories, err := tx.Memories()
	i := slices.IndexFunc(memories, func(m store.Memory) bool { return m.ID == at.AskedMemory })
	if err != nil || i < 0 || now.Sub(memories[i].Upload) > askedFor {
		return store.Memory{}, false, err
	}
	return memories[i], true, nil
}

// noteRecord remembers that a record was received.
func noteRecord(tx *store.Tx, s scan, seq int64) error {
	if s.batch.Of() == 0 {
		return nil
	}
	m, found, err := tx.Uploaded(s.station, s.batch.Upload.At)
	if err != nil || !found {
		return err
	}
	return tx.Receive(m.ID, s.batch.N, seq)
}

// openUpload finds out which records of an upload were received before, and notes
// all of them. Each is then received by itself, so that after a crash in the
// middle the rest still counts.
func (d *desk) openUpload(tx *store.Tx, s scan) (store.Memory, error) {
	u := s.batch.Upload
	m, found, err := tx.Uploaded(s.station, u.At)
	if err != nil || found {
		return m, err
	}
	l, err := recognise(tx, s.station, u)
	if err != nil {
		return m, err
	}
	m = store.Memory{ID: l.memory, Station: s.station, Upload: u.At, Since: tx.Head().Seq}
	for i := range l.records {
		r := &l.records[i]
		if r.Timed && r.N > 0 && r.Seq == 0 {
			if r.Seq, err = tx.TimedRecord(s.station, r.Key); err != nil {
				return m, err
			}
		}
		if r.N > 0 && r.Seq != 0 {
			m.Known++
			m.First = min(r.N, cmp.Or(m.First, r.N))
		}
	}
	m.ID, err = tx.PutMemory(m, l.records)
	return m, err
}

// recognise finds the memory that an upload is. The station's newest one is known
// by any beginning that both share; older ones only where nothing differs, and those
// of other stations only where besides the records are not all of equal cartons. Where
// some of the upload is in none of them, it may be one of which records were deleted.
func recognise(tx *store.Tx, station allocation.StationID, u *scanner.Upload) (laid, error) {
	memories, err := tx.Memories()
	if err != nil {
		return laid{}, err
	}
	best, mine := lay(nil, u.Records), []store.Record(nil)
	newest := slices.IndexFunc(memories, func(m store.Memory) bool { return m.Station == station })
	if newest >= 0 {
		if mine, err = tx.Records(memories[newest].ID); err != nil {
			return laid{}, err
		}
		if best = beginsOrGoesOn(mine, u); best.fits {
			best.memory = memories[newest].ID
		}
	}
	for i, m := range memories {
		if best.goesOn || i == newest {
			continue
		}
		kept, err := beginning(tx, m, u)
		if err != nil {
			return laid{}, err
		}
		if l := lay(kept, u.Records); m.Station == station || l.certain() {
			best = better(best, l, m)
		}
		if m.Station == station && len(kept) > 0 { // a pause may have parted the two
			best = better(best, lay(append(kept, mine...), u.Records), memories[newest])
		}
	}
	if best.shared == len(u.Records) || best.goesOn && u.Continues {
		return best, nil
	}
	return recogniseThinned(tx, station, u, best, memories)
}

// recogniseThinned finds the memory that an upload is with records deleted. It stays
// a memory of its own, since nobody can be certain of it.
func recogniseThinned(tx *store.Tx, station allocation.StationID, u *scanner.Upload, best laid, memories []store.Memory) (laid, error) {
	may, err := tx.Holding(u.Records[0].Key)
	if err != nil {
		return laid{}, err
	}
	newest := true // of the station
	for _, m := range memories {
		mine := m.Station == station
		if slices.Contains(may, m.ID) {
			kept, err := tx.Records(m.ID)
			if err != nil {
				return laid{}, err
			}
			l := thin(kept, u.Records)
			if l.shared > best.shared && (mine || l.certain()) && l.thinned(kept, u.Records, mine && newest) {
				best = l
			}
		}
		newest = newest && !mine
	}
	return best, nil
}

// beginning gives the records of a memory that has the upload's first record, and
// none of another.
func beginning(tx *store.Tx, m store.Memory, u *scanner.Upload) ([]store.Record, error) {
	first, err := tx.FirstRecord(m.ID)
	if err != nil || first != u.Records[0].Key {
		return nil, err
	}
	return tx.Records(m.ID)
}

func better(best, l laid, m store.Memory) laid {
	if !l.fits || l.shared < leastShared || l.shared <= best.shared {
		return best
	}
	l.memory = m.ID
	return l
}

// leastShared is how many records a memory that is not the station's newest must
// share to be known again.
const leastShared = 3

// beginsOrGoesOn lays an upload beside the station's newest memory: from its start,
// or from where the newest upload of it stalled.
func beginsOrGoesOn(kept []store.Record, u *scanner.Upload) laid {
	end := 0
	for i, r := range kept {
		if r.N > 0 {
			end = i + 1
		}
	}
	rest := slices.Clone(u.Records)
	rest[0].Gap = rest[0].Gap || u.Continues
	anew, on := lay(kept, u.Records), lay(kept[end:], rest)
	switch {
	case !on.fits || !u.Continues && on.shared <= anew.shared:
		return anew
	case u.Continues && on.shared < anew.shared && anew.certain():
		return anew
	}
	before := laid{}
	for _, r := range kept[:end] {
		before.leave(r)
	}
	on.records, on.goesOn = append(before.records, on.records...), true
	return on
}
