// Package packaging carries the files that installers and `dockfill-agent
// service install` share, so that both install the same thing. There is no
// logic in it.
package packaging

import _ "embed"

// Unit is the agent's systemd unit. It names /usr/bin/dockfill-agent and
// /etc/dockfill/agent.toml.
//
//go:embed linux/dockfill-agent.service
var Unit string

// Users declares the agent's system user in the form of sysusers.d(5).
//
//go:embed linux/dockfill.sysusers.conf
var Users string

// Config is the commented configuration that a new site starts from.
//
//go:embed agent.toml
var Config string
