package agent

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"dockfill/agent/dock"
	"dockfill/agent/store"
	"dockfill/allocation"
	"dockfill/scanner"
	"dockfill/scanner/barcode"
	"dockfill/scanner/source"
)

// station is a scanner's place; source is nil where nothing is attached.
type station struct {
	config  scanner.Config
	source  scanner.Source
	twins   []allocation.StationID // that the same device delivers to
	repeats *atomic.Int64          // records of memories that were not counted again
}

// attach makes each station and the Source of its scanner.
func (a *Agent) attach() error {
	place := map[string]allocation.StationID{}
	for _, c := range a.config.Stations {
		s := station{config: c, repeats: new(atomic.Int64)}
		if c.Port != "" {
			if first, taken := place[c.Port]; taken {
				return fmt.Errorf("stations %s and %s both have port %s, and each would get a part of every scan: give each its own, or take one out", first, c.Station, c.Port)
			}
			place[c.Port] = c.Station
			var err error
			if s.source, err = a.deps.Source(c); err != nil {
				return err
			}
		}
		a.stations = append(a.stations, s)
	}
	if two := source.Same(a.config.Stations); len(two) > 0 {
		return errors.New(strings.Join(two, "\n"))
	}
	for _, two := range source.Shared(a.config.Stations) {
		a.log.Warn(two)
	}
	return a.pair()
}

// pair tells both stations of a pair about the other.
func (a *Agent) pair() error {
	for i, s := range a.stations {
		twin := s.config.TwinOf
		if twin == "" {
			continue
		}
		other := slices.IndexFunc(a.stations, func(o station) bool { return o.config.Station == twin })
		if other < 0 {
			return fmt.Errorf("station %s: twin_of names station %s, which is not there", s.config.Station, twin)
		}
		a.stations[i].twins = append(a.stations[i].twins, twin)
		a.stations[other].twins = append(a.stations[other].twins, s.config.Station)
	}
	return nil
}

// startScanners runs each station's scanner and hands on what it reads.
func (a *Agent) startScanners(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	for _, s := range a.stations {
		if s.source == nil {
			continue
		}
		read := make(chan scanner.Scan)
		running.Go(func() { s.source.Run(ctx, read) }) // returns ctx's error alone
		running.Go(func() { a.hear(ctx, s, read) })
	}
	return func() {
		cancel()
		running.Wait()
	}
}

// heard is what a device read at a station.
func heard(s scanner.Scan, at station) scan {
	return scan{
		station: s.Station, raw: s.Raw, code: s.Code, fault: s.Fault, at: s.At, since: s.Since,
		guard: at.config.Guard, twins: at.twins, late: s.Late, deviceTime: s.DeviceTime, batch: s.Batch,
	}
}

func (a *Agent) hear(ctx context.Context, place station, read <-chan scanner.Scan) {
	for {
		select {
		case s := <-read:
			a.take(ctx, heard(s, place), func(f dock.Feedback) { s.Answer(f.Verdict) })
		case <-ctx.Done():
			return
		}
	}
}

// take puts one scan before the writer. answer is called once, after the commit
// or after it is certain that nothing was saved; then the screens are told.
func (a *Agent) take(ctx context.Context, s scan, answer func(dock.Feedback)) {
	var came reply
	var record int64 // of the capture file
	looked := false
	give := func(err error) {
		if a.isAside(err) {
			came.Feedback, record, err = a.aside.receive(s, looked)
			err = a.notAside(err)
		}
		f := came.Feedback
		if err != nil {
			f, came = refused(s, err), reply{}
		}
		answer(f)
		if f.Text != "" { // what of a memory was received before is told behind its last record
			a.hub.publish(f)
		}
		a.correct(came.errands)
		switch {
		case f.Seq > 0:
			a.writer.proven(s.station, f.Seq)
		case record > 0:
			a.aside.proven(s.station, record)
		}
		if f.Why == allocation.WhyBounce {
			a.log.Info("a reading was not counted", "station", s.station, "code", f.Code, "reason", f.Text)
		}
		if f.Why == allocation.WhyUnsaved {
			a.log.Error("a scan was not saved", "station", s.station, "error", err)
		}
	}
	if a.store == nil {
		give(errAside)
		return
	}
	a.noteUpload(ctx, s)
	a.writer.submit(ctx, job{
		do: func(tx *store.Tx) error {
			err := a.receiving(tx)
			if errors.Is(err, errAside) {
				looked, err = a.foresee(tx, s)
			}
			if err == nil {
				came, err = a.desk.receive(tx, s)
			}
			if err == nil {
				came.errands, err = standing(tx, came.errands)
			}
			return err
		},
		done: give,
	})
	a.closeUpload(ctx, s)
}

