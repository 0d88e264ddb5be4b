//go:build linux

package serial

import (
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/creack/pty"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/scanner"
)

// hold opens a device in another process, as a forgotten terminal program does.
func hold(t *testing.T, device *os.File) (pid int) {
	t.Helper()
	c := exec.Command("cat")
	c.Stdin = device
	require.NoError(t, c.Start())
	t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait()
	})
	return c.Process.Pid
}

func TestPortThatAnotherProgramHoldsNamesThatProgram(t *testing.T) {
	master, slave, err := pty.Open()
	require.NoError(t, err)
	defer func() { _, _ = master.Close(), slave.Close() }()
	assert.Empty(t, holders("/proc", slave.Name()), "what this process has open itself is no matter")
	pid := hold(t, slave)
	assert.Equal(t, []process{{pid, "cat"}}, holders("/proc", slave.Name()))
	assert.ErrorIs(t, held(slave.Name()), scanner.ErrHeld)
	assert.ErrorContains(t, held(slave.Name()), fmt.Sprintf("%s is open in cat (process %d); stop that program", slave.Name(), pid))
}

// Two programs on one line would each get a part of every code, and root is let in
// by the system all the same.
func TestPortThatAnotherProgramReadsTooIsRefused(t *testing.T) {
	file, err := os.CreateTemp(t.TempDir(), "ttyUSB")
	require.NoError(t, err)
	defer func() { _ = file.Close() }()
	require.NoError(t, shared(file.Name()))
	master, slave, err := pty.Open()
	require.NoError(t, err)
	defer func() { _, _ = master.Close(), slave.Close() }()
	c := exec.Command("cat", "/dev/fd/3")
	c.Stdin, c.ExtraFiles = slave, []*os.File{file}
	c.Args[1] = "-" // it waits for its input and keeps the other file open
	require.NoError(t, c.Start())
	defer func() { _, _ = c.Process.Kill(), c.Wait() }()
	assert.ErrorIs(t, shared(file.Name()), scanner.ErrHeld)
}

func TestPortWithoutPermissionNamesTheGroupToJoin(t *testing.T) {
	assert.Regexp(t, "^/dev/ttyUSB0 is for the group (dialout|20); add the service's user to it with `usermod -aG (dialout|20) \\S+`, and restart the service$",
		permit("/dev/ttyUSB0", 0o660, 0, 20))
	assert.Contains(t, permit("/dev/ttyUSB0", 0o600, 0, 20), "is for its owner root alone (mode 600")
	assert.Contains(t, permit("/dev/ttyUSB0", 0o660, 0, 0), "let a udev rule give it to a group")
	assert.ErrorIs(t, forbidden(os.DevNull), scanner.ErrNoPermission)
}
