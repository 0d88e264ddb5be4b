package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"dockfill/agent/config"
	"dockfill/agent/dock"
	"dockfill/agent/dock/docktest"
	"dockfill/allocation"
)

// say runs one command line and gives its exit status and what it wrote.
func say(t *testing.T, in string, args ...string) (code int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	code = execute(context.Background(), args, strings.NewReader(in), &o, &e)
	return code, o.String(), e.String()
}

func twinServer(t *testing.T) (*docktest.Twin, string) {
	t.Helper()
	twin := docktest.New()
	s := httptest.NewServer(dock.Handler(twin, dock.Options{}))
	t.Cleanup(s.Close)
	return twin, s.URL
}

func TestWrongUsageSaysWhatToDo(t *testing.T) {
	for _, c := range []struct {
		args, says string
	}{
		{"stauts", `did you mean "status"`}, {"scan", `expected "<code>"`}, {"decode --bogus", "unknown flag --bogus"},
		{"listen", "--station 1, or --port"}, {"listen --station 1 --port COM3", "can't be used together"},
		{"listen --port COM3 --profile x", `"x" is none of ascii`}, {`scan a\q`, "byte 2"}, {"service", "install"}, {"run --log-level loud", "log-level"},
	} {
		code, out, errs := say(t, "", strings.Fields(c.args)...)
		assert.Equal(t, exitUsage, code, c.args)
		assert.Empty(t, out, c.args)
		assert.Contains(t, errs, c.says, c.args)
	}
	code, out, _ := say(t, "")
	assert.Equal(t, exitGood, code)
	assert.Contains(t, out, "Exit status: 0 good, 1 degraded, 2 down or failed, 3 wrong usage.")
}

func TestVersionIsForPeopleAndPrograms(t *testing.T) {
	_, out, _ := say(t, "", "version")
	assert.Contains(t, out, "dockfill-agent ")
	_, out, _ = say(t, "", "version", "--json")
	assert.Contains(t, out, `"schema":1`)
}

// Of a service that does not start the log is all that a person sees.
func TestEachFaultOfTheConfigurationIsAnEntryOfTheLog(t *testing.T) {
	file := writeConfig(t, "site='l'\nfoo=1\nbar=2\n")
	code, _, errs := say(t, "", "run", "--config", file)
	assert.Equal(t, exitFailed, code)
	for _, want := range []string{":2:1: there is no key foo", ":3:1: there is no key bar", "config check"} {
		assert.Contains(t, errs, want)
	}
	assert.NotContains(t, errs, "\\n")
	assert.GreaterOrEqual(t, strings.Count(strings.TrimSpace(errs), "\n"), 3)
}

func TestStatusEndsAsTheSiteDoes(t *testing.T) {
	twin, url := twinServer(t)
	code, out, _ := say(t, "", "status", "--agent", url)
	assert.Equal(t, exitGood, code)
	assert.Contains(t, out, "leeds: good\n1,204 saved here, 1,204 confirmed")
	twin.Set(func(s *dock.Status, _ *[]dock.Task, _ *dock.Balances) {
		s.Link = dock.Link{Since: time.Now().Add(-10 * time.Second), Problem: "the broker closed the connection"}
	})
	code, out, _ = say(t, "", "status", "--agent", url)
	assert.Equal(t, exitGood, code, "offline for a moment")
	assert.Contains(t, out, "leeds: good\nOffline 10 s: the broker closed the connection. 1,204 saved here")
	assert.Contains(t, out, "centre     offline since ")
	twin.Set(func(s *dock.Status, _ *[]dock.Task, _ *dock.Balances) {
		s.Link.Since = time.Now().Add(-3 * time.Minute)
	})
	code, out, _ = say(t, "", "status", "--agent", url)
	assert.Equal(t, exitDegraded, code)
	assert.Contains(t, out, "leeds: degraded\nOffline 3 min: ")
	_, out, _ = say(t, "", "status", "--help")
	assert.Contains(t, strings.Join(strings.Fields(out), " "), "for more than 2 min the site is offline")
	twin.Set(func(s *dock.Status, _ *[]dock.Task, _ *dock.Balances) {
		s.Link, s.Stations[0].State = dock.Link{Up: true}, dock.StationSearching
	})
	code, out, _ = say(t, "", "status", "--agent", url, "--json")
	assert.Equal(t, exitDegraded, code)
	var body dock.StatusBody
	require.NoError(t, json.Unmarshal([]byte(out), &body))
	assert.Equal(t, 1, body.Schema)
	assert.Equal(t, int64(2890), body.Totals.Allocated)
	twin.Set(func(s *dock.Status, _ *[]dock.Task, _ *dock.Balances) { s.DiskFreeBytes = 1 })
	code, _, _ = say(t, "", "status", "--agent", url)
	assert.Equal(t, exitFailed, code)
}

