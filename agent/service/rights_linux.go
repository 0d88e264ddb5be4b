package service

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

const (
	userName  = "dockfill" // User= of the unit
	stateRoot = "/var/lib/"
	dropInDir = "/etc/systemd/system/" + Name + ".service.d"
)

// checkFolder refuses a folder, named by a key of the configuration, that the unit's ProtectSystem=strict makes
// read-only: the service would start and could save nothing.
func checkFolder(key, folder, unit string) error {
	may := writable(unit)
	folder = filepath.Clean(folder)
	within := func(dir string) bool {
		return folder == dir || strings.HasPrefix(folder, strings.TrimSuffix(dir, "/")+"/")
	}
	if slices.ContainsFunc(may, within) {
		return nil
	}
	return fmt.Errorf("the service may not write %s = %q; it may write %s. Name one of these, or permit the folder: make it, give it to the user %s, write the lines [Service] and ReadWritePaths=%s into %s/%s.conf, and install again",
		key, folder, strings.Join(may, ", "), userName, folder, dropInDir, key)
}

// writable lists the folders that a unit may write, by its StateDirectory= and
// ReadWritePaths=, see systemd.exec(5). An empty value forgets those before it.
func writable(unit string) []string {
	dirs := map[string][]string{}
	for line := range strings.Lines(unit) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		root := ""
		switch key = strings.TrimSpace(key); key {
		case "StateDirectory":
			root = stateRoot
		case "ReadWritePaths":
		default:
			continue
		}
		if strings.TrimSpace(value) == "" {
			dirs[key] = nil
		}
		for word := range strings.FieldsSeq(value) {
			dirs[key] = append(dirs[key], filepath.Clean(root+strings.TrimLeft(strings.Trim(word, `"`), "-+")))
		}
	}
	return append(dirs["StateDirectory"], dirs["ReadWritePaths"]...)
}

// dropIns are what the machine's administrator adds to the unit, in their order.
func dropIns(dir string) (text string) {
	files, _ := filepath.Glob(filepath.Join(dir, "*.conf")) // the pattern is good
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err == nil { // systemd passes over what it cannot read, too
			text += "\n" + string(b)
		}
	}
	return text
}

// checkReadable tries as the service's user whether it can read the file. Trying
// counts what mode bits do not tell: the folders above, and access lists.
func checkReadable(name, file string) error {
	if _, err := os.Stat(file); err != nil {
		return err
	}
	u, err := user.Lookup(name)
	if err != nil {
		return err
	}
	uid, _ := strconv.ParseUint(u.Uid, 10, 32)
	gid, _ := strconv.ParseUint(u.Gid, 10, 32)
	c := exec.Command("test", "-r", file)
	c.Dir = "/"
	c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	err = c.Run()
	var no *exec.ExitError
	if errors.As(err, &no) {
		return fmt.Errorf("the service runs as the user %s, who cannot read %s: run `chgrp %s %s` and `chmod 640 %s`, and let that user enter the folders above it", name, file, u.Username, file, file)
	}
	if err != nil {
		return fmt.Errorf("whether the user %s can read %s could not be tried: %w", name, file, err)
	}
	return nil
}
