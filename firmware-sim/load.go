package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"dockfill/firmware-sim/device"
	"dockfill/firmware-sim/ledger"
)

type loadCmd struct {
	Port     []string `placeholder:"LINK" xor:"where" required:"" help:"A scanner's symlink; repeat it for more scanners."`
	Links    string   `placeholder:"DIR" xor:"where" required:"" help:"Make the symlinks DIR/station-1, station-2 ..."`
	TCP      string   `name:"tcp" placeholder:"HOST:PORT" xor:"where" required:"" help:"Listen on this port and the ones after it."`
	Stations int      `default:"1" help:"How many scanners, with --links and --tcp."`
	deviceFlags

	Count  int           `default:"1000" help:"How many scans in all; 0 for no end."`
	For    time.Duration `default:"0s" help:"Stop after this time; 0s for no limit."`
	Rate   float64       `default:"0" help:"Scans a second in all; 0 as fast as the answers come."`
	GTIN   []string      `name:"gtin" default:"09506000134352" help:"GTINs to scan in turn (8, 12, 13 or 14 digits)."`
	GTINs  string        `name:"gtins" placeholder:"FILE" help:"File with one GTIN a line, instead of --gtin."`
	Serial string        `placeholder:"PREFIX" help:"Serials are PREFIX-1, PREFIX-2 ...; by default the prefix is made from the time."`
	Rescan int           `default:"10" help:"How often a worker who hears no tone scans the same label again."`
	Wait   time.Duration `default:"60s" help:"How long to wait until agents have opened all ports."`
	Ledger string        `placeholder:"FILE" help:"Append every tone to this file, flushed before that worker's next scan."`
}

// maxStations is well below what one process may have open.
const maxStations = 256

// maxSerialPrefix leaves room for the number in AI 21's 20 characters.
const maxSerialPrefix = 10

// Validate is called by the parser.
func (c *loadCmd) Validate() error {
	switch {
	case c.Stations < 1 || c.Stations > maxStations:
		return fmt.Errorf("--stations is %d; 1 to %d are possible", c.Stations, maxStations)
	case c.Count < 0 || c.For < 0 || c.Rate < 0 || c.Rescan < 0 || c.Wait < 0:
		return errors.New("--count, --for, --rate, --rescan and --wait cannot be below 0")
	}
	return nil
}

// Run scans until count or time is reached and prints the summary.
func (c *loadCmd) Run(ctx context.Context, io streams) error {
	if c.Profile == string(device.Batch) {
		return misused(errors.New("a batch scanner sends nothing while it scans: use play with upload, or another --profile"))
	}
	if !c.hears() && c.Ledger != "" {
		return misused(fmt.Errorf("a scanner of profile %s hears no tone, so there is nothing for a ledger: use --profile ssi", c.Profile))
	}
	if len(c.Serial) > maxSerialPrefix {
		return misused(fmt.Errorf("--serial %q is longer than %d characters; AI 21 holds 20", c.Serial, maxSerialPrefix))
	}
	gtins, err := c.gtins()
	if err != nil {
		return misused(err)
	}
	l := &load{loadCmd: c, gtins: gtins}
	defer l.close()
	if c.Ledger != "" {
		if l.ledger, err = ledger.Open(c.Ledger); err != nil {
			return err
		}
	}
	if err := l.plugIn(ctx, io.err); err != nil {
		return err
	}
	err = l.work(ctx, io.err)
	fmt.Fprintln(io.out, l.tally)
	if err == nil && l.tally.unanswered() > 0 {
		return disappointed("%s no tone", several(l.tally.unanswered(), "scan got", "scans got"))
	}
	return err
}

func (c *loadCmd) hears() bool { return device.Profile(c.Profile).Hears() }

