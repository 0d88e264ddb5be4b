// Command firmware-sim pretends to be what hangs on a dock's agent: handheld
// scanners on pseudo-terminals or TCP, the people who pull their triggers, and
// the line to the centre.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"dockfill/packaging/version"
)

type cli struct {
	ShowVersion kong.VersionFlag `name:"version" help:"Print the version."`

	Scan     scanCmd     `cmd:"" help:"Be one scanner, scan codes, and show which beep and light each one got."`
	Play     playCmd     `cmd:"" help:"Play a scenario: scanners, workers, faults and cut lines, from a text file."`
	Playback playbackCmd `cmd:"" help:"Play the device's side of a recording, and compare what the agent says."`
	Load     loadCmd     `cmd:"" help:"Be many scanners that scan unique codes, and measure the time from scan to tone."`
	Net      netCmd      `cmd:"" help:"Be the line to the centre: pass TCP on, and cut or slow it as typed."`
	Scenario scenarioCmd `cmd:"" help:"List, show and make scenarios for play."`
	Demo     demoCmd     `cmd:"" help:"See it all on this machine: a centre, two sites, pretend scanners, 200 backorders."`
	Version  versionCmd  `cmd:"" help:"Print the version."`
	Hold     holdCmd     `cmd:"" hidden:"" help:"Be the other program that holds a port, until standard input ends."`
}

const about = `Pretend scanners and a pretend network for Dockfill.

A pretend scanner makes a pseudo-terminal and puts a symlink to it where you say. Give that symlink to the agent as
its port. Scanners of some makes hear the verdict (acknowledgement, beep, light); the others only type.

  firmware-sim scan --port /tmp/dock1 4006381333931      one carton
  firmware-sim play first-pallet --set link=/tmp/dock1   a short story
  firmware-sim load --links /tmp/docks --stations 8 --count 10000

Exit status: 0 good, 1 some scans went unanswered or against expectation, 2 failed, 3 wrong usage.`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	code := run(ctx, os.Args[1:], streams{os.Stdin, os.Stdout, os.Stderr})
	stop()
	os.Exit(code)
}

// streams is what a command reads and writes.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// failure is an error with an exit status of its own; others exit with 2.
type failure struct {
	error
	status int
}

// disappointed is the status of a run in which not every scan got what it
// should have got.
func disappointed(format string, args ...any) error {
	return failure{fmt.Errorf(format, args...), 1}
}

func misused(err error) error { return failure{err, 3} }

// helped is thrown where kong would leave the process after --help.
type helped struct{ status int }

// run is the whole program; it returns the exit status.
func run(ctx context.Context, args []string, io streams) (status int) {
	defer func() {
		switch p := recover().(type) {
		case nil:
		case helped:
			status = p.status
		default:
			panic(p)
		}
	}()
	var c cli
	parser := kong.Must(&c,
		kong.Name("firmware-sim"), kong.Description(about),
		kong.Vars{"profiles": profileWords(","), "framings": framingWords(","), "version": "firmware-sim " + version.Text()},
		kong.Writers(io.out, io.err), kong.Exit(func(code int) { panic(helped{code}) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 120}),
	)
	if len(args) == 0 {
		args = []string{"--help"}
	}
	k, err := parser.Parse(args)
	if err != nil {
		return usage(err, io.err)
	}
	k.BindTo(ctx, (*context.Context)(nil))
	k.Bind(io)
	return report(k.Run(), io.err)
}

// usage says what is wrong with the command line and where to read on.
func usage(err error, to io.Writer) int {
	path := "firmware-sim"
	var parse *kong.ParseError
	if errors.As(err, &parse) && parse.Context != nil && parse.Context.Command() != "" {
		path += " " + strings.Fields(parse.Context.Command())[0]
	}
	fmt.Fprintf(to, "firmware-sim: %v\nTry `%s --help`.\n", err, path)
	return 3
}

func report(err error, to io.Writer) int {
	if err == nil {
		return 0
	}
	fmt.Fprintf(to, "firmware-sim: %v\n", err)
	var f failure
	if errors.As(err, &f) {
		return f.status
	}
	return 2
}
