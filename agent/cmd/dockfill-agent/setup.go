package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"dockfill/agent/config"
	"dockfill/agent/service"
	"dockfill/allocation"
	"dockfill/scanner"
	"dockfill/scanner/hid"
	"dockfill/scanner/profile"
	"dockfill/scanner/source"
)

type setupCmd struct {
	target
	Port    string        `placeholder:"NAME" help:"The scanner's port, as 'ports' lists it or tcp://host:port; asked for otherwise."`
	Station string        `placeholder:"ID" help:"The station to add or to change; asked for otherwise."`
	Profile string        `placeholder:"NAME" help:"What the scanner speaks; recognised otherwise."`
	Site    string        `placeholder:"NAME" help:"For a new configuration: this warehouse, as orders name it."`
	Data    string        `placeholder:"DIR" help:"For a new configuration: where scans are kept (default ${data})."`
	Broker  string        `placeholder:"URL" help:"For a new configuration: the centre's broker, tcp:// or tls://host:port."`
	Wait    time.Duration `default:"60s" help:"How long to wait for the scan."`
	Trigger bool          `help:"Have the scanner read by itself, for one without a trigger or out of reach: hold a barcode before it. Zebra (ssi) and Honeywell can be told so."`
	Yes     bool          `help:"Ask nothing: take what is recognised and write it. Needs --port."`
	DryRun  bool          `help:"Show what would be written, and write nothing."`
}

// Help says what happens.
func (setupCmd) Help() string {
	return `It lists the ports without opening one, opens the one that you choose and no other, and asks for one scan. From what arrives it recognises the
profile, the speed and how a scan ends; where the scanner can sound the verdict it plays the good beep once as a test and asks whether it was heard.
Then it shows the change of the configuration and writes it after a yes: the station's table alone, your other lines and comments stay. The old file is
kept beside it. Nothing that is scanned here is saved.

Unattended: dockfill-agent setup --port usb:05E0:1701 --station 1 --yes, with somebody who scans.

Exit status:
  0  the configuration is written, or --dry-run showed it.
  2  nothing was written: no scan came, the port cannot be opened, the configuration has faults, or the answer was no.`
}

// errDeclined ends a setup that a person did not want.
var errDeclined = errors.New("nothing was written")

// setup is one run of the command.
type setup struct {
	setupCmd
	*program
	ask    *asker
	text   []byte // of the configuration; nil where there is none
	config config.Config
}

// Run is the story of one scanner.
func (c setupCmd) Run(p *program) error {
	if err := c.check(); err != nil {
		return err
	}
	s := &setup{setupCmd: c, program: p, ask: newAsker(p, c.Yes)}
	if err := s.read(); err != nil {
		return err
	}
	if s.Profile != "" {
		if _, err := s.config.Profiles.Find(strings.ToLower(s.Profile)); err != nil {
			return usageError(err.Error())
		}
	}
	port, fits, err := s.choosePort()
	if err != nil {
		return err
	}
	if _, err := source.New(scanner.Config{Station: "setup", Port: port, Unstable: true}); err != nil {
		return usageError(strings.ReplaceAll(err.Error(), "station setup: ", ""))
	}
	if err := s.refuseHeld(p, port, false); err != nil {
		return err
	}
	station, err := s.chooseStation(port)
	if err != nil {
		return err
	}
	found, err := s.recognise(port, fits)
	if err != nil {
		return err
	}
	return s.write(station, found)
}

func (c setupCmd) check() error {
	switch {
	case c.Yes && c.Port == "":
		return usageError("--yes asks nothing, so name the port with --port; `dockfill-agent ports` lists them")
	case c.Station != "" && allocation.CheckID("station", c.Station) != nil:
		return usageError(allocation.CheckID("station", c.Station).Error())
	case c.Wait < time.Second:
		return usageError(fmt.Sprintf("--wait %v is too short to pick up a scanner; at least 1s", c.Wait))
	}
	return nil
}

// read takes the present configuration, which must be good, or begins a new one.
func (s *setup) read() error {
	text, err := os.ReadFile(s.configFile())
	if errors.Is(err, fs.ErrNotExist) {
		return s.begin()
	}
	if err != nil {
		return fmt.Errorf("configuration: %w", err)
	}
	s.text = text
	if s.config, err = config.LoadFile(s.configFile()); err != nil {
		return fmt.Errorf("the configuration has faults already; mend them first:\n%w", err)
	}
	return nil
}

