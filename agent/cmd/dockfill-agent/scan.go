package main

import (
	"fmt"
	"io"
	"strings"

	"dockfill/agent/dock"
	"dockfill/allocation"
)

type scanCmd struct {
	target
	Code    string `arg:"" help:"The code; control characters as escapes, such as \\x1d for the group separator."`
	Station string `default:"1" help:"The station that scans."`
	JSON    bool   `help:"Print JSON."`
}

// Help says how such a scan differs from a scanner's, and what the exit status means.
func (scanCmd) Help() string {
	return `The code goes through the agent's API. Such a scan is not held to the guard window (guard_ms of the station): the same code at once again is another unit and counts. Serials and pallets are recognised as ever.

Exit status:
  0  the unit was saved, or a control card did its work (DF:HELP lists the cards).
  1  a person is asked (CHECK).
  2  nothing was saved, or the card was refused (STOP), or the agent does not answer.`
}

// Run ends as Help says.
func (s scanCmd) Run(p *program) error {
	code, err := unescape(s.Code)
	if err != nil {
		return usageError(err.Error())
	}
	if len(code) == 0 {
		return usageError("the code is empty: say what a scanner would read, such as 4006381333931 or DF:HELP")
	}
	c, err := s.client(p)
	if err != nil {
		return err
	}
	var answer dock.FeedbackBody
	body, err := c.post(p.ctx, "/api/v1/scan", map[string]any{"station": s.Station, "raw": code}, &answer)
	if err != nil {
		return err
	}
	if s.JSON {
		_, err = p.out.Write(append(trimmed(body), '\n'))
	} else {
		err = printFeedback(p.out, answer.Feedback)
	}
	if err != nil {
		return err
	}
	return verdictStatus(allocation.Verdict(answer.Feedback.Verdict), allocation.WhyCode(answer.Feedback.Why))
}

func verdictStatus(v allocation.Verdict, why allocation.WhyCode) error {
	switch {
	case v.Saved(), v == allocation.Check && (why == allocation.WhyCard || why == allocation.WhyUndone):
		return nil
	case v == allocation.Check:
		return status(exitDegraded)
	}
	return status(exitFailed)
}

func printFeedback(out io.Writer, f dock.FeedbackJSON) error {
	item := ""
	if f.SKU != "" {
		item = strings.TrimRight(fmt.Sprintf(" %d x %s %s", f.Qty, dock.Visible(f.SKU), dock.Visible(f.Item)), " ")
	}
	fmt.Fprintf(out, "%s%s: %s\n", f.Verdict, item, dock.Visible(f.Text))
	for _, b := range f.Blocks {
		place := orElse(dock.Visible(b.Destination), "no place named")
		if b.Destination == dock.SetAside {
			fmt.Fprintf(out, "  %d set aside: %s\n", b.Qty, dock.Visible(b.Text))
			continue
		}
		if b.Line == "" {
			fmt.Fprintf(out, "  %d put away: %s\n", b.Qty, place)
			continue
		}
		who := strings.TrimRight(dock.Visible(b.Line)+" "+dock.Visible(b.Customer), " ")
		fmt.Fprintf(out, "  %d for %s, %d of %d filled, door: %s\n", b.Qty, who, b.Filled, b.Wanted, place)
	}
	for _, o := range f.Complete {
		fmt.Fprintf(out, "  order %s is complete\n", dock.Visible(o))
	}
	return nil
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
