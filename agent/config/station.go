package config

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"dockfill/allocation"
	"dockfill/scanner"
	"dockfill/scanner/source"
)

func (f *file) stations(c *Config, r *reading) {
	first, inNames := map[string]bool{}, map[string]string{}
	for i, s := range f.Stations {
		path := fmt.Sprintf("station[%d]", i)
		switch {
		case s.ID.text == "" && !r.faulty(path+".id"):
			r.fault(path+".id", fmt.Sprintf("station number %d has no id", i+1))
		case first[s.ID.text] && s.ID.text != "":
			r.fault(path+".id", fmt.Sprintf("station %s is there twice", s.ID.text))
		case inNames[inVariable(s.ID.text)] != "":
			r.fault(path+".id", fmt.Sprintf("stations %s and %s have the same name in variables, %s%s: give one another id",
				inNames[inVariable(s.ID.text)], s.ID.text, ofStations, inVariable(s.ID.text)))
		}
		inNames[inVariable(s.ID.text)] = s.ID.text
		first[s.ID.text] = true
		c.Stations = append(c.Stations, s.scanner(*c, path, r))
	}
	for i, s := range f.Stations {
		if s.TwinOf != "" && !first[s.TwinOf] {
			r.fault(fmt.Sprintf("station[%d].twin_of", i), fmt.Sprintf("twin_of names station %s, which is not there", s.TwinOf))
		}
	}
}

// nameless stands for the id of a station whose id is at fault already.
const nameless = "-"

// scanner gives the station's settings, completed where it has a port. A scanner
// that can give the verdict itself does so unless it is told not to.
func (s *stationFile) scanner(of Config, path string, r *reading) scanner.Config {
	c := scanner.Config{
		Station: allocation.StationID(s.ID.text), Port: s.Port, Unstable: s.Unstable, Profile: scanner.Profile(strings.ToLower(s.Profile)),
		Baud: s.Baud, DataBits: s.DataBits, Parity: s.Parity, StopBits: s.StopBits,
		Terminator: scanner.Terminator(s.Terminator.text), IdleGap: time.Duration(s.IdleGapMS) * time.Millisecond,
		Layout: s.Layout, Guard: s.guard(path, r), TwinOf: allocation.StationID(s.TwinOf), Rules: of.Rules,
	}
	p, err := of.Profiles.Find(orElse(string(c.Profile), string(scanner.ASCII)))
	if err == nil {
		c.Beep = p.Verdicts()
		if s.Beep != nil {
			c.Beep = *s.Beep
		}
	} else {
		s.noProfile(of, path, err, r)
		c.Profile = scanner.ASCII // which agrees with all else, so that no other fault follows from this one
	}
	if r.faulty(path + ".id") {
		c.Station = nameless
	}
	// In the unit of the key: package scanner has no milliseconds.
	if least, most := int(scanner.MinIdleGap.Milliseconds()), int(scanner.MaxIdleGap.Milliseconds()); s.IdleGapMS != 0 && (s.IdleGapMS < least || s.IdleGapMS > most) {
		r.fault(path+".idle_gap_ms", fmt.Sprintf("idle_gap_ms is %d; %d to %d are possible", s.IdleGapMS, least, most))
		c.IdleGap = 0
	}
	if c.Port == "" {
		bare := c
		bare.Port = anyPort
		if _, err := of.Profiles.Complete(bare); err != nil {
			stationFaults(err, c.Station, path, r)
		}
		return c
	}
	complete, err := of.Profiles.Complete(c)
	if err != nil {
		stationFaults(err, c.Station, path, r)
		complete = scanner.Config{Station: c.Station, Port: c.Port, Unstable: c.Unstable} // its name can still be judged
	}
	// Nothing is opened, but names are known that a run would refuse.
	if _, err := source.New(complete); err != nil {
		stationFaults(err, complete.Station, path, r)
	}
	return complete
}

// anyPort stands for the port of a station that has none, so that the rest of its
// settings is checked all the same.
const anyPort = "tcp://localhost:1"

// noProfile notes that the profile is not there, unless that is only because its
// document, or the folder, has a fault that was told.
func (s *stationFile) noProfile(of Config, path string, err error, r *reading) {
	name := strings.ToLower(s.Profile)
	if r.faulty("profiles") || r.faulty(documentPath(name)) || r.faulty(documentPath(s.Profile)) {
		return
	}
	r.faultAt(r.placeOf(path+".profile"), path+".profile", err.Error(), nearest(name, of.Profiles.Names()))
}

// guard is the setting as package scanner has it, where 0 is the default.
func (s *stationFile) guard(path string, r *reading) time.Duration {
	switch {
	case s.GuardMS == nil:
		return 0
	case *s.GuardMS < 0:
		r.fault(path+".guard_ms", fmt.Sprintf("guard_ms is %d; 0 turns the guard off", *s.GuardMS))
		return 0
	case *s.GuardMS == 0:
		return -1
	}
	return time.Duration(*s.GuardMS) * time.Millisecond
}

// stationFaults gives each reason its key: scanner names the setting first.
func stationFaults(err error, id allocation.StationID, path string, r *reading) {
	for _, reason := range single(err) {
		text := strings.TrimPrefix(reason.Error(), fmt.Sprintf("station %s: ", id))
		at := path
		for _, key := range keysIn(reflect.TypeFor[stationFile]()) {
			if strings.HasPrefix(text, strings.ReplaceAll(strings.TrimSuffix(key, "_ms"), "_", " ")) {
				at = join(path, key)
			}
		}
		if !r.faulty(at) {
			r.fault(at, strings.TrimPrefix(reason.Error(), fmt.Sprintf("station %s: ", nameless)))
		}
	}
}

// single takes joined errors apart.
func single(err error) (all []error) {
	many, ok := err.(interface{ Unwrap() []error })
	if !ok || strings.Count(err.Error(), "\n") == 0 {
		return []error{err}
	}
	for _, e := range many.Unwrap() {
		all = append(all, single(e)...)
	}
	return all
}
