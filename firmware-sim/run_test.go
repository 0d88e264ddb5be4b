//go:build linux || darwin

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/firmware-sim/ledger"
)

func link(t *testing.T) string { return filepath.Join(t.TempDir(), "dock1") }

func TestScanShowsWhatTheScannerWasTold(t *testing.T) {
	t.Parallel()
	port := link(t)
	serve(t, &fakeAgent{verdict: good}, port)
	status, out, _ := do(t, "", "scan", "--port", port, "4006381333931", "82582")
	assert.Equal(t, 0, status)
	assert.Contains(t, out, "parameter EEh set to 1")
	assert.Contains(t, out, "beep 00h, one short high: good")
	assert.Equal(t, 2, strings.Count(out, "= good after"))
}

func TestScanFailsWithoutATone(t *testing.T) {
	t.Parallel()
	port := link(t)
	serve(t, &fakeAgent{verdict: func(string) (byte, bool) { return 0, false }}, port)
	status, out, errs := do(t, "", "scan", "--port", port, "82582")
	assert.Equal(t, 1, status)
	assert.Contains(t, out, "= no tone")
	assert.Contains(t, errs, "1 of 1 scan got no tone")
}

func TestScanSaysThatNoAgentIsThere(t *testing.T) {
	t.Parallel()
	port := link(t)
	status, _, errs := do(t, "", "scan", "--port", port, "--wait", "1s", "82582")
	assert.Equal(t, 2, status)
	assert.Contains(t, errs, "waiting for an agent at "+port)
	assert.Contains(t, errs, "start the agent with this port")
}

// A scanner that waits for packets does not see an agent that sends none.
func TestScanSaysThatItWaitsForPackets(t *testing.T) {
	t.Parallel()
	status, _, errs := do(t, "", "scan", "--port", link(t), "--profile", "ssi", "--wait", "1s", "82582")
	assert.Equal(t, 2, status)
	assert.Contains(t, errs, "or the one that has sends no SSI packet, which is waited for here: start the agent with this port and profile ssi")
}

func TestWrongUsageIsNamedBeforeAnythingStarts(t *testing.T) {
	t.Parallel()
	empty := filepath.Join(t.TempDir(), "tape")
	require.NoError(t, os.WriteFile(empty, []byte("# nothing came\n"), 0o600))
	for _, c := range []struct {
		args string
		want string
	}{
		{"scna", `did you mean "scan"?`},
		{"scan 1", "missing"},
		{`scan --port x a\q`, "broken escape"},
		{"play nowhere.txt", "no sample either"},
		{"load --links d --gtin 4006381333932", "its check digit is 1"},
		{"load --links d --gtin 123", "has 3 digits"},
		{"load --links d --profile ascii --ledger f", "hears no tone"},
		{"load --links d --serial 12345678901", "AI 21"},
		{"scenario show nothing", "no sample"},
		{"playback " + empty + " --link " + empty + ".port", empty + " holds no step: record one with `firmware-sim play --record FILE`"},
	} {
		status, _, errs := do(t, "", strings.Fields(c.args)...)
		assert.Equal(t, 3, status, c.args)
		assert.Contains(t, errs, c.want, c.args)
	}
}

func TestHelpIsGivenWithoutArguments(t *testing.T) {
	t.Parallel()
	status, out, _ := do(t, "")
	assert.Equal(t, 0, status)
	assert.Contains(t, out, "Usage: firmware-sim <command>")
}

func TestEveryRoughWireScanCountsOnce(t *testing.T) {
	t.Parallel()
	port := link(t)
	a := serve(t, &fakeAgent{verdict: good}, port)
	status, out, errs := do(t, "", "play", "rough-wire", "--set", "link="+port)
	require.Equal(t, 0, status, "%s%s", out, errs)
	times := map[string]int{}
	for _, s := range a.scans() {
		times[s]++
	}
	for n := 1; n <= 7; n++ {
		want := 1
		if n == 6 {
			want = 2 // the double trigger: two readings, for the agent to tell apart
		}
		assert.Equal(t, want, times[fmt.Sprintf("010950600013435221ROUGH-%d", n)], n)
	}
}

func TestAnUnmetExpectationFailsThePlay(t *testing.T) {
	t.Parallel()
	port := link(t)
	serve(t, &fakeAgent{verdict: func(string) (byte, bool) { return 0x09, true }}, port)
	story := fmt.Sprintf("device d ssi link=%s\nready d\nscan d 1\nexpect d good\nexpect d stop\n", port)
	status, out, errs := do(t, story, "play", "-")
	assert.Equal(t, 1, status)
	assert.Contains(t, out, "standard input:4: d got stop instead of good")
	assert.Contains(t, errs, "1 expectation was not met")
}

