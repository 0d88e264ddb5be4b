package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"dockfill/firmware-sim/device"
)

// deviceFlags describe a device on the command line.
type deviceFlags struct {
	Profile string `enum:"ssi,ascii" default:"ssi" help:"What the scanner speaks: ${enum}."`
	Framing string `enum:"cr,lf,crlf,tab,stx-etx,none" default:"cr" help:"How an ASCII scan ends: ${enum}."`
	AIM     bool   `name:"aim" help:"Put the AIM symbology identifier before the data."`
	Packets bool   `help:"SSI: be in packet mode from the start, not only when the agent asks for it."`
}

func (f deviceFlags) config() device.Config {
	return device.Config{
		Profile: device.Profile(f.Profile), Framing: device.Framing(f.Framing),
		AIM: f.AIM, Packets: f.Packets,
	}
}

type scanCmd struct {
	Codes []string `arg:"" name:"code" help:"Codes: digits, text, (01)09506000134352(21)A7, or with escapes such as \\x1d and an AIM prefix such as ]C1."`
	Port  string   `placeholder:"LINK" xor:"where" required:"" help:"Where to put the symlink that the agent opens."`
	TCP   string   `name:"tcp" placeholder:"ADDR" xor:"where" required:"" help:"Listen here instead, as a device server does."`
	deviceFlags
	Wait  time.Duration `default:"30s" help:"How long to wait until an agent has opened the port."`
	Every time.Duration `default:"0s" help:"Rest between scans."`
}

// Run scans each code and prints what the worker got.
func (c *scanCmd) Run(ctx context.Context, io streams) error {
	labels, err := parseLabels(c.Codes)
	if err != nil {
		return misused(err)
	}
	cfg := c.config()
	cfg.Link, cfg.Listen = c.Port, c.TCP
	cfg.OnEvent = func(e device.Event) {
		fmt.Fprintf(io.out, "  %s  %s\n", e.At.Format("15:04:05.000"), e)
	}
	d, err := device.Open(cfg)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := awaitHost(ctx, d, c.Wait, io.err); err != nil {
		return err
	}
	return c.scanAll(ctx, d, labels, io.out)
}

func parseLabels(codes []string) ([]device.Label, error) {
	var labels []device.Label
	for _, code := range codes {
		l, err := device.ParseLabel(code)
		if err != nil {
			return nil, err
		}
		labels = append(labels, l)
	}
	return labels, nil
}

// awaitHost waits for the agent, and says so if it is not there yet.
func awaitHost(ctx context.Context, d *device.Device, limit time.Duration, to io.Writer) error {
	short, cancel := context.WithTimeout(ctx, 500*time.Millisecond)
	defer cancel()
	if d.Ready(short) == nil {
		return nil
	}
	fmt.Fprintf(to, "waiting for an agent at %s\n", d.Address())
	long, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return d.Ready(long)
}

// afterglow is how long the device listens after its last scan: lights and
// beeps may follow the tone.
const afterglow = 200 * time.Millisecond

func (c *scanCmd) scanAll(ctx context.Context, d *device.Device, labels []device.Label, out io.Writer) error {
	unanswered := 0
	for i, l := range labels {
		if i > 0 {
			rest(ctx, c.Every)
		}
		fmt.Fprintf(out, "scan %s\n", c.Codes[i])
		a, err := d.Scan(ctx, l)
		if errors.Is(err, device.ErrDisabled) {
			fmt.Fprintf(out, "= held: %v\n", device.ErrDisabled)
		} else if err != nil {
			return err
		} else {
			fmt.Fprintf(out, "= %s\n", inWords(a, c.Profile))
		}
		if a.Tone == device.None {
			unanswered++
		}
	}
	rest(ctx, afterglow)
	if unanswered > 0 && c.Profile == string(device.SSI) {
		return disappointed("%d of %d scans got no tone", unanswered, len(labels))
	}
	return nil
}

// inWords is an answer for a person.
func inWords(a device.Answer, profile string) string {
	switch {
	case profile == string(device.ASCII):
		return "sent; an ASCII scanner hears nothing, the station's speaker answers"
	case a.GaveUp:
		return fmt.Sprintf("no acknowledgement after %d tries", a.Tries)
	case a.Tone == device.None:
		return "no tone"
	}
	return fmt.Sprintf("%s after %.1f ms", a.Tone, float64(a.Took.Microseconds())/1000)
}

// rest sleeps, unless the context ends first.
func rest(ctx context.Context, t time.Duration) {
	if t <= 0 {
		return
	}
	select {
	case <-time.After(t):
	case <-ctx.Done():
	}
}