// gtins is the list to scan, as 14 digits with a right check digit.
func (c *loadCmd) gtins() ([]string, error) {
	list := c.GTIN
	if c.GTINs != "" {
		f, err := os.Open(c.GTINs)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		list = nil
		for lines := bufio.NewScanner(f); lines.Scan(); {
			if text := strings.TrimSpace(lines.Text()); text != "" {
				list = append(list, text)
			}
		}
	}
	out := make([]string, len(list))
	for i, g := range list {
		var err error
		if out[i], err = gtin14(g); err != nil {
			return nil, err
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s holds no GTIN", c.GTINs)
	}
	return out, nil
}

// gtin14 pads a GTIN and checks it, so that a typing mistake does not make ten
// thousand refused scans.
func gtin14(s string) (string, error) {
	switch {
	case strings.Trim(s, "0123456789") != "":
		return "", fmt.Errorf("GTIN %q holds more than digits", s)
	case len(s) != 8 && len(s) != 12 && len(s) != 13 && len(s) != 14:
		return "", fmt.Errorf("GTIN %q has %d digits, not 8, 12, 13 or 14", s, len(s))
	}
	s = strings.Repeat("0", 14-len(s)) + s
	if want := checkDigit(s[:13]); s[13] != want {
		return "", fmt.Errorf("GTIN %q ends in %c, its check digit is %c", s, s[13], want)
	}
	return s, nil
}

// checkDigit is GS1's modulo 10 for the digits before it.
func checkDigit(digits string) byte {
	sum := 0
	for i := range len(digits) {
		weight := 1
		if (len(digits)-i)%2 == 1 {
			weight = 3
		}
		sum += weight * int(digits[i]-'0')
	}
	return byte('0' + (10-sum%10)%10)
}

// load is one run.
type load struct {
	*loadCmd
	gtins   []string
	devices []*device.Device
	ledger  *ledger.Ledger
	tally   *tally
	tick    func() // moves the progress bar

	mu    sync.Mutex
	drawn int // scans handed out
	start time.Time
}

func (l *load) close() {
	for _, d := range l.devices {
		d.Close()
	}
	if l.ledger != nil {
		l.ledger.Close()
	}
}

// plugIn makes all devices and waits until each has a host.
func (l *load) plugIn(ctx context.Context, to io.Writer) error {
	configs, err := l.configs()
	if err != nil {
		return misused(err)
	}
	for _, cfg := range configs {
		d, err := device.Open(cfg)
		if err != nil {
			return err
		}
		l.devices = append(l.devices, d)
	}
	deadline := time.Now().Add(l.Wait)
	for _, d := range l.devices {
		if err := awaitHost(ctx, d, time.Until(deadline), to); err != nil {
			return err
		}
	}
	return nil
}

func (l *load) configs() ([]device.Config, error) {
	var all []device.Config
	add := func(name, link, listen string) {
		cfg := l.config()
		cfg.Name, cfg.Link, cfg.Listen = name, link, listen
		all = append(all, cfg)
	}
	for _, link := range l.Port {
		add(filepath.Base(link), link, "")
	}
	host, port, _ := strings.Cut(l.TCP, ":")
	first, err := strconv.Atoi(port)
	if l.TCP != "" && err != nil {
		return nil, fmt.Errorf("--tcp %q is not HOST:PORT", l.TCP)
	}
	for n := range l.Stations {
		name := fmt.Sprintf("station-%d", n+1)
		switch {
		case l.Links != "":
			add(name, filepath.Join(l.Links, name), "")
		case l.TCP != "":
			add(name, "", fmt.Sprintf("%s:%d", host, first+n))
		}
	}
	return all, nil
}

// work lets every worker scan until the labels are used up. The first error
// stops them all.
func (l *load) work(ctx context.Context, to io.Writer) error {
	if l.For > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, l.For)
		defer cancel()
	}
	if l.Serial == "" {
		l.Serial = strconv.FormatInt(time.Now().UnixMilli(), 36)
	}
	var done func()
	l.tick, done = progress(l.Count, to)
	defer done()
	l.tally = newTally()
	l.start = time.Now()
	failed, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var wg sync.WaitGroup
	for _, d := range l.devices {
		wg.Go(func() {
			if err := l.shift(failed, d); err != nil {
				stop(err)
			}
		})
	}
	wg.Wait()
	err := context.Cause(failed)
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return nil // all done, or told to stop
	}
	return err
}

// progress is a bar on a terminal, where the end is known, and else nothing.
func progress(total int, to io.Writer) (tick, done func()) {
	f, ok := to.(*os.File)
	if !ok || total == 0 || !term.IsTerminal(int(f.Fd())) {
		return func() {}, func() {}
	}
	bar := progressbar.NewOptions(total, progressbar.OptionSetWriter(f),
		progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionThrottle(200*time.Millisecond),
		progressbar.OptionClearOnFinish())
	return func() { bar.Add(1) }, func() { bar.Exit() }
}

// shift is one worker's scans.
func (l *load) shift(ctx context.Context, d *device.Device) error {
	for {
		n, due, ok := l.draw()
		if !ok {
			return nil
		}
		rest(ctx, time.Until(due))
		if ctx.Err() != nil {
			return nil
		}
		if err := l.scan(ctx, d, l.label(n)); err != nil {
			return err
		}
		l.tick()
	}
}

// draw hands out the next scan and the time at which it is due.
func (l *load) draw() (n int, due time.Time, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.Count > 0 && l.drawn == l.Count {
		return 0, time.Time{}, false
	}
	l.drawn++
	due = l.start
	if l.Rate > 0 {
		due = due.Add(time.Duration(float64(l.drawn-1) / l.Rate * float64(time.Second)))
	}
	return l.drawn, due, true
}

// label is a unit that nobody else has: its GTIN and a serial number.
func (l *load) label(n int) device.Label {
	return device.Label{
		Text: fmt.Sprintf("01%s21%s-%d", l.gtins[n%len(l.gtins)], l.Serial, n),
		AIM:  "]C1", Type: 0x0F,
	}
}

// scan pulls the trigger until a tone comes, or the worker is tired of it. A
// scanner that the host has disabled is waited for in the same way.
func (l *load) scan(ctx context.Context, d *device.Device, label device.Label) error {
	for attempt := 1; ; attempt++ {
		a, err := d.Scan(ctx, label)
		if ctx.Err() != nil || errors.Is(err, context.DeadlineExceeded) {
			return nil // stopped between scan and tone: neither heard nor unanswered
		}
		if err != nil && !errors.Is(err, device.ErrDisabled) {
			return err
		}
		if l.hears() {
			if err := record(l.ledger, d, label, a); err != nil {
				return err
			}
		}
		if a.Tone != device.None || !l.hears() || attempt > l.Rescan {
			l.tally.add(label.Text, device.Profile(l.Profile), a, attempt)
			return nil
		}
	}
}
