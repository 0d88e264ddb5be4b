package agent

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"dockfill/agent/capture"
	"dockfill/agent/dock"
	"dockfill/agent/store"
	"dockfill/allocation"
	"dockfill/scanner"
	"dockfill/scanner/barcode"
)

// captureName is the capture file beside the database.
const captureName = "agent.capture"

// aside sets scans aside while the site may not allocate: each is flushed to the capture
// file before its HOLD, without a number of the log. takein.go takes them into the log.
// It needs no database, so that a damaged one stops nobody.
type aside struct {
	d   *desk
	log *slog.Logger
	// more holds one token while something waits to be taken in.
	more chan struct{}

	mu       sync.Mutex // guards the rest
	file     *capture.File
	stations map[allocation.StationID]*asideStation
	things   map[string]thing          // serials and pallets
	gone     map[int64]bool            // records that were taken back, each with its card's
	uploads  map[int64]*scanner.Upload // of memories, by the record that has it
	since    time.Time                 // when the first record came
	scans    int64                     // of goods, and not taken back
}

// asideStation is what is remembered of a station while its scans are set aside: cards
// and readings as the database has them of others.
type asideStation struct {
	store.Station
	scans  []int64             // not taken back, oldest first
	codes  map[int64][]byte    // of those before this start whose tone is not known to have been given
	given  int64               // the newest record whose tone is
	upload map[time.Time]int64 // the record that has an upload
}

// thing is what a serial or an SSCC names, and when it was set aside.
type thing struct {
	n       int64
	station allocation.StationID
	at      time.Time
}

// openAside reads what was set aside before this start.
func openAside(o capture.Options, d *desk, log *slog.Logger) (*aside, error) {
	x := &aside{d: d, log: log, more: make(chan struct{}, 1)}
	x.forget()
	var err error
	if x.file, err = capture.Open(o, x.remember); err != nil {
		return nil, err
	}
	if n := x.file.Torn(); n > 0 {
		log.Warn("the end of the capture file was torn: a scan that had no tone is not in it", "bytes", n)
	}
	if n := x.file.Lost(); n > 0 {
		log.Error("scans that were set aside are damaged in the capture file: count those goods", "scans", n)
	}
	if n := x.file.Last(); n > 0 {
		log.Warn("scans were set aside before this start", "scans", x.scans)
		x.wake()
	}
	for _, s := range x.stations { // whether the worker heard them nobody knows
		for n := range s.codes {
			if n <= s.given {
				delete(s.codes, n)
			}
		}
	}
	return x, nil
}

func (x *aside) forget() {
	x.stations, x.things = map[allocation.StationID]*asideStation{}, map[string]thing{}
	x.gone, x.uploads = map[int64]bool{}, map[int64]*scanner.Upload{}
	x.since, x.scans = time.Time{}, 0
}

func (x *aside) wake() {
	select {
	case x.more <- struct{}{}:
	default:
	}
}

func (x *aside) station(id allocation.StationID) *asideStation {
	s := x.stations[id]
	if s == nil {
		s = &asideStation{Station: store.Station{ID: id}, codes: map[int64][]byte{}, upload: map[time.Time]int64{}}
		x.stations[id] = s
	}
	return s
}

// remember follows a record, at the start and behind each that was appended.
func (x *aside) remember(r capture.Record) {
	for id, n := range r.Given {
		at := x.station(id)
		at.given = max(at.given, n)
	}
	switch {
	case r.Withdraws > 0:
		x.withdraw(r)
	case len(r.Code) > 0:
		x.heard(r, x.scanOf(r))
	}
}

func (x *aside) heard(r capture.Record, s scan) {
	if x.since.IsZero() {
		x.since = r.At
	}
	if r.Upload != nil {
		x.uploads[r.N] = r.Upload
		x.station(r.Station).upload[r.Upload.At] = r.N
	}
	at := x.station(r.Station)
	at.Hear(readingOf(s), s.remembered())
	if s.code.Format == barcode.Control {
		at.card(s.code.Card)
		return
	}
	x.scans++
	at.scans = append(at.scans, r.N)
	at.codes[r.N] = r.Code
	at.NextQty, at.NextDisposition, at.Asked = 0, "", nil
	for _, name := range thingsOf(s.code) {
		x.things[name] = thing{r.N, r.Station, r.At}
	}
}

// card follows the cards that say something of the next scan, or of the worker.
func (s *asideStation) card(c barcode.Card) {
	switch c.Verb {
	case barcode.Qty:
		s.NextQty = c.Qty
	case barcode.Damaged:
		s.NextDisposition = allocation.Damaged
	case barcode.Hold:
		s.NextDisposition = allocation.Hold
	case barcode.Worker:
		s.Worker = c.Arg
	}
}

func (x *aside) withdraw(r capture.Record) {
	at := x.station(r.Station)
	x.gone[r.Withdraws] = true
	x.scans--
	at.scans = slices.DeleteFunc(at.scans, func(n int64) bool { return n == r.Withdraws })
	delete(at.codes, r.Withdraws)
	for name, t := range x.things {
		if t.n == r.Withdraws {
			delete(x.things, name)
		}
	}
	at.Asked = nil
}

