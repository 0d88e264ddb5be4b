package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/agent/config"
	"dockfill/firmware-sim/device"
	"dockfill/scanner"
	"dockfill/scanner/profile"
)

// dockWorker reads what setup says, and scans when it asks for a scan.
type dockWorker struct {
	mu     sync.Mutex
	said   bytes.Buffer
	device *device.Device
	label  string
	tones  chan device.Tone
}

func (w *dockWorker) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if s := string(p); strings.Contains(s, "Scan any barcode now") || strings.Contains(s, "Scan it again") {
		go func() {
			a, _ := w.device.Scan(context.Background(), device.MustLabel(w.label))
			w.tones <- a.Tone
		}()
	}
	return w.said.Write(p)
}

func (w *dockWorker) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.said.String()
}

const mine = `# the north dock
site = "leeds"
data = "/var/lib/dockfill"

[[station]]
id = "1"   # by the door
port = "COM9"
profile = "ssi"
parity = "even"
`

// setUp runs setup against a pretend scanner on a pseudo-terminal.
func setUp(t *testing.T, c device.Config, answers string, args ...string) (code int, worker *dockWorker, file, port, errs string) {
	t.Helper()
	dir := t.TempDir()
	port = filepath.Join(dir, "scanner")
	c.Link = port
	d, err := device.Open(c)
	require.NoError(t, err)
	t.Cleanup(d.Close)
	_, url := twinServer(t)
	file = filepath.Join(dir, "agent.toml")
	require.NoError(t, os.WriteFile(file, []byte(strings.Replace(mine, "COM9", "/dev/ttyS9", 1)), 0o600))
	worker = &dockWorker{device: d, label: "(01)04006381333931(21)B", tones: make(chan device.Tone, 20)}
	var e bytes.Buffer
	args = append([]string{"--config", file, "setup", "--agent", url, "--port", port}, args...)
	code = execute(t.Context(), args, strings.NewReader(answers), worker, &e)
	return code, worker, file, port, e.String()
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	return string(text)
}

func TestSetupFindsSpeedAndTerminatorOfPlainText(t *testing.T) {
	code, worker, file, port, errs := setUp(t, device.Config{Framing: device.CRLF, AIM: true, Baud: 19200}, "2\nn\nascii\ny\n")
	require.Equal(t, exitGood, code, "%s\n%s", worker, errs)
	out := worker.String()
	assert.Contains(t, out, "At 9600 baud this is no text")
	assert.Contains(t, out, "At 19200 baud it sends plain text: ]C10104006381333931")
	assert.Contains(t, out, "+ [[station]]\n+ id = \"2\"\n+ port = \""+port+"\"\n+ profile = \"ascii\"\n+ baud = 19200\n+ terminator = \"crlf\"")
	assert.Equal(t, strings.Replace(mine, "COM9", "/dev/ttyS9", 1)+"\n[[station]]\nid = \"2\"\nport = \""+port+"\"\nprofile = \"ascii\"\nbaud = 19200\nterminator = \"crlf\"\n", read(t, file))
	kept, err := filepath.Glob(file + ".*.old")
	require.NoError(t, err)
	require.Len(t, kept, 1)
	assert.Equal(t, strings.Replace(mine, "COM9", "/dev/ttyS9", 1), read(t, kept[0]))
	code, _, errs = say(t, "", "--config", file, "config", "check")
	assert.Equal(t, exitGood, code, errs)
}

func TestSetupKnowsPacketsAndPlaysTheGoodBeep(t *testing.T) {
	code, worker, file, port, errs := setUp(t, device.Config{Profile: device.SSI, Packets: true}, "1\ny\ny\n")
	require.Equal(t, exitGood, code, "%s\n%s", worker, errs)
	assert.Contains(t, worker.String(), "It sends packets of Zebra's Simple Serial Interface: profile ssi.")
	assert.Contains(t, worker.String(), "Did the scanner itself sound it?")
	tone := <-worker.tones
	for tone != device.Good {
		tone = <-worker.tones
	}
	assert.Equal(t, "# the north dock\nsite = \"leeds\"\ndata = \"/var/lib/dockfill\"\n\n[[station]]\nid = \"1\"   # by the door\nport = \""+port+"\"\nprofile = \"ssi\"\n", read(t, file),
		"the parity of the old scanner is gone")
}