func TestStatusTellsWhatAStationsScannerIs(t *testing.T) {
	twin, url := twinServer(t)
	twin.Set(func(s *dock.Status, _ *[]dock.Task, _ *dock.Balances) {
		s.Stations[0].Device, s.Stations[0].Revision = "/dev/ttyACM0", "Xenon 1900"
		s.Stations[0].Problem = "the scanner does not answer commands"
	})
	code, out, _ := say(t, "", "status", "--agent", url)
	assert.Equal(t, exitDegraded, code)
	assert.Contains(t, out, "leeds: degraded\nStation 1: the scanner does not answer commands. ")
	assert.Contains(t, out, "station 1  connected, /dev/serial/by-id/usb-scanner-1, /dev/ttyACM0, Xenon 1900, last scan ")
}

func TestSilentAgentIsDown(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	code, _, errs := say(t, "", "status", "--agent", "http://"+l.Addr().String())
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, errs, "no agent answers at http://"+l.Addr().String())
	code, out, _ := say(t, "", "status", "--json", "--agent", "http://"+l.Addr().String())
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, out, `"health":"down","schema":1`)
	code, _, errs = say(t, "", "status", "--agent", "leeds")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, errs, "no URL such as")
}

func TestScanEndsAsItsVerdict(t *testing.T) {
	twin, url := twinServer(t)
	var read []byte
	verdict := allocation.Allocated
	twin.Answer = func(_ allocation.StationID, code []byte) dock.Feedback {
		read = code
		return dock.Feedback{Verdict: verdict, SKU: "X", Qty: 5, Text: "a\x1breason",
			Blocks: []dock.Block{{Destination: "12", Qty: 5, Line: "O1/1", Order: "O1", Filled: 5, Wanted: 5}}, Complete: []allocation.OrderID{"O1"}}
	}
	code, out, _ := say(t, "", "scan", "--agent", url, `01\x1d\xff`)
	assert.Equal(t, exitGood, code)
	assert.Equal(t, "01\x1d\xff", string(read))
	assert.Equal(t, "ALLOCATED 5 x X: a\\x1breason\n  5 for O1/1, 5 of 5 filled, door: 12\n  order O1 is complete\n", out)
	for v, want := range map[allocation.Verdict]int{allocation.Stock: exitGood, allocation.Held: exitGood, allocation.Check: exitDegraded, allocation.Stop: exitFailed} {
		verdict = v
		code, out, _ := say(t, "", "scan", "--agent", url, "--json", "1")
		assert.Equal(t, want, code, v)
		assert.Contains(t, out, `"schema":1`)
	}
	twin.Answer = func(allocation.StationID, []byte) dock.Feedback {
		return dock.Feedback{Verdict: allocation.Check, Why: allocation.WhyUndone, Text: "taken back"}
	}
	code, _, _ = say(t, "", "scan", "--agent", url, "DF:UNDO")
	assert.Equal(t, exitGood, code, "a card that did its work")
	twin.Answer = func(allocation.StationID, []byte) dock.Feedback {
		return dock.Feedback{Verdict: allocation.Stop, Why: allocation.WhyCard, Text: "this version cannot do the card STAGE"}
	}
	code, out, _ = say(t, "", "scan", "--agent", url, "DF:STAGE")
	assert.Equal(t, exitFailed, code, "a card that was refused")
	assert.Contains(t, out, "STOP: this version cannot do")
	_, out, _ = say(t, "", "scan", "--help")
	assert.Contains(t, out, "not held to the guard", "who scans by hand twice counts twice")
	code, _, errs := say(t, "", "scan", "--agent", url, "--station", "9", "1")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, errs, "this site has no station 9")
}

// A service reads its configuration without the environment of the person who
// installs it, from a folder of its own.
func TestServiceInstallReadsWhatItInstalls(t *testing.T) {
	t.Setenv("DOCKFILL_SITE", "leeds")
	t.Setenv("DOCKFILL_DATA", "/var/lib/dockfill")
	for text, says := range map[string]string{
		"site='leeds'\nhtpt='x'\n":    "htpt",
		"site='leeds'\n":              "data is missing",
		"site='leeds'\ndata='data'\n": "write the whole path",
	} {
		code, _, errs := say(t, "", "service", "install", "--config", writeConfig(t, text))
		assert.Equal(t, exitFailed, code, text)
		assert.Contains(t, errs, says, text)
	}
	code, _, errs := say(t, "", "service", "install", "--config", filepath.Join(t.TempDir(), "none.toml"))
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, errs, "none.toml")
}

