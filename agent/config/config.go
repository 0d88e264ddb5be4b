// Package config reads a site's configuration, says every fault of it with its
// place, and writes stations into it.
package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"regexp/syntax"
	"strconv"
	"strings"
	"time"

	"dockfill/allocation"
	"dockfill/scanner"
	"dockfill/scanner/barcode"
	"dockfill/scanner/profile"
)

// Config is what a site's agent is told.
type Config struct {
	Site allocation.SiteID
	// Data is the directory of agent.db.
	Data string
	// Anchor is the directory of what the agent knows of its database: outside of Data,
	// and of whatever Data is copied to. "" is Data with "-anchor" behind its name.
	Anchor string
	// HTTP is the address of pages and API, host:port; port 0 takes a free one,
	// and "" serves none.
	HTTP string
	// Hosts are names under which browsers reach the agent, beside localhost and
	// addresses.
	Hosts  []string
	Centre Centre
	// Stations are the scanners' places. One without a port takes scans by the
	// API alone.
	Stations []scanner.Config
	Rules    barcode.Rules
	// Profiles are those that come with the program and the site's own.
	Profiles profile.Set
	// Retention is how long events are kept that the centre has safely.
	Retention time.Duration
	// Checkpoints is for how many days a daily copy of the database is kept, and what a
	// policy is tried on with it; 0 makes none.
	Checkpoints int
}

// Centre is how the centre is reached.
type Centre struct {
	Broker             string // tcp:// or tls://host:port; "" works alone
	Username, Password string
}

// The defaults of a configuration.
const (
	DefaultHTTP      = "127.0.0.1:8090"
	DefaultRetention = 30 * 24 * time.Hour
	// DefaultCheckpoints reach back a whole week at every hour of the day.
	DefaultCheckpoints = 8
	// profilesFolder beside the configuration holds the site's own profiles.
	profilesFolder = "profiles"
)

// AnchorDir is the directory of the anchor.
func (c Config) AnchorDir() string {
	if c.Anchor != "" {
		return c.Anchor
	}
	return filepath.Clean(c.Data) + "-anchor"
}

// within reports whether a path is a directory or lies in it.
func within(path, dir string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}

// Check says what a configuration lacks that was not read from a file.
func (c Config) Check() error {
	if err := allocation.CheckSite(string(c.Site)); err != nil {
		return err
	}
	if c.Data == "" {
		return errors.New("data is missing: name a directory that the agent may write to")
	}
	return nil
}

// Load reads the configuration at path, or none at all where path is "", and
// puts over it what the environment says: DOCKFILL_SITE, DOCKFILL_DATA,
// DOCKFILL_HTTP, DOCKFILL_CENTRE_BROKER, DOCKFILL_STATION_<id>_PORT and so on, a
// name for each key. Unknown keys and unknown variables are refused. The error is
// that of the file system, or Faults with everything that is wrong.
func Load(path string) (Config, error) { return load(path, os.Environ()) }

// LoadFile reads the configuration at path alone, as a service does that is not
// started from this environment. Errors are those of Load.
func LoadFile(path string) (Config, error) { return load(path, nil) }

func load(path string, environ []string) (Config, error) {
	var text []byte
	if path != "" {
		var err error
		if text, err = os.ReadFile(path); err != nil {
			return Config{}, unreadable(err)
		}
	}
	return parse(path, text, environ)
}

// unreadable says what a person can do about a file that is not there or closed.
func unreadable(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("configuration: %w; check the path, or make the file with \"dockfill-agent setup\"", err)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("configuration: %w; let the user who starts the agent read it", err)
	}
	return fmt.Errorf("configuration: %w", err)
}

// Parse reads a configuration that is not yet in its file, which is named in
// faults. The error is Faults.
func Parse(path string, text []byte) (Config, error) { return parse(path, text, nil) }

func parse(path string, text []byte, environ []string) (Config, error) {
	var f file
	r := &reading{file: path, places: map[string]spot{}}
	r.read(text, &f)
	f.override(environ, r)
	c := f.config(r)
	if err := r.faults.err(); err != nil {
		return Config{}, err
	}
	return c, nil
}

func orElse(s, def string) string {
	if s == "" {
		return def
	}
	return s
}

// file is the configuration as it is written. Values are text types that check
// themselves, so that a wrong one is reported where it stands.
type file struct {
	Site          siteName       `toml:"site"`
	Data          string         `toml:"data"`
	Anchor        string         `toml:"anchor"`
	HTTP          *address       `toml:"http"`
	Hosts         []string       `toml:"hosts"`
	RetentionDays *int           `toml:"retention_days"`
	Checkpoints   *int           `toml:"checkpoints"`
	Profiles      string         `toml:"profiles"`
	Centre        centreFile     `toml:"centre"`
	Codes         codesFile      `toml:"codes"`
	Stations      []*stationFile `toml:"station"`
	Patterns      []codeFile     `toml:"code"`
}

type centreFile struct {
	Broker   brokerURL `toml:"broker"`
	Username string    `toml:"username"`
	Password string    `toml:"password"`
}

