//go:build linux

// Command guest is the first and only process of the virtual machine of e2e/vm: it
// makes devices, runs the agent's own sources on them, and tells what it saw.
package main

import (
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

func main() {
	if len(os.Args) == 3 && os.Args[1] == "hold" {
		hold(os.Args[2])
	}
	defer off()
	defer func() {
		if r := recover(); r != nil {
			fmt.Println("PANIC:", r)
		}
	}()
	if err := prepare(); err != nil {
		fmt.Println("cannot prepare:", err)
		return
	}
	passed, failed := 0, 0
	for _, c := range checks {
		began := time.Now()
		figures, err := c.run()
		if err != nil {
			failed++
			fmt.Printf("FAIL %s (%v): %v\n", c.name, time.Since(began).Round(time.Millisecond), err)
			continue
		}
		passed++
		fmt.Printf("ok   %s (%v): %s\n", c.name, time.Since(began).Round(time.Millisecond), figures)
	}
	fmt.Printf("RESULT %d passed, %d failed\n", passed, failed)
}

// off ends the machine, after the console has sent what it holds.
func off() {
	_ = os.Stdout.Sync()
	time.Sleep(500 * time.Millisecond)
	_ = unix.Reboot(unix.LINUX_REBOOT_CMD_RESTART)
}

func prepare() error {
	for kind, place := range map[string]string{"proc": "/proc", "sysfs": "/sys", "devtmpfs": "/dev"} {
		if err := unix.Mount(kind, place, kind, 0, ""); err != nil && err != unix.EBUSY {
			return fmt.Errorf("mount %s: %w", place, err)
		}
	}
	order, err := os.ReadFile("/modules/order")
	if err != nil {
		return err
	}
	for _, name := range strings.Fields(string(order)) {
		if name == "g_serial" {
			continue // plugged in by its check
		}
		if err := load(name, ""); err != nil {
			return err
		}
	}
	return nil
}

func load(name, parameters string) error {
	f, err := os.Open("/modules/" + name)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	if err := unix.FinitModule(int(f.Fd()), parameters, 0); err != nil && err != unix.EEXIST {
		return fmt.Errorf("load %s: %w", name, err)
	}
	return nil
}

// eventually waits until ok holds.
func eventually(what string, ok func() bool) error {
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(2 * time.Millisecond) {
		if ok() {
			return nil
		}
	}
	return fmt.Errorf("never saw %s", what)
}
