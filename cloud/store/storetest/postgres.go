package storetest

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// instance is a running server. It ends with the test program: it runs below a
// shell that waits for the end of a pipe, of which this is the other end.
type instance struct {
	address string
	pipe    io.Closer
}

// server starts PostgreSQL once for this test program.
var server = sync.OnceValues(startServer)

func startServer() (*instance, error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "dockfill-postgres-")
	if err != nil {
		return nil, err
	}
	run, err := unprivileged(dir)
	if err != nil {
		return nil, err
	}
	data := filepath.Join(dir, "data")
	init := run(filepath.Join(bin, "initdb"), "-D", data, "-U", "dockfill", "--auth=trust", "--locale=C.UTF-8", "--encoding=UTF8")
	if out, err := init.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return serve(run, dir, filepath.Join(bin, "postgres"), data)
}

// binaries finds the newest server that Debian installed; it is not in PATH.
func binaries() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		return "", errAbsent
	}
	return filepath.Dir(found[len(found)-1]), nil
}

// unprivileged gives how to run a program: PostgreSQL refuses root, so that as
// root its own user runs it, and owns the folder.
func unprivileged(dir string) (func(name string, args ...string) *exec.Cmd, error) {
	if os.Geteuid() != 0 {
		return exec.Command, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("PostgreSQL does not run as root: %w", err)
	}
	uid, err1 := strconv.Atoi(u.Uid)
	gid, err2 := strconv.Atoi(u.Gid)
	if err1 != nil || err2 != nil {
		return nil, fmt.Errorf("user postgres has ids %s and %s", u.Uid, u.Gid)
	}
	if err := os.Chown(dir, uid, gid); err != nil {
		return nil, err
	}
	return func(name string, args ...string) *exec.Cmd { return asUser(uid, gid, dir, name, args...) }, nil
}

// script ends the server and takes its folder away when the pipe on the standard
// input ends, in whatever way the test program does.
const script = `dir=$1; shift; "$@" >"$dir/log" 2>&1 </dev/null & server=$!; read -r _; kill -INT $server; wait $server; rm -rf "$dir"`

func serve(run func(string, ...string) *exec.Cmd, dir, postgres, data string) (*instance, error) {
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	cmd := run("/bin/sh", "-c", script, "sh", dir, postgres, "-D", data, "-c", "listen_addresses=127.0.0.1",
		"-c", "port="+strconv.Itoa(port), "-c", "unix_socket_directories=")
	pipe, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	address := fmt.Sprintf("postgres://dockfill@127.0.0.1:%d", port)
	return &instance{address: address, pipe: pipe}, await(address, filepath.Join(dir, "log"))
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

func await(address, log string) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, address+"/postgres")
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-ctx.Done():
			said, _ := os.ReadFile(log)
			return fmt.Errorf("PostgreSQL did not start: %w\n%s", err, said)
		case <-time.After(50 * time.Millisecond):
		}
	}
}
