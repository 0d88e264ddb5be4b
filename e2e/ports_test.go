package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/firmware-sim/device"
)

// A scanner that was set to another speed says nothing that can be read. The agent
// says which speed it is, and takes the next carton once the scanner is set right.
func TestTheStatusProposesTheRate(t *testing.T) {
	t.Parallel()
	_, s := house(t, 5, 1, stations(1), func(s *site) { s.profile = "ascii" })
	for _, rate := range []int{19200, 115200, 4800} {
		t.Run(fmt.Sprint(rate), func(t *testing.T) {
			d, err := device.Open(device.Config{Link: s.ports[0], AIM: true, Baud: rate})
			require.NoError(t, err)
			defer d.Close()
			s.ready(d)
			proposed := func() bool {
				hears(t, d, carton(fmt.Sprintf("WRONG-%d", rate)))
				return strings.Contains(s.status().Stations[0].Problem, fmt.Sprintf("looks like %d baud, and the station is set to 9600", rate))
			}
			for began := 0; !proposed(); began++ {
				require.Less(t, began, 60, "the status says %q", s.status().Stations[0].Problem)
				time.Sleep(worker)
			}
			before := s.status().Totals.Units
			d.SetBaud(9600)
			eventually(t, patience, "the carton at the right rate", func() bool {
				hears(t, d, carton(fmt.Sprintf("RIGHT-%d", rate)))
				time.Sleep(worker)
				return s.status().Totals.Units > before
			})
			assert.Equal(t, before+1, s.status().Totals.Units)
			eventually(t, patience, "a station without a problem", func() bool { return s.status().Stations[0].Problem == "" })
		})
	}
}

// Another program has the port: the status names it, and the agent goes on by
// itself once that is gone. Root would get past the lock, so the agent runs without
// that right.
func TestTheStatusNamesWhoHoldsThePort(t *testing.T) {
	t.Parallel()
	_, s := house(t, 1, 1, stations(1), func(s *site) { s.program = humble(t, s.program) })
	d := s.scanner(1)
	d.Unplug()
	var holder *process
	require.NoError(t, d.ReplugAs(device.Plugging{Hold: func(node string) (func(), error) {
		cmd := exec.Command(humble(t, tool("firmware-sim")), "hold", node)
		in, err := cmd.StdinPipe()
		require.NoError(t, err)
		holder = start(t, "the other program", cmd)
		holder.line("held")
		return func() { in.Close(); holder.wait(patience) }, nil
	}}))
	who := fmt.Sprintf("firmware-sim (process %d)", holder.cmd.Process.Pid)
	said := ""
	eventually(t, patience, who+" in the status", func() bool {
		said = s.status().Stations[0].Problem
		return strings.Contains(said, who)
	})
	assert.Contains(t, said, "stop that program")
	assert.NotContains(t, said, fmt.Sprintf("(process %d)", s.cmd.Process.Pid), "it is not the agent itself")
	d.Release()
	s.ready(d)
	assert.Equal(t, device.Good, hears(t, d, carton("HELD")))
}

// humble is the program without root's right to open what others have locked.
func humble(t *testing.T, what string) string {
	if os.Geteuid() != 0 {
		return what
	}
	setpriv := program(t, "util-linux", "setpriv")
	file := filepath.Join(t.TempDir(), "humble")
	require.NoError(t, os.WriteFile(file, fmt.Appendf(nil, "#!/bin/sh\nexec %s --bounding-set=-sys_admin %s \"$@\"\n", setpriv, what), 0o700))
	return file
}
