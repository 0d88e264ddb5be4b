// Package service makes the agent a service of the operating system: it
// installs and controls it through kardianos/service and lets the running
// program speak with its service manager (systemd, or Windows's own).
package service

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/kardianos/service"
)

// Name is the service's name in both systems.
const Name = "dockfill-agent"

const (
	displayName = "Dockfill site agent"
	description = "Fills backorders at the dock: takes scans, allocates them, reports to the centre."
)

// ErrUnsupported means that this machine has no service manager that the agent
// can be installed into. The error that wraps it says what is missing.
var ErrUnsupported = errors.New("no service manager")

// Ready is called by the program once it takes scans. From then on alive is
// asked regularly; as long as it returns nil the manager is told that the
// program is well. Where nobody asked for that, Ready does nothing.
type Ready func(alive func(context.Context) error)

// Manager installs and controls the service.
type Manager struct {
	config     string // file
	executable string
}

// New makes a Manager for this very program. The configuration file is made
// absolute, since a service starts elsewhere.
func New(config string) (*Manager, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("where this program lies is not known: %w", err)
	}
	if exe, err = filepath.EvalSymlinks(exe); err != nil {
		return nil, fmt.Errorf("where this program lies is not known: %w", err)
	}
	if config, err = filepath.Abs(config); err != nil {
		return nil, fmt.Errorf("configuration %s: %w", config, err)
	}
	return &Manager{config: config, executable: exe}, nil
}

// Config is the file that the service is to read, absolute.
func (m *Manager) Config() string { return m.config }

// Install registers the service, to start with the machine. It does not start
// it. data and anchor are the folders that its configuration names. Errors: a folder that the
// service could not write, a configuration that it could not read,
// ErrUnsupported, or what the system says.
func (m *Manager) Install(data, anchor string) error {
	for _, f := range []struct{ key, is, example string }{{"data", data, DefaultData()}, {"anchor", anchor, DefaultData() + "-anchor"}} {
		if !filepath.IsAbs(f.is) {
			return fmt.Errorf("%s is %q in %s, and a service starts in a folder of its own: write the whole path, such as %s", f.key, f.is, m.config, f.example)
		}
	}
	if err := supported(); err != nil {
		return err
	}
	return m.install(data, anchor)
}

// Start, Stop, Restart and Uninstall do what they say. Errors: ErrUnsupported,
// or what the system says.
func (m *Manager) Start() error     { return m.control("start") }
func (m *Manager) Stop() error      { return m.control("stop") }
func (m *Manager) Restart() error   { return m.control("restart") }
func (m *Manager) Uninstall() error { return m.control("uninstall") }

func (m *Manager) control(action string) error {
	if err := supported(); err != nil {
		return err
	}
	s, err := m.handle()
	if err != nil {
		return err
	}
	if err := service.Control(s, action); err != nil {
		return fmt.Errorf("the service could not %s: %w", action, err)
	}
	return nil
}

// Status tells in a word how the service stands: running, stopped or not
// installed. Errors: ErrUnsupported, or what the system says.
func (m *Manager) Status() (string, error) {
	if err := supported(); err != nil {
		return "", err
	}
	s, err := m.handle()
	if err != nil {
		return "", err
	}
	switch status, err := s.Status(); {
	case errors.Is(err, service.ErrNotInstalled):
		return "not installed", nil
	case err != nil:
		return "", err
	case status == service.StatusRunning:
		return "running", nil
	default:
		return "stopped", nil
	}
}

func (m *Manager) handle() (service.Service, error) {
	return service.New(controller{}, &service.Config{
		Name: Name, DisplayName: displayName, Description: description,
		Executable: m.executable, Arguments: m.arguments(), Option: m.options(),
	})
}

// controller satisfies the library, which can also run programs. Ours runs by
// itself: see Run.
type controller struct{}

func (controller) Start(service.Service) error { return errors.ErrUnsupported }
func (controller) Stop(service.Service) error  { return errors.ErrUnsupported }