func TestScanOfNothingIsWrongUsage(t *testing.T) {
	code, _, errs := say(t, "", "scan", "")
	assert.Equal(t, exitUsage, code)
	assert.Contains(t, errs, "the code is empty")
}

func TestStatusOfADamagedSiteClaimsNoFigures(t *testing.T) {
	twin, url := twinServer(t)
	twin.Set(func(s *dock.Status, _ *[]dock.Task, _ *dock.Balances) {
		*s = dock.Status{Site: "leeds", State: "CAPTURE-ONLY", Reason: "the site's database is damaged", Started: s.Started, DiskFreeBytes: 40 << 30, Unread: true}
	})
	code, out, _ := say(t, "", "status", "--agent", url)
	assert.Equal(t, exitDegraded, code)
	assert.Contains(t, out, "nothing is allocated: the site's database is damaged. Scans are set aside until that is over. How much was saved and confirmed is not known")
	assert.Contains(t, out, "policy not known")
	for _, claim := range []string{"0 saved", "0 B", "0 unit", "0 open"} {
		assert.NotContains(t, out, claim)
	}
	_, out, _ = say(t, "", "status", "--agent", url, "--json")
	for _, key := range []string{"saved", "confirmed", "waiting", "policy", "incarnation", "totals", "owed", "database_bytes"} {
		assert.Contains(t, out, `"`+key+`":null`)
	}
}

func TestEscapesReadBackWhatTheyShow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")
		back, err := unescape(escape(b))
		require.NoError(t, err)
		require.Equal(t, string(b), string(back))
	})
	back, err := unescape("\xff\"'raw")
	require.NoError(t, err)
	assert.Equal(t, "\xff\"'raw", string(back), "bytes that need no escape pass as they are")
}

func writeConfig(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "agent.toml")
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	return file
}

func TestListenLeavesTheAgentsPortAlone(t *testing.T) {
	_, url := twinServer(t)
	code, _, errs := say(t, "", "listen", "--agent", url, "--port", "tcp://10.0.0.7:4001")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, errs, "the running agent holds tcp://10.0.0.7:4001 as station 2")
	file := writeConfig(t, "site='leeds'\ndata='"+t.TempDir()+"'\n")
	code, _, errs = say(t, "", "--config", file, "listen", "--agent", url, "--station", "9")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, errs, `names no station "9"`)
}

func TestReplayDecidesAScenario(t *testing.T) {
	in := `{"item":{"sku":"X","gtins":[{"gtin":"4006381333931","qty":1}]}}
{"order":{"id":"O1","customer":"C1","accepted":"2026-01-02T00:00:00Z","door":"12","lines":[{"id":"1","sku":"X","qty":3}]}}
{"scan":{"sku":"X","qty":5,"station":"1","at":"2026-01-03T00:00:00Z"}}
`
	code, out, errs := say(t, in, "replay", "-")
	require.Equal(t, exitGood, code, errs)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	require.Len(t, lines, 4)
	assert.Contains(t, lines[2], `"allocations":[{"line":"O1/1","qty":3}]`)
	assert.Contains(t, lines[3], `"O1/1":{"ordered":3,"cancelled":0,"allocated":3,"staged":0,"open":0}`)
	refused := `{"gift":{}}` + "\n" + `{"scan":{"sku":"X","qty":0}}` + "\n"
	code, out, errs = say(t, refused+in+`{"undo":{"station":"9"}}`, "replay", "-")
	assert.Equal(t, exitDegraded, code, "a script that plays a scenario must not take refused lines for played ones")
	assert.Equal(t, "scenario - has 3 refused lines: their answers say why.\n", errs)
	assert.Contains(t, out, `{"balances":{"lines":{"O1/1":{"ordered":3,"cancelled":0,"allocated":3,`, "the lines behind a refused one were played")
	_, out, _ = say(t, "", "replay", "--help")
	assert.Contains(t, out, "Exit status:")
	code, _, errs = say(t, "", "replay", "/nowhere.jsonl")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, errs, "/nowhere.jsonl")
}

