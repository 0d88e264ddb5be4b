package e2e

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// freePort gives a loopback address that nobody listens on.
func freePort(t testing.TB) string {
	t.Helper()
	for range 1000 {
		address := fmt.Sprintf("127.0.0.1:%d", lowPort+nextPort.Add(1)%lowPorts)
		if l, err := net.Listen("tcp", address); err == nil {
			l.Close()
			return address
		}
	}
	require.Fail(t, "no port is free")
	return ""
}

// The ports that are tried lie below those that connections get, so nothing takes
// one before its server does, or while that is started anew.
const lowPort, lowPorts = 12_000, 20_000

var nextPort = func() *atomic.Int64 {
	var n atomic.Int64
	n.Store(rand.Int64N(lowPorts))
	return &n
}()

// program finds a service's program, or skips the test and says what to install.
func program(t testing.TB, debian string, places ...string) string {
	t.Helper()
	for _, place := range places {
		if found, err := exec.LookPath(place); err == nil {
			return found
		}
		if all, _ := filepath.Glob(place); len(all) > 0 {
			return all[len(all)-1]
		}
	}
	t.Skipf("%s is not installed (Debian: apt-get install %s)", filepath.Base(places[0]), debian)
	return ""
}

// listening waits until somebody takes connections at the address.
func listening(t testing.TB, p *process, address string) {
	t.Helper()
	eventually(t, patience, p.name+" listening on "+address, func() bool {
		p.up()
		conn, err := net.Dial("tcp", address)
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
}

// mosquitto is a real broker with nothing of its own on disk.
type mosquitto struct {
	*process
	t       testing.TB
	address string // host:port
	config  string
}

func newMosquitto(t testing.TB) *mosquitto {
	t.Helper()
	m := &mosquitto{t: t, address: freePort(t), config: filepath.Join(t.TempDir(), "mosquitto.conf")}
	_, port, _ := net.SplitHostPort(m.address)
	me, err := user.Current()
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(m.config, fmt.Appendf(nil,
		"listener %s 127.0.0.1\nallow_anonymous true\npersistence false\nuser %s\nmessage_size_limit 0\n", port, me.Username), 0o600))
	m.start()
	return m
}

func (m *mosquitto) start() {
	m.t.Helper()
	exe := program(m.t, "mosquitto", "mosquitto", "/usr/sbin/mosquitto")
	m.process = start(m.t, "mosquitto", exec.Command(exe, "-c", m.config))
	listening(m.t, m.process, m.address)
}

// newPostgres starts an empty server of its own and gives its URL. PostgreSQL
// refuses to run as root, so it runs as the user postgres, or nobody, there.
func newPostgres(t testing.TB) (url string) {
	t.Helper()
	initdb := program(t, "postgresql", "/usr/lib/postgresql/*/bin/initdb", "initdb")
	dir, err := os.MkdirTemp("", "dockfill-postgres-")
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	as := unprivileged(t, dir)
	data := filepath.Join(dir, "data")
	cmd := exec.Command(initdb, "-D", data, "-U", "dockfill", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
	cmd.SysProcAttr = as
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)

	address := freePort(t)
	_, port, _ := net.SplitHostPort(address)
	cmd = exec.Command(filepath.Join(filepath.Dir(initdb), "postgres"), "-D", data, "-k", dir, "-h", "127.0.0.1", "-p", port)
	cmd.SysProcAttr = unprivileged(t, dir)
	p := start(t, "postgres", cmd)
	listening(t, p, address)
	eventually(t, patience, "postgres ready", func() bool {
		return exec.Command(filepath.Join(filepath.Dir(initdb), "pg_isready"), "-h", "127.0.0.1", "-p", port, "-U", "dockfill", "-d", "postgres").Run() == nil
	})
	return "postgres://dockfill@" + address + "/postgres?sslmode=disable"
}

// unprivileged makes dir another user's, where the test runs as root.
func unprivileged(t testing.TB, dir string) *syscall.SysProcAttr {
	t.Helper()
	if os.Getuid() != 0 {
		return &syscall.SysProcAttr{}
	}
	other, err := user.Lookup("postgres")
	if err != nil {
		other, err = user.Lookup("nobody")
	}
	require.NoError(t, err)
	uid, _ := strconv.Atoi(other.Uid)
	gid, _ := strconv.Atoi(other.Gid)
	require.NoError(t, os.Chown(dir, uid, gid))
	return &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
}

// smallDisk mounts a file system of the given size, or skips the test.
func smallDisk(t testing.TB, megabytes int) string {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("a small disk of its own needs root: mount -t tmpfs")
	}
	dir := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", fmt.Sprintf("size=%dm", megabytes), "dockfill-e2e", dir).CombinedOutput(); err != nil {
		t.Skipf("no small disk could be mounted here: %s", out)
	}
	t.Cleanup(func() {
		for range 50 { // its users may be on their way out
			if exec.Command("umount", dir).Run() == nil {
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
		t.Errorf("%s stays mounted", dir)
	})
	return dir
}
