// Command dockfill-cloud is the centre's program: it hears the sites, keeps
// what they say, and shows what is owed, to whom and since when.
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

// The exit statuses of every command.
const (
	exitGood     = 0
	exitDegraded = 1 // done, and somebody should look
	exitFailed   = 2 // failed, or refused
	exitUsage    = 3
)

const about = `The centre of Dockfill: what is owed, to whom, since when.

Start with "dockfill-cloud serve", open the address that it prints, and bring in items, orders and announced supply with "dockfill-cloud import". Every flag can also be given in the environment, as shown beside it.

Exit status: 0 good, 1 degraded, 2 failed or refused, 3 wrong usage.`

// cli is the command line. The help texts are what a stranger reads first.
type cli struct {
	ShowVersion kong.VersionFlag `name:"version" env:"-" help:"Print the version."`

	Serve   serveCmd   `cmd:"" help:"Run the centre until it is stopped: pages, API, broker, database."`
	Import  importCmd  `cmd:"" help:"Bring a file of orders, items or announced supply into a running centre, whole or not at all."`
	Totals  totalsCmd  `cmd:"" help:"Print lines imported, units scanned, units allocated, orders completed, open units."`
	Site    siteCmd    `cmd:"" help:"Look after the sites."`
	Policy  policyCmd  `cmd:"" help:"See and change by which rules the sites allocate."`
	Version versionCmd `cmd:"" help:"Print the version."`
}

// program is what every command gets: its surroundings, so that a test can run
// it without a process.
type program struct {
	ctx      context.Context
	in       io.Reader
	out, err io.Writer
}

// status is an error that carries nothing but an exit status: all was said.
type status int

func (s status) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := execute(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// execute runs one command line and gives its exit status.
func execute(ctx context.Context, args []string, in io.Reader, out, errs io.Writer) (code int) {
	dropEmpty(os.Environ())
	var c cli
	parser, err := kong.New(&c, kong.Name("dockfill-cloud"), kong.Description(about),
		kong.Vars{"data": defaultData(), "columns": columnsHelp, "version": "dockfill-cloud " + version.Text()}, kong.DefaultEnvars("DOCKFILL_CLOUD"),
		kong.Writers(out, errs), kong.Exit(func(n int) { panic(status(n)) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}))
	if err != nil {
		fmt.Fprintln(errs, "dockfill-cloud:", err)
		return exitFailed
	}
	// The help ends by Exit; it comes back here as a status.
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
	if err == nil {
		err = checkEnvironment(parser.Model.Node, os.Environ())
	}
	if err != nil {
		return usage(err, errs)
	}
	return finish(command.Run(&program{ctx: ctx, in: in, out: out, err: errs}), errs)
}

// usage says what is wrong with the command line and where to read on.
func usage(err error, errs io.Writer) int {
	path := "dockfill-cloud"
	var parse *kong.ParseError
	if errors.As(err, &parse) && parse.Context != nil && parse.Context.Command() != "" {
		path += " " + strings.Fields(parse.Context.Command())[0]
	}
	// The parser's words for a flag at the end of the line are its own.
	text := strings.Replace(err.Error(), `expected string value but got "EOL" (<EOL>)`, "its value is missing", 1)
	fmt.Fprintf(errs, "dockfill-cloud: %s\nRun \"%s --help\" to see what can be said.\n", text, path)
	return exitUsage
}

func finish(err error, errs io.Writer) int {
	var s status
	switch {
	case err == nil:
		return exitGood
	case errors.As(err, &s):
		return int(s)
	}
	fmt.Fprintln(errs, "dockfill-cloud:", err)
	return exitFailed
}

type versionCmd struct {
	JSON bool `env:"-" help:"Print JSON."`
}

func (v versionCmd) Run(p *program) error {
	if v.JSON {
		return printJSON(p.out, struct {
			Schema  int    `json:"schema"`
			Version string `json:"version"`
		}{schema, version.Text()})
	}
	_, err := fmt.Fprintln(p.out, "dockfill-cloud", version.Text())
	return err
}
