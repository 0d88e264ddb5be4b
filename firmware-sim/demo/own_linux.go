package demo

import (
	"os/exec"
	"syscall"
)

// own has the kernel end the child should the demo itself be killed, and keeps
// the terminal's Ctrl-C to the demo, which stops its children in order.
func own(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}
