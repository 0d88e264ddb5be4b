package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"sync"
	"time"

	"dockfill/cloud/web"
	"dockfill/cloud/web/shape"
)

type importCmd struct {
	target
	Kind    string `arg:"" enum:"orders,items,inbound" help:"What the file holds: orders, items or inbound."`
	File    string `arg:"" help:"FILE.csv, FILE.json, or - for standard input."`
	Map     string `placeholder:"FILE" help:"Column mapping (TOML) for a CSV file of other columns."`
	SkipBad bool   `help:"Leave records with a bad row out, whole, instead of refusing the file; what is bad is listed all the same."`
	JSON    bool   `env:"-" help:"Print the outcome as JSON, also where nothing was imported."`
}

const columnsHelp = `Columns, in any order:
  orders   order, version, site, customer, customer_name, segment, tier,
           contract, class, override, accepted, promised, requested, ship,
           door, line, sku, qty, pack, min_life_days
  items    sku, description, putaway, gtin, pack_qty, substitutes
  inbound  inbound, version, site, supplier, expected, sku, qty, sscc,
           tolerance_pct, closed

One row is one line of an order, one barcode of an item, one line of a supply; rows of the same order are taken together. Times are RFC 3339, days YYYY-MM-DD. The file is read and checked whole before anything is sent, and the centre takes all of it or nothing. The same order in the same version again changes nothing.`

// Help is printed below the flags.
func (importCmd) Help() string { return columnsHelp }

// Validate is called by the parser.
func (i importCmd) Validate() error { return i.target.Validate() }

func (i importCmd) Run(p *program) error {
	found, res, err := i.bring(p)
	if err == nil {
		return i.tell(p, found, res)
	}
	if i.JSON {
		if err := printJSON(p.out, i.failure(found, err)); err != nil {
			return err
		}
	}
	if errors.Is(err, errBad) { // report has told all of it
		return status(exitFailed)
	}
	return err
}

// bring reads the file and sends it. What was found is given with an error too,
// where the file could be read.
func (i importCmd) bring(p *program) (*found, web.ImportJSON, error) {
	found, err := i.read(p)
	if err == nil {
		err = i.report(p, found)
	}
	if err != nil {
		return found, web.ImportJSON{}, err
	}
	res, err := i.send(p, i.client(), found)
	if err != nil {
		err = found.placed(err)
	}
	return found, res, err
}

// errBad says that a file was refused for what is bad in it.
var errBad = errors.New("nothing was imported: the file has faults")

// report lists what is bad, and refuses the file where that was not allowed.
func (i importCmd) report(p *program, f *found) error {
	out := bufio.NewWriter(p.err)
	for _, b := range f.Bad.List {
		fmt.Fprintln(out, quoted(b.String()))
	}
	if more := f.Bad.Count - len(f.Bad.List); more > 0 {
		fmt.Fprintf(out, "%s: and %d more\n", f.name, more)
	}
	if f.fatal {
		fmt.Fprintf(out, "dockfill-cloud: nothing was imported: %s in %d of %s. Mend the file%s.\n", plural(f.Bad.Count, "fault"), f.Bad.Rows, plural(f.Rows, "row"), i.hint(f))
	}
	if err := out.Flush(); err != nil {
		return err
	}
	switch {
	case f.fatal:
		return errBad
	case f.records() == 0:
		return i.nothing(f)
	}
	return nil
}

// nothing says why a file without bad rows, or with leave to skip them, brings
// not one record.
func (i importCmd) nothing(f *found) error {
	switch f.Rows {
	case 0:
		return fmt.Errorf("nothing was imported: %s holds no %s at all", f.name, i.Kind)
	case f.Left:
		return fmt.Errorf("nothing was imported: the rules of %s leave out every row of %s", i.Map, f.name)
	}
	return fmt.Errorf("nothing was imported: no record of %s is good; mend the file", f.name)
}

// hint names the flag that was not given, where it would help.
func (i importCmd) hint(f *found) string {
	if f.Broken > 0 {
		return ": with its quotes broken, what is bad cannot be told from what is good"
	}
	return ", or leave bad records out with --skip-bad"
}

