package profile

import (
	"bytes"
	"errors"
	"strconv"
	"strings"
	"time"

	"dockfill/scanner"
)

// maxUpload bounds what is held back. The largest memory known keeps 2,671
// codes; one that never ends comes in pieces of this size.
const maxUpload = 1 << 16

// memory holds back what a device with a memory sends until it has sent it all,
// since only the whole can be told from another upload of the same.
type memory struct {
	end    time.Duration
	least  int // fewer without the device's time are scans of a hand
	record record

	kept    []Event
	records []scanner.Record
	times   map[string]int // how often a record with a time came
	first   []byte         // content of the first record of this upload
	before  []byte         // and of the one before, where that broke off inside a record
	torn    bool           // the upload before broke off inside a record
}

func newMemory(p *Profile) *memory {
	r, _ := newRecord(p.Memory.Record) // was checked with the document
	return &memory{end: ms(p.Memory.EndMS), least: p.Memory.Scans, record: r, times: map[string]int{}}
}

// add takes one record, and reports whether it must be delivered now.
func (m *memory) add(now time.Time, e Event) (full bool) {
	if e.Fault == nil {
		content, nth := e.Data, 0
		e.Data, e.DeviceTime = m.record.read(content, now.Location())
		if !e.DeviceTime.IsZero() {
			m.times[string(content)]++
			nth = m.times[string(content)]
		}
		if len(m.records) == 0 {
			m.first = content
		}
		gap := len(m.kept) > 0 && m.kept[len(m.kept)-1].Fault != nil
		m.records = append(m.records, scanner.Record{Key: scanner.RecordKey(content, nth), Timed: nth > 0, Gap: gap})
	}
	m.kept = append(m.kept, e)
	return len(m.kept) >= maxUpload
}

// whole gives the upload that has come, each record with its place in it. A
// record or two without a time may as well be today's scans of a hand, but for
// those behind a break.
func (m *memory) whole(now time.Time) []Event {
	if len(m.kept) == 0 {
		return nil
	}
	u := &scanner.Upload{At: now, Continues: m.continues()}
	first := m.first
	events, records := m.take()
	m.before, m.torn = first, errors.Is(events[len(events)-1].Fault, scanner.ErrUnterminated)
	if len(records) < m.least && !m.record.timed() && !u.Continues && !m.torn {
		return events
	}
	u.Records = records
	n := 0
	for i := range events {
		if events[i].Fault == nil {
			n++
			events[i].Late = true
			events[i].Batch = scanner.Batch{Upload: u, N: n}
		}
	}
	return events
}

// continues reports whether the upload begins with the rest of the record that the
// one before broke off in. A memory that is sent from its start once more begins
// with the whole of its first record instead.
func (m *memory) continues() bool {
	rest := m.kept[0]
	return m.torn && rest.Fault != nil && !bytes.Equal(rest.Data, m.before)
}

// broken gives an upload that broke off.
func (m *memory) broken() []Event {
	events, _ := m.take()
	m.torn, m.before = false, nil
	for i := range events {
		if events[i].Fault == nil {
			events[i].Fault = scanner.ErrBrokenUpload
		}
	}
	return events
}

func (m *memory) take() (events []Event, records []scanner.Record) {
	events, records = m.kept, m.records
	m.kept, m.records, m.first = nil, nil, nil
	clear(m.times)
	return events, records
}

// record is the layout of a record: CODE, and the digits of the device's time
// before or behind it.
type record struct {
	before, after string
	coded         bool
}

var errRecord = errors.New("a record is CODE once, with the time's digits as YYYY or YY, MM, DD, hh, mm, ss before or behind it, such as CODE,YYYYMMDDhhmmss")

// newRecord reads a layout; "" is the code alone.
func newRecord(layout string) (record, error) {
	if layout == "" {
		return record{}, nil
	}
	before, after, found := strings.Cut(layout, "CODE")
	if !found || strings.Contains(after, "CODE") {
		return record{}, errRecord
	}
	r := record{before, after, true}
	for _, part := range []string{"YY", "MM", "DD", "hh", "mm"} {
		if strings.Contains(before, part) == strings.Contains(after, part) {
			return record{}, errRecord
		}
	}
	return r, nil
}

func (r record) timed() bool { return r.coded }

// read takes a record apart. One of another form is all code; a time that is none
// is zero.
func (r record) read(raw []byte, zone *time.Location) ([]byte, time.Time) {
	code, text := raw, string(raw)
	if !r.coded || len(text) <= len(r.before)+len(r.after) {
		return code, time.Time{}
	}
	end := len(text) - len(r.after)
	numbers := map[byte]int{}
	if !digits(r.before, text[:len(r.before)], numbers) || !digits(r.after, text[end:], numbers) {
		return code, time.Time{}
	}
	code = bytes.Clone(raw[len(r.before):end])
	if numbers['Y'] < 100 {
		numbers['Y'] += 2000
	}
	at := time.Date(numbers['Y'], time.Month(numbers['M']), numbers['D'], numbers['h'], numbers['m'], numbers['s'], 0, zone)
	if at.Month() != time.Month(numbers['M']) || at.Day() != numbers['D'] || at.Hour() != numbers['h'] ||
		at.Minute() != numbers['m'] || at.Second() != numbers['s'] {
		return code, time.Time{}
	}
	return code, at
}

// digits reads text by its layout: letters of the time stand for digits, the rest
// for itself.
func digits(layout, text string, into map[byte]int) bool {
	for i := range len(layout) {
		if !strings.ContainsRune("YMDhms", rune(layout[i])) {
			if layout[i] != text[i] {
				return false
			}
			continue
		}
		d, err := strconv.Atoi(text[i : i+1])
		if err != nil {
			return false
		}
		into[layout[i]] = into[layout[i]]*10 + d
	}
	return true
}
