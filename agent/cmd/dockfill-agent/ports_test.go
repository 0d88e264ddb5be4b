package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/scanner/profile"
)

func TestPortsSayWhatFitsAndWhatStandsInTheWay(t *testing.T) {
	zebra := portSeen{Stable: "usb:05E0:1701:7", Path: filepath.Join(t.TempDir(), "gone"), Kind: "serial", VID: "05E0", PID: "1701", Serial: "7", Product: "DS\x1b[2J"}
	zebra.look(profile.Set{})
	assert.Equal(t, "ssi", zebra.Profile)
	assert.Empty(t, zebra.Problem)
	var out bytes.Buffer
	zebra.print(&out)
	assert.Contains(t, out.String(), "usb:05E0:1701:7\n  now ")
	assert.Contains(t, out.String(), "  usb      05E0:1701 7\n")
	assert.Contains(t, out.String(), "  profile  ssi (05E0:1701 is Zebra")
	assert.NotContains(t, out.String(), "\x1b", "a product's name cannot clear the screen")

	typing := portSeen{Kind: "keyboard", VID: "05E0", PID: "1200"}
	typing.look(profile.Set{})
	assert.Contains(t, typing.Problem, "types as a keyboard; ")
	bridge := portSeen{Kind: "serial", VID: "0403", PID: "6001"}
	bridge.look(profile.Set{})
	assert.Empty(t, bridge.Profile, "a bridge chip identifies nothing")

	if os.Geteuid() != 0 {
		closed := filepath.Join(t.TempDir(), "tty")
		require.NoError(t, os.WriteFile(closed, nil, 0o000))
		locked := portSeen{Kind: "serial", Path: closed}
		locked.look(profile.Set{})
		assert.Contains(t, locked.Problem, closed)
	}
}

// A port that is open in a program names that program, without being opened.
func TestPortsNameTheHolder(t *testing.T) {
	held := portSeen{Kind: "serial", Path: "/dev/null"}
	held.look(profile.Set{})
	for _, program := range held.HeldBy {
		assert.Regexp(t, `\(process \d+\)$`, program)
	}
	code, out, errs := say(t, "", "ports", "--json")
	require.Equal(t, exitGood, code, errs)
	var answer struct {
		Schema int
		Ports  []portSeen
	}
	require.NoError(t, json.Unmarshal([]byte(out), &answer))
	assert.Equal(t, 1, answer.Schema)
	for _, p := range answer.Ports {
		assert.NotEmpty(t, p.Stable)
		assert.Contains(t, []string{"serial", "hidpos", "keyboard"}, p.Kind)
	}
}

// A scanner that types and speaks at once would count each scan twice; its serial
// number in both ports' names tells.
func TestConfigCheckSuggestsATwin(t *testing.T) {
	file := filepath.Join(t.TempDir(), "agent.toml")
	text := "site = \"leeds\"\ndata = \"/var/lib/dockfill\"\n[[station]]\nid = \"1\"\nport = \"usb:05E0:1701:S3CR3T\"\nprofile = \"ssi\"\n" +
		"[[station]]\nid = \"wedge\"\nport = \"evdev:05E0:1200:S3CR3T\"\n"
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	code, out, errs := say(t, "", "config", "check", "--config", file)
	require.Equal(t, exitGood, code, errs)
	assert.Contains(t, out, `Warning: stations 1 and wedge are two ways to one device, USB 05E0 with serial number S3CR3T: if a scan comes over both, write twin_of = "1" at station wedge`)
	require.NoError(t, os.WriteFile(file, []byte(text+"twin_of = \"1\"\n"), 0o600))
	_, out, _ = say(t, "", "config", "check", "--config", file)
	assert.NotContains(t, out, "Warning")
}