// Who only wants to know how the agent does reads first what stands in the way, and
// last what to do.
func TestACommandThatMeetsABadConfigurationSaysWhatToDo(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "none.toml")
	for _, command := range [][]string{{"status"}, {"scan", "4006381333931"}} {
		code, _, errs := say(t, "", append(command, "--config", writeConfig(t, "site='leeds'\n[[station]\n"))...)
		assert.Equal(t, exitFailed, code, command)
		assert.Contains(t, errs, "agent.toml:2:10: this is no TOML", command)
		assert.Contains(t, errs, "name its address with --agent", command)
		assert.True(t, strings.HasSuffix(errs, "\nMend the configuration, and look at it with `dockfill-agent config check`.\n"), errs)
		code, _, errs = say(t, "", append(command, "--config", missing)...)
		assert.Equal(t, exitFailed, code, command)
		assert.Contains(t, errs, `no such file or directory; check the path, or make the file with "dockfill-agent setup"`, command)
		assert.True(t, strings.HasSuffix(errs, "name its address with --agent, such as "+defaultAgent+"\n"), errs)
	}
}

func TestConfigCheckNamesTheFault(t *testing.T) {
	good := writeConfig(t, "site='leeds'\ndata='/var/lib/dockfill'\n[[station]]\nid='1'\nport='tcp://127.0.0.1:9'\n")
	code, out, errs := say(t, "", "config", "check", "--config", good)
	assert.Equal(t, exitGood, code, errs)
	assert.Contains(t, out, "site leeds, 1 station, without a centre")
	assert.NotContains(t, out, "Warning")
	_, out, _ = say(t, "", "config", "check", "--config", writeConfig(t, "site='leeds'\ndata='data'\n"))
	assert.Contains(t, out, `Warning: data is "data"`)
	code, _, errs = say(t, "", "config", "check", "--config", writeConfig(t, "site='leeds'\nhtpt='x'\n"))
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, errs, "agent.toml:2:1: there is no key htpt; did you mean http?\n")
	assert.Contains(t, errs, "agent.toml has 2 faults.\n")
	code, out, _ = say(t, "", "config", "check", "--json", "--config", writeConfig(t, "site='leeds'\nhtpt='x'\n"))
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, out, `"line":2,"column":1,"key":"htpt","reason":"there is no key htpt","hint":"did you mean http?"}`)
	code, out, _ = say(t, "", "config", "check", "--json", "--config", good)
	assert.Equal(t, exitGood, code)
	assert.Contains(t, out, `{"schema":1,`)
	assert.Contains(t, out, `"good":true,"faults":[],"warnings":[]}`)
	t.Setenv("DOCKFILL_STIE", "leeds")
	code, _, errs = say(t, "", "config", "check", "--config", good)
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, errs, "environment DOCKFILL_STIE: there is no such setting; did you mean DOCKFILL_SITE?")
	require.NoError(t, os.Unsetenv("DOCKFILL_STIE"))
	code, _, errs = say(t, "", "config", "check", "--config", filepath.Join(t.TempDir(), "none.toml"))
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, errs, "none.toml")
}

// The first line that `run` writes is where its pages are; a signal ends it well.
func TestRunTellsItsAddressAndStops(t *testing.T) {
	file := writeConfig(t, "site='leeds'\ndata='"+t.TempDir()+"'\nhttp='127.0.0.1:0'\n[[station]]\nid='1'\n")
	ctx, cancel := context.WithCancel(context.Background())
	r, w := io.Pipe()
	done := make(chan int, 1)
	var errs bytes.Buffer
	go func() {
		done <- execute(ctx, []string{"run", "--config", file}, strings.NewReader(""), w, &errs)
		_ = w.CloseWithError(errors.New("run has ended"))
	}()
	line, err := bufio.NewReader(r).ReadString('\n')
	require.NoError(t, err, &errs)
	require.Regexp(t, `^http http://127\.0\.0\.1:\d+\n$`, line)
	url := strings.TrimSpace(strings.TrimPrefix(line, "http "))
	code, out, _ := say(t, "", "status", "--agent", url)
	assert.Equal(t, exitDegraded, code, "without a life of its own it sets scans aside: %s", out)
	assert.Contains(t, out, "nothing is allocated")
	code, _, text := say(t, "", "scan", "--agent", url, "4006381333931")
	assert.Equal(t, exitGood, code, text)
	cancel()
	assert.Equal(t, exitGood, <-done)
	assert.Contains(t, errs.String(), `"msg":"the agent has stopped"`)
	assert.Contains(t, errs.String(), "sets scans aside")
	assert.NotContains(t, errs.String(), `"the agent receives"`)
}