// send streams the records as one request, which the centre applies in one
// transaction.
func (i importCmd) send(p *program, c *client, found *found) (web.ImportJSON, error) {
	name := strings.ToLower(rand.Text())
	ctx, answered := context.WithCancel(p.ctx)
	r, w := io.Pipe()
	var telling sync.WaitGroup
	telling.Go(func() {
		bar := newProgress(p.err, "sending", int64(found.records()))
		err := found.write(w, bar.add)
		bar.end()
		w.CloseWithError(err)
		if err == nil {
			i.storing(ctx, p, c, name)
		}
	})
	path := "/api/v1/import/" + i.Kind + "?skip_bad=" + url.QueryEscape(fmt.Sprint(i.SkipBad)) + "&name=" + name
	var res web.ImportJSON
	err := c.do(p.ctx, "POST", path, "application/x-ndjson", r, &res)
	_ = r.Close() // where the centre answered early, the writer ends too
	answered()
	telling.Wait()
	return res, err
}

// storingPause is kept between two questions how far the centre is.
const storingPause = 200 * time.Millisecond

// storing shows how far the centre is, until it has answered. What it does not
// say moves no bar.
func (i importCmd) storing(ctx context.Context, p *program, c *client, name string) {
	const whole = 100
	bar := newProgress(p.err, "storing", whole)
	defer bar.end()
	for shown := int64(0); ; {
		select {
		case <-ctx.Done():
			return
		case <-time.After(storingPause):
		}
		var v web.ProgressJSON
		if c.get(ctx, "/api/v1/imports/"+name, &v) != nil {
			continue
		}
		now := int64(v.Stored * whole)
		bar.add(now - shown)
		shown = now
	}
}

// write encodes the records, one a line.
func (f *found) write(w io.Writer, done func(int64)) error {
	out := bufio.NewWriterSize(w, 64<<10)
	e := json.NewEncoder(out)
	write := func(v any) error {
		done(1)
		return e.Encode(v)
	}
	for _, o := range f.Batch.Orders {
		if err := write(shape.OfOrder(o)); err != nil {
			return err
		}
	}
	for _, it := range f.Batch.Items {
		if err := write(shape.OfItem(it)); err != nil {
			return err
		}
	}
	for _, in := range f.Batch.Inbound {
		if err := write(shape.OfInbound(in)); err != nil {
			return err
		}
	}
	return out.Flush()
}

// tell prints what the import did; rows left out, or not taken for their
// version, make it a degraded success.
func (i importCmd) tell(p *program, found *found, res web.ImportJSON) error {
	for _, r := range res.Refused {
		fmt.Fprintln(p.err, found.refused(r.Kind, r.ID, r.Reason))
	}
	for _, w := range i.warnings(res) {
		fmt.Fprintln(p.err, "dockfill-cloud: "+w)
	}
	if err := i.print(p, found, res); err != nil {
		return err
	}
	if found.Skipped+len(res.Refused)+res.Stale+res.Other > 0 {
		return status(exitDegraded)
	}
	return nil
}

func (i importCmd) print(p *program, found *found, res web.ImportJSON) error {
	if i.JSON {
		return printJSON(p.out, found.outcome(res))
	}
	took := max(time.Since(found.begun).Round(10*time.Millisecond), 10*time.Millisecond) // never "0s"
	fmt.Fprintf(p.out, "%s: %s in %v: %d new, %d changed, %d as before", i.Kind, plural(found.Rows, "row"), took, res.New, res.Changed, res.Same)
	if found.Left > 0 {
		fmt.Fprintf(p.out, ", %s left out by the mapping", plural(found.Left, "row"))
	}
	if res.Other > 0 {
		fmt.Fprintf(p.out, ", %d with other content under a version that is here already", res.Other)
	}
	if res.Stale > 0 {
		fmt.Fprintf(p.out, ", %d older than what is known and left out", res.Stale)
	}
	if rows, records := found.leftOut(res); records > 0 {
		fmt.Fprintf(p.out, ", %s; %s of %s left out", plural(found.Bad.Rows, "bad row"), plural(rows, "row"), plural(records, "record"))
	}
	_, err := fmt.Fprintln(p.out)
	return err
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
