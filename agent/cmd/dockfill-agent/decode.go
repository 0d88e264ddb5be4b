package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/term"

	"dockfill/agent/dock"
	"dockfill/scanner"
	"dockfill/scanner/barcode"
)

type decodeCmd struct {
	Codes              []string `arg:"" optional:"" name:"code" help:"The scans; without one, each line of standard input is a scan."`
	JSON               bool     `help:"Print JSON lines on a terminal too."`
	GSSubstitute       string   `name:"gs-substitute" placeholder:"TEXT" help:"What the scanners send for the group separator, such as ~."`
	AcceptAssociations bool     `help:"Take GS1 labels whose elements do not belong together, such as a lot without its item."`
	ShortGTIN          bool     `name:"short-gtin" help:"Take Digital Links whose GTIN has 8, 12 or 13 digits, as links up to 2020 had them."`
}

// Help says what is printed and what the exit status means.
func (decodeCmd) Help() string {
	return `Control characters are written as in Go: \x1d is the group separator, \\ a backslash.
One JSON line answers each scan; on a terminal a few lines for people do, unless --json is given.
With --config, that site's house codes and settings hold as well.

Exit status:
  0  every code was decoded.
  1  a code could not be decoded: its answer says why, and those after it were decoded all the same.
  2  the input or the configuration could not be read.`
}

// Run decodes scans until the input ends, those after a code that cannot be
// decoded too, and ends as Help says.
func (d decodeCmd) Run(p *program) error {
	rules, err := d.rules(p)
	if err != nil {
		return err
	}
	print := decoded.print
	if d.JSON || !onTerminal(p.out) {
		print = decoded.printJSON
	}
	failed := false
	for line, err := range d.lines(p.in) {
		if err != nil {
			return fmt.Errorf("standard input: %w", err)
		}
		answer := decode(rules, line)
		failed = failed || answer.Error != nil
		if err := print(answer, p.out); err != nil {
			return err
		}
	}
	if failed {
		return status(exitDegraded)
	}
	return nil
}

// rules are those of the configuration that was named, and the flags over them.
func (d decodeCmd) rules(p *program) (rules barcode.Rules, err error) {
	if p.config != "" {
		c, err := p.load()
		if err != nil {
			return rules, err
		}
		rules = c.Rules
	}
	if d.GSSubstitute != "" {
		substitute, err := unescape(d.GSSubstitute)
		if err != nil {
			return rules, usageError("--gs-substitute: " + err.Error())
		}
		if err := barcode.CheckSubstitute(string(substitute)); err != nil {
			return rules, usageError("--gs-substitute: " + err.Error())
		}
		rules.Substitute = string(substitute)
	}
	rules.AcceptAssociations = rules.AcceptAssociations || d.AcceptAssociations
	rules.Links.ShortGTIN = rules.Links.ShortGTIN || d.ShortGTIN
	return rules, nil
}

func (d decodeCmd) lines(in io.Reader) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		if len(d.Codes) > 0 {
			for _, code := range d.Codes {
				if !yield(code, nil) {
					return
				}
			}
			return
		}
		lines := bufio.NewScanner(in)
		lines.Buffer(nil, 4*scanner.MaxScan*4) // every byte may come as \x1d
		for lines.Scan() {
			if !yield(lines.Text(), nil) {
				return
			}
		}
		if lines.Err() != nil {
			yield("", lines.Err())
		}
	}
}

func onTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// decoded is one scan's meaning. The keys up to error are always there, in this
// order; those after it only where they say something.
type decoded struct {
	Input     string       `json:"input"`
	Symbology string       `json:"symbology"`
	Format    string       `json:"format"`
	Elements  []element    `json:"elements"`
	GTIN      string       `json:"gtin"`
	SSCC      string       `json:"sscc"`
	Quantity  int64        `json:"quantity"`
	Lot       string       `json:"lot"`
	Serial    string       `json:"serial"`
	Expiry    string       `json:"expiry"`
	Error     *decodeError `json:"error"`

	Contents   string        `json:"contents,omitempty"`
	Piece      *piece        `json:"piece,omitempty"`
	Restricted string        `json:"restricted,omitempty"`
	AddOn      string        `json:"add_on,omitempty"`
	Pattern    string        `json:"pattern,omitempty"`
	Kind       string        `json:"kind,omitempty"`
	SKU        string        `json:"sku,omitempty"`
	Card       string        `json:"card,omitempty"`
	Warnings   []decodeError `json:"warnings,omitempty"`
	Schema     int           `json:"schema"`
}

