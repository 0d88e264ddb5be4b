package service

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/kardianos/service"

	"dockfill/packaging"
)

const (
	packagedStart = "ExecStart=/usr/bin/dockfill-agent run --config /etc/dockfill/agent.toml"
	systemdSocket = "/run/systemd/system" // exists while systemd is the init, see sd_booted(3)
)

// packaged are the places in which a distribution's package puts the unit.
var packaged = []string{"/usr/lib/systemd/system/" + Name + ".service", "/lib/systemd/system/" + Name + ".service"}

func supported() error {
	if _, err := os.Stat(systemdSocket); err != nil {
		return fmt.Errorf("%w: systemd does not run on this machine (%s is missing, as in most containers); start the agent with `dockfill-agent run` under the supervisor that is there", ErrUnsupported, systemdSocket)
	}
	if _, err := exec.LookPath("systemctl"); err != nil {
		return fmt.Errorf("%w: systemctl is not installed", ErrUnsupported)
	}
	return nil
}

func (m *Manager) install(data, anchor string) error {
	if os.Geteuid() != 0 {
		return fmt.Errorf("installing a service needs root: run it with sudo")
	}
	for _, unit := range packaged {
		if _, err := os.Stat(unit); err == nil {
			return fmt.Errorf("a package has installed the service already (%s); use `systemctl enable --now %s`", unit, Name)
		}
	}
	// ProtectHome=yes hides these places from the service.
	for _, hidden := range []string{"/home/", "/root/", "/run/user/"} {
		for _, file := range []string{m.executable, m.config} {
			if strings.HasPrefix(file, hidden) {
				return fmt.Errorf("the service cannot see %s, since home directories are hidden from it; copy it to /usr/local/bin or /etc/dockfill first", file)
			}
		}
	}
	unit := m.unit() + dropIns(dropInDir)
	if err := errors.Join(checkFolder("data", data, unit), checkFolder("anchor", anchor, unit)); err != nil {
		return err
	}
	if err := makeUser(); err != nil {
		return err
	}
	if err := checkReadable(userName, m.config); err != nil {
		return err
	}
	s, err := m.handle()
	if err != nil {
		return err
	}
	if err := s.Install(); err != nil {
		return fmt.Errorf("the service could not be installed: %w", err)
	}
	return nil
}

// makeUser creates the unit's user where it is missing.
func makeUser() error {
	c := exec.Command("systemd-sysusers", "-")
	c.Stdin = strings.NewReader(packaging.Users)
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("the user dockfill could not be made: %w: %s", err, strings.TrimSpace(string(out)))
	}
	return nil
}

func (m *Manager) arguments() []string { return nil } // they stand in the unit

func (m *Manager) options() service.KeyValue {
	return service.KeyValue{"SystemdScript": m.unit()}
}

// unit is the packaged one with this program and this configuration.
func (m *Manager) unit() string {
	start := "ExecStart=" + word(m.executable) + " run --config " + word(m.config)
	return strings.Replace(packaging.Unit, packagedStart, start, 1)
}

// word quotes an argument as systemd.service(5) reads it: quotes, and no
// specifiers or variables in it.
func word(s string) string {
	return strconv.Quote(strings.NewReplacer("%", "%%", "$", "$$").Replace(s))
}

// LogWriter is where a service logs to: the journal takes standard error.
func LogWriter() (io.Writer, error) { return os.Stderr, nil }

// DefaultData is the folder that the service may write in any case.
func DefaultData() string { return stateRoot + "dockfill" }

// DefaultConfig is where the configuration lies.
func DefaultConfig() string { return filepath.Join("/etc", "dockfill", "agent.toml") }

// Run runs main until ctx ends or main fails. Where systemd started the process
// it hears of readiness, of well-being at half the watchdog's interval, and of
// the end. asService is for Windows; systemd is recognised by its environment.
func Run(ctx context.Context, _ bool, main func(context.Context, Ready) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stopping := func() { notify(daemon.SdNotifyStopping) }
	unsaid := context.AfterFunc(ctx, stopping)
	// A main that ends at once can be here before the function above has begun.
	defer func() {
		if ended := ctx.Err() != nil; unsaid() && ended {
			stopping()
		}
	}()
	return main(ctx, func(alive func(context.Context) error) {
		notify(daemon.SdNotifyReady)
		if every, err := daemon.SdWatchdogEnabled(false); err == nil && every > 0 {
			go watchdog(ctx, every/2, alive)
		}
	})
}

// watchdog tells systemd that the program is well as long as it is. When it is
// not, silence makes systemd restart it.
func watchdog(ctx context.Context, every time.Duration, alive func(context.Context) error) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		limited, cancel := context.WithTimeout(ctx, every)
		if alive(limited) == nil {
			notify(daemon.SdNotifyWatchdog)
		}
		cancel()
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// notify is silent about failure: without systemd nobody listens.
func notify(state string) { _, _ = daemon.SdNotify(false, state) }