// The data header names the make, and a person the mode.
func TestSetupKnowsTheDataHeader(t *testing.T) {
	code, worker, file, port, errs := setUp(t, device.Config{Profile: device.Honeywell, Header: true, Baud: 19200}, "1\n\nhoneywell\ny\n")
	require.Equal(t, exitGood, code, "%s\n%s", worker, errs)
	assert.Contains(t, worker.String(), "Did it stay silent at this scan")
	assert.Contains(t, worker.String(), "At 19200 baud it sends a data header of Honeywell before each scan.")
	assert.Contains(t, worker.String(), "  honeywell: Honeywell, plain text\n  honeywell-hostack: ")
	assert.Contains(t, worker.String(), "Read with profile honeywell: ")
	assert.Contains(t, read(t, file), "port = \""+port+"\"\nprofile = \"honeywell\"\nbaud = 19200\n")
}

// A header says nothing of Host ACK: with the wrong profile the scanner would complain
// of each scan that was saved, and its repeat would count.
func TestSetupUnattendedDoesNotGuessWhetherHostAckIsOn(t *testing.T) {
	code, worker, file, _, errs := setUp(t, device.Config{Profile: device.HoneywellHostAck, Header: true}, "", "--yes", "--station", "1")
	assert.Equal(t, exitUsage, code, "%s\n%s", worker, errs)
	assert.Contains(t, errs, "--profile")
	assert.NotContains(t, read(t, file), "honeywell")
}

// Nor do the ids: the maker's number is on all its scanners.
func TestSetupDoesNotGuessByAnIdWhetherHostAckIsOn(t *testing.T) {
	recognise := func(c device.Config, unattended bool, answers string) (scanner.Config, string, error) {
		c.Link = filepath.Join(t.TempDir(), "scanner")
		d, err := device.Open(c)
		require.NoError(t, err)
		t.Cleanup(d.Close)
		worker := &dockWorker{device: d, label: "4006381333931", tones: make(chan device.Tone, 20)}
		p := &program{ctx: t.Context(), in: strings.NewReader(answers), out: worker, err: worker}
		s := &setup{setupCmd: setupCmd{Yes: unattended, Wait: 30 * time.Second}, program: p, ask: newAsker(p, unattended)}
		found, err := s.recognise(c.Link, profile.Suggest("0C2E", "0CA1"))
		return found, worker.String(), err
	}
	hostAck := device.Config{Profile: device.HoneywellHostAck, HostWait: time.Second}
	_, said, err := recognise(hostAck, true, "")
	assert.ErrorContains(t, err, "say it with --profile")
	assert.ErrorContains(t, err, "  honeywell-hostack: ")
	assert.ErrorContains(t, err, "  honeywell: ")
	assert.NotContains(t, said, "Scan any barcode", "nothing is opened")

	found, said, err := recognise(hostAck, false, "honeywell-hostack\ny\n")
	require.NoError(t, err, said)
	assert.EqualValues(t, "honeywell-hostack", found.Profile)
	assert.True(t, found.Beep)
	assert.Contains(t, said, "Did it stay silent at this scan")

	found, said, err = recognise(device.Config{Profile: device.Honeywell}, false, "honeywell\n")
	require.NoError(t, err, said)
	assert.EqualValues(t, "honeywell", found.Profile)
	assert.NotContains(t, said, "was told to sound the good beep", "it cannot be")
}

