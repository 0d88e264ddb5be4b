package e2e

import (
	"os/exec"
	"syscall"
)

// dieWithTest has the kernel end the program should the test itself be killed.
func dieWithTest(cmd *exec.Cmd) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
}
