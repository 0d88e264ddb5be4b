package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"time"

	"dockfill/scanner"
	"dockfill/scanner/barcode"
)

type decodeCmd struct {
	JSON bool `help:"Print one JSON line for each scan."`
}

// Help says what the exit status means.
func (decodeCmd) Help() string {
	return `Exit status:
  0  every code was decoded.
  1  a code could not be decoded: its answer says why, and the lines after it were decoded all the same.
  2  the input could not be read.`
}

// Run decodes lines until the input ends, those after a code that cannot be
// decoded too, and ends as Help says.
func (d decodeCmd) Run(p *program) error {
	failed := false
	lines := bufio.NewScanner(p.in)
	lines.Buffer(nil, 4*scanner.MaxScan*4) // every byte may come as \x1d
	for lines.Scan() {
		line := lines.Text()
		code, err := unescape(line)
		answer := decoded{Schema: schema, Input: line, Format: string(barcode.Unknown), Elements: []element{}}
		var bad *escapeError
		if errors.As(err, &bad) {
			answer.Error = &decodeError{Code: "escape", Message: bad.Error(), At: bad.At}
		} else {
			answer.take(barcode.Rules{}.Parse("", code, time.Now().Year()))
		}
		failed = failed || answer.Error != nil
		if err := d.print(p.out, answer); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("standard input: %w", err)
	}
	if failed {
		return status(exitDegraded)
	}
	return nil
}

func (d decodeCmd) print(out io.Writer, a decoded) error {
	if d.JSON {
		return printJSON(out, a)
	}
	return a.print(out)
}

// decoded is one scan's meaning.
type decoded struct {
	Schema    int          `json:"schema"`
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
	Error     *decodeError `json:"error,omitempty"`
}

type element struct {
	AI    string `json:"ai"`
	Value string `json:"value"`
}

type decodeError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	At      int    `json:"at"`
	AI      string `json:"ai,omitempty"`
}

// take fills in what the code says. A code that states no quantity means one.
func (d *decoded) take(c barcode.Code) {
	d.Symbology, d.Format = c.Symbology, string(c.Format)
	if c.Err != nil {
		d.Error = &decodeError{c.Err.Code, c.Err.Message, c.Err.At, c.Err.AI}
		return
	}
	for _, e := range c.Elements {
		d.Elements = append(d.Elements, element(e))
	}
	d.GTIN, d.SSCC = string(c.GTIN), string(c.SSCC)
	d.Lot, d.Serial, d.Expiry = c.Lot, c.Serial, string(c.Expiry)
	switch {
	case c.Format == barcode.Control:
		d.Quantity = c.Card.Qty
	default:
		d.Quantity = max(1, c.Quantity)
	}
}

// print writes the meaning for a person.
func (d decoded) print(out io.Writer) error {
	if d.Error != nil {
		_, err := fmt.Fprintf(out, "%s\n  cannot be used: %s (byte %d)\n", d.Input, d.Error.Message, d.Error.At+1)
		return err
	}
	fmt.Fprintf(out, "%s\n  %s", d.Input, d.Format)
	if d.Symbology != "" {
		fmt.Fprintf(out, ", symbology %s", d.Symbology)
	}
	fmt.Fprintln(out)
	for _, e := range d.Elements {
		fmt.Fprintf(out, "  (%s) %s\n", e.AI, escape([]byte(e.Value)))
	}
	for _, f := range [][2]string{{"GTIN", d.GTIN}, {"SSCC", d.SSCC}, {"lot", d.Lot}, {"serial", d.Serial}, {"expiry", d.Expiry}} {
		if f[1] != "" {
			fmt.Fprintf(out, "  %s %s\n", f[0], escape([]byte(f[1])))
		}
	}
	_, err := fmt.Fprintf(out, "  quantity %d\n", d.Quantity)
	return err
}