// Without a header nothing that a scanner sends tells of Host ACK; a person hears it.
func TestSetupAsksWhetherAScannerOfPlainTextWaits(t *testing.T) {
	c := device.Config{Profile: device.HoneywellHostAck, HostWait: time.Second}
	code, worker, file, port, errs := setUp(t, c, "2\ny\nhoneywell-hostack\ny\ny\n")
	require.Equal(t, exitGood, code, "%s\n%s", worker, errs)
	assert.Contains(t, worker.String(), "Did it stay silent at this scan and sound an error some seconds later? [y/n]")
	assert.Contains(t, worker.String(), "The scanner was told to sound the good beep")
	assert.Contains(t, read(t, file), "port = \""+port+"\"\nprofile = \"honeywell-hostack\"\n")

	for _, args := range [][]string{{"--yes", "--station", "2"}, {"--yes", "--station", "2", "--profile", "ascii"}} {
		code, worker, _, port, errs := setUp(t, c, "", args...)
		require.Equal(t, exitGood, code, "%s\n%s", worker, errs)
		assert.Contains(t, worker.String(), "Did it stay silent at this scan and sound an error some seconds later? Then Host ACK is on, and units count twice")
		assert.Contains(t, worker.String(), "`dockfill-agent setup --port "+port+" --profile NAME`")
		assert.Contains(t, worker.String(), "  honeywell-hostack: ")
	}
}

// That nobody knows the make is not the same as that it hears no verdict.
func TestSetupSaysThatTheMakeIsNotKnown(t *testing.T) {
	code, worker, file, port, errs := setUp(t, device.Config{AIM: true}, "", "--yes", "--station", "1")
	require.Equal(t, exitGood, code, "%s\n%s", worker, errs)
	out := worker.String()
	assert.Contains(t, out, "Its make is not known, so profile ascii is taken")
	assert.Contains(t, out, "run this again with --profile and the name.\n  datalogic: ")
	assert.NotContains(t, out, "hears no verdict")
	assert.Contains(t, read(t, file), "port = \""+port+"\"\nprofile = \"ascii\"\n")
	code, worker, _, _, errs = setUp(t, device.Config{AIM: true}, "", "--yes", "--station", "1", "--profile", "ascii")
	require.Equal(t, exitGood, code, "%s\n%s", worker, errs)
	assert.Contains(t, worker.String(), "With profile ascii it hears no verdict")
	assert.NotContains(t, worker.String(), "not known")
}

func TestSetupUnattended(t *testing.T) {
	code, worker, file, port, errs := setUp(t, device.Config{Profile: device.SSI}, "", "--profile", "ssi", "--station", "gate", "--yes")
	require.Equal(t, exitGood, code, "%s\n%s", worker, errs)
	assert.Contains(t, read(t, file), "[[station]]\nid = \"gate\"\nport = \""+port+"\"\nprofile = \"ssi\"\n")
	assert.Equal(t, device.Good, <-worker.tones)
}

// Every make that can sound the verdict is heard by its own profile.
func TestSetupOfEachMakeThatAnswers(t *testing.T) {
	for profile, c := range map[string]device.Config{
		"honeywell-hostack": {Profile: device.HoneywellHostAck, Baud: 9600, HostWait: time.Second},
		"honeywell":         {Profile: device.Honeywell},
		"datalogic":         {Profile: device.Datalogic},
		"ssi":               {Profile: device.SSI, Baud: 38400},
	} {
		t.Run(profile, func(t *testing.T) {
			code, worker, file, _, errs := setUp(t, c, "", "--profile", profile, "--station", "1", "--yes")
			require.Equal(t, exitGood, code, "%s\n%s", worker, errs)
			assert.Contains(t, read(t, file), "profile = \""+profile+"\"\n")
			assert.Contains(t, worker.String(), "Read with profile "+profile)
			assert.NotContains(t, worker.String(), `\x`)
			if strings.HasPrefix(profile, "honeywell") {
				assert.Contains(t, worker.String(), "It says of itself: Product Name: Pretend Scanner, Software Revision: ")
			}
		})
	}
}

// What a scanner says of itself comes in lines, and is told in one.
func TestSetupWithoutAScanSaysInPlainWordsWhatIsThere(t *testing.T) {
	link := filepath.Join(t.TempDir(), "scanner")
	d, err := device.Open(device.Config{Link: link, Profile: device.HoneywellHostAck})
	require.NoError(t, err)
	t.Cleanup(d.Close)
	file := writeConfig(t, "site='l'\ndata='/x'\n")
	code, _, errs := say(t, "", "--config", file, "setup", "--agent", "http://127.0.0.1:1", "--port", link, "--profile", "honeywell-hostack", "--yes", "--wait", "2s")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, errs, "no scan came within 2s (connected ")
	assert.Contains(t, errs, "Product Name: Pretend Scanner, Software Revision: ")
	assert.NotContains(t, errs, `\x0d`)
}

