package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"dockfill/agent/dock"
)

type statusCmd struct {
	target
	Wait bool `help:"Wait first until the centre has confirmed all that is saved here."`
	JSON bool `help:"Print JSON."`
}

// Help says what the exit status means.
func (statusCmd) Help() string {
	return fmt.Sprintf(`Exit status:
  0  good: scans are received. The sentence says "Offline" where there is no line to the centre; for less than %[1]s that is good.
  1  degraded: scans are received or set aside, and somebody should look. Nothing may be allocated here, a scanner is away or in trouble, the disk is nearly full, or for more than %[1]s the site is offline or a scan waits for the centre.
  2  down: scans are refused, as the disk is full, or the agent does not answer.`, dock.Ago(dock.LateAfter))
}

// Run ends with 0, 1 or 2 as the site is good, degraded or down; an agent that
// does not answer is down.
func (s statusCmd) Run(p *program) error {
	c, err := s.client(p)
	if err != nil {
		return err
	}
	var st dock.StatusBody
	body, err := s.read(p, c, &st)
	switch {
	case errors.Is(err, errSilent) && s.JSON:
		if err := printJSON(p.out, map[string]any{"schema": schema, "health": dock.Down, "text": err.Error()}); err != nil {
			return err
		}
		return status(exitFailed)
	case err != nil:
		return err
	case s.JSON:
		_, err = p.out.Write(append(trimmed(body), '\n'))
	default:
		err = printStatus(p.out, st, time.Now())
	}
	if err != nil {
		return err
	}
	return healthStatus(st.Health)
}

// waitPause is kept between two looks of --wait.
const waitPause = 200 * time.Millisecond

// read reads the status, with --wait again and again until nothing waits for the
// centre or a signal ends it.
func (s statusCmd) read(p *program, c *client, st *dock.StatusBody) ([]byte, error) {
	for told := false; ; {
		*st = dock.StatusBody{}
		body, err := c.get(p.ctx, "/api/v1/status", st)
		if err != nil || !s.Wait || st.Waiting == nil || *st.Waiting == 0 {
			return body, err
		}
		if !told {
			fmt.Fprintf(p.err, "Waiting until the centre has confirmed %s; Ctrl-C ends that\n", dock.Plural(*st.Waiting, "event", "events"))
			told = true
		}
		select {
		case <-p.ctx.Done():
			return nil, fmt.Errorf("stopped: %s not confirmed yet", dock.Plural(*st.Waiting, "event is", "events are"))
		case <-time.After(waitPause):
		}
	}
}

func healthStatus(h dock.Health) error {
	switch h {
	case dock.Good:
		return nil
	case dock.Degraded:
		return status(exitDegraded)
	}
	return status(exitFailed)
}

func trimmed(body []byte) []byte {
	for len(body) > 0 && body[len(body)-1] == '\n' {
		body = body[:len(body)-1]
	}
	return body
}

func printStatus(out io.Writer, s dock.StatusBody, now time.Time) error {
	fmt.Fprintf(out, "%s: %s\n%s\n\n", s.Site, s.Health, dock.Visible(s.Text))
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	since := s.Started // an agent that has had no line yet
	if s.Link.Since != nil {
		since = *s.Link.Since
	}
	fmt.Fprintf(w, "centre\t%s\n", dock.LinkWords(s.Link.Up, since, now))
	fmt.Fprintf(w, "state\t%s\n", stateLine(s, now))
	printFigures(w, s)
	for _, st := range s.Stations {
		fmt.Fprintf(w, "station %s\t%s\n", st.ID, stationLine(st, now))
	}
	return w.Flush()
}

// stateLine is what the site may do, since when, and what is set aside.
func stateLine(s dock.StatusBody, now time.Time) string {
	text := dock.Visible(s.State)
	if s.StateSince != nil {
		text += " since " + dock.Clock(*s.StateSince, now)
	}
	if s.Captured > 0 {
		text += ", " + dock.Plural(s.Captured, "scan", "scans") + " set aside"
	}
	return text
}

