package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"dockfill/firmware-sim/device"
)

type playbackCmd struct {
	File string        `arg:"" help:"A recording, as --record of scan and play writes it."`
	Port string        `name:"link" placeholder:"LINK" xor:"where" required:"" help:"Where to put the symlink that the agent opens."`
	TCP  string        `name:"tcp" placeholder:"ADDR" xor:"where" required:"" help:"Listen here instead, as a device server does."`
	Wait time.Duration `default:"30s" help:"How long to wait until an agent has opened the port."`
}

// Help is shown by `firmware-sim playback --help`.
func (playbackCmd) Help() string {
	return `Plays the device's side of a recording to an agent, with the recording's own pauses, and compares what the agent
says with what the recording holds. The first difference is printed and ends the playback with status 1.

A recording is text, a step a line:

  < 0.000412s "4006381333931\r"    bytes from the device
  > 0.004017s "\x1b7,"             bytes from the host
  ! 1.250000s unplug               or plug
  .                                a silence of more than 200 ms

The time may be missing. Bytes are quoted as in Go, or hexadecimal pairs (04 D0). What follows # says nothing.`
}

// Run plays the recording.
func (c *playbackCmd) Run(ctx context.Context, io streams) error {
	f, err := os.Open(c.File)
	if err != nil {
		return misused(err)
	}
	defer f.Close()
	steps, err := device.ReadRecording(c.File, f)
	if err != nil {
		return misused(err)
	}
	if len(steps) == 0 {
		return misused(fmt.Errorf("%s holds no step: record one with `firmware-sim play --record FILE` or `dockfill-agent listen --record FILE`", c.File))
	}
	p, err := device.NewPlayback(c.Port, c.TCP, c.Wait)
	if err != nil {
		return misused(err)
	}
	played, err := p.Play(ctx, steps)
	fmt.Fprintf(io.out, "%d of %s played\n", played, several(len(steps), "step", "steps"))
	var other *device.Difference
	if errors.As(err, &other) {
		return disappointed("%s: %w", c.File, other)
	}
	return err
}
