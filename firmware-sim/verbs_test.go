//go:build linux || darwin

package main

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/firmware-sim/device"
	"dockfill/firmware-sim/scenarios"
)

// listener is a host that reads and says nothing.
type listener struct {
	file *os.File
	got  chan string
}

// listen opens a link as soon as it is there and gives what came when the port
// is gone.
func listen(t *testing.T, link string) *listener {
	t.Helper()
	l := &listener{got: make(chan string, 1)}
	go func() {
		var err error
		for l.file, err = openRaw(link); err != nil; l.file, err = openRaw(link) {
			time.Sleep(5 * time.Millisecond)
		}
		defer l.file.Close()
		var all strings.Builder
		buf := make([]byte, 4096)
		for {
			l.file.SetReadDeadline(time.Now().Add(30 * time.Second))
			n, err := l.file.Read(buf)
			all.Write(buf[:n])
			if err != nil {
				l.got <- all.String()
				return
			}
		}
	}()
	return l
}

// typed plays a story with one plain scanner and gives what went over its port.
func typed(t *testing.T, story string) (wire, out string) {
	t.Helper()
	port := link(t)
	l := listen(t, port)
	status, out, errs := do(t, strings.ReplaceAll(story, "{link}", port)+"\nwait 300ms\n", "play", "-")
	require.Equal(t, 0, status, "%s%s", out, errs)
	select {
	case wire = <-l.got:
	case <-time.After(30 * time.Second):
		require.Fail(t, "the port never closed")
	}
	return wire, out
}

func TestAWorkerOutOfRangeDeliversLater(t *testing.T) {
	t.Parallel()
	port := link(t)
	a := serve(t, &fakeAgent{verdict: good}, port)
	story := fmt.Sprintf("device d ssi link=%s\nready d\nscan d 1\naway d\nscan d A{n} x3\nsay gone\nback d", port)
	status, out, errs := do(t, story, "play", "-")
	require.Equal(t, 0, status, "%s%s", out, errs)
	assert.Equal(t, []string{"1", "A2", "A3", "A4"}, a.scans())
	assert.Contains(t, out, "d is back with 3 scans")
}

func TestAMemoryIsPastedAsOftenAsAsked(t *testing.T) {
	t.Parallel()
	wire, out := typed(t, "device d batch link={link} framing=lf\nready d\nscan d A{n} x2\nupload d x2 gap=10ms\ndelete d 1\nupload d\nclear d\nscan d B\nupload d rate=100")
	assert.Equal(t, "A1\nA2\nA1\nA2\nA2\nB\n", wire)
	assert.Contains(t, out, "sent=6 ")
	assert.Contains(t, out, "kept=3 ")
	assert.Contains(t, out, "upload of 1 scan in")
}

func TestAFloodRunsBesideTheScenario(t *testing.T) {
	t.Parallel()
	wire, _ := typed(t, "device d ascii link={link} gs=|\nready d\nflood d (10)A{n}(21)B x50 rate=1000 &\nsay meanwhile\njoin d")
	assert.Equal(t, 50, strings.Count(wire, "|21B\r"))
}

func TestInKeyboardModeNothingIsSentAndNothingCounted(t *testing.T) {
	t.Parallel()
	wire, out := typed(t, "device d ascii link={link}\nready d\nkeyboard d on\nscan d 1\nexpect d none\nkeyboard d off\nscan d 2")
	assert.Equal(t, "2\r", wire)
	assert.Contains(t, out, "keyboard mode")
	assert.Contains(t, out, "sent=1 ")
}

func TestTwoScannersDeliverOneScan(t *testing.T) {
	t.Parallel()
	one, two := link(t), link(t)
	a, b := listen(t, one), listen(t, two)
	story := fmt.Sprintf("device a ascii link=%s\ndevice b ascii link=%s\nready a\nready b\nboth a b C{n} gap=20ms\nwait 300ms\n", one, two)
	status, _, errs := do(t, story, "play", "-")
	require.Equal(t, 0, status, errs)
	assert.Equal(t, "C1\r", <-a.got)
	assert.Equal(t, "C1\r", <-b.got)
}

func TestBackgroundWorkGoesOnThroughAReplug(t *testing.T) {
	t.Parallel()
	port := link(t)
	a := serve(t, &fakeAgent{verdict: good}, port)
	story := fmt.Sprintf("device d ssi link=%s\nready d\npace d 5ms\nwork d W{n} x40\nwait 50ms\nunplug d\nwait 50ms\nplug d\njoin d\n", port)
	status, out, errs := do(t, story, "play", "-")
	require.Equal(t, 0, status, "%s%s", out, errs)
	assert.Contains(t, out, "sent=40 good=40 ")
	seen := map[string]bool{}
	for _, s := range a.scans() {
		seen[s] = true
	}
	assert.Len(t, seen, 40)
}

