package agent

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"

	"dockfill/allocation"
	"dockfill/scanner"
	"dockfill/scanner/barcode"
	"dockfill/scanner/serial"
)

// Config is what a site's agent is told.
type Config struct {
	Site allocation.SiteID
	// Data is the directory of agent.db.
	Data string
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
	// Retention is how long events are kept that the centre has safely.
	Retention time.Duration
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
)

func (c Config) check() error {
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
// name for each key. Unknown keys are refused. An error names the file, line and
// column, or the variable, the key, the reason, and the nearest valid key.
func Load(path string) (Config, error) { return load(path, os.Environ()) }

// LoadFile reads the configuration at path alone, as a service does that is not
// started from this environment. Errors are those of Load.
func LoadFile(path string) (Config, error) { return load(path, nil) }

func load(path string, environ []string) (Config, error) {
	var f file
	if path != "" {
		text, err := os.ReadFile(path)
		if err != nil {
			return Config{}, fmt.Errorf("configuration: %w", err)
		}
		d := toml.NewDecoder(strings.NewReader(string(text))).DisallowUnknownFields()
		if err := positioned(path, d.Decode(&f)); err != nil {
			return Config{}, err
		}
	}
	if err := f.override(environ); err != nil {
		return Config{}, err
	}
	c, err := f.config()
	if err != nil {
		return Config{}, fmt.Errorf("%s: %w", orElse(path, "environment"), err)
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
	HTTP          *address       `toml:"http"`
	Hosts         []string       `toml:"hosts"`
	RetentionDays *int           `toml:"retention_days"`
	Centre        centreFile     `toml:"centre"`
	Stations      []*stationFile `toml:"station"`
	Codes         []codeFile     `toml:"code"`
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
	Profile    profileName `toml:"profile"`
	Baud       int         `toml:"baud"`
	DataBits   int         `toml:"data_bits"`
	Parity     string      `toml:"parity"`
	StopBits   int         `toml:"stop_bits"`
	Terminator terminator  `toml:"terminator"`
	IdleGapMS  int         `toml:"idle_gap_ms"`
	Beep       *bool       `toml:"beep"`
}

// codeFile is a pattern of the house's own codes.
type codeFile struct {
	Name    string `toml:"name"`
	Pattern string `toml:"pattern"`
}

func (f *file) config() (Config, error) {
	c := Config{
		Site: allocation.SiteID(f.Site.text), Data: f.Data, HTTP: DefaultHTTP, Hosts: f.Hosts,
		Centre:    Centre{f.Centre.Broker.text, f.Centre.Username, f.Centre.Password},
		Retention: DefaultRetention,
	}
	if f.HTTP != nil {
		c.HTTP = f.HTTP.text
	}
	if f.RetentionDays != nil {
		if *f.RetentionDays < 1 || *f.RetentionDays > 3650 {
			return c, fmt.Errorf("retention_days is %d; 1 to 3650 are possible", *f.RetentionDays)
		}
		c.Retention = time.Duration(*f.RetentionDays) * 24 * time.Hour
	}
	if f.Site.text == "" {
		return c, errors.New("site is missing: give this warehouse a name of a-z, 0-9 and -")
	}
	if c.Data == "" {
		return c, errors.New("data is missing: name a directory that the agent may write to")
	}
	c.Data = filepath.FromSlash(c.Data)
	for _, code := range f.Codes {
		p, err := barcode.NewPattern(code.Name, code.Pattern)
		if err != nil {
			return c, err
		}
		c.Rules.House = append(c.Rules.House, p)
	}
	return c, f.stations(&c)
}

func (f *file) stations(c *Config) error {
	seen := map[stationName]bool{}
	var errs []error
	for i, s := range f.Stations {
		switch {
		case s.ID.text == "":
			errs = append(errs, fmt.Errorf("station number %d has no id", i+1))
			continue
		case seen[s.ID]:
			errs = append(errs, fmt.Errorf("station %s is there twice", s.ID.text))
			continue
		}
		seen[s.ID] = true
		sc, err := s.scanner(c.Rules)
		errs = append(errs, err)
		c.Stations = append(c.Stations, sc)
	}
	return errors.Join(errs...)
}

// scanner gives the station's settings, completed where it has a port. A scanner
// that takes commands gives the verdict itself unless it is told not to.
func (s *stationFile) scanner(rules barcode.Rules) (scanner.Config, error) {
	c := scanner.Config{
		Station: allocation.StationID(s.ID.text), Port: s.Port, Unstable: s.Unstable, Profile: scanner.Profile(s.Profile.text),
		Baud: s.Baud, DataBits: s.DataBits, Parity: s.Parity, StopBits: s.StopBits,
		Terminator: scanner.Terminator(s.Terminator.text), IdleGap: time.Duration(s.IdleGapMS) * time.Millisecond,
		Beep: scanner.Profile(s.Profile.text) == scanner.SSI, Rules: rules,
	}
	if s.Beep != nil {
		c.Beep = *s.Beep
	}
	if c.Port == "" {
		return c, nil
	}
	c, err := c.Complete()
	if err != nil {
		return c, err
	}
	_, err = serial.New(c) // opens nothing, but knows the port names that a run would refuse
	return c, err
}

// Text types, each with what it may hold. They are structs because the TOML
// library asks only those to read themselves.
type (
	siteName    struct{ text string }
	stationName struct{ text string }
	address     struct{ text string }
	brokerURL   struct{ text string }
	profileName struct{ text string }
	terminator  struct{ text string }
)

func (v *siteName) UnmarshalText(text []byte) error {
	v.text = string(text)
	return allocation.CheckSite(string(text))
}

func (v *stationName) UnmarshalText(text []byte) error {
	v.text = string(text)
	return allocation.CheckID("station id", string(text))
}

func (v *address) UnmarshalText(text []byte) error {
	v.text = string(text)
	if len(text) == 0 {
		return nil
	}
	if _, _, err := net.SplitHostPort(string(text)); err != nil {
		return fmt.Errorf("%q is not an address such as %s", text, DefaultHTTP)
	}
	return nil
}

func (v *brokerURL) UnmarshalText(text []byte) error {
	v.text = string(text)
	scheme, rest, found := strings.Cut(string(text), "://")
	_, port, err := net.SplitHostPort(rest)
	if len(text) > 0 && (!found || scheme != "tcp" && scheme != "tls" || err != nil || port == "") {
		return fmt.Errorf("%q is not a broker such as tcp://127.0.0.1:1883", text)
	}
	return nil
}

func (v *profileName) UnmarshalText(text []byte) error {
	names := []string{string(scanner.ASCII), string(scanner.SSI)}
	for _, n := range names {
		if strings.EqualFold(n, string(text)) {
			v.text = n
			return nil
		}
	}
	return fmt.Errorf("profile %q is none of %s", text, strings.Join(names, ", "))
}

var terminators = map[string]scanner.Terminator{
	"cr": scanner.CR, "lf": scanner.LF, "crlf": scanner.CRLF, "crcr": scanner.CRCR,
	"tab": scanner.TAB, "stx-etx": scanner.STXETX, "stx/etx": scanner.STXETX, "idle": scanner.Idle,
}

func (v *terminator) UnmarshalText(text []byte) error {
	t, ok := terminators[strings.ToLower(string(text))]
	if !ok {
		return fmt.Errorf("terminator %q is none of cr, lf, crlf, crcr, tab, stx-etx, idle", text)
	}
	v.text = string(t)
	return nil
}
