package service

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestUnitNamesThisProgramAndConfiguration(t *testing.T) {
	m := &Manager{executable: "/opt/dock fill/100%/agent", config: "/etc/dockfill/a.toml"}
	unit := m.unit()
	assert.Contains(t, unit, `ExecStart="/opt/dock fill/100%%/agent" run --config "/etc/dockfill/a.toml"`+"\n")
	assert.NotContains(t, unit, packagedStart)
	assert.NotContains(t, unit, "{{")
}

// What keeps a broken-into agent harmless must not get lost in an edit.
func TestUnitKeepsItsHardening(t *testing.T) {
	unit := (&Manager{}).unit()
	for _, line := range []string{
		"Type=notify", "WatchdogSec=60", "Restart=always", "StartLimitIntervalSec=0", "User=dockfill",
		"SupplementaryGroups=dialout input", "DevicePolicy=closed", "ProtectSystem=strict", "CapabilityBoundingSet=",
		"StateDirectoryMode=0750", "UMask=0077", "NoNewPrivileges=yes", "SystemCallFilter=~@privileged @resources",
	} {
		assert.Contains(t, strings.Split(unit, "\n"), line)
	}
}

func TestUnitPassesSystemdsOwnReview(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("systemd-analyze is not installed")
	}
	file := filepath.Join(t.TempDir(), Name+".service")
	unit := (&Manager{executable: "/bin/true", config: "/etc/dockfill/agent.toml"}).unit()
	require.NoError(t, os.WriteFile(file, []byte(unit), 0o600))
	out, err := exec.Command(analyze, "security", "--offline=true", "--no-pager", "--threshold=17", file).CombinedOutput()
	assert.NoError(t, err, "exposure above 1.7:\n%s", out)
}

func TestMachineWithoutSystemdIsToldWhatIsMissing(t *testing.T) {
	if _, err := os.Stat(systemdSocket); err == nil {
		t.Skip("systemd runs here")
	}
	m, err := New("agent.toml")
	require.NoError(t, err)
	assert.True(t, filepath.IsAbs(m.config))
	for _, do := range []func() error{func() error { return m.Install("/var/lib/dockfill", "/var/lib/dockfill-anchor") }, m.Start, m.Stop, m.Restart, m.Uninstall} {
		err := do()
		require.ErrorIs(t, err, ErrUnsupported)
		assert.ErrorContains(t, err, "dockfill-agent run")
	}
	_, err = m.Status()
	assert.ErrorIs(t, err, ErrUnsupported)
}

// systemd restarts an agent that hangs; it must hear from one that does not,
// and only then.
func TestSystemdHearsOfReadinessLifeAndEnd(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "notify")
	l, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	t.Setenv("NOTIFY_SOCKET", socket)
	t.Setenv("WATCHDOG_USEC", "20000")
	hear := func() string {
		require.NoError(t, l.SetReadDeadline(time.Now().Add(10*time.Second)))
		buf := make([]byte, 256)
		n, err := l.Read(buf)
		require.NoError(t, err)
		return string(buf[:n])
	}
	ctx, cancel := context.WithCancel(context.Background())
	well := make(chan error, 1)
	done := make(chan error, 1)
	go func() {
		done <- Run(ctx, false, func(ctx context.Context, ready Ready) error {
			ready(func(context.Context) error {
				select {
				case err := <-well:
					return err
				default:
					return errors.New("hangs")
				}
			})
			<-ctx.Done()
			return nil
		})
	}()
	assert.Equal(t, "READY=1", hear())
	well <- nil
	assert.Equal(t, "WATCHDOG=1", hear())
	cancel()
	assert.Equal(t, "STOPPING=1", hear())
	require.NoError(t, <-done)
}

// The service that could not write its database would start and save nothing.
func TestDataIsWhereTheUnitLetsTheServiceWrite(t *testing.T) {
	unit := (&Manager{}).unit()
	for _, good := range []string{"/var/lib/dockfill", "/var/lib/dockfill/leeds/", DefaultData()} {
		assert.NoError(t, checkFolder("data", good, unit), good)
	}
	assert.NoError(t, checkFolder("anchor", DefaultData()+"-anchor", unit))
	for _, bad := range []string{"/srv/dockfill", "/var/lib/dockfill2", "/var/lib", "/var/lib/dockfill/../x"} {
		err := checkFolder("data", bad, unit)
		require.ErrorContains(t, err, "it may write /var/lib/dockfill, /var/lib/dockfill-anchor.", bad)
		assert.ErrorContains(t, err, "ReadWritePaths=", bad)
	}
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "data.conf"), []byte("[Service]\nReadWritePaths=-/srv/dockfill /mnt/x\n"), 0o600))
	assert.NoError(t, checkFolder("data", "/srv/dockfill/leeds", unit+dropIns(dir)))
	assert.Error(t, checkFolder("data", "/srv/dockfill", unit+dropIns(dir)+"\nReadWritePaths=\n"), "the list was emptied")
}

func TestConfigurationThatTheServicesUserCannotReadIsTold(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can try as another user")
	}
	dir, err := os.MkdirTemp("/tmp", "dockfill-rights-")
	require.NoError(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	file := filepath.Join(dir, "agent.toml")
	require.NoError(t, os.WriteFile(file, []byte("x"), 0o600))
	require.NoError(t, os.Chmod(dir, 0o755))
	err = checkReadable("nobody", file)
	require.ErrorContains(t, err, "cannot read "+file)
	assert.ErrorContains(t, err, "chmod 640")
	require.NoError(t, os.Chmod(file, 0o644))
	assert.NoError(t, checkReadable("nobody", file))
	require.NoError(t, os.Chmod(dir, 0o700))
	assert.Error(t, checkReadable("nobody", file), "the folder is closed to it")
}

func TestRelativeDataIsRefused(t *testing.T) {
	m, err := New("agent.toml")
	require.NoError(t, err)
	assert.ErrorContains(t, m.Install("data", "anchor"), "write the whole path")
}