func TestLogCannotBeForged(t *testing.T) {
	var b bytes.Buffer
	newLog(&b, slog.LevelInfo).Info("scan", "code", "x\n\x1b[2J{}", "error", errors.New("bad\r\nline"))
	assert.Equal(t, 1, strings.Count(b.String(), "\n"))
	assert.NotContains(t, b.String(), "\x1b")
	assert.Contains(t, b.String(), `x\\x0a\\x1b[2J{}`)
}

// A variable that a flag reads must not be refused as a setting.
func TestVariablesOfFlagsAreNoFaults(t *testing.T) {
	var c cli
	k, err := kong.New(&c, kong.Vars{"config": "", "agent": "", "data": ""})
	require.NoError(t, err)
	good := writeConfig(t, "site='leeds'\ndata='/x'\n")
	names := map[string]bool{}
	_ = kong.Visit(k.Model, func(node kong.Visitable, next kong.Next) error {
		if f, ok := node.(*kong.Flag); ok {
			for _, e := range f.Envs {
				names[e] = true
			}
		}
		return next(nil)
	})
	require.NotEmpty(t, names)
	for name := range names {
		t.Setenv(name, "debug")
		_, err := config.Load(good)
		assert.NoError(t, err, name)
	}
}

// A path that leads nowhere is a typing mistake, or a first start: both want a word.
func TestAConfigurationThatIsNotThereSaysWhatToDo(t *testing.T) {
	code, _, errs := say(t, "", "run", "--config", filepath.Join(t.TempDir(), "none.toml"))
	assert.Equal(t, 2, code)
	assert.Contains(t, errs, `none.toml: no such file or directory; check the path, or make the file with \"dockfill-agent setup\"`)
}

func TestAScenarioOrPolicyThatIsNotThereSaysWhatToDo(t *testing.T) {
	none := filepath.Join(t.TempDir(), "none")
	for _, args := range [][]string{{"replay", none}, {"replay", "--policy", none, "-"}} {
		code, _, errs := say(t, "", args...)
		assert.Equal(t, exitFailed, code)
		assert.Contains(t, errs, "no such file or directory; check the path")
	}
	_, _, errs := say(t, "nonsense\n", "replay", "-")
	assert.Equal(t, "scenario - has 1 refused line: its answer says why.\n", errs)
}

// Two names of one device are found before the agent runs, and by it.
func TestTwoStationsAtOneDeviceAreRefused(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "device"), nil, 0o600))
	require.NoError(t, os.Symlink("device", filepath.Join(dir, "dock1")))
	config := writeConfig(t, fmt.Sprintf("site='leeds'\ndata='%[1]s/data'\nhttp='127.0.0.1:0'\n[[station]]\nid='1'\nport='%[1]s/dock1'\n[[station]]\nid='2'\nport='%[1]s/device'\n", dir))
	want := "stations 1 and 2 both lead to " + dir + "/device, and each would get a part of every scan: give each its own, or take one out"
	code, _, errs := say(t, "", "config", "check", "--config", config)
	assert.Equal(t, 2, code)
	assert.Contains(t, errs, want)
	code, out, _ := say(t, "", "config", "check", "--json", "--config", config)
	assert.Equal(t, 2, code)
	assert.Contains(t, out, want)
	code, _, errs = say(t, "", "run", "--config", config)
	assert.Equal(t, 2, code)
	assert.Contains(t, errs, want)
}

// The totals of a day are equal at both ends only after the last scan was confirmed.
func TestStatusCanWaitForTheCentre(t *testing.T) {
	twin, url := twinServer(t)
	twin.Set(func(s *dock.Status, _ *[]dock.Task, _ *dock.Balances) { s.Head = s.Stored + 3 })
	done := make(chan string, 1)
	go func() {
		_, out, errs := say(t, "", "status", "--wait", "--agent", url)
		done <- out + errs
	}()
	require.Never(t, func() bool { return len(done) > 0 }, 500*time.Millisecond, 50*time.Millisecond)
	twin.Set(func(s *dock.Status, _ *[]dock.Task, _ *dock.Balances) { s.Stored = s.Head })
	said := <-done
	assert.Contains(t, said, "Waiting until the centre has confirmed 3 events")
	assert.Contains(t, said, "1,207 saved, 1,207 confirmed")
}

// The two programs' addresses are easily mixed up.
func TestACommandThatMeetsTheCentreSaysSo(t *testing.T) {
	centre := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/v1/summary" {
			http.NotFound(w, r)
			return
		}
		_, _ = io.WriteString(w, `{"units_owed": 0}`)
	}))
	t.Cleanup(centre.Close)
	code, _, errs := say(t, "", "status", "--agent", centre.URL)
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, errs, "is the centre, no agent")
}
