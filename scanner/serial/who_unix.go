//go:build !windows

package serial

import (
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"dockfill/scanner"
)

// process is a running program.
type process struct {
	pid  int
	name string
}

func (p process) String() string { return fmt.Sprintf("%s (process %d)", p.name, p.pid) }

// holders gives the other processes that have a device open, as far as this user
// may know: another user's files are hidden. Where there is no /proc nothing is
// known.
func holders(proc, device string) (found []process) {
	links, _ := filepath.Glob(filepath.Join(proc, "[0-9]*", "fd", "*"))
	for _, link := range links {
		if to, err := os.Readlink(link); err != nil || to != device {
			continue
		}
		dir := filepath.Dir(filepath.Dir(link))
		pid, err := strconv.Atoi(filepath.Base(dir))
		if err != nil || pid == os.Getpid() || slices.ContainsFunc(found, func(p process) bool { return p.pid == pid }) {
			continue
		}
		found = append(found, process{pid, readLine(filepath.Join(dir, "comm"))})
	}
	return found
}

// held says which program has the port.
func held(device string) error {
	who := "no process of this user; `fuser -v " + device + "`, run as root, names it"
	if list := holders("/proc", device); len(list) > 0 {
		names := make([]string, len(list))
		for i, p := range list {
			names[i] = p.String()
		}
		who = strings.Join(names, ", ")
	}
	return fmt.Errorf("%w: %s is open in %s; stop that program, or give the station another port", scanner.ErrHeld, device, who)
}

// shared refuses a port that another program reads too: each byte would go to one
// of the two. A device that was opened exclusively is refused by the system itself,
// but not to root, and not every program asks for that. Pseudo-terminals are passed
// over: the program behind them has its own end open.
func shared(device string) error {
	if strings.HasPrefix(device, "/dev/pts/") || len(holders("/proc", device)) == 0 {
		return nil
	}
	return held(device)
}

// forbidden says who may open the port and what to do.
func forbidden(device string) error {
	info, err := os.Stat(device)
	if err != nil {
		return fmt.Errorf("%w: %s: %w", scanner.ErrNoPermission, device, err)
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return fmt.Errorf("%w: %s", scanner.ErrNoPermission, device)
	}
	return fmt.Errorf("%w: %s", scanner.ErrNoPermission, permit(device, info.Mode().Perm(), owner.Uid, owner.Gid))
}

// permit is the sentence of a device's owner, group and mode.
func permit(device string, mode os.FileMode, uid, gid uint32) string {
	me, group := "the service's user", groupName(gid)
	if u, err := user.Current(); err == nil {
		me = u.Username
	}
	if mode&0o060 != 0o060 || gid == 0 {
		return fmt.Sprintf("%s is for its owner %s alone (mode %03o, group %s); let a udev rule give it to a group such as dialout, and add user %s to that",
			device, userName(uid), mode, group, me)
	}
	return fmt.Sprintf("%s is for the group %s; add the service's user to it with `usermod -aG %s %s`, and restart the service", device, group, group, me)
}

func groupName(gid uint32) string {
	id := strconv.FormatUint(uint64(gid), 10)
	if g, err := user.LookupGroupId(id); err == nil {
		return g.Name
	}
	return id
}

func userName(uid uint32) string {
	id := strconv.FormatUint(uint64(uid), 10)
	if u, err := user.LookupId(id); err == nil {
		return u.Username
	}
	return id
}