// piece says that GTIN is the item of which this is a part.
type piece struct {
	N  int `json:"n"`
	Of int `json:"of"`
}

type element struct {
	AI    string `json:"ai"`
	Value string `json:"value"`
}

// decodeError has the place of the fault in bytes from the start of the scan,
// counted after the escapes were read; of an escape, before.
type decodeError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	At      int    `json:"at"`
	AI      string `json:"ai,omitempty"`
}

func decode(rules barcode.Rules, line string) decoded {
	d := decoded{Schema: schema, Input: line, Format: string(barcode.Unknown), Elements: []element{}}
	code, err := unescape(line)
	var bad *escapeError
	if errors.As(err, &bad) {
		d.Error = &decodeError{Code: "escape", Message: bad.Error(), At: bad.At}
		return d
	}
	d.take(rules.Parse("", code, time.Now().Year()))
	return d
}

// take fills in what the code says. A code of goods that states no quantity
// means one; a piece of an item is none.
func (d *decoded) take(c barcode.Code) {
	d.Symbology, d.Format = c.Symbology, string(c.Format)
	if c.Err != nil {
		d.Error = &decodeError{c.Err.Code, c.Err.Message, c.Err.At, c.Err.AI}
	}
	for _, e := range c.Elements {
		d.Elements = append(d.Elements, element{e.AI, e.Value})
	}
	for _, w := range c.Warnings {
		d.Warnings = append(d.Warnings, decodeError{w.Code, w.Message, w.At, w.AI})
	}
	d.GTIN, d.SSCC, d.Contents = string(c.GTIN), string(c.SSCC), string(c.Contents)
	d.Lot, d.Serial, d.Expiry = c.Lot, c.Serial, string(c.Expiry)
	d.Restricted, d.AddOn = string(c.Restricted), c.AddOn
	d.Pattern, d.Kind, d.SKU = c.Pattern, string(c.Kind), string(c.SKU)
	switch {
	case c.Format == barcode.Control:
		d.Card, d.Quantity = c.Card.String(), c.Card.Qty
	case c.Piece.Of > 0:
		d.GTIN, d.Piece = string(c.Piece.Item), &piece{c.Piece.N, c.Piece.Of}
	case c.Err == nil || len(c.Elements) > 0:
		d.Quantity = max(1, c.Quantity)
	}
}

func (d decoded) printJSON(out io.Writer) error { return printJSON(out, d) }

// print writes the meaning for a person.
func (d decoded) print(out io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", dock.Visible(d.Input))
	if d.Error != nil {
		fmt.Fprintf(&b, "  cannot be used: %s (byte %d)\n", d.Error.Message, d.Error.At+1)
	}
	if d.Error == nil || len(d.Elements) > 0 {
		d.meaning(&b)
	}
	_, err := io.WriteString(out, b.String())
	return err
}

func (d decoded) meaning(b *strings.Builder) {
	fmt.Fprintf(b, "  %s", d.Format)
	if d.Symbology != "" {
		fmt.Fprintf(b, ", symbology %s", d.Symbology)
	}
	b.WriteByte('\n')
	for _, w := range d.Warnings {
		fmt.Fprintf(b, "  accepted: %s\n", w.Message)
	}
	for _, e := range d.Elements {
		fmt.Fprintf(b, "  (%s) %s\n", e.AI, escape([]byte(e.Value)))
	}
	for _, f := range d.fields() {
		fmt.Fprintf(b, "  %s %s\n", f[0], escape([]byte(f[1])))
	}
	if d.Quantity > 0 {
		fmt.Fprintf(b, "  quantity %d\n", d.Quantity)
	}
}

// fields are name and value of those that say something.
func (d decoded) fields() [][2]string {
	part := ""
	if d.Piece != nil {
		part = fmt.Sprintf("%d of %d: no unit by itself", d.Piece.N, d.Piece.Of)
	}
	return slices.DeleteFunc([][2]string{
		{"GTIN", d.GTIN}, {"piece", part}, {"not a trade item:", d.Restricted}, {"add-on", d.AddOn}, {"SSCC", d.SSCC}, {"contents", d.Contents},
		{d.Kind, d.Pattern}, {"SKU", d.SKU}, {"lot", d.Lot}, {"serial", d.Serial}, {"expiry", d.Expiry}, {"card", d.Card},
	}, func(f [2]string) bool { return f[1] == "" })
}
