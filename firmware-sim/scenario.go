package main

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"dockfill/firmware-sim/scenarios"
)

type scenarioCmd struct {
	List    listCmd    `cmd:"" help:"List the samples."`
	Show    showCmd    `cmd:"" help:"Print a sample, to change and play."`
	Pallets palletsCmd `cmd:"" help:"Make a scenario that scans the totals per SKU of a CSV file as pallets."`
}

type listCmd struct{}

// Run prints each sample's name and its first sentence.
func (listCmd) Run(io streams) error {
	names, err := fs.Glob(scenarios.Samples, "*.txt")
	if err != nil {
		return err
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Compare(sampleName(a), sampleName(b)) })
	w := tabwriter.NewWriter(io.out, 0, 0, 2, ' ', 0)
	for _, name := range names {
		text, err := fs.ReadFile(scenarios.Samples, name)
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "%s\t%s\n", sampleName(name), firstSentence(string(text)))
	}
	return w.Flush()
}

func sampleName(file string) string { return strings.TrimSuffix(file, ".txt") }

// firstSentence is that of the comment at a scenario's head, on one line.
func firstSentence(scenario string) string {
	var words []string
	for line := range strings.Lines(scenario) {
		text, isComment := strings.CutPrefix(line, "#")
		if !isComment || strings.TrimSpace(text) == "" {
			break
		}
		words = append(words, strings.Fields(text)...)
	}
	first, _, more := strings.Cut(strings.Join(words, " "), ". ")
	if more {
		first += "."
	}
	return first
}

type showCmd struct {
	Name string `arg:"" help:"A sample's name."`
}

// Run prints the sample.
func (c showCmd) Run(io streams) error {
	text, err := fs.ReadFile(scenarios.Samples, strings.TrimSuffix(c.Name, ".txt")+".txt")
	if err != nil {
		return misused(fmt.Errorf("there is no sample %q: see `firmware-sim scenario list`", c.Name))
	}
	fmt.Fprint(io.out, string(text))
	return nil
}

type palletsCmd struct {
	File       string `arg:"" help:"CSV file with a header line."`
	CodeColumn string `default:"StockCode" help:"Column with the SKU's house code."`
	QtyColumn  string `default:"Quantity" help:"Column with whole base units; rows of 0 or less (returns) are left out."`
	GTINColumn string `name:"gtin-column" help:"Column with a GTIN; where it is filled the pallet's label is GS1, (01) and (30)."`
	Device     string `default:"dock1" help:"Name of the scanner in the scenario."`
	Link       string `default:"/tmp/dockfill-dock1" help:"The scenario's default for {link}."`
	SkipBad    bool   `help:"Leave bad rows out and name them, instead of making nothing."`
	Out        string `short:"o" placeholder:"FILE" help:"Write here instead of standard output."`
}

// Help is shown by `firmware-sim scenario pallets --help`.
func (palletsCmd) Help() string {
	return `Each SKU's quantities are added up, in the order in which the SKUs first appear, and scanned as one pallet:
a house code after the control card "DF:QTY n", a GTIN as one GS1 label with its count in AI 30.

  firmware-sim scenario pallets 2011-11-04.csv -o day.txt
  firmware-sim play day.txt --set link=/tmp/dock1`
}

// Run writes the scenario.
func (c *palletsCmd) Run(io streams) (err error) {
	in, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer in.Close()
	totals, err := readTotals(c, in, io.err)
	if err != nil {
		return err
	}
	if c.Out == "" {
		return c.write(io.out, totals)
	}
	out, err := os.Create(c.Out)
	if err != nil {
		return err
	}
	if err := c.write(out, totals); err != nil {
		out.Close()
		return err
	}
	fmt.Fprintln(io.err, totals)
	return out.Close()
}

// maxScanQty is the largest quantity that one scan may carry.
const maxScanQty = 1_000_000

func (c *palletsCmd) write(to io.Writer, t *totals) error {
	w := bufio.NewWriter(to)
	fmt.Fprintf(w, "# %s: %s\n\nlet link %s\n\ndevice %s ssi link={link}\nready %s 60s\n",
		c.File, t, scenarios.Quote(c.Link), c.Device, c.Device)
	for _, p := range t.pallets {
		for left := p.units; left > 0; left -= maxScanQty {
			c.writePallet(w, p, min(left, maxScanQty))
		}
	}
	return w.Flush()
}

func (c *palletsCmd) writePallet(w io.Writer, p *pallet, units int) {
	if p.gtin != "" {
		fmt.Fprintf(w, "scan %s (01)%s(30)%d\n", c.Device, p.gtin, units)
		return
	}
	if units > 1 {
		fmt.Fprintf(w, "scan %s \"DF:QTY %d\"\n", c.Device, units)
	}
	fmt.Fprintf(w, "scan %s %s\n", c.Device, scenarios.Quote(strings.ReplaceAll(p.code, `\`, `\\`)))
}
