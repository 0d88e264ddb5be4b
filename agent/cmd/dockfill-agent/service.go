package main

import (
	"fmt"

	"dockfill/agent/config"
	"dockfill/agent/service"
)

type serviceCmd struct {
	Install   serviceInstall   `cmd:"" help:"Register the agent to start with the machine, with the configuration named."`
	Start     serviceStart     `cmd:"" help:"Start it."`
	Stop      serviceStop      `cmd:"" help:"Stop it; the scans that wait are saved first."`
	Restart   serviceRestart   `cmd:"" help:"Stop it and start it again."`
	Status    serviceStatus    `cmd:"" help:"Tell whether it is running, stopped or not installed."`
	Uninstall serviceUninstall `cmd:"" help:"Remove the registration. Configuration and data stay."`
}

type (
	serviceInstall   struct{}
	serviceStart     struct{}
	serviceStop      struct{}
	serviceRestart   struct{}
	serviceStatus    struct{}
	serviceUninstall struct{}
)

// Run installs a service that can start: its configuration is read as the
// service will read it, without the environment of this command.
func (serviceInstall) Run(p *program) error {
	install := func(m *service.Manager) error {
		c, err := config.LoadFile(m.Config())
		if err != nil {
			return fmt.Errorf("the service would not start with this configuration: %w", err)
		}
		return m.Install(c.Data, c.AnchorDir())
	}
	return p.control(install, "installed; start it with `dockfill-agent service start`")
}

func (serviceStart) Run(p *program) error { return p.control((*service.Manager).Start, "started") }
func (serviceStop) Run(p *program) error  { return p.control((*service.Manager).Stop, "stopped") }

func (serviceRestart) Run(p *program) error {
	return p.control((*service.Manager).Restart, "started anew")
}

func (serviceUninstall) Run(p *program) error {
	return p.control((*service.Manager).Uninstall, "removed; configuration and data stay")
}

func (p *program) control(do func(*service.Manager) error, done string) error {
	m, err := service.New(p.configFile())
	if err != nil {
		return err
	}
	if err := do(m); err != nil {
		return err
	}
	_, err = fmt.Fprintln(p.out, "The service", service.Name, "is", done+".")
	return err
}

func (serviceStatus) Run(p *program) error {
	m, err := service.New(p.configFile())
	if err != nil {
		return err
	}
	word, err := m.Status()
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(p.out, "The service", service.Name, "is", word+"."); err != nil {
		return err
	}
	if word != "running" {
		return status(exitFailed)
	}
	return nil
}
