package profile

import (
	"bytes"
	"cmp"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/pelletier/go-toml/v2"

	"dockfill/scanner"
)

//go:embed makes/*.toml
var makes embed.FS

// shipped are the profiles that come with the program. A test reads them, so
// that an error here cannot leave the house.
var shipped = sync.OnceValue(func() map[string]*Profile {
	found, err := read(makes, "makes")
	if err != nil {
		panic(err)
	}
	return found
})

// Set is a collection of profiles. The zero value is those that come with the
// program.
type Set struct{ own map[string]*Profile }

// Load gives the shipped profiles and those in the *.toml files at the top of
// fsys; one of the same name takes the shipped one's place. An error names file,
// line and column, a line for each mistake.
func Load(fsys fs.FS) (Set, error) {
	own, err := read(fsys, ".")
	return Set{own}, err
}

// LoadDir is Load of a directory; where there is none, or dir is "", the shipped
// profiles are all.
func LoadDir(dir string) (Set, error) {
	if dir == "" {
		return Set{}, nil
	}
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return Set{}, nil
	}
	return Load(os.DirFS(dir))
}

func read(fsys fs.FS, dir string) (map[string]*Profile, error) {
	files, err := fs.Glob(fsys, path.Join(dir, "*.toml"))
	if err != nil {
		return nil, err
	}
	found := map[string]*Profile{}
	var errs []error
	for _, file := range files {
		text, err := fs.ReadFile(fsys, file)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		p, err := Parse(path.Base(file), text)
		errs = append(errs, err)
		found[strings.TrimSuffix(path.Base(file), ".toml")] = p
	}
	return found, errors.Join(errs...)
}

// Parse reads one document. Errors are as with Load.
func Parse(file string, text []byte) (*Profile, error) {
	p := &Profile{Name: strings.TrimSuffix(file, ".toml"), file: file}
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	if wrong := misshapen(text); len(wrong) > 0 {
		return nil, told(file, wrong)
	}
	if err := toml.NewDecoder(bytes.NewReader(text)).DisallowUnknownFields().Decode(p); err != nil {
		return nil, positioned(file, err)
	}
	p.places = placesIn(text)
	if err := p.check(); err != nil {
		return nil, err
	}
	return p, nil
}

// Names lists the profiles.
func (s Set) Names() []string {
	names := slices.Collect(maps.Keys(shipped()))
	for name := range s.own {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Find gives a profile by its name.
func (s Set) Find(name string) (*Profile, error) {
	if p := cmp.Or(s.own[name], shipped()[name]); p != nil {
		return p, nil
	}
	return nil, fmt.Errorf("profile %q is none of %s", name, strings.Join(s.Names(), ", "))
}

// Complete is the way to make a station's configuration whole: it finds what
// c.Profile names, puts it into c.Speech, fills in what c leaves empty from it and
// checks it all. The reasons why c cannot work come one a line. Doing it again
// changes nothing.
func (s Set) Complete(c scanner.Config) (scanner.Config, error) {
	p, err := s.Find(string(cmp.Or(c.Profile, scanner.ASCII)))
	if err != nil {
		_, others := c.Complete()
		return scanner.Config{}, errors.Join(fmt.Errorf("station %s: %w", c.Station, err), others)
	}
	c.Speech = p
	return Complete(c)
}

// Complete is Set.Complete for a configuration whose profile was found already;
// for any other it takes the shipped profiles.
func Complete(c scanner.Config) (scanner.Config, error) {
	p, found := c.Speech.(*Profile)
	if !found {
		return Set{}.Complete(c)
	}
	c = p.fill(c)
	done, err := c.Complete()
	if err := errors.Join(err, p.faults(c)); err != nil {
		return scanner.Config{}, err
	}
	return done, nil
}

// fill puts the profile's facts where c says nothing.
func (p *Profile) fill(c scanner.Config) scanner.Config {
	c.Profile, c.Speech = scanner.Profile(p.Name), p
	if l := p.Line; l != nil {
		c.Baud, c.DataBits = cmp.Or(c.Baud, l.Baud), cmp.Or(c.DataBits, l.DataBits)
		c.Parity, c.StopBits = cmp.Or(c.Parity, l.Parity), cmp.Or(c.StopBits, l.StopBits)
	}
	if f := p.Frame; f != nil {
		c.Terminator = cmp.Or(c.Terminator, f.Terminator)
		c.IdleGap = cmp.Or(c.IdleGap, ms(f.IdleGapMS), scanner.DefaultIdleGap)
	}
	return c
}

// faults says what c asks of its profile that a device of it cannot do.
func (p *Profile) faults(c scanner.Config) error {
	var errs []error
	bad := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("station %s: profile %s "+format, append([]any{c.Station, p.Name}, args...)...))
	}
	if p.Engine == SSIEngine && (c.Terminator != "" || c.IdleGap != 0) {
		bad("sends packets and takes neither terminator nor idle gap")
	}
	if p.Engine == SSIEngine && c.DataBits != 0 && c.DataBits != 8 {
		bad("needs 8 data bits")
	}
	if c.Beep && !p.Verdicts() {
		bad("has no way to sound the verdict; leave beep out, the station's speaker gives it")
	}
	if !c.Beep && p.Answer != nil && len(p.Answer.Ack.raw) == 0 {
		bad("waits for the verdict after each scan; beep cannot be false")
	}
	return errors.Join(errs...)
}

// New gives the codec of a configuration that Complete has made whole; one that
// it has not seen speaks the shipped profile of its name. The error is that there
// is none.
func New(c scanner.Config) (Codec, error) {
	p, found := c.Speech.(*Profile)
	if !found {
		var err error
		if p, err = (Set{}).Find(string(cmp.Or(c.Profile, scanner.ASCII))); err != nil {
			return nil, fmt.Errorf("station %s: %w", c.Station, err)
		}
	}
	if p.Engine == SSIEngine {
		return newSSI(p, c.Beep), nil
	}
	return newText(p, p.fill(c)), nil
}
