package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"dockfill/firmware-sim/network"
	"dockfill/firmware-sim/scenarios"
)

type netCmd struct {
	Listen string `placeholder:"ADDR" required:"" help:"Address that the site dials, e.g. 127.0.0.1:11883; port 0 picks a free one."`
	To     string `placeholder:"ADDR" required:"" help:"Address of the centre's broker, e.g. 127.0.0.1:1883."`
}

// Help is shown by `firmware-sim net --help`.
func (netCmd) Help() string {
	return "Type one action a line:\n\n" + actions + "\nThe end of the input leaves the line as it is until the program is stopped; quit ends it."
}

const actions = `  cut                  reset all connections, refuse new ones
  restore              undo cut, stall and delay
  drop                 reset the present connections only
  stall up|down|both   swallow without an error; nothing is lost
  delay TIME           hold every byte back: 200ms
  status               say how the line is
`

// Run relays until it is told to quit.
func (c *netCmd) Run(ctx context.Context, io streams) error {
	relay, err := network.Listen(c.Listen, c.To)
	if err != nil {
		return err
	}
	defer relay.Close()
	fmt.Fprintf(io.out, "%s is passed on to %s; type help for the actions\n", relay.Addr(), c.To)
	quit := make(chan struct{})
	go obey(relay, io, quit)
	select {
	case <-quit:
	case <-ctx.Done():
	}
	return nil
}

// obey reads actions until the input ends, and closes quit at "quit".
func obey(relay *network.Relay, io streams, quit chan<- struct{}) {
	lines := bufio.NewScanner(io.in)
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		switch {
		case len(words) == 0:
		case words[0] == "quit":
			close(quit)
			return
		case words[0] == "help":
			fmt.Fprint(io.out, actions)
		default:
			answer(relay, words, io.out)
		}
	}
}

func answer(relay *network.Relay, words []string, out io.Writer) {
	if words[0] != "status" {
		if err := change(relay, words); err != nil {
			fmt.Fprintln(out, err)
			return
		}
	}
	fmt.Fprintln(out, relay.State())
}

// change does one action to a line.
func change(r *network.Relay, words []string) error {
	do, err := changeOf(words)
	if err == nil {
		do(r)
	}
	return err
}

// changeOf understands an action.
func changeOf(words []string) (func(*network.Relay), error) {
	switch words[0] {
	case "cut":
		return (*network.Relay).Cut, nil
	case "restore":
		return (*network.Relay).Restore, nil
	case "drop":
		return (*network.Relay).Drop, nil
	case "stall":
		return stallOf(words[1:])
	case "delay":
		if len(words) < 2 {
			return nil, errors.New("delay needs a time: delay 200ms")
		}
		t, err := period(words[1])
		return func(r *network.Relay) { r.Delay(t) }, err
	}
	known := []string{"cut", "restore", "drop", "stall", "delay", "status", "quit"}
	return nil, fmt.Errorf("a line has no action %q; %s", words[0], scenarios.Suggest(words[0], known))
}

func stallOf(words []string) (func(*network.Relay), error) {
	way := "both"
	if len(words) > 0 {
		way = words[0]
	}
	d, ok := map[string]network.Direction{"up": network.Up, "down": network.Down, "both": network.Both}[way]
	if !ok {
		return nil, fmt.Errorf("a line stalls up, down or both, not %q", way)
	}
	return func(r *network.Relay) { r.Stall(d) }, nil
}
