package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"dockfill/agent"
	"dockfill/agent/config"
	"dockfill/agent/service"
	"dockfill/packaging/version"
	"dockfill/sync/session"
)

type runCmd struct {
	LogLevel slog.Level `default:"info" env:"DOCKFILL_LOG_LEVEL" help:"debug, info, warn or error."`
	Service  bool       `hidden:"" help:"Run as a service of Windows; only its service manager says this."`
}

// Run receives until a signal or the service manager ends it. The first line on
// standard output is the address of the pages.
func (r runCmd) Run(p *program) error {
	var w io.Writer = p.err
	if r.Service {
		var err error
		if w, err = service.LogWriter(); err != nil {
			return fmt.Errorf("the log cannot be written: %w", err)
		}
	}
	log := newLog(w, r.LogLevel)
	err := service.Run(p.ctx, r.Service, func(ctx context.Context, ready service.Ready) error {
		return r.receive(ctx, p, log, ready)
	})
	if err != nil {
		// Also in the log: of a service nobody sees standard error.
		tellEnd(log, err)
		return status(exitFailed)
	}
	log.Info("the agent has stopped")
	return nil
}

// tellEnd logs why the agent ends; faults of the configuration are an entry each.
func tellEnd(log *slog.Logger, err error) {
	var faults config.Faults
	if !errors.As(err, &faults) {
		log.Error("the agent ends", "error", err)
		return
	}
	for _, f := range faults {
		log.Error("the configuration is wrong", "error", f)
	}
	log.Error("the agent ends: it needs a configuration without faults; \"dockfill-agent config check\" shows them", "faults", len(faults))
}

func (r runCmd) receive(ctx context.Context, p *program, log *slog.Logger, ready service.Ready) error {
	c, err := p.load()
	if err != nil {
		return err
	}
	a, err := agent.New(c, agent.Deps{Log: log, Version: version.Text()})
	if err != nil {
		return err
	}
	if address := a.Addr(); address != nil {
		fmt.Fprintf(p.out, "http http://%s\n", address)
	}
	tellStart(ctx, a, c, log)
	ready(func(ctx context.Context) error {
		_, err := a.Status(ctx)
		return err
	})
	return a.Run(ctx)
}

// tellStart logs whether scans are received, and why not.
func tellStart(ctx context.Context, a *agent.Agent, c config.Config, log *slog.Logger) {
	log = log.With("site", c.Site, "stations", len(c.Stations), "http", c.HTTP, "version", version.Text())
	st, err := a.Status(ctx)
	switch {
	case err != nil:
		log.Error("the agent runs, and its database does not answer", "error", err)
	case st.State == string(session.Active):
		log.Info("the agent receives")
	case st.Unread:
		log.Error("the agent runs, allocates nothing, and sets scans aside", "why", st.Reason)
	default:
		log.Warn("the agent runs, allocates nothing yet, and sets scans aside", "why", st.Reason)
	}
}