// isAside says whether a scan that was not saved is to be set aside.
func (a *Agent) isAside(err error) bool {
	return errors.Is(err, errAside) || errors.Is(err, store.ErrDamaged)
}

// notAside ends the agent where it is not known what the capture file holds.
func (a *Agent) notAside(err error) error {
	err = unsavedAside(err)
	switch {
	case errors.Is(err, ErrUnsaved):
		select {
		case a.fatal <- err:
		default:
		}
	case errors.Is(err, store.ErrFull):
		a.reserve.full()
	}
	return err
}

// foresee asks the database, as far as it can be read, whether a scan that is set aside is
// acceptable: a unit that was received before is refused at once. The error is errAside
// where it is, and looked says that all was asked.
func (a *Agent) foresee(tx *store.Tx, s scan) (looked bool, err error) {
	if s.code.Format == barcode.Control || s.fault != nil {
		return false, errAside
	}
	var no *refusal
	err = a.desk.unreadable(tx, s)
	if err == nil {
		var at store.Station
		if at, err = tx.Station(s.station); err == nil {
			_, err = a.desk.identify(tx, a.aside.cards(at), s)
		}
	}
	switch {
	case err == nil:
		return true, errAside
	case errors.As(err, &no):
		return true, err
	case store.OfTheDisk(err):
		return false, err
	}
	return false, errAside
}

// noteUpload notes all records of an upload before the first of them is received:
// by itself, so that it stays when that record is refused.
func (a *Agent) noteUpload(ctx context.Context, s scan) {
	if s.batch.N != 1 || s.fault != nil {
		return
	}
	a.writer.submit(ctx, job{
		do: func(tx *store.Tx) error {
			if err := a.receiving(tx); err != nil {
				return err
			}
			_, err := a.desk.openUpload(tx, s)
			return err
		},
		done: func(err error) {
			if err != nil && !a.isAside(err) {
				a.log.Error("an upload was not noted; its records are received one by one", "station", s.station, "error", err)
			}
		},
	})
}

// closeUpload tells what of an upload was received before, behind its last record: by
// itself, as that one may be refused. What is said then stays on the screen.
func (a *Agent) closeUpload(ctx context.Context, s scan) {
	if s.batch.Of() == 0 || s.batch.N != s.batch.Of() || s.fault != nil {
		return
	}
	var p passedOver
	a.writer.submit(ctx, job{
		do: func(tx *store.Tx) (err error) {
			if err := a.receiving(tx); err != nil {
				return err
			}
			p, err = a.desk.endUpload(tx, s)
			return err
		},
		done: func(err error) {
			switch {
			case err != nil && !a.isAside(err):
				a.log.Error("the end of an upload was not noted", "station", s.station, "error", err)
			case err == nil && p.known > 0:
				a.repeated(s.station, p.known)
				a.hub.publish(p.Feedback)
				a.log.Info("records of a memory were not counted", "station", s.station, "records", p.known, "reason", p.Text)
			}
		},
	})
}

// repeated adds to what a station's device sent again.
func (a *Agent) repeated(id allocation.StationID, records int) {
	for _, s := range a.stations {
		if s.config.Station == id {
			s.repeats.Add(int64(records))
		}
	}
}
