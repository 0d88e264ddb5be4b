package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"golang.org/x/term"

	"dockfill/firmware-sim/demo"
)

type demoCmd struct {
	Auto     bool          `help:"Play the story by itself: a cut network, a bad label, an undo, the network back. So it does where no keyboard is."`
	For      time.Duration `placeholder:"TIME" help:"End after so much scanning, with a summary: 60s."`
	Dir      string        `placeholder:"DIR" help:"Put all files into this new or empty folder and keep them; else a temporary one."`
	HTTPPort int           `name:"http-port" default:"0" placeholder:"PORT" help:"Port of the centre's page, the sites take the next ones; 0 takes free ones."`
	Stations int           `default:"1" help:"Scanners at each site, 1 to 8."`
	Pace     time.Duration `default:"2s" help:"How long a worker rests between scans, on average."`
	NoColor  bool          `help:"No colours."`
	Bin      string        `placeholder:"DIR" help:"Folder of dockfill-cloud and dockfill-agent; else the folder of firmware-sim."`
}

// Help is shown by `firmware-sim demo --help`.
func (demoCmd) Help() string {
	return "One centre, two sites, a pretend scanner at each, 200 backorders and a late supplier, on this machine alone. " +
		"It prints the pages to open. Keys: n cuts or restores the network of the first site, b is a bad scan, u undoes the last one, q quits. " +
		"Exit status 1: a program died, or a site and the centre were not equal at the end."
}

// demoSites are the warehouses of the demo.
var demoSites = []string{"leeds", "york"}

// Validate is called by the parser.
func (c *demoCmd) Validate() error {
	switch {
	case c.Stations < 1 || c.Stations > 8:
		return fmt.Errorf("--stations is %d; 1 to 8 are possible", c.Stations)
	case c.Pace <= 0 || c.For < 0:
		return errors.New("--pace and --for are times such as 2s and 60s")
	case c.HTTPPort < 0 || c.HTTPPort > 65535-len(demoSites):
		return fmt.Errorf("--http-port %d is no port", c.HTTPPort)
	}
	return nil
}

// Run plays the demo in its folder, which stays where something went wrong.
func (c *demoCmd) Run(ctx context.Context, io streams) (err error) {
	o := c.options(io)
	if o.Programs, err = c.programs(); err != nil {
		return err
	}
	if o.Dir, err = c.folder(); err != nil {
		return err
	}
	o.Notes = []string{"The orders, items and deliveries that were imported, and the logs, lie in " + o.Dir}
	if c.Dir == "" {
		o.Notes[0] += " until the end (--dir keeps them)"
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	keys, calm := keyboard(io, stop)
	defer calm()
	o.Keys, o.Auto = keys, c.Auto || keys == nil
	err = demo.Run(ctx, o)
	calm()
	if err != nil {
		return disappointed("%w\nAll files are kept in %s", err, o.Dir)
	}
	if c.Dir == "" {
		return os.RemoveAll(o.Dir)
	}
	return nil
}

func (c *demoCmd) options(io streams) demo.Options {
	out, isFile := io.out.(*os.File)
	live := isFile && term.IsTerminal(int(out.Fd())) && os.Getenv("TERM") != "dumb"
	_, plain := os.LookupEnv("NO_COLOR")
	return demo.Options{
		Sites: demoSites, Stations: c.Stations, Pace: c.Pace, For: c.For, HTTPPort: c.HTTPPort,
		TCP: runtime.GOOS != "linux" && runtime.GOOS != "darwin",
		Out: io.out, Live: live, Color: live && !c.NoColor && !plain,
		Width: func() int {
			if columns, _, err := term.GetSize(int(out.Fd())); err == nil {
				return columns
			}
			return 80
		},
	}
}

// programs is the folder of the built programs, which are all there.
func (c *demoCmd) programs() (string, error) {
	dir, err := filepath.Abs(c.Bin)
	if c.Bin == "" {
		var self string
		self, err = os.Executable()
		dir = filepath.Dir(self)
	}
	if err == nil {
		_, _, err = demo.Find(dir)
	}
	return dir, err
}

// folder is the demo's own folder. A used one is refused: an old database would
// mix with the new orders.
func (c *demoCmd) folder() (string, error) {
	if c.Dir == "" {
		return os.MkdirTemp("", "dockfill-demo-")
	}
	dir, err := filepath.Abs(c.Dir)
	if err == nil {
		err = os.MkdirAll(dir, 0o755)
	}
	if err != nil {
		return "", err
	}
	entries, err := os.ReadDir(dir)
	if err == nil && len(entries) > 0 {
		err = fmt.Errorf("%s is not empty: name a new folder, or remove it first", dir)
	}
	return dir, err
}

// ctrlC is Ctrl-C as it arrives from a raw terminal, which makes no signal of it.
const ctrlC = 3

// keyboard gives the keys as they are pressed, nil where no terminal is, and
// what gives the terminal back as it was. Where the output goes elsewhere the
// terminal stays as it is, and keys come with Enter.
func keyboard(io streams, stop func()) (keys <-chan byte, calm func()) {
	in, ok := io.in.(*os.File)
	if !ok || !term.IsTerminal(int(in.Fd())) {
		return nil, func() {}
	}
	calm = func() {}
	if out, ok := io.out.(*os.File); ok && term.IsTerminal(int(out.Fd())) {
		if before, err := term.MakeRaw(int(in.Fd())); err == nil {
			calm = func() { term.Restore(int(in.Fd()), before) }
		}
	}
	pressed := make(chan byte)
	go func() {
		b := make([]byte, 1)
		for {
			if n, err := in.Read(b); n == 0 || err != nil {
				return
			}
			if b[0] == ctrlC {
				stop()
			}
			pressed <- b[0]
		}
	}()
	return pressed, calm
}