// thingsOf names what is one thing in the world by its label; none for other codes.
func thingsOf(c barcode.Code) (all []string) {
	if c.Err != nil {
		return nil
	}
	if c.SSCC != "" {
		all = append(all, "pallet "+string(c.SSCC))
	}
	if c.Serial != "" {
		all = append(all, fmt.Sprintf("serial %q of %s%s%s", c.Serial, c.GTIN, c.Contents, c.SKU))
	}
	return all
}

// scanOf is the scan of a record, as it was read.
func (x *aside) scanOf(r capture.Record) scan {
	s := scan{station: r.Station, raw: r.Code, at: r.At, late: r.Late, deviceTime: r.DeviceAt, again: true, aside: true}
	s.code = x.d.rules.Parse(r.Symbology, r.Code, r.At.Year())
	if up := x.uploads[r.Of]; up != nil {
		s.batch = scanner.Batch{Upload: up, N: int(r.Place)}
	}
	return s
}

// holds reports whether something is set aside, which goes before what is scanned now.
func (x *aside) holds() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.file.Last() > 0
}

// id names the file; "" where there is none.
func (x *aside) id() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.file.ID()
}

// status counts what is set aside, for the pages.
func (x *aside) status() dock.Captured {
	x.mu.Lock()
	defer x.mu.Unlock()
	return dock.Captured{Scans: x.scans, Since: x.since, Lost: x.file.Lost()}
}

// cards are what cards have said at a station since its scans are set aside, over what
// the database knows.
func (x *aside) cards(at store.Station) store.Station {
	x.mu.Lock()
	defer x.mu.Unlock()
	if now := x.stations[at.ID]; now != nil && x.file.Last() > 0 {
		at.NextQty, at.NextDisposition = now.NextQty, now.NextDisposition
	}
	return at
}

// receive sets a scan aside. looked says that the database was asked what the code names.
// n is the record whose tone is now to be given; 0 for none. A refusal, or another error,
// leaves nothing behind, except that after capture.ErrUncertain nobody knows.
func (x *aside) receive(s scan, looked bool) (f dock.Feedback, n int64, err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if !looked {
		if r := badForm(s.fault, s.raw, s.code); r != nil {
			return f, 0, r
		}
	}
	at := x.station(s.station)
	if f, again := x.bounced(at, s); again {
		return f, 0, nil
	}
	if s.code.Format == barcode.Control {
		return x.card(at, s)
	}
	if err := x.acceptable(at, s, looked); err != nil {
		return f, 0, err
	}
	if f, asked := at.question(s); asked {
		return f, 0, nil
	}
	qty, kind := at.NextQty, at.NextDisposition
	if n, err = x.append(at, s); err != nil {
		return f, 0, err
	}
	return setAside(s, qty, kind), n, nil
}

func (x *aside) bounced(at *asideStation, s scan) (dock.Feedback, bool) {
	var twins []store.Station
	for _, id := range s.twins {
		twins = append(twins, x.station(id).Station)
	}
	f, again, bounced := readAgain(at.Station, twins, s)
	if bounced {
		at.Hear(readingOf(s), s.remembered())
	}
	return f, again
}

// acceptable refuses what is never taken in, as far as that is known without asking what
// the code names.
func (x *aside) acceptable(at *asideStation, s scan, looked bool) error {
	times := max(at.NextQty, 1)
	for _, name := range thingsOf(s.code) {
		if t, before := x.things[name]; before {
			return stop(allocation.WhyDuplicate, "%s was set aside before, at station %s at %s: it is not counted again",
				name, t.station, t.at.Local().Format("15:04:05"))
		}
	}
	switch {
	case looked:
		return nil
	case s.code.SSCC != "" && times > 1:
		return onePallet(s.code.SSCC, times)
	case noGoods(s.code):
		return notGoods(s.code)
	}
	return oneSerial(s, s.code, times)
}

// question asks where nobody can know: the station's newest scans were set aside by a
// process that died, their tone is not known to have been given, and now the same code
// comes again.
func (s *asideStation) question(now scan) (dock.Feedback, bool) {
	if now.again || named(now.code) {
		return dock.Feedback{}, false
	}
	for n, code := range s.codes {
		if n > s.given && bytes.Equal(code, now.raw) {
			s.Asked = now.raw
			f := notCounted(now, allocation.WhyRepeat, "this code was set aside just before a restart; if this is another unit scan DF:SAME-AGAIN, if it is the same one go on")
			return f, true
		}
	}
	return dock.Feedback{}, false
}

// append flushes the record of a scan.
func (x *aside) append(at *asideStation, s scan) (int64, error) {
	r := capture.Record{
		Station: s.station, Code: s.raw, Symbology: s.code.Symbology, At: s.at, Late: s.late, DeviceAt: s.deviceTime,
		Given: at.proof(), Place: int64(s.batch.N),
	}
	if up := s.batch.Upload; up != nil {
		if r.Of = at.upload[up.At]; r.Of == 0 {
			r.Upload, r.Of = up, x.file.Last()+1
		}
	}
	return r.N, x.put(&r)
}

