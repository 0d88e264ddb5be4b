//go:build !unix

package storetest

import "os/exec"

func asUser(_, _ int, _, name string, args ...string) *exec.Cmd { return exec.Command(name, args...) }
