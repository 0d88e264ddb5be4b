// Command dockfill-agent is a site's program: it takes scans, gives each unit to
// the customer who has waited longest by the house's rules, and answers the
// scanner once that is safe on disk.
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

	"dockfill/agent/config"
	"dockfill/agent/service"
	"dockfill/packaging/version"
)

// The exit statuses of every command.
const (
	exitGood     = 0
	exitDegraded = 1 // it works, and somebody should look
	exitFailed   = 2 // down, or the command failed
	exitUsage    = 3
)

// cli is the command line. The help texts are what a stranger reads first.
type cli struct {
	Config      string           `placeholder:"FILE" env:"DOCKFILL_CONFIG" help:"Configuration file (default ${config})."`
	ShowVersion kong.VersionFlag `name:"version" help:"Print the version."`

	Run     runCmd     `cmd:"" help:"Run the agent until it is stopped."`
	Status  statusCmd  `cmd:"" help:"Tell how the running agent does, in one sentence and its figures."`
	Scan    scanCmd    `cmd:"" help:"Give the running agent a code as if a scanner had read it."`
	Decode  decodeCmd  `cmd:"" help:"Say what barcodes mean: one scan a line on standard input, control characters as escapes such as \\x1d."`
	Replay  replayCmd  `cmd:"" help:"Play a scenario file, or this site's own past, by the real decisions: what would another policy have changed?"`
	Ports   portsCmd   `cmd:"" help:"List the scanners' ports, with the names to configure and what stands in the way. No port is opened."`
	Setup   setupCmd   `cmd:"" help:"Set a scanner up: find its port, recognise it by one scan, and write its station into the configuration."`
	Listen  listenCmd  `cmd:"" help:"Show what a scanner sends: bytes, control characters and meaning. Nothing is saved."`
	Service serviceCmd `cmd:"" help:"Install and control the agent as a service of this machine."`
	Conf    configCmd  `cmd:"" name:"config" help:"Look after the configuration."`
	Version versionCmd `cmd:"" help:"Print the version."`
}

// program is what every command gets: its surroundings, so that a test can run
// it without a process.
type program struct {
	ctx      context.Context
	in       io.Reader
	out, err io.Writer
	config   string // as given; "" for the default
}

// status is an error that carries nothing but an exit status: all was said.
type status int

func (s status) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

// usageError is a command line that is wrong in a way the parser cannot see.
type usageError string

func (u usageError) Error() string { return string(u) }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// A second signal ends the process at once.
	context.AfterFunc(ctx, stop)
	code := execute(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// execute runs one command line and gives its exit status.
func execute(ctx context.Context, args []string, in io.Reader, out, errs io.Writer) (code int) {
	var c cli
	parser, err := kong.New(&c,
		kong.Name("dockfill-agent"),
		kong.Description("Dockfill fills backorders at the dock: a good beep means saved to disk and allocated to exactly one order.\n\n"+
			"Exit status: 0 good, 1 degraded, 2 down or failed, 3 wrong usage."),
		kong.Vars{"config": service.DefaultConfig(), "agent": defaultAgent, "data": service.DefaultData(), "version": "dockfill-agent " + version.Text()},
		kong.Writers(out, errs), kong.Exit(func(n int) { panic(status(n)) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}))
	if err != nil {
		fmt.Fprintln(errs, "dockfill-agent:", err)
		return exitFailed
	}
	// Help and --version of kong end by Exit; they come back here as a status.
	defer func() {
		switch r := recover().(type) {
		case nil:
		case status:
			code = int(r)
		default:
			panic(r)
		}
	}()
	if len(args) == 0 {
		args = []string{"--help"}
	}
	command, err := parser.Parse(args)
	if err != nil {
		return usage(err, errs)
	}
	return finish(command.Run(&program{ctx: ctx, in: in, out: out, err: errs, config: c.Config}), errs)
}

// usage says what is wrong with the command line and where to read on.
func usage(err error, errs io.Writer) int {
	path := "dockfill-agent"
	var parse *kong.ParseError
	if errors.As(err, &parse) && parse.Context != nil && parse.Context.Command() != "" {
		path += " " + strings.Fields(parse.Context.Command())[0]
	}
	// The parser's words for a flag at the end of the line are its own.
	text := strings.Replace(err.Error(), `expected string value but got "EOL" (<EOL>)`, "its value is missing", 1)
	fmt.Fprintf(errs, "dockfill-agent: %s\nRun `%s --help` to see what can be said.\n", text, path)
	return exitUsage
}

func finish(err error, errs io.Writer) int {
	var s status
	var u usageError
	switch {
	case err == nil:
		return exitGood
	case errors.As(err, &s):
		return int(s)
	case errors.As(err, &u):
		fmt.Fprintln(errs, "dockfill-agent:", err)
		return exitUsage
	}
	fmt.Fprintln(errs, "dockfill-agent:", err)
	var faults config.Faults
	if errors.As(err, &faults) {
		fmt.Fprintln(errs, "Mend the configuration, and look at it with `dockfill-agent config check`.")
	}
	return exitFailed
}

type versionCmd struct {
	JSON bool `help:"Print JSON."`
}

func (v versionCmd) Run(p *program) error {
	if v.JSON {
		return printJSON(p.out, struct {
			Schema  int    `json:"schema"`
			Version string `json:"version"`
		}{schema, version.Text()})
	}
	_, err := fmt.Fprintln(p.out, "dockfill-agent", version.Text())
	return err
}
