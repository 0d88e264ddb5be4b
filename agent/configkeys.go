package agent

import (
	"cmp"
	"encoding"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/agnivade/levenshtein"
	"github.com/pelletier/go-toml/v2"
)

// positioned tells where in the file an error stands.
func positioned(path string, err error) error {
	var missing *toml.StrictMissingError
	if errors.As(err, &missing) {
		var errs []error
		for i := range missing.Errors {
			e := &missing.Errors[i]
			row, col := e.Position()
			key := strings.Join(e.Key(), ".")
			errs = append(errs, fmt.Errorf("%s:%d:%d: there is no key %s%s", path, row, col, key, suggest(key, fileKeys())))
		}
		return errors.Join(errs...)
	}
	var at *toml.DecodeError
	if errors.As(err, &at) {
		row, col := at.Position()
		key := ""
		if len(at.Key()) > 0 {
			key = strings.Join(at.Key(), ".") + ": "
		}
		return fmt.Errorf("%s:%d:%d: %s%s", path, row, col, key, strings.TrimPrefix(at.Error(), "toml: "))
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// fileKeys lists every key that a file may hold.
func fileKeys() []string { return keysOf("", reflect.TypeFor[file]()) }

func keysOf(prefix string, t reflect.Type) []string {
	var keys []string
	for i := range t.NumField() {
		f := t.Field(i)
		key := prefix + f.Tag.Get("toml")
		keys = append(keys, key)
		inner := f.Type
		for inner.Kind() == reflect.Slice || inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		if inner.Kind() == reflect.Struct && !reads(inner) {
			keys = append(keys, keysOf(key+".", inner)...)
		}
	}
	return keys
}

// reads reports a type that reads itself from text.
func reads(t reflect.Type) bool {
	return reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}

// suggest names the valid key that is spelled most like the one given.
func suggest(key string, valid []string) string {
	best := slices.MinFunc(valid, func(a, b string) int {
		return cmp.Compare(levenshtein.ComputeDistance(key, a), levenshtein.ComputeDistance(key, b))
	})
	if levenshtein.ComputeDistance(key, best) > max(2, len(key)/2) {
		return "; the keys are " + strings.Join(valid, ", ")
	}
	return "; did you mean " + best + "?"
}

// override puts the environment over the file. Variables of other programs are
// passed over; a misspelt one of ours is refused, as it would do nothing.
func (f *file) override(environ []string) error {
	names := f.variables()
	var errs []error
	for _, v := range slices.Sorted(slices.Values(environ)) {
		name, value, _ := strings.Cut(v, "=")
		if set, ok := names[name]; ok {
			if err := set(value); err != nil {
				errs = append(errs, fmt.Errorf("environment %s: %w", name, err))
			}
			continue
		}
		if rest, ok := strings.CutPrefix(name, "DOCKFILL_STATION_"); ok {
			errs = append(errs, f.stationVariable(name, rest, value))
		} else if strings.HasPrefix(name, "DOCKFILL_CENTRE_") {
			errs = append(errs, fmt.Errorf("environment %s: there is no such setting%s", name, suggest(name, slices.Sorted(maps.Keys(names)))))
		}
	}
	return errors.Join(errs...)
}

// variables gives a setter for each key outside of stations.
func (f *file) variables() map[string]func(string) error {
	names := map[string]func(string) error{}
	addVariables(names, "DOCKFILL_", reflect.ValueOf(f).Elem())
	return names
}

func addVariables(names map[string]func(string) error, prefix string, v reflect.Value) {
	for i := range v.NumField() {
		name := prefix + strings.ToUpper(v.Type().Field(i).Tag.Get("toml"))
		field := v.Field(i)
		switch {
		case field.Kind() == reflect.Struct && !reads(field.Type()):
			addVariables(names, name+"_", field)
		case field.Kind() == reflect.Slice && field.Type().Elem().Kind() != reflect.String:
		default:
			names[name] = func(s string) error { return setText(field, s) }
		}
	}
}

// stationVariable sets DOCKFILL_STATION_<id>_<KEY>; a station that the file does
// not have is added.
func (f *file) stationVariable(name, rest, value string) error {
	keys := map[string]func(string) error{}
	addVariables(keys, "", reflect.ValueOf(&stationFile{}).Elem())
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		id, ok := strings.CutSuffix(rest, "_"+key)
		if !ok || id == "" || key == "ID" {
			continue
		}
		set := map[string]func(string) error{}
		addVariables(set, "", reflect.ValueOf(f.station(id)).Elem())
		if err := set[key](value); err != nil {
			return fmt.Errorf("environment %s: %w", name, err)
		}
		return nil
	}
	return fmt.Errorf("environment %s: it must be DOCKFILL_STATION_<id>_ and one of %s", name, strings.Join(slices.Sorted(maps.Keys(keys)), ", "))
}

// station finds a station by the form that its id has in a variable's name.
func (f *file) station(id string) *stationFile {
	plain := func(s string) string {
		return strings.ToUpper(strings.NewReplacer("-", "_", ".", "_", " ", "_").Replace(s))
	}
	for _, s := range f.Stations {
		if plain(s.ID.text) == plain(id) {
			return s
		}
	}
	s := &stationFile{ID: stationName{strings.ToLower(id)}}
	f.Stations = append(f.Stations, s)
	return s
}

// setText gives a field the value that a variable's text stands for.
func setText(field reflect.Value, s string) error {
	if field.Kind() == reflect.Pointer {
		field.Set(reflect.New(field.Type().Elem()))
		return setText(field.Elem(), s)
	}
	if u, ok := field.Addr().Interface().(encoding.TextUnmarshaler); ok {
		return u.UnmarshalText([]byte(s))
	}
	switch field.Kind() {
	case reflect.String:
		field.SetString(s)
	case reflect.Slice:
		field.Set(reflect.ValueOf(strings.Split(s, ",")))
	case reflect.Int:
		n, err := strconv.Atoi(s)
		if err != nil {
			return fmt.Errorf("%q is not a whole number", s)
		}
		field.SetInt(int64(n))
	case reflect.Bool:
		b, err := strconv.ParseBool(s)
		if err != nil {
			return fmt.Errorf("%q is neither true nor false", s)
		}
		field.SetBool(b)
	}
	return nil
}
