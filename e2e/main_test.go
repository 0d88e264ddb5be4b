package e2e

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

var (
	// programs is the folder of the built programs; "" with -short, where no
	// program is run.
	programs string
	// scratch is a folder for this run.
	scratch string
)

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(withPrograms(m.Run))
}

// withPrograms builds the programs once for all tests, as they are shipped but
// for the race detector; or it takes those that DOCKFILL_E2E_PROGRAMS names.
func withPrograms(tests func() int) int {
	if testing.Short() {
		return tests()
	}
	var err error
	if scratch, err = os.MkdirTemp("", "dockfill-e2e-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(scratch)
	if programs = os.Getenv("DOCKFILL_E2E_PROGRAMS"); programs != "" {
		return tests()
	}
	programs = scratch
	if out, err := build(scratch, "./agent/cmd/dockfill-agent", "./cloud/cmd/dockfill-cloud", "./firmware-sim").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "the programs do not build: %v\n%s", err, out)
		return 1
	}
	return tests()
}

// build makes the command that builds packages into a folder, or a file.
func build(to string, args ...string) *exec.Cmd {
	command := []string{"build", "-o", to}
	if raced {
		command = append(command, "-race")
	}
	cmd := exec.Command("go", append(command, args...)...)
	cmd.Dir = ".."
	return cmd
}

// whole skips a test that runs programs where only a short run is wanted.
func whole(t testing.TB) {
	t.Helper()
	if programs == "" {
		t.Skip("-short: no programs are run")
	}
}

func tool(name string) string { return filepath.Join(programs, name) }

// failing is the agent with the settings that only tests may have: it is built
// with the tag failpoint, which shipped programs are not.
func failing(t testing.TB) string {
	t.Helper()
	program := filepath.Join(scratch, "dockfill-agent-failpoint")
	failpoint.Do(func() {
		out, err := build(program, "-tags", "failpoint", "./agent/cmd/dockfill-agent").CombinedOutput()
		require.NoError(t, err, "%s", out)
	})
	return program
}

var failpoint sync.Once
