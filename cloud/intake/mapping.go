package intake

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // named zones work on machines that have no list of them
	"unicode/utf8"

	"github.com/pelletier/go-toml/v2"
)

// Mapping says how the columns of a foreign CSV file become Dockfill's own. It
// is written as TOML; docs/import.md explains each key.
type Mapping struct {
	Kind      Kind              `toml:"kind"`
	Delimiter string            `toml:"delimiter"` // absent: comma
	Columns   map[string]string `toml:"columns"`   // our name = the file's name
	Constants map[string]string `toml:"constants"` // our name = the value of every row
	Defaults  map[string]string `toml:"defaults"`  // our name = the value where the file's is blank
	Suffixes  map[string]string `toml:"strip_suffix"`
	First     []string          `toml:"first"`       // the first row of a record decides about these
	Count     bool              `toml:"count_lines"` // the line's number is its row's place within the order
	GTIN      bool              `toml:"derive_gtin"` // an in-house GTIN is made of the SKU
	Time      TimeFormat        `toml:"time"`
	Skip      []Rule            `toml:"skip"`
}

// TimeFormat says how the file writes instants.
type TimeFormat struct {
	Layout string `toml:"layout"` // as Go writes Mon Jan 2 15:04:05 2006; absent: RFC 3339
	Zone   string `toml:"zone"`   // of times that name none, such as Europe/London
	zone   *time.Location
}

// Rule leaves rows out. A row that meets any rule is neither read nor bad.
type Rule struct {
	Column string   `toml:"column"` // as the file names it
	Equals []string `toml:"equals"`
	Prefix string   `toml:"prefix"`
	Below  *int64   `toml:"below"` // a whole number
	Blank  bool     `toml:"blank"`
}

// ReadMapping reads a mapping file. Errors name the file, and where there is
// one, the line and column.
func ReadMapping(name string, r io.Reader) (*Mapping, error) {
	m := &Mapping{}
	err := toml.NewDecoder(r).DisallowUnknownFields().Decode(m)
	if err == nil {
		err = m.check()
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, placed(err))
	}
	return m, nil
}

// placed puts the position into an error of the TOML library.
func placed(err error) error {
	var strict *toml.StrictMissingError
	if errors.As(err, &strict) && len(strict.Errors) > 0 {
		row, column := strict.Errors[0].Position()
		return fmt.Errorf("line %d, column %d: key %q is not known", row, column, strings.Join(strict.Errors[0].Key(), "."))
	}
	var decode *toml.DecodeError
	if errors.As(err, &decode) {
		row, column := decode.Position()
		return fmt.Errorf("line %d, column %d: %w", row, column, err)
	}
	return err
}

func (m *Mapping) check() error {
	if _, err := ParseKind(string(m.Kind)); err != nil {
		return fmt.Errorf("kind: %w", err)
	}
	known := columnsOf[m.Kind]
	for table, keys := range map[string][]string{"columns": keys(m.Columns), "constants": keys(m.Constants),
		"defaults": keys(m.Defaults), "strip_suffix": keys(m.Suffixes), "first": m.First} {
		for _, k := range keys {
			if !slices.Contains(known, k) {
				return fmt.Errorf("%s: %q is no column of %s: %s", table, k, m.Kind, Nearest(k, known))
			}
		}
	}
	if m.Delimiter != "" && utf8.RuneCountInString(m.Delimiter) != 1 {
		return fmt.Errorf("delimiter %q must be one character", m.Delimiter)
	}
	for n, r := range m.Skip {
		if r.Column == "" || (len(r.Equals) == 0 && r.Prefix == "" && r.Below == nil && !r.Blank) {
			return fmt.Errorf("skip rule %d needs a column and one of equals, prefix, below, blank", n+1)
		}
	}
	var err error
	if m.Time.zone, err = time.LoadLocation(m.Time.Zone); err != nil {
		return fmt.Errorf("time.zone: %w", err)
	}
	return nil
}

func keys(m map[string]string) []string {
	var all []string
	for k := range m {
		all = append(all, k)
	}
	slices.Sort(all)
	return all
}

// drops reports whether the rule leaves a row out that has this value.
func (r Rule) drops(value string) bool {
	value = strings.TrimSpace(value)
	switch {
	case r.Blank && value == "", r.Prefix != "" && strings.HasPrefix(value, r.Prefix), slices.Contains(r.Equals, value):
		return true
	case r.Below == nil:
		return false
	}
	n, err := strconv.ParseInt(value, 10, 64)
	return err == nil && n < *r.Below
}
