package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"dockfill/agent/config"
	"dockfill/agent/dock"
	"dockfill/agent/service"
	"dockfill/scanner/source"
)

type configCmd struct {
	Check configCheck `cmd:"" help:"Read the configuration as 'run' would and say all that is wrong with it, and where."`
}

type configCheck struct {
	JSON bool `help:"Print JSON."`
}

// Help says what is read and what the exit status means.
func (configCheck) Help() string {
	return `It reads the file and the DOCKFILL_ variables of this environment as 'run' would, opens nothing, and tells everything that is wrong at once:
FILE:LINE:COLUMN, the reason, and what was probably meant.

Exit status:
  0  the configuration is good.
  2  it has faults, or cannot be read.`
}

func (k configCheck) Run(p *program) error {
	c, err := p.load()
	var faults config.Faults
	if err != nil && !errors.As(err, &faults) {
		return err
	}
	for _, two := range source.Same(c.Stations) {
		faults = append(faults, config.Fault{File: p.configFile(), Key: "station", Reason: two})
		err = faults
	}
	if k.JSON {
		return k.json(p, c, faults)
	}
	if len(faults) > 0 {
		fmt.Fprintf(p.err, "%v\n%s has %s.\n", err, p.configFile(), dock.Plural(int64(len(faults)), "fault", "faults"))
		return status(exitFailed)
	}
	centre := "without a centre"
	if c.Centre.Broker != "" {
		centre = "centre " + c.Centre.Broker
	}
	for _, w := range warnings(c) {
		fmt.Fprintln(p.out, "Warning:", w)
	}
	_, err = fmt.Fprintf(p.out, "%s is good: site %s, %s, %s.\n", p.configFile(), c.Site, dock.Plural(int64(len(c.Stations)), "station", "stations"), centre)
	return err
}

// warnings are of what can run and may not be meant.
func warnings(c config.Config) (all []string) {
	if !filepath.IsAbs(c.Data) {
		all = append(all, fmt.Sprintf("data is %q, which depends on the folder that the agent is started in; write the whole path. A service refuses this.", c.Data))
	}
	return append(all, source.Shared(c.Stations)...)
}

type faultJSON struct {
	File     string `json:"file,omitempty"`
	Line     int    `json:"line,omitempty"`
	Column   int    `json:"column,omitempty"`
	Variable string `json:"variable,omitempty"`
	Key      string `json:"key,omitempty"`
	Reason   string `json:"reason"`
	Hint     string `json:"hint,omitempty"`
}

func (configCheck) json(p *program, c config.Config, faults config.Faults) error {
	answer := struct {
		Schema   int         `json:"schema"`
		File     string      `json:"file"`
		Good     bool        `json:"good"`
		Faults   []faultJSON `json:"faults"`
		Warnings []string    `json:"warnings"`
	}{schema, p.configFile(), len(faults) == 0, []faultJSON{}, []string{}}
	for _, f := range faults {
		answer.Faults = append(answer.Faults, faultJSON{f.File, f.Line, f.Column, f.Variable, f.Key, f.Reason, f.Hint})
	}
	if answer.Good {
		answer.Warnings = append(answer.Warnings, warnings(c)...)
	}
	if err := printJSON(p.out, answer); err != nil || answer.Good {
		return err
	}
	return status(exitFailed)
}

// load reads the configuration that this command is about. Without the default
// file the environment may say it all.
func (p *program) load() (config.Config, error) {
	if p.config != "" || p.hasDefault() {
		return config.Load(p.configFile())
	}
	c, err := config.Load("")
	if err != nil {
		return c, fmt.Errorf("there is no configuration %s; name a file with --config. The environment does not stand in for it:\n%w", p.configFile(), err)
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
