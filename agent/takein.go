package agent

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"dockfill/agent/capture"
	"dockfill/agent/dock"
	"dockfill/agent/store"
	"dockfill/allocation"
	"dockfill/scanner/barcode"
)

// What was set aside is logged and decided when the site may allocate again: in the order
// of the scans and with their times, each once. The row of a record is written in the
// transaction that decides it, and the file goes after the commit that decides its last
// one. As long as there is a file, further scans go into it, so that no scan of a station
// overtakes an earlier one.

const (
	// takeInRecords bounds what is decided in one transaction.
	takeInRecords = 64
	// takeInRetry is kept before what failed is tried again.
	takeInRetry = time.Second
)

// takenIn is what came of a station's scans that were set aside.
type takenIn struct {
	scans, withdrawn int64
	refused          []dock.Feedback
	verdicts         map[allocation.Verdict]int64
}

// keepTakingIn takes in what is set aside whenever the site may allocate.
func (a *Agent) keepTakingIn(ctx context.Context) error {
	for {
		var retry <-chan time.Time
		if err := a.takeIn(ctx); err != nil && ctx.Err() == nil {
			a.log.Warn("what was set aside could not be taken in: it is tried again", "error", err)
			retry = time.After(takeInRetry)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-a.changed:
		case <-a.aside.more:
		case <-retry:
		}
	}
}

// takeIn takes in all that is set aside, some records a transaction, so that commands and
// pages go between. While the site may not allocate it does nothing.
func (a *Agent) takeIn(ctx context.Context) error {
	told := map[allocation.StationID]*takenIn{}
	for a.aside.holds() && a.stands() == nil {
		err := a.takeSomeIn(ctx, told)
		var no *refusal
		if errors.As(err, &no) {
			break // the site may not allocate any more
		}
		if err != nil {
			a.tellTakenIn(told)
			return err
		}
	}
	a.tellTakenIn(told)
	return nil
}

// takeSomeIn decides the next records. The writer itself ends the file behind the last of
// them, when no scan is on the way into it.
func (a *Agent) takeSomeIn(ctx context.Context, told map[allocation.StationID]*takenIn) error {
	var came batchTaken
	done := make(chan error, 1)
	a.writer.submitTo(ctx, a.writer.long, job{
		do: func(tx *store.Tx) (err error) {
			if err := errors.Join(a.ready(tx), a.room()); err != nil {
				return err
			}
			came, err = a.aside.takeIn(tx)
			return err
		},
		done: func(err error) {
			if err == nil {
				err = a.aside.finish(came.through)
			}
			done <- err
		},
	})
	var err error
	select {
	case err = <-done:
	case <-ctx.Done():
		return ctx.Err()
	}
	if err != nil {
		return err
	}
	came.addTo(told)
	a.correct(came.errands)
	return nil
}

// batchTaken is what one transaction took in.
type batchTaken struct {
	through int64
	scans   []dock.Feedback // decided, refused or taken back
	errands []store.Task
}

func (b batchTaken) addTo(told map[allocation.StationID]*takenIn) {
	for _, f := range b.scans {
		t := told[f.Station]
		if t == nil {
			t = &takenIn{verdicts: map[allocation.Verdict]int64{}}
			told[f.Station] = t
		}
		switch {
		case f.Why == allocation.WhyUndone:
			t.withdrawn++
		case f.Seq == 0:
			t.refused = append(t.refused, f)
		default:
			t.scans++
			t.verdicts[f.Verdict]++
		}
	}
}

// takeIn decides the records that follow the newest one taken in.
func (x *aside) takeIn(tx *store.Tx) (b batchTaken, err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if b.through, err = tx.Captured(x.file.ID()); err != nil {
		return b, err
	}
	for n := 0; n < takeInRecords && b.through < x.file.Last(); n++ {
		r, err := x.file.Read(b.through + 1)
		switch {
		case errors.Is(err, capture.ErrLost):
		case err != nil:
			return b, err
		default:
			if err := x.takeOne(tx, r, &b); err != nil {
				return b, err
			}
		}
		b.through++
	}
	b.errands, err = standing(tx, b.errands)
	return b, err
}

