package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"

	"dockfill/firmware-sim/device"
)

// holdCmd is the other program of `plug NAME held`: this one, started once more.
type holdCmd struct {
	Port string `arg:"" help:"The port to hold."`
}

// held is what it says once the port is its own.
const held = "held"

// Run holds the port until standard input ends, which it also does with the
// program that asked for it.
func (c *holdCmd) Run(s streams) error {
	release, err := device.HoldPort(c.Port)
	if err != nil {
		return err
	}
	defer release()
	fmt.Fprintln(s.out, held, c.Port)
	_, err = io.Copy(io.Discard, s.in)
	return err
}

// holdElsewhere has another process hold a port, and tells which one.
func holdElsewhere(port string) (pid int, release func(), err error) {
	self, err := os.Executable()
	if err != nil {
		return 0, nil, err
	}
	var said strings.Builder
	cmd := exec.Command(self, "hold", port)
	cmd.Stderr = &said
	in, err := cmd.StdinPipe()
	if err != nil {
		return 0, nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return 0, nil, err
	}
	if err := cmd.Start(); err != nil {
		return 0, nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if !strings.HasPrefix(line, held) {
		return 0, nil, fmt.Errorf("no other process could hold %s: %w: %s", port, errors.Join(err, cmd.Wait()), said.String())
	}
	return cmd.Process.Pid, func() {
		in.Close()
		cmd.Wait()
	}, nil
}