func TestMistakesInAScenarioNameTheirLine(t *testing.T) {
	t.Parallel()
	port := link(t)
	for story, want := range map[string]string{
		"scan dock 1":                                  "standard input:1: there is no device \"dock\": declare it above",
		"device d ssi link=%s\nscan e 1":               `standard input:2: there is no device "e"; did you mean "d"?`,
		"device d ssi link=%s\nbad d splt 1":           `did you mean "split"?`,
		"device d ascii link=%s\nbad d checksum 1":     "needs a handshake, which the profile ascii has not",
		"device d ssi link=%s\nbad d split":            "write `bad d split CODE`",
		"device d ssi link=%s\nscan d 1 20":            `"20" is no count: write x20`,
		"device d ssi lnik=%s":                         `did you mean "link"?`,
		"device d ssi link=%s\nexpect d god":           `did you mean "good"?`,
		"wait long":                                    `"long" is no time`,
		"network n listen=127.0.0.1:0 t=x":             "needs listen=ADDR and to=ADDR",
		"network n listen=127.0.0.1:0 to=x\nnet n cat": `did you mean "cut"?`,
		"device d zebra link=%s":                       "none of ascii, ssi",
	} {
		if strings.Contains(story, "%s") {
			story = fmt.Sprintf(story, port)
		}
		status, _, errs := do(t, story, "play", "-")
		assert.NotEqual(t, 0, status, story)
		assert.Contains(t, errs, want, story)
	}
}

func TestLoadScansEveryCodeOnceAndWritesEveryToneDown(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var ports []string
	for n := range 4 {
		ports = append(ports, filepath.Join(dir, fmt.Sprintf("station-%d", n+1)))
	}
	tones := filepath.Join(dir, "tones.jsonl")
	serve(t, &fakeAgent{verdict: good}, ports...)
	status, out, errs := do(t, "", "load", "--links", dir, "--stations", "4", "--count", "200", "--ledger", tones, "--serial", "T")
	require.Equal(t, 0, status, errs)
	assert.Contains(t, out, "sent=200 good=200 ")
	assert.Contains(t, out, "unanswered=0 ")
	entries, err := ledger.Read(tones)
	require.NoError(t, err)
	require.Len(t, entries, 200)
	codes := map[string]bool{}
	for _, e := range entries {
		assert.Equal(t, "good", e.Tone)
		assert.True(t, strings.HasPrefix(e.Code, "010950600013435221T-"), e.Code)
		codes[e.Code] = true
	}
	assert.Len(t, codes, 200)
}

func TestAWorkerWhoHearsNothingScansTheSameAgain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	tones := filepath.Join(dir, "tones.jsonl")
	pulls := 0
	serve(t, &fakeAgent{verdict: func(string) (byte, bool) { pulls++; return 0, pulls > 1 }}, filepath.Join(dir, "station-1"))
	status, out, _ := do(t, "", "load", "--links", dir, "--count", "2", "--ledger", tones)
	assert.Equal(t, 0, status)
	assert.Contains(t, out, "sent=2 good=2 ")
	assert.Contains(t, out, "attempts=3 ")
	entries, err := ledger.Read(tones)
	require.NoError(t, err)
	require.Len(t, entries, 3)
	assert.Equal(t, "none", entries[0].Tone)
	assert.Equal(t, entries[0].Code, entries[1].Code)
}

func TestLoadKeepsItsRate(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	serve(t, &fakeAgent{verdict: good}, filepath.Join(dir, "station-1"))
	status, out, errs := do(t, "", "load", "--links", dir, "--rate", "50", "--for", "1s", "--count", "0")
	assert.Equal(t, 0, status, errs)
	var sent int
	_, err := fmt.Sscanf(out, "sent=%d", &sent)
	require.NoError(t, err)
	assert.LessOrEqual(t, sent, 51)
	assert.Greater(t, sent, 5)
}

func TestNetDoesWhatIsTyped(t *testing.T) {
	t.Parallel()
	in := "status\ncut\nrestore\nstall up\nstall sideways\ndelay\ndelay 50ms\ncatch\nhelp\nquit\n"
	status, out, _ := do(t, in, "net", "--listen", "127.0.0.1:0", "--to", "127.0.0.1:1")
	assert.Equal(t, 0, status)
	for _, want := range []string{
		"is passed on to 127.0.0.1:1", "whole, 0 connections", "cut, 0 connections", "stalled up, 0",
		"stalls up, down or both", "delay needs a time", "delayed 50ms", `no action "catch"`, "swallow",
	} {
		assert.Contains(t, out, want)
	}
}
