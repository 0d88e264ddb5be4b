package main

import (
	"fmt"
	"os"
	"path/filepath"

	"dockfill/agent"
	"dockfill/agent/dock"
	"dockfill/agent/service"
)

type configCmd struct {
	Check configCheck `cmd:"" help:"Read the configuration as 'run' would and say what is wrong with it, and where."`
}

type configCheck struct{}

func (configCheck) Run(p *program) error {
	c, err := p.load()
	if err != nil {
		return err
	}
	centre := "without a centre"
	if c.Centre.Broker != "" {
		centre = "centre " + c.Centre.Broker
	}
	if !filepath.IsAbs(c.Data) {
		fmt.Fprintf(p.out, "Warning: data is %q, which depends on the folder that the agent is started in; write the whole path. A service refuses this.\n", c.Data)
	}
	_, err = fmt.Fprintf(p.out, "%s is good: site %s, %s, %s.\n", p.configFile(), c.Site, dock.Plural(int64(len(c.Stations)), "station", "stations"), centre)
	return err
}

// load reads the configuration that this command is about. Without the default
// file the environment may say it all.
func (p *program) load() (agent.Config, error) {
	if p.config != "" || p.hasDefault() {
		return agent.Load(p.configFile())
	}
	c, err := agent.Load("")
	if err != nil {
		return c, fmt.Errorf("there is no configuration %s, and the environment does not stand in for it (%w); name a file with --config", p.configFile(), err)
	}
	return c, nil
}

func (p *program) configFile() string {
	if p.config != "" {
		return p.config
	}
	return service.DefaultConfig()
}

func (p *program) hasDefault() bool {
	_, err := os.Stat(service.DefaultConfig())
	return err == nil
}
