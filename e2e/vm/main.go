// Command vm boots Debian's kernel under software emulation and checks in it what
// needs devices that this machine's kernel may be unable to make: USB HID scanners,
// keyboards that type, a USB serial port. `make test-vm` runs it.
//
// It needs qemu, and Debian's generic kernel as a package, which is downloaded with
// apt-get once, not installed. The machine holds that kernel, the modules that the
// guest needs and one static program, e2e/vm/guest, which is its first and only
// process. Nothing of this machine is shared with it.
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// limit is some ten times what the run takes on a slow machine.
const limit = 10 * time.Minute

// ownKernel names the package to boot, in place of the newest.
const ownKernel = "DOCKFILL_VM_KERNEL"

// result starts the guest's last line.
const result = "RESULT "

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "test-vm:", err)
		os.Exit(1)
	}
}

func run() error {
	if err := needs(); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "dockfill-vm-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	k, err := findKernel(dir)
	if err != nil {
		return err
	}
	fmt.Println("kernel", k.version)
	initrd := filepath.Join(dir, "initrd")
	if err := buildInitrd(k, dir, initrd); err != nil {
		return err
	}
	return boot(k.image, initrd)
}

// needs says all that is missing at once.
func needs() error {
	var missing []string
	need := func(command, how string) {
		if _, err := exec.LookPath(command); err != nil {
			missing = append(missing, command+" ("+how+")")
		}
	}
	need("qemu-system-x86_64", "Debian package qemu-system-x86")
	need("dpkg-deb", "Debian package dpkg")
	if os.Getenv(ownKernel) == "" {
		need("apt-get", "or name a downloaded linux-image package in "+ownKernel)
	}
	if len(missing) > 0 {
		return errors.New("missing: " + strings.Join(missing, ", ") + "; install it and run make test-vm again")
	}
	return nil
}

// boot runs the machine, shows what the guest says and gives its result. The
// emulation is asked for by name: a nested KVM can hang at the first instruction.
func boot(kernel, initrd string) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, "qemu-system-x86_64", "-accel", "tcg", "-m", "512", "-nodefaults", "-display", "none",
		"-serial", "stdio", "-no-reboot", "-kernel", kernel, "-initrd", initrd,
		"-append", "console=ttyS0 loglevel=4 panic=-1 random.trust_cpu=on")
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	cmd.Stderr = os.Stderr
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return err
	}
	said, err := watch(out)
	err = errors.Join(err, cmd.Wait())
	if ctx.Err() != nil {
		return fmt.Errorf("no result after %v", limit)
	}
	if err != nil {
		return fmt.Errorf("the machine did not end as it should: %w", err)
	}
	fmt.Printf("%s in %v\n", said, time.Since(began).Round(time.Second))
	if !strings.HasSuffix(said, " 0 failed") {
		return errors.New("the checks failed")
	}
	return nil
}

// watch copies the console to standard output and gives what the result line says.
func watch(console io.Reader) (said string, err error) {
	lines := bufio.NewScanner(console)
	for lines.Scan() {
		line := strings.TrimRight(lines.Text(), "\r")
		if text, ok := strings.CutPrefix(line, result); ok {
			said = text
			continue
		}
		fmt.Println(line)
	}
	if said == "" {
		said = "no result"
	}
	return said, lines.Err()
}