func TestARecordedPlayIsPlayedBack(t *testing.T) {
	t.Parallel()
	port, tape := link(t), filepath.Join(t.TempDir(), "dock1.txt")
	serve(t, &fakeAgent{verdict: good}, port)
	story := fmt.Sprintf("device d ssi link=%s\nready d\nscan d 1\nscan d 2\nwait 300ms\n", port)
	status, _, errs := do(t, story, "play", "-", "--record", tape)
	require.Equal(t, 0, status, errs)

	again := link(t)
	serve(t, &fakeAgent{verdict: good}, again)
	status, out, errs := do(t, "", "playback", tape, "--link", again)
	assert.Equal(t, 0, status, "%s%s", out, errs)

	other := link(t)
	serve(t, &fakeAgent{verdict: func(data string) (byte, bool) { return 0x09, data != "2" }}, other)
	status, _, errs = do(t, "", "playback", tape, "--link", other)
	assert.Equal(t, 1, status)
	assert.Contains(t, errs, "dock1.txt: line ")
	assert.Contains(t, errs, "the host said")
}

// A play that is killed leaves what it has recorded.
func TestARecordingIsWrittenAsItGoes(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "tape.txt")
	rec, err := newTapes(file, 1).recorder("d", "ascii")
	require.NoError(t, err)
	d, err := device.Open(device.Config{Link: link(t), Record: rec})
	require.NoError(t, err)
	defer d.Close()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Regexp(t, `(?m)^! \d\.\d{6}s plug$`, string(text))
}

func TestSeveralScannersAreRecordedApart(t *testing.T) {
	t.Parallel()
	one, two, dir := link(t), link(t), t.TempDir()
	listen(t, one)
	listen(t, two)
	story := fmt.Sprintf("device a ascii link=%s\ndevice b ascii link=%s\nready a\nready b\nscan a 1\nscan b 2\n", one, two)
	status, _, errs := do(t, story, "play", "-", "--record", filepath.Join(dir, "tape.txt"))
	require.Equal(t, 0, status, errs)
	for name, want := range map[string]string{"a": `s "1\r"`, "b": `s "2\r"`} {
		text, err := os.ReadFile(filepath.Join(dir, "tape-"+name+".txt"))
		require.NoError(t, err)
		assert.Contains(t, string(text), want)
		assert.Contains(t, string(text), "profile ascii")
	}
}

func TestScanPastesAMemory(t *testing.T) {
	t.Parallel()
	port := link(t)
	l := listen(t, port)
	status, out, errs := do(t, "", "scan", "--port", port, "--profile", "batch", "1", "2")
	require.Equal(t, 0, status, errs)
	assert.Equal(t, "1\r2\r", <-l.got)
	assert.Contains(t, out, "kept in the scanner's memory")
	assert.Contains(t, out, "= 2 scans pasted")
}

func TestMistakesInTheNewerVerbsNameTheirRemedy(t *testing.T) {
	t.Parallel()
	for story, want := range map[string]string{
		"device d ascii link=%s\nkeyboard d maybe":                    "on or off",
		"device d ascii link=%s\nupload d":                            "no memory to upload",
		"device d ascii link=%s\nclear d":                             "no memory to clear",
		"device d ascii link=%s\ndelete d 1":                          "no memory to delete from",
		"device d ssi link=%s\nflood d 1 x5":                          "waits for its host",
		"device d ascii link=%s\naway d":                              "one that can be carried out of range is of ssi, honeywell-hostack, datalogic-cordless",
		"device d ssi link=%s\nback d":                                "d is not out of range: write `away d` above",
		"device d ssi link=%s\naway d\nbad d split 1":                 "is out of range here",
		"device d ascii link=%s\nscan d 1\nexpect d good":             "hears no verdict, so it never sounds good",
		"device d batch link=%s\nbad d torn 1":                        "sends nothing before its upload: write `upload NAME fault=torn`",
		"device d batch link=%s\nupload d fault=nul":                  "write `bad` above the upload",
		"device d batch link=%s\nupload d x2 fault=noterm":            "leave xN, gap and rate out",
		"device d ascii link=%s framing=none\nbad d noterm 1":         "there is none",
		"device d ascii link=%s\nbad d lostgs 4006381333931":          "holds no GS that could be lost",
		"device d ascii link=%s\nbad d nul 1 gap=1s":                  "gap is the time between the readings",
		"device d ascii link=%s\nplug d":                              "d is plugged in already",
		"device d ascii link=%s\nunplug d\nscan d 1":                  "d is unplugged by now: write `plug d` above",
		"device d ascii link=%s\nbad d torn 1\nscan d 1":              "d is unplugged by now",
		"device d ascii link=%s\nrelease d":                           "neither held nor denied",
		"device d ascii link=%s\nboth d d 1":                          "d is named twice",
		"device d ssi link=%s framing=crlf":                           "has no framing",
		"device d ssi link=%s hostwait=5s":                            "has not a wait for the host",
		"device d ascii link=%s ackwait=1s":                           "waits for no acknowledgement",
		"device d honeywell link=%s hostwait=5m":                      "waits 1s to 90s",
		"device d ssi listen=127.0.0.1:0\nbaud d 9600 # %s":           "has no speed",
		"device d ssi listen=127.0.0.1:0\nunplug d\nplug d held # %s": "cannot be moved, held or denied",
		"device d ascii link=%s\nflood d 1 x5 rate=0":                 "write rate=524",
		"device d ascii link=%s\nflood d 1 x5 speed=9":                "is not understood here",
		"device d ascii link=%s\nplug d sideways":                     "is not understood here",
		"device d ascii link=%s\njoin d":                              "begin it with `work`",
		"device d ascii link=%s\nboth d e 1":                          `did you mean "d"?`,
		"device d ascii link=%s\nbad d double 1 gap=late":             `"late" is no time`,
		"device d ascii link=%s aim=yes":                              "stands alone",
		"device d ascii link=%s baud=fast":                            "no number above 0",
		"device d ascii link=%s framing=etx":                          "none of cr, lf, crlf",
		"device d ascii link=%s\nbaud d 0":                            "no number above 0",
		"device d ascii link=%s\nwork d 1 x5\nwork d 2 x5":            "join it first",
		"device d ascii link=%s framing=cr\nbad d lostack 1":          "needs a handshake",
	} {
		status, _, errs := do(t, fmt.Sprintf(story, link(t)), "play", "-")
		assert.Equal(t, 3, status, story)
		assert.Contains(t, errs, want, story)
		assert.Regexp(t, `standard input:\d: `, errs, story)
	}
}

