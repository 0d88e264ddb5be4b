package witness

import (
	"cmp"
	"maps"
	"slices"

	"dockfill/allocation"
	"dockfill/sync/rights"
)

// Life names one life of one site.
type Life struct {
	Site allocation.SiteID
	Name string
}

// State is all that a witness tells, folded.
type State struct {
	Centres map[string]bool
	Lives   map[Life]map[allocation.LineID]rights.Noted // each life that there was, with its lines
	Present map[allocation.SiteID]string                // the last one of each site; "": it was declared lost
	Bounds  map[allocation.LineID]int64
}

// NewState is that of an empty witness.
func NewState() *State {
	return &State{Centres: map[string]bool{}, Lives: map[Life]map[allocation.LineID]rights.Noted{},
		Present: map[allocation.SiteID]string{}, Bounds: map[allocation.LineID]int64{}}
}

// Take folds one entry in; it never fails, for use with Witness.Each.
func (s *State) Take(e Entry) error {
	switch {
	case e.Centre != "":
		s.Centres[e.Centre] = true
	case e.Bound != nil:
		s.Bounds[e.Line] = *e.Bound
	case e.Site != "":
		s.takeLife(e)
	}
	return nil
}

func (s *State) takeLife(e Entry) {
	life := Life{e.Site, e.Life}
	if e.Life != "" && s.Lives[life] == nil {
		s.Lives[life] = map[allocation.LineID]rights.Noted{}
	}
	if e.Present {
		s.Present[e.Site] = e.Life
	}
	if e.Line != "" && e.Life != "" {
		n := s.Lives[life][e.Line]
		n.Note(rights.Registers{Granted: e.Granted, Attested: e.Attested})
		s.Lives[life][e.Line] = n
	}
}

// Entries tell the state again, in an order that is always the same.
func (s *State) Entries() []Entry {
	var all []Entry
	for _, c := range slices.Sorted(maps.Keys(s.Centres)) {
		all = append(all, Entry{Centre: c})
	}
	byName := func(a, b Life) int { return cmp.Or(cmp.Compare(a.Site, b.Site), cmp.Compare(a.Name, b.Name)) }
	for _, l := range slices.SortedFunc(maps.Keys(s.Lives), byName) {
		all = append(all, Entry{Site: l.Site, Life: l.Name})
		lines := s.Lives[l]
		for _, id := range slices.Sorted(maps.Keys(lines)) {
			all = append(all, Entry{Site: l.Site, Life: l.Name, Line: id, Granted: lines[id].Granted, Attested: lines[id].Attested})
		}
	}
	for _, site := range slices.Sorted(maps.Keys(s.Present)) {
		all = append(all, Entry{Site: site, Life: s.Present[site], Present: true})
	}
	for _, id := range slices.Sorted(maps.Keys(s.Bounds)) {
		bound := s.Bounds[id]
		all = append(all, Entry{Line: id, Bound: &bound})
	}
	return all
}