// A good answer would have a handheld clear its memory of scans that nobody saved.
func TestSetupLeavesAMemoryAlone(t *testing.T) {
	dir := t.TempDir()
	port := filepath.Join(dir, "scanner")
	d, err := device.Open(device.Config{Link: port, Profile: device.ASCII})
	require.NoError(t, err)
	t.Cleanup(d.Close)
	worker := &dockWorker{device: d, label: "4006381333931", tones: make(chan device.Tone, 9)}
	file := filepath.Join(dir, "agent.toml")
	require.NoError(t, os.WriteFile(file, []byte("site='l'\ndata='/x'\n"), 0o600))
	var errs bytes.Buffer
	code := execute(t.Context(), []string{"--config", file, "setup", "--agent", "http://127.0.0.1:1", "--port", port, "--profile", "batch", "--yes"}, strings.NewReader(""), worker, &errs)
	require.Equal(t, exitGood, code, "%s\n%s", worker, &errs)
	assert.Contains(t, worker.String(), "It sends its memory, which is kept")
	assert.NotContains(t, worker.String(), "good beep")
}

func TestSetupWritesNothingWithoutAYes(t *testing.T) {
	for _, args := range [][]string{{"--dry-run"}, nil} {
		code, worker, file, _, errs := setUp(t, device.Config{Framing: device.STXETX}, "2\nn\n\nn\n", args...)
		if args != nil {
			require.Equal(t, exitGood, code, "%s\n%s", worker, errs)
		} else {
			require.Equal(t, exitFailed, code)
			assert.Contains(t, errs, "nothing was written")
		}
		assert.Contains(t, worker.String(), `+ terminator = "stx-etx"`)
		assert.Contains(t, worker.String(), "sends no symbology identifier")
		assert.Equal(t, strings.Replace(mine, "COM9", "/dev/ttyS9", 1), read(t, file))
		all, err := os.ReadDir(filepath.Dir(file))
		require.NoError(t, err)
		assert.Len(t, all, 2, "no copy is left")
	}
}

func TestSetupMakesANewConfiguration(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "sub", "agent.toml")
	d, err := device.Open(device.Config{Link: filepath.Join(dir, "scanner")})
	require.NoError(t, err)
	t.Cleanup(d.Close)
	worker := &dockWorker{device: d, label: "4006381333931", tones: make(chan device.Tone, 9)}
	var errs bytes.Buffer
	args := []string{"--config", file, "setup", "--agent", "http://127.0.0.1:1", "--port", filepath.Join(dir, "scanner"), "--data", "/d"}
	code := execute(t.Context(), args, strings.NewReader("york\n\n\nn\n\ny\n"), worker, &errs)
	require.Equal(t, exitGood, code, "%s\n%s", worker, &errs)
	assert.Equal(t, "site = \"york\"\ndata = \"/d\"\n\n[[station]]\nid = \"1\"\nport = \""+filepath.Join(dir, "scanner")+"\"\nprofile = \"ascii\"\n", read(t, file))
}

func TestSetupSaysWhyItCannot(t *testing.T) {
	good := writeConfig(t, "site='leeds'\ndata='/x'\n")
	_, url := twinServer(t)
	for _, c := range []struct {
		code       int
		args, says string
	}{
		{exitUsage, "--yes", "name the port with --port"},
		{exitUsage, "--port tcp://h:1 --wait 1ms", "too short"},
		{exitUsage, "--port nowhere", `port "nowhere" is no`},
		{exitUsage, "--port tcp://h:1 --profile zebraa", `profile "zebraa" is none of`},
		{exitUsage, "--port tcp://h:1 --station a\x01b", "station"},
		{exitFailed, "--port tcp://10.0.0.7:4001 --yes --agent " + url, "the running agent holds tcp://10.0.0.7:4001 as station 2"},
		{exitFailed, "--port tcp://127.0.0.1:1 --wait 1s --yes --agent http://127.0.0.1:1", "no scan came within 1s"},
		{exitFailed, "--port tcp://127.0.0.1:1 --agent http://127.0.0.1:1", "there is nobody to ask"},
	} {
		code, out, errs := say(t, "", append([]string{"--config", good, "setup"}, strings.Fields(c.args)...)...)
		assert.Equal(t, c.code, code, "%s: %s%s", c.args, out, errs)
		assert.Contains(t, errs, c.says, c.args)
	}
	code, _, errs := say(t, "", "--config", writeConfig(t, "site='leeds'\n"), "setup", "--port", "tcp://h:1", "--yes")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, errs, "mend them first:\n")
	assert.Contains(t, errs, "data is missing")
	code, _, errs = say(t, "", "--config", filepath.Join(t.TempDir(), "new.toml"), "setup", "--port", "tcp://h:1", "--yes")
	assert.Equal(t, exitUsage, code)
	assert.Contains(t, errs, "say it with --site")
}