// A scenario that cannot be played to its end is not begun: all that is wrong with it
// is told, and no port is made, no scan sent, no recording begun.
func TestNothingIsPlayedOfAScenarioThatCannotBePlayedToItsEnd(t *testing.T) {
	t.Parallel()
	port := link(t)
	tape := filepath.Join(t.TempDir(), "tape.txt")
	story := fmt.Sprintf("say hello\ndevice d ascii link=%s\nready d\nscan d 1\nbad d checksum 1\naway d\nexpect d good\ndevice e zebra aim\nscan e 1\n", port)
	status, out, errs := do(t, story, "play", "-", "--record", tape)
	assert.Equal(t, 3, status)
	assert.Empty(t, out)
	for _, want := range []string{
		`standard input:5: the fault "checksum" needs a handshake, which the profile ascii has not`,
		"standard input:6: a device of profile ascii", "standard input:7: a device of profile ascii hears no verdict", "standard input:8: a device needs either",
	} {
		assert.Contains(t, errs, want)
	}
	assert.NotContains(t, errs, "standard input:9", "what follows from a mistake is no other one")
	assert.NoFileExists(t, port)
	assert.NoFileExists(t, tape)
}

// Whatever ships must be one that can be played.
func TestEverySampleIsUnderstood(t *testing.T) {
	t.Parallel()
	names, err := fs.Glob(scenarios.Samples, "*.txt")
	require.NoError(t, err)
	for _, name := range names {
		text, err := scenarios.Samples.Open(name)
		require.NoError(t, err)
		steps, err := scenarios.Parse(name, text, nil)
		require.NoError(t, err)
		_, err = newPlayer(io.Discard, false).plan(steps)
		assert.NoError(t, err)
	}
}

func TestHelpNamesEveryVerbProfileOptionAndFault(t *testing.T) {
	t.Parallel()
	_, help, _ := do(t, "", "play", "--help")
	for _, v := range scenarios.Verbs() {
		assert.Contains(t, help, scenarios.Usage(v))
	}
	for _, p := range device.Profiles {
		assert.Contains(t, help, p.Meaning)
	}
	for _, o := range deviceOptions {
		assert.Contains(t, help, o.usage)
	}
	for _, f := range device.Faults {
		assert.Contains(t, help, f.Meaning)
	}
}

func TestSixtyFourStationsRunInOneProcess(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var ports []string
	for n := range 64 {
		ports = append(ports, filepath.Join(dir, fmt.Sprintf("station-%d", n+1)))
	}
	serve(t, &fakeAgent{verdict: good}, ports...)
	status, out, errs := do(t, "", "load", "--links", dir, "--stations", "64", "--count", "640")
	require.Equal(t, 0, status, errs)
	assert.Contains(t, out, "sent=640 good=640 ")
}

// TestMain lets the test's own program be the other one that holds a port.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "hold" {
		main()
	}
	os.Exit(m.Run())
}

func TestAHeldPortIsHeldByAnotherProcess(t *testing.T) {
	t.Parallel()
	port := link(t)
	status, out, errs := do(t, fmt.Sprintf("device d ascii link=%s\nunplug d\nplug d held\nrelease d\nunplug d\nplug d held", port), "play", "-")
	require.Equal(t, 0, status, errs)
	holders := regexp.MustCompile(`process (\d+) holds /dev/pts/\d+, the port of d`).FindAllStringSubmatch(out, -1)
	require.Len(t, holders, 2, out)
	for _, pid := range holders {
		assert.NotEqual(t, fmt.Sprint(os.Getpid()), pid[1])
		_, err := os.Stat("/proc/" + pid[1])
		assert.ErrorIs(t, err, os.ErrNotExist, "the other process has ended, also where nobody released the port")
	}
}