// printFigures writes what stands in the database, or that nobody knows it.
func printFigures(w io.Writer, s dock.StatusBody) {
	if s.Saved == nil {
		fmt.Fprintf(w, "log\tnot known: the database cannot be read\n")
		fmt.Fprintf(w, "disk\t%s free\n", diskFree(s))
		fmt.Fprintf(w, "version\t%s, policy not known\n", s.Version)
		return
	}
	fmt.Fprintf(w, "scans\t%s, %s units received, %s allocated, %s free\n", n(s.Totals.Scans), n(s.Totals.Units), n(s.Totals.Allocated), n(s.Totals.Free))
	fmt.Fprintf(w, "owed\t%s on %s of %s; %s complete\n", dock.Plural(s.Owed.Units, "unit", "units"), dock.Plural(s.Owed.Lines, "line", "lines"),
		dock.Plural(s.Owed.Orders, "order", "orders"), dock.Plural(s.Totals.OrdersComplete, "order", "orders"))
	fmt.Fprintf(w, "set aside\t%s\n", setAside(s.Held))
	printShort(w, s)
	fmt.Fprintf(w, "log\t%s saved, %s confirmed, %s safe (as confirmed: the centre keeps no second copy)\n", n(*s.Saved), n(*s.Confirmed), n(*s.Safe))
	fmt.Fprintf(w, "disk\t%s database, %s free\n", dock.Bytes(*s.Database), diskFree(s))
	if s.Checkpoints != nil {
		fmt.Fprintf(w, "replay\t%s\n", checkpointLine(*s.Checkpoints))
	}
	fmt.Fprintf(w, "tasks\t%d open\n", *s.Tasks)
	fmt.Fprintf(w, "version\t%s, policy %s\n", s.Version, dock.Visible(*s.Policy))
}

// printShort names the first lines that are to be filled whole and are not.
func printShort(w io.Writer, s dock.StatusBody) {
	const most = 5
	for _, short := range s.Short[:min(most, len(s.Short))] {
		fmt.Fprintf(w, "short\t%s\n", dock.Visible(short.Text))
	}
	if len(s.Short) > most {
		fmt.Fprintf(w, "short\tand %s\n", dock.Plural(*s.ShortLines-most, "more line", "more lines"))
	}
}

func checkpointLine(c dock.CheckpointsJSON) string {
	text := "no checkpoints (checkpoints = 0)"
	switch {
	case c.Newest != nil:
		text = fmt.Sprintf("%s, the newest of %s", dock.Plural(int64(c.Kept), "checkpoint", "checkpoints"), c.Newest.Local().Format("2006-01-02 15:04"))
	case c.Wanted > 0:
		text = "no checkpoint yet"
	}
	if c.Problem != "" {
		text += "; today's could not be made: " + dock.Visible(c.Problem)
	}
	return text
}

func diskFree(s dock.StatusBody) string {
	if s.DiskFree == nil {
		return dock.Bytes(dock.UnknownBytes)
	}
	return dock.Bytes(*s.DiskFree)
}

func setAside(held []dock.HeldJSON) string {
	var said []string
	for _, h := range held {
		said = append(said, h.Text)
	}
	return cmp.Or(strings.Join(said, ", "), "nothing")
}

func stationLine(st dock.StationJSON, now time.Time) string {
	text := st.State
	if st.Port != "" {
		text += ", " + dock.Visible(st.Port)
	}
	if is := dock.DeviceWords(st.Port, st.Device, st.Revision); is != "" {
		text += ", " + is
	}
	if st.LastScan != nil {
		text += ", last scan " + dock.Ago(now.Sub(*st.LastScan)) + " ago"
	}
	if st.Problem != "" {
		text += ": " + dock.Visible(st.Problem)
	}
	return text
}

func n(v int64) string { return dock.Number(v) }
