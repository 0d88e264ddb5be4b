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
	switch words[0] {
	case "cut":
		r.Cut()
	case "restore":
		r.Restore()
	case "drop":
		r.Drop()
	case "stall":
		return stall(r, words[1:])
	case "delay":
		if len(words) < 2 {
			return errors.New("delay needs a time: delay 200ms")
		}
		t, err := period(words[1])
		if err != nil {
			return err
		}
		r.Delay(t)
	default:
		known := []string{"cut", "restore", "drop", "stall", "delay", "status", "quit"}
		return fmt.Errorf("a line has no action %q; did you mean %q?", words[0], scenarios.Nearest(words[0], known))
	}
	return nil
}

func stall(r *network.Relay, words []string) error {
	way := "both"
	if len(words) > 0 {
		way = words[0]
	}
	d, ok := map[string]network.Direction{"up": network.Up, "down": network.Down, "both": network.Both}[way]
	if !ok {
		return fmt.Errorf("a line stalls up, down or both, not %q", way)
	}
	r.Stall(d)
	return nil
}
