package config

import (
	"cmp"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/agnivade/levenshtein"
)

// The names of variables. All others that begin with DOCKFILL_ are refused: a
// misspelt one would do nothing, and nobody would notice.
const (
	ours            = "DOCKFILL_"
	ofStations      = "DOCKFILL_STATION_"
	anyStationsName = "DOCKFILL_STATION_<id>_<KEY>"
)

var (
	// commandVariables stand for flags of dockfill-agent.
	commandVariables = []string{"DOCKFILL_AGENT", "DOCKFILL_CONFIG", "DOCKFILL_LOG_LEVEL"}
	// othersVariables are for the centre's program and for the tests.
	othersVariables = []string{"DOCKFILL_CLOUD_", "DOCKFILL_E2E_", "DOCKFILL_TEST_", "DOCKFILL_SCREENSHOTS"}
)

// override puts the environment over the file.
func (f *file) override(environ []string, r *reading) {
	vars := variables{file: f, reading: r, known: map[string]setter{}}
	vars.add(ours, table{value: reflect.ValueOf(f).Elem()})
	for _, v := range slices.Sorted(slices.Values(environ)) {
		name, value, _ := strings.Cut(v, "=")
		if strings.HasPrefix(name, ours) && !slices.Contains(commandVariables, name) && !isOthers(name) {
			vars.take(name, value)
		}
	}
}

func isOthers(name string) bool {
	return slices.ContainsFunc(othersVariables, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
}

// setter is what a variable sets.
type setter struct {
	field reflect.Value
	path  string
}

// variables are the names that the environment may use, outside of stations.
type variables struct {
	*reading
	file  *file
	known map[string]setter
}

// add knows a name for each key of a table.
func (v variables) add(prefix string, t table) {
	for i := range t.value.NumField() {
		key := t.value.Type().Field(i).Tag.Get("toml")
		name, path, field := prefix+strings.ToUpper(key), join(t.path, key), t.value.Field(i)
		switch {
		case isTable(field.Type()):
			v.add(name+"_", table{field, path})
		case !isTables(field.Type()):
			v.known[name] = setter{field, path}
		}
	}
}

// take sets what a variable names.
func (v variables) take(name, value string) {
	set, ok := v.known[name]
	if rest, found := strings.CutPrefix(name, ofStations); !ok && found {
		set, ok = v.ofStation(rest)
	}
	if !ok {
		v.faultAt(spot{variable: name}, "", "there is no such setting", suggestVariable(name, v.names()))
		return
	}
	v.places[set.path] = spot{variable: name}
	// What the file said wrong about the key no longer counts.
	v.faults = slices.DeleteFunc(v.faults, func(f Fault) bool { return f.path == set.path })
	if err := setText(set.field, value); err != nil {
		v.fault(set.path, reasonFor(set.path, err))
	}
}

func (v variables) names() []string {
	return append(slices.Sorted(maps.Keys(v.known)), commandVariables...)
}

// suggestVariable names the variable that is spelled most like the one given, or
// lists all.
func suggestVariable(name string, known []string) string {
	if rest, ok := strings.CutPrefix(name, ofStations); ok {
		return stationHint(rest)
	}
	best := slices.MinFunc(known, func(a, b string) int {
		return cmp.Compare(levenshtein.ComputeDistance(name, a), levenshtein.ComputeDistance(name, b))
	})
	if levenshtein.ComputeDistance(name, best) <= max(2, len(name)/4) {
		return "did you mean " + best + "?"
	}
	return "the names are " + strings.Join(known, ", ") + " and " + anyStationsName
}

// stationHint goes by the last word, as the id before it can be anything.
func stationHint(rest string) string {
	keys := stationKeys()
	word := rest[strings.LastIndexByte(rest, '_')+1:]
	best := slices.MinFunc(keys, func(a, b string) int {
		return cmp.Compare(levenshtein.ComputeDistance(word, a), levenshtein.ComputeDistance(word, b))
	})
	if id, ok := strings.CutSuffix(rest, "_"+word); ok && levenshtein.ComputeDistance(word, best) <= 2 {
		return "did you mean " + ofStations + id + "_" + best + "?"
	}
	return "it must be " + anyStationsName + " with one of the keys " + strings.Join(keys, ", ")
}

// stationKeys are the last words of a station's variables.
func stationKeys() []string {
	var keys []string
	for _, key := range keysIn(reflect.TypeFor[stationFile]()) {
		if key != "id" {
			keys = append(keys, strings.ToUpper(key))
		}
	}
	slices.Sort(keys)
	return keys
}

// ofStation finds what DOCKFILL_STATION_<id>_<KEY> sets; a station that the file
// does not have is added.
func (v variables) ofStation(rest string) (setter, bool) {
	// The longest key first: STOP_BITS before BITS, should there ever be one.
	keys := stationKeys()
	slices.SortStableFunc(keys, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	for _, key := range keys {
		id, ok := strings.CutSuffix(rest, "_"+key)
		if !ok || id == "" {
			continue
		}
		t := v.file.station(id)
		for i := range t.value.NumField() {
			if tag := t.value.Type().Field(i).Tag.Get("toml"); strings.EqualFold(tag, key) {
				return setter{t.value.Field(i), join(t.path, tag)}, true
			}
		}
	}
	return setter{}, false
}

// inVariable is the form that a station's id has in a variable's name.
func inVariable(id string) string { return strings.ToUpper(strings.ReplaceAll(id, "-", "_")) }

// station finds a station by the form that its id has in a variable's name.
func (f *file) station(id string) table {
	at := slices.IndexFunc(f.Stations, func(s *stationFile) bool { return inVariable(s.ID.text) == inVariable(id) })
	if at < 0 {
		at = len(f.Stations)
		f.Stations = append(f.Stations, &stationFile{ID: stationName{strings.ToLower(id)}})
	}
	return table{reflect.ValueOf(f.Stations[at]).Elem(), "station[" + strconv.Itoa(at) + "]"}
}