func (x *aside) put(r *capture.Record) error {
	if err := x.file.Append(r); err != nil {
		return err
	}
	x.remember(*r)
	clear(x.station(r.Station).codes) // the worker has gone on
	x.wake()
	return nil
}

func (s *asideStation) proof() map[allocation.StationID]int64 {
	if s.given == 0 {
		return nil
	}
	return map[allocation.StationID]int64{s.ID: s.given}
}

// proven notes that the feedback of a record was given. It is stored with the station's
// next record, or at the end.
func (x *aside) proven(id allocation.StationID, n int64) {
	x.mu.Lock()
	defer x.mu.Unlock()
	at := x.station(id)
	at.given = max(at.given, n)
}

// close notes which feedback was given, and lets go of the file.
func (x *aside) close() error {
	x.mu.Lock()
	defer x.mu.Unlock()
	var err error
	if x.file.Last() > 0 {
		given := map[allocation.StationID]int64{}
		for id, s := range x.stations {
			if s.given > 0 {
				given[id] = s.given
			}
		}
		err = x.file.Append(&capture.Record{Given: given})
	}
	if err != nil {
		x.log.Warn("which tones were given could not be noted", "error", err)
	}
	return x.file.Close()
}

// card does what a card can mean for scans that are set aside.
func (x *aside) card(at *asideStation, s scan) (dock.Feedback, int64, error) {
	c := s.code.Card
	text := ""
	switch c.Verb {
	case barcode.Undo:
		return x.undo(at, s)
	case barcode.SameAgain:
		return x.sameAgain(at, s)
	case barcode.Help:
		at.Hear(readingOf(s), s.remembered())
		return cardRead(s, "%s", help()), 0, nil
	case barcode.Qty:
		text = timesText(c.Qty)
	case barcode.Damaged:
		text = "the next scan is damaged goods"
	case barcode.Hold:
		text = "the next scan is set aside"
	case barcode.Worker:
		text = c.Arg + " works here now"
	default:
		return dock.Feedback{}, 0, stop(allocation.WhyCard, "nothing is allocated here now, so this card must wait: scans are set aside, and DF:UNDO takes the last one back")
	}
	n, err := x.append(at, s)
	if err != nil {
		return dock.Feedback{}, 0, err
	}
	return cardRead(s, "%s", text), n, nil
}

// undo takes the station's last scan back that was set aside: by a record of its own.
func (x *aside) undo(at *asideStation, s scan) (dock.Feedback, int64, error) {
	if len(at.scans) == 0 {
		return dock.Feedback{}, 0, stop(allocation.WhyNothing, "no scan of this station is set aside: what was received before can be taken back when this site may allocate again")
	}
	last := at.scans[len(at.scans)-1]
	r := capture.Record{Station: s.station, At: s.at, Withdraws: last, Given: at.proof()}
	if err := x.put(&r); err != nil {
		return dock.Feedback{}, 0, err
	}
	at.Hear(readingOf(s), s.remembered())
	f := cardRead(s, "the last scan that was set aside is taken back")
	f.Why = allocation.WhyUndone
	return f, r.N, nil
}

// sameAgain answers the question after a crash: it was another unit.
func (x *aside) sameAgain(at *asideStation, s scan) (dock.Feedback, int64, error) {
	if len(at.Asked) == 0 {
		return dock.Feedback{}, 0, stop(allocation.WhyCard, "no question is open at this station: scan the goods")
	}
	s.raw, s.again = at.Asked, true
	s.code = x.d.rules.Parse("", s.raw, s.at.Year())
	qty, kind := at.NextQty, at.NextDisposition
	n, err := x.append(at, s)
	if err != nil {
		return dock.Feedback{}, 0, err
	}
	return setAside(s, qty, kind), n, nil
}

// setAside is what the worker is told of a scan that is safe and not decided.
func setAside(s scan, qty int64, kind allocation.Disposition) dock.Feedback {
	text := []string{"received, set aside: it is decided when this site may allocate again"}
	if kind != "" {
		text = append(text, "as "+string(kind))
	}
	if qty > 1 {
		text = append(text, fmt.Sprintf("counted %d times", qty))
	}
	return dock.Feedback{
		Station: s.station, At: s.at, Verdict: allocation.Held, Why: allocation.WhyNotReady,
		Text: strings.Join(text, ", ") + kept(s), Code: dock.Visible(string(s.raw)),
	}
}

// unsavedAside says why nothing of a scan is in the capture file.
func unsavedAside(err error) error {
	switch {
	case errors.Is(err, syscall.ENOSPC):
		return fmt.Errorf("%w: %w", store.ErrFull, err)
	case errors.Is(err, capture.ErrUncertain):
		return fmt.Errorf("%w: %w", ErrUnsaved, err)
	}
	return err
}
