package service

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/kardianos/service"
	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/svc"
	"golang.org/x/sys/windows/svc/mgr"
)

// stopWithin is how long Windows is asked to wait for the last commit.
const stopWithin = 20 * time.Second

// maxLog is the size from which a start sets the old log aside.
const maxLog = 10 << 20

func supported() error { return nil }

// install registers the service and then sets what the library cannot: three
// growing restarts, forgotten after a day, also when the program ends with an
// error and does not crash.
func (m *Manager) install(_, _ string) error {
	s, err := m.handle()
	if err != nil {
		return err
	}
	if err := s.Install(); err != nil {
		return fmt.Errorf("the service could not be installed (it needs an elevated prompt): %w", err)
	}
	if err := recovery(); err != nil {
		return fmt.Errorf("the service is installed, but its restart after a failure could not be set: %w", err)
	}
	return nil
}

func recovery() error {
	m, err := mgr.Connect()
	if err != nil {
		return err
	}
	defer func() { _ = m.Disconnect() }()
	s, err := m.OpenService(Name)
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }()
	restart := func(after time.Duration) mgr.RecoveryAction {
		return mgr.RecoveryAction{Type: mgr.ServiceRestart, Delay: after}
	}
	day := uint32((24 * time.Hour).Seconds())
	actions := []mgr.RecoveryAction{restart(5 * time.Second), restart(30 * time.Second), restart(time.Minute)}
	if err := s.SetRecoveryActions(actions, day); err != nil {
		return err
	}
	return s.SetRecoveryActionsOnNonCrashFailures(true)
}

func (m *Manager) arguments() []string {
	return []string{"run", "--config", m.config, "--service"}
}

func (m *Manager) options() service.KeyValue {
	return service.KeyValue{"DelayedAutoStart": true}
}

// Run runs main until ctx ends or main fails. As a service, the manager's stop
// and the machine's shutdown end it. The argument decides, and not a look at
// the session, which is wrong on some systems.
func Run(ctx context.Context, asService bool, main func(context.Context, Ready) error) error {
	if !asService {
		return main(ctx, func(func(context.Context) error) {})
	}
	h := &handler{ctx: ctx, main: main}
	if err := svc.Run(Name, h); err != nil {
		return fmt.Errorf("this is not a service process (--service is for the service manager alone): %w", err)
	}
	return h.err
}

// handler is the program as the service manager sees it.
type handler struct {
	ctx  context.Context
	main func(context.Context, Ready) error
	err  error
}

// Execute implements svc.Handler. Its exit code 1 makes Windows restart the
// service.
func (h *handler) Execute(_ []string, requests <-chan svc.ChangeRequest, status chan<- svc.Status) (bool, uint32) {
	ctx, cancel := context.WithCancel(h.ctx)
	defer cancel()
	status <- svc.Status{State: svc.StartPending, WaitHint: uint32(stopWithin.Milliseconds())}
	ready, done := make(chan struct{}), make(chan error, 1)
	go func() {
		done <- h.main(ctx, func(func(context.Context) error) { close(ready) })
	}()
	for {
		select {
		case <-ready:
			ready = nil
			status <- svc.Status{State: svc.Running, Accepts: svc.AcceptStop | svc.AcceptShutdown}
		case h.err = <-done:
			if h.err != nil && ctx.Err() == nil {
				return true, 1
			}
			return false, 0
		case r := <-requests:
			switch r.Cmd {
			case svc.Interrogate:
				status <- r.CurrentStatus
			case svc.Stop, svc.Shutdown:
				status <- svc.Status{State: svc.StopPending, WaitHint: uint32(stopWithin.Milliseconds())}
				cancel()
			}
		}
	}
}

// LogWriter is where a service logs to: a file beside the data. A large one is
// set aside at the start.
func LogWriter() (io.Writer, error) {
	dir := home()
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, err
	}
	name := filepath.Join(dir, "agent.log")
	if info, err := os.Stat(name); err == nil && info.Size() > maxLog {
		if err := os.Rename(name, name+".old"); err != nil {
			return nil, err
		}
	}
	return os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o640)
}

// DefaultData is the folder that a new site's database is put into.
func DefaultData() string { return filepath.Join(home(), "data") }

// DefaultConfig is where the configuration lies.
func DefaultConfig() string { return filepath.Join(home(), "agent.toml") }

// home asks the system and not the environment, which differs within services.
func home() string {
	dir, err := windows.KnownFolderPath(windows.FOLDERID_ProgramData, 0)
	if err != nil {
		dir = `C:\ProgramData`
	}
	return filepath.Join(dir, "Dockfill")
}