// takeOne decides one record, under a savepoint: what is refused is told and changes
// nothing. Only an error of the disk goes on from here.
func (x *aside) takeOne(tx *store.Tx, r capture.Record, b *batchTaken) error {
	var came reply
	s := x.scanOf(r)
	err := tx.Savepoint(func() (err error) {
		switch {
		case len(r.Code) == 0:
		case x.gone[r.N]:
			came.Feedback, err = x.passOver(tx, s)
		default:
			came, err = x.d.receive(tx, s)
		}
		if err == nil {
			err = x.lastOfUpload(tx, s)
		}
		return err
	})
	if store.OfTheDisk(err) {
		return err
	}
	if err != nil {
		came = reply{Feedback: notTakenIn(s, err)}
		x.log.Error("a scan that was set aside is not taken in", "station", s.station, "code", came.Code, "at", s.at, "reason", err)
	}
	known := came.Why == allocation.WhyRepeat // of a memory, received before
	if goods := s.code.Format != barcode.Control || err != nil; goods && len(r.Code) > 0 && !known {
		b.scans = append(b.scans, came.Feedback)
	}
	b.errands = append(b.errands, came.errands...)
	return tx.PutCaptured(x.file.ID(), r.N, came.Seq)
}

// passOver uses up the cards that were meant for a scan that was taken back.
func (x *aside) passOver(tx *store.Tx, s scan) (dock.Feedback, error) {
	at, err := tx.Station(s.station)
	if err != nil {
		return dock.Feedback{}, err
	}
	at.NextQty, at.NextDisposition = 0, ""
	return dock.Feedback{Station: s.station, Why: allocation.WhyUndone}, tx.PutStation(at)
}

// lastOfUpload ends an upload behind its last record.
func (x *aside) lastOfUpload(tx *store.Tx, s scan) error {
	if s.batch.Of() == 0 || s.batch.N != s.batch.Of() {
		return nil
	}
	_, err := x.d.endUpload(tx, s)
	return err
}

func notTakenIn(s scan, err error) dock.Feedback {
	f := refused(s, err)
	f.Verdict = allocation.Check
	f.Text = fmt.Sprintf("set aside at %s, and not counted: %s", s.at.Local().Format("2 Jan 15:04"), f.Text)
	return f
}

// finish ends the file where all of it is in the log. It is called by the writer, behind
// the commit.
func (x *aside) finish(through int64) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	if through < x.file.Last() {
		return nil
	}
	keep := ""
	if lost := x.file.Lost(); lost > 0 {
		keep = captureName + "-damaged-" + x.file.ID()
		x.log.Error("damaged records of the capture file could not be taken in: count those goods; the file is kept", "scans", lost, "file", keep)
	}
	err := x.file.Remove(keep)
	x.forget()
	return err
}

// tellTakenIn tells each station once what came of its scans.
func (a *Agent) tellTakenIn(told map[allocation.StationID]*takenIn) {
	var stations []allocation.StationID
	for id := range told {
		stations = append(stations, id)
	}
	slices.Sort(stations)
	for _, id := range stations {
		t := told[id]
		a.log.Info("what was set aside is taken in", "station", id, "scans", t.scans, "withdrawn", t.withdrawn, "refused", len(t.refused))
		for _, f := range t.refused[:min(len(t.refused), mostRefused)] {
			a.hub.publish(f)
		}
		a.hub.publish(dock.Feedback{
			Station: id, At: a.deps.Now(), Verdict: allocation.Check, Why: allocation.WhyNotReady, Text: t.text(),
		})
	}
}

// mostRefused is how many refused scans of a station are told one by one.
const mostRefused = 5

func (t *takenIn) text() string {
	text := dock.Plural(t.scans, "scan that was set aside is", "scans that were set aside are") + " taken in"
	var went []string
	for _, v := range []struct {
		verdict allocation.Verdict
		words   string
	}{{allocation.Allocated, "to orders"}, {allocation.Stock, "to stock"}, {allocation.Held, "still set aside"}} {
		if n := t.verdicts[v.verdict]; n > 0 {
			went = append(went, dock.Number(n)+" "+v.words)
		}
	}
	if len(went) > 0 {
		text += ": " + strings.Join(went, ", ") + "; the tasks say what to carry"
	}
	if n := int64(len(t.refused)); n > 0 {
		text += "; " + dock.Number(n) + " could not be counted"
	}
	if t.withdrawn > 0 {
		text += "; " + dock.Number(t.withdrawn) + " had been taken back"
	}
	return text
}