// begin writes what a new configuration needs, in memory.
func (s *setup) begin() error {
	fmt.Fprintf(s.out, "There is no %s yet; it will be made.\n", s.configFile())
	for _, question := range []struct {
		value        *string
		text, preset string
		flag         string
	}{
		{&s.Site, "Name of this warehouse, as orders name it (a-z, 0-9 and -)", "", "--site"},
		{&s.Data, "Folder for the scans, on a disk of this machine", service.DefaultData(), ""},
		{&s.Broker, "The centre's broker, such as tcp://10.0.0.5:1883 (empty: none yet)", "", ""},
	} {
		if *question.value != "" {
			continue
		}
		answer, err := s.ask.text(question.text, question.preset, question.flag)
		if err != nil {
			return err
		}
		*question.value = answer
	}
	text := fmt.Sprintf("site = %s\ndata = %s\n", config.Quoted(s.Site), config.Quoted(s.Data))
	if s.Broker != "" {
		text += fmt.Sprintf("\n[centre]\nbroker = %s\n", config.Quoted(s.Broker))
	}
	var err error
	s.config, err = config.Parse(s.configFile(), []byte(text))
	if err != nil {
		return fmt.Errorf("that makes no good configuration:\n%w", err)
	}
	s.text = []byte(text)
	return nil
}

// choosePort gives the port's name and the profiles that fit its ids.
func (s *setup) choosePort() (string, []profile.Suggestion, error) {
	seen, err := seePorts(s.config.Profiles)
	if err != nil {
		return "", nil, err
	}
	if s.Port == "" {
		if s.Port, err = s.pick(seen); err != nil {
			return "", nil, err
		}
	}
	for _, x := range seen {
		if s.Port == x.Stable || s.Port == x.Path {
			if x.Problem != "" {
				return "", nil, fmt.Errorf("%s: %s", x.Stable, x.Problem)
			}
			if len(x.HeldBy) > 0 {
				return "", nil, fmt.Errorf("%s is open in %s; stop that program first", x.Stable, strings.Join(x.HeldBy, ", "))
			}
			return s.Port, s.config.Profiles.Suggest(x.VID, x.PID), nil
		}
	}
	return s.Port, nil, nil
}

// pick has the person choose among the ports, or name another.
func (s *setup) pick(seen []portSeen) (string, error) {
	if len(seen) == 0 {
		fmt.Fprintln(s.out, "No scanner port is plugged in. Plug the scanner in, or name a device server as tcp://host:port. A scanner that types into windows is in keyboard mode: its guide has a setup barcode for USB serial (CDC) mode.")
	}
	for i, x := range seen {
		line := fmt.Sprintf("%d  %s", i+1, x.Stable)
		for _, more := range []string{x.Product, x.Profile, s.stationAt(x.Stable), x.Problem} {
			if more != "" {
				line += ", " + more
			}
		}
		fmt.Fprintln(s.out, line)
	}
	answer, err := s.ask.text("Which port? Its number, or a name", "", "--port")
	if err != nil {
		return "", err
	}
	for i, x := range seen {
		if answer == fmt.Sprint(i+1) {
			return x.Stable, nil
		}
	}
	return answer, nil
}

// stationAt names the station that is configured for a port.
func (s *setup) stationAt(port string) string {
	for _, c := range s.config.Stations {
		if c.Port == port {
			return "station " + string(c.Station)
		}
	}
	return ""
}

// chooseStation takes the station that has the port, or the next free number.
func (s *setup) chooseStation(port string) (string, error) {
	if s.Station != "" {
		return s.Station, nil
	}
	preset := strings.TrimPrefix(s.stationAt(port), "station ")
	for n := 1; preset == ""; n++ {
		if !s.hasStation(fmt.Sprint(n)) {
			preset = fmt.Sprint(n)
		}
	}
	return s.ask.text("Which station is it", preset, "--station")
}

func (s *setup) hasStation(id string) bool {
	for _, c := range s.config.Stations {
		if string(c.Station) == id {
			return true
		}
	}
	return false
}

// recognise opens the chosen port and finds out what the scanner says.
func (s *setup) recognise(port string, fits []profile.Suggestion) (scanner.Config, error) {
	l := &listener{setup: s, port: port}
	name := strings.ToLower(s.Profile)
	switch {
	case name != "" || hid.Names(port):
		return l.trial(scanner.Config{Profile: scanner.Profile(name)})
	case len(profile.Undecided(fits)) > 0:
		fmt.Fprintf(s.out, "%s.\n", fits[0].Why)
		return l.undecided(names(profile.Undecided(fits)))
	case len(fits) > 0:
		fmt.Fprintf(s.out, "%s: profile %s.\n", fits[0].Why, fits[0].Profile)
		return l.trial(scanner.Config{Profile: scanner.Profile(fits[0].Profile)})
	}
	return l.unknown()
}
