package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// buildInitrd writes the machine's files: the guest as /init, the modules with the
// list of their order, and the recorded descriptors.
func buildInitrd(k kernel, dir, to string) error {
	init := filepath.Join(dir, "init")
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", init, "./e2e/vm/guest")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build the guest: %w: %s", err, out)
	}
	program, err := os.ReadFile(init)
	if err != nil {
		return err
	}
	var a archive
	for _, name := range []string{"dev", "proc", "sys", "modules", "descriptors"} {
		a.add(name, 0o040755, nil)
	}
	a.add("init", 0o100755, program)
	names, contents, err := k.ordered()
	if err != nil {
		return err
	}
	for i, name := range names {
		a.add("modules/"+name, 0o100644, contents[i])
	}
	a.add("modules/order", 0o100644, []byte(strings.Join(names, "\n")))
	for _, name := range []string{"honeywell", "keyboard"} {
		text, err := os.ReadFile(filepath.Join("scanner", "hid", "testdata", name+".txt"))
		if err != nil {
			return fmt.Errorf("run this at the top of the repository: %w", err)
		}
		a.add("descriptors/"+name, 0o100644, text)
	}
	return os.WriteFile(to, a.end(), 0o644)
}

// archive is a cpio archive in the form newc, which the kernel unpacks. Source:
// the kernel's Documentation/driver-api/early-userspace/buffer-format.rst.
type archive struct {
	buf    bytes.Buffer
	inodes int
}

func (a *archive) add(name string, mode int, content []byte) {
	a.inodes++
	fmt.Fprintf(&a.buf, "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X",
		a.inodes, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name)+1, 0)
	a.buf.WriteString(name + "\x00")
	a.pad()
	a.buf.Write(content)
	a.pad()
}

func (a *archive) pad() {
	for a.buf.Len()%4 != 0 {
		a.buf.WriteByte(0)
	}
}

func (a *archive) end() []byte {
	a.add("TRAILER!!!", 0, nil)
	return a.buf.Bytes()
}