// A scanner on a pole has no trigger that anybody could pull: setup pulls it.
func TestSetupPullsTheTrigger(t *testing.T) {
	for _, c := range []device.Config{{Profile: device.SSI, Packets: true}, {Profile: device.HoneywellHostAck}} {
		t.Run(string(c.Profile), func(t *testing.T) {
			port := filepath.Join(t.TempDir(), "scanner")
			var d *device.Device
			pulls, tones := make(chan byte, 20), make(chan device.Tone, 20)
			c.Link, c.OnEvent = port, func(e device.Event) {
				if e.Kind == device.Trigger {
					pulls <- e.Code
				}
			}
			var err error
			d, err = device.Open(c)
			require.NoError(t, err)
			t.Cleanup(d.Close)
			go func() { // a label lies before it
				if <-pulls == 1 {
					a, _ := d.Scan(context.Background(), device.MustLabel("(01)04006381333931(21)B"))
					tones <- a.Tone
				}
			}()
			_, url := twinServer(t)
			file := writeConfig(t, strings.Replace(mine, "COM9", "/dev/ttyS9", 1))
			code, out, errs := say(t, "y\ny\n", "--config", file, "setup", "--agent", url, "--port", port, "--station", "7", "--profile", string(c.Profile), "--trigger", "--dry-run")
			require.Equal(t, exitGood, code, "%s\n%s", out, errs)
			assert.Equal(t, device.Good, <-tones)
			assert.Equal(t, byte(0), <-pulls, "and let go")
			assert.NotContains(t, out, "cannot be told to read")
			if c.Profile == device.HoneywellHostAck {
				assert.Contains(t, out, "It says of itself: ")
			}
		})
	}
}

func TestSetupSaysWhereATriggerCannotBePulled(t *testing.T) {
	code, worker, _, _, errs := setUp(t, device.Config{}, "2\nn\nascii\ny\n", "--trigger", "--dry-run")
	require.Equal(t, exitGood, code, "%s\n%s", worker, errs)
	assert.Equal(t, 1, strings.Count(worker.String(), "cannot be told to read: pull its trigger"))
	code, worker, _, _, errs = setUp(t, device.Config{}, "2\n", "--trigger", "--dry-run", "--profile", "ASCII")
	require.Equal(t, exitGood, code, "%s\n%s", worker, errs)
	assert.Equal(t, 1, strings.Count(worker.String(), "With profile ascii the scanner cannot be told to read: pull its trigger.\n"))
}

// What a person has permitted for a port stays permitted when its scanner is set up anew.
func TestSetupKeepsAPermittedName(t *testing.T) {
	link := filepath.Join(t.TempDir(), "scanner")
	file := writeConfig(t, "site='l'\ndata='/x'\n[[station]]\nid='4'\nport='"+link+"'\nunstable=true\n")
	site, err := config.LoadFile(file)
	require.NoError(t, err)
	s := &setup{config: site}
	assert.True(t, s.isUnstable(link))
	assert.False(t, s.isUnstable("/dev/ttyUSB0"))
	settings, err := s.settings(scanner.Config{Port: link, Profile: scanner.ASCII}, false)
	require.NoError(t, err)
	assert.Contains(t, settings, config.Setting{Key: "unstable", Value: true})
}
