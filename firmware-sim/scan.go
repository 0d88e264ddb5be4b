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
	Profile   string        `enum:"${profiles}" default:"ssi" help:"What the scanner speaks: ${enum}."`
	Framing   string        `enum:"${framings}" default:"cr" help:"How a scan ends, where the make has no packets: ${enum}."`
	AIM       bool          `name:"aim" help:"Put the AIM symbology identifier before the data."`
	GS        string        `name:"gs" placeholder:"TEXT" help:"What the scanner sends in the place of GS."`
	Baud      int           `placeholder:"N" help:"The scanner's own speed; an agent with another one gets garbage (pseudo-terminal)."`
	Packets   bool          `help:"ssi: be in packet mode from the start, not only when the agent asks for it."`
	Header    bool          `help:"honeywell: send the data header DECHDR1."`
	NoComma   bool          `help:"honeywell-hostack: an older model, whose escape commands end without a comma."`
	HostWait  time.Duration `placeholder:"TIME" help:"honeywell-hostack: how long to wait for the agent, 1s to 90s (10s)."`
	AckNak    bool          `name:"acknak" help:"datalogic: send each scan until the agent has acknowledged it."`
	NeedsE    bool          `name:"needs-e" help:"datalogic: after F disabled until E."`
	BatchTime string        `placeholder:"LAYOUT" help:"batch: the time behind each code, laid out as in Go."`
}

func (f deviceFlags) config() device.Config {
	return device.Config{
		Profile: device.Profile(f.Profile), Framing: device.Framing(f.Framing), AIM: f.AIM, Separator: f.GS,
		Baud: f.Baud, Packets: f.Packets, Header: f.Header, NoComma: f.NoComma, HostWait: f.HostWait,
		AckNak: f.AckNak, NeedsEnable: f.NeedsE, TimeLayout: f.BatchTime,
	}
}

type scanCmd struct {
	Codes []string `arg:"" name:"code" help:"Codes: digits, text, (01)09506000134352(21)A7, or with escapes such as \\x1d and an AIM prefix such as ]C1."`
	Port  string   `placeholder:"LINK" xor:"where" required:"" help:"Where to put the symlink that the agent opens."`
	TCP   string   `name:"tcp" placeholder:"ADDR" xor:"where" required:"" help:"Listen here instead, as a device server does."`
	deviceFlags
	Wait  time.Duration `default:"30s" help:"How long to wait until an agent has opened the port."`
	Every time.Duration `default:"0s" help:"Rest between scans."`
	Rate  float64       `default:"0" help:"batch: paste so many codes a second; 0 all at once."`

	Record string `placeholder:"FILE" help:"Write every byte of the wire, both ways, with its time; see firmware-sim playback --help."`
}

// Help is shown by `firmware-sim scan --help`.
func (scanCmd) Help() string { return "The profiles:\n\n" + profileHelp() }

// Run scans each code and prints what the worker got.
func (c *scanCmd) Run(ctx context.Context, io streams) (err error) {
	labels, err := parseLabels(c.Codes)
	if err != nil {
		return misused(err)
	}
	cfg := c.config()
	cfg.Link, cfg.Listen = c.Port, c.TCP
	cfg.OnEvent = func(e device.Event) {
		fmt.Fprintf(io.out, "  %s  %s\n", e.At.Format("15:04:05.000"), e)
	}
	tape := newTapes(c.Record, 1)
	defer func() { err = errors.Join(err, tape.close()) }()
	if cfg.Record, err = tape.recorder("the scanner", c.Profile); err != nil {
		return err
	}
	d, err := device.Open(cfg)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := awaitHost(ctx, d, c.Wait, io.err); err != nil {
		return err
	}
	return errors.Join(c.scanAll(ctx, d, labels, io.out), c.upload(ctx, d, io.out))
}

// upload pastes the memory of a scanner that has one.
func (c *scanCmd) upload(ctx context.Context, d *device.Device, out io.Writer) error {
	if d.Kept() == 0 {
		return nil
	}
	sent, err := d.Upload(ctx, c.Rate)
	fmt.Fprintf(out, "= %s pasted\n", several(sent, "scan", "scans"))
	rest(ctx, afterglow)
	return err
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
	ready := make(chan error, 1)
	go func() { ready <- d.Ready(long) }()
	select {
	case err := <-ready:
		return err
	case <-silentHost(long, d):
		fmt.Fprintf(to, "a host has opened %s and says nothing: it takes the scans as they come\n", d.Address())
		return nil
	}
}

// greeting is how long a host that has opened the port may take to say something.
const greeting = 3 * time.Second

// silentHost is closed when a host has opened the port and then said nothing, as
// one does that only listens.
func silentHost(ctx context.Context, d *device.Device) <-chan struct{} {
	silent := make(chan struct{})
	go func() {
		select {
		case <-d.Opened():
		case <-ctx.Done():
			return
		}
		if rest(ctx, greeting); ctx.Err() == nil {
			close(silent)
		}
	}()
	return silent
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
			fmt.Fprintf(out, "= %s\n", answerInWords(a, device.Profile(c.Profile)))
		}
		if a.Tone == device.None {
			unanswered++
		}
	}
	rest(ctx, afterglow)
	if unanswered > 0 && device.Profile(c.Profile).Hears() {
		return disappointed("%d of %s got no tone", unanswered, several(len(labels), "scan", "scans"))
	}
	return nil
}

// answerInWords is an answer for a person.
func answerInWords(a device.Answer, p device.Profile) string {
	switch {
	case a.Kept:
		return "kept in the scanner's memory"
	case !p.Hears():
		return "sent; this scanner hears nothing, the station's speaker answers"
	case a.GaveUp:
		return fmt.Sprintf("no acknowledgement after %s", several(a.Tries, "try", "tries"))
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