type stationFile struct {
	ID         stationName `toml:"id"`
	Port       string      `toml:"port"`
	Unstable   bool        `toml:"unstable"`
	Profile    string      `toml:"profile"`
	Baud       int         `toml:"baud"`
	DataBits   int         `toml:"data_bits"`
	Parity     string      `toml:"parity"`
	StopBits   int         `toml:"stop_bits"`
	Terminator terminator  `toml:"terminator"`
	IdleGapMS  int         `toml:"idle_gap_ms"`
	Beep       *bool       `toml:"beep"`
	Layout     string      `toml:"layout"`
	GuardMS    *int        `toml:"guard_ms"`
	TwinOf     string      `toml:"twin_of"`
}

// codesFile is how codes are read.
type codesFile struct {
	GSSubstitute       substitute `toml:"gs_substitute"`
	AcceptAssociations bool       `toml:"accept_associations"`
	ShortGTIN          bool       `toml:"short_gtin"`
}

// codeFile is a pattern of the house's own codes.
type codeFile struct {
	Name    string   `toml:"name"`
	Pattern string   `toml:"pattern"`
	Kind    codeKind `toml:"kind"`
}

// config makes the configuration of what was read, and notes what is missing or
// does not fit together.
func (f *file) config(r *reading) Config {
	c := Config{
		Site: allocation.SiteID(f.Site.text), Data: filepath.FromSlash(f.Data), Anchor: filepath.FromSlash(f.Anchor), HTTP: DefaultHTTP, Hosts: f.Hosts,
		Centre:    Centre{f.Centre.Broker.text, f.Centre.Username, f.Centre.Password},
		Retention: DefaultRetention, Checkpoints: DefaultCheckpoints,
	}
	if f.HTTP != nil {
		c.HTTP = f.HTTP.text
	}
	if n := f.RetentionDays; n != nil {
		if *n < 1 || *n > 3650 {
			r.fault("retention_days", fmt.Sprintf("retention_days is %d; 1 to 3650 are possible", *n))
		}
		c.Retention = time.Duration(*n) * 24 * time.Hour
	}
	if n := f.Checkpoints; n != nil {
		if *n < 0 || *n > 366 {
			r.fault("checkpoints", fmt.Sprintf("checkpoints is %d; 0 to 366 days are possible", *n))
		}
		c.Checkpoints = *n
	}
	if !r.given("site") {
		r.fault("site", "site is missing: give this warehouse a name of a-z, 0-9 and -")
	}
	if c.Data == "" && !r.faulty("data") {
		r.fault("data", "data is missing: name a directory that the agent may write to")
	}
	if c.Data != "" && within(c.AnchorDir(), c.Data) {
		r.fault("anchor", fmt.Sprintf("anchor is %q, within data: what is copied or put back together with the database cannot tell that it was; name a directory outside of it", f.Anchor))
	}
	c.Rules, c.Profiles = f.rules(r), f.profiles(r)
	f.stations(&c, r)
	return c
}

// rules are how codes are read, and the house's own.
func (f *file) rules(r *reading) barcode.Rules {
	rules := barcode.Rules{Substitute: f.Codes.GSSubstitute.text, AcceptAssociations: f.Codes.AcceptAssociations}
	rules.Links.ShortGTIN = f.Codes.ShortGTIN
	for i, code := range f.Patterns {
		path := fmt.Sprintf("code[%d].", i)
		for key, text := range map[string]string{"name": code.Name, "pattern": code.Pattern} {
			if text == "" && !r.faulty(path+key) {
				r.fault(path+key, fmt.Sprintf("house code number %d has no %s", i+1, key))
			}
		}
		p, err := barcode.NewPattern(code.Name, code.Pattern)
		if err != nil {
			r.fault(path+"pattern", patternReason(code.Pattern, err))
			continue
		}
		p.Kind = code.Kind.kind()
		rules.House = append(rules.House, p)
	}
	return rules
}

// atPlace is how package profile says where a document is wrong.
var atPlace = regexp.MustCompile(`^([^:]+\.toml):(\d+):(\d+): (.*)$`)

// profiles are the site's own beside those of the program.
func (f *file) profiles(r *reading) profile.Set {
	dir := filepath.FromSlash(f.Profiles)
	switch {
	case dir == "" && r.file != "":
		dir = filepath.Join(filepath.Dir(r.file), profilesFolder)
	case dir != "":
		if _, err := os.Stat(dir); err != nil {
			r.fault("profiles", fmt.Sprintf("profiles cannot be read: %v", err))
			return profile.Set{}
		}
	}
	set, err := profile.LoadDir(dir)
	if err == nil {
		return set
	}
	for line := range strings.Lines(err.Error()) {
		line = strings.TrimSuffix(line, "\n")
		fault := Fault{File: dir, Reason: line, path: "profiles"}
		if m := atPlace.FindStringSubmatch(line); m != nil {
			fault.File, fault.Reason = filepath.Join(dir, m[1]), m[4]
			fault.path = documentPath(strings.TrimSuffix(m[1], ".toml"))
			fault.Line, _ = strconv.Atoi(m[2])
			fault.Column, _ = strconv.Atoi(m[3])
		}
		r.faults = append(r.faults, fault)
	}
	return set
}

// documentPath is where the faults of a profile's own document are noted.
func documentPath(name string) string { return join("profiles", name) }

// patternReason leaves out what was put around the pattern to compile it.
func patternReason(pattern string, err error) string {
	var bad *syntax.Error
	if errors.As(err, &bad) {
		return fmt.Sprintf("pattern %q is no regular expression: %s", pattern, bad.Code)
	}
	return err.Error()
}
