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
