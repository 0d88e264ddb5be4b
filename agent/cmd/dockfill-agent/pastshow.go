package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"dockfill/agent"
	"dockfill/agent/dock"
)

const (
	mostMissed = 10 // that the table names
	mostLines  = 20
)

// printPast writes the report for people.
func printPast(out io.Writer, r *agent.ShadowReport) error {
	const form = "2006-01-02 15:04:05"
	if r.Younger {
		fmt.Fprintf(out, "Site %s is younger than you asked for: it is played from its beginning, its oldest checkpoint.\n", r.Site)
	}
	fmt.Fprintf(out, "Site %s, from the checkpoint of %s (event %s) to %s: %s.\n", r.Site, r.Checkpoint.At.Local().Format(form), n(r.Checkpoint.Head.Seq),
		r.Until.Local().Format(form), dock.Plural(r.Events, "event", "events"))
	fmt.Fprintf(out, "%s\n", reproduced(r))
	fmt.Fprintf(out, "In force: %s.", dock.Visible(strings.Join(r.Control.Policies, ", then ")))
	tried := ""
	if r.Shadow != nil {
		tried = dock.Visible(r.Shadow.Policies[0])
		fmt.Fprintf(out, " Tried: %s.", tried)
	}
	fmt.Fprint(out, "\n\n")
	if err := printRuns(out, r, tried); err != nil {
		return err
	}
	if err := printWaits(out, r, tried); err != nil {
		return err
	}
	printMissed(out, r)
	return printChanges(out, r, tried)
}

// reproduced says whether the log came out as it is.
func reproduced(r *agent.ShadowReport) string {
	count := fmt.Sprintf("%s of %s", n(r.Reproduced), dock.Plural(r.Happenings, "decision", "decisions"))
	switch d := r.First; {
	case d != nil:
		return fmt.Sprintf("The site's log was NOT reproduced: %s. The first difference is event %s, %s:\n  the log says: %s\n  this program says: %s\n"+
			"Another version of the program may have decided then, or another configuration read the codes. What follows is not to be relied on.",
			count, n(d.Seq), dock.Visible(d.What), dock.Visible(d.Log), dock.Visible(d.Here))
	case r.Happenings == 0:
		return "Nothing has happened since then."
	case r.Exact:
		return fmt.Sprintf("The site's log was reproduced: %s, and its hash. Both end with event %s, hash %s.", count, n(r.End.Seq), r.End.Hash)
	}
	return "The site's log was reproduced: " + count + ". Its hash was not: events have other numbers, or were told in other parts."
}

// figure is a row of the table.
type figure struct {
	name string
	of   func(agent.Figures) int64
}

var figures = []figure{
	{"units received", func(f agent.Figures) int64 { return f.Received }},
	{"units given to orders", func(f agent.Figures) int64 { return f.Allocated }},
	{"units free at the end", func(f agent.Figures) int64 { return f.Free }},
	{"units owed at the end", func(f agent.Figures) int64 { return f.Open }},
	{"orders completed", func(f agent.Figures) int64 { return f.Orders }},
	{"lines completed", func(f agent.Figures) int64 { return f.Lines }},
	{"units moved between orders", func(f agent.Figures) int64 { return f.Moved }},
	{"inversions (units past an older line)", func(f agent.Figures) int64 { return f.Inversions }},
}

// printLost says why the waits are of more units than orders have more: lines lost
// some that they had before.
func printLost(out io.Writer, run string, f agent.Figures) {
	var given int64
	for _, w := range f.Waits {
		given += w.Units
	}
	if lost := given - f.Allocated; lost > 0 {
		fmt.Fprintf(out, "%s: of %s, as lines also lost %s that they had at the checkpoint, orders have %s more\n", run,
			dock.Plural(given, "unit", "units"), n(lost), n(f.Allocated))
	}
}

func printRuns(out io.Writer, r *agent.ShadowReport, tried string) error {
	w := tabwriter.NewWriter(out, 0, 0, 3, ' ', tabwriter.AlignRight)
	if r.Shadow == nil {
		fmt.Fprint(w, "\tas it was\t\n")
	} else {
		fmt.Fprintf(w, "\tas it was\t%s\tdifference\t\n", tried)
	}
	for _, f := range figures {
		was := f.of(r.Control.Figures)
		fmt.Fprintf(w, "%s\t%s\t", f.name, n(was))
		if r.Shadow != nil {
			is := f.of(r.Shadow.Figures)
			fmt.Fprintf(w, "%s\t%s\t", n(is), signed(is-was))
		}
		fmt.Fprintln(w)
	}
	return w.Flush()
}

func signed(v int64) string {
	if v > 0 {
		return "+" + n(v)
	}
	return n(v)
}

// printWaits writes how long units waited, by tier.
func printWaits(out io.Writer, r *agent.ShadowReport, tried string) error {
	fmt.Fprint(out, "\nWaiting from acceptance to allocation, of the units given since then; owed: of those still open at the end\n")
	printLost(out, "as it was", r.Control.Figures)
	if r.Shadow != nil {
		printLost(out, tried, r.Shadow.Figures)
	}
	w := tabwriter.NewWriter(out, 0, 0, 3, ' ', tabwriter.AlignRight)
	fmt.Fprint(w, "tier\t\tunits\tmean\thalf within\t95 % within\tlongest\towed\tfor (mean)\t\n")
	for _, tier := range tiers(r) {
		was := waitOf(r.Control, tier)
		printWait(w, tierName(tier), "as it was", was)
		if r.Shadow == nil {
			continue
		}
		is := waitOf(*r.Shadow, tier)
		printWait(w, "", tried, is)
		fmt.Fprintf(w, "\tdifference\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t\n", signed(is.Units-was.Units), longer(is.Mean-was.Mean), longer(is.P50-was.P50),
			longer(is.P95-was.P95), longer(is.Max-was.Max), signed(is.Open-was.Open), longer(is.OpenMean-was.OpenMean))
	}
	return w.Flush()
}

func printWait(w io.Writer, tier, run string, x agent.Wait) {
	fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t\n", tier, run, n(x.Units), span(x.Mean), span(x.P50), span(x.P95), span(x.Max), n(x.Open), span(x.OpenMean))
}

// tiers are those of both runs, as the control has them first.
func tiers(r *agent.ShadowReport) (all []int) {
	seen := map[int]bool{}
	runs := []agent.Run{r.Control}
	if r.Shadow != nil {
		runs = append(runs, *r.Shadow)
	}
	for _, run := range runs {
		for _, w := range run.Waits {
			if !seen[w.Tier] {
				seen[w.Tier] = true
				all = append(all, w.Tier)
			}
		}
	}
	return all
}

func waitOf(r agent.Run, tier int) agent.Wait {
	for _, w := range r.Waits {
		if w.Tier == tier {
			return w
		}
	}
	return agent.Wait{Tier: tier}
}

func tierName(tier int) string {
	if tier == 0 {
		return "none"
	}
	return fmt.Sprint(tier)
}

// span is a length of time in the unit that fits it.
func span(d time.Duration) string {
	switch a := d.Abs(); {
	case a >= 48*time.Hour:
		return fmt.Sprintf("%.1f d", d.Hours()/24)
	case a >= 2*time.Hour:
		return fmt.Sprintf("%.1f h", d.Hours())
	case a >= time.Minute:
		return fmt.Sprintf("%.0f min", d.Minutes())
	case a >= time.Second:
		return fmt.Sprintf("%.0f s", d.Seconds())
	}
	return "0"
}

func longer(d time.Duration) string {
	if text := span(d); d > 0 && text != "0" {
		return "+" + text
	} else {
		return text
	}
}

// printMissed names what could not be done under the policy that was tried.
func printMissed(out io.Writer, r *agent.ShadowReport) {
	if r.Shadow == nil || len(r.Shadow.Missed) == 0 {
		return
	}
	all := r.Shadow.Missed
	fmt.Fprintf(out, "\n%s could not be done as it was, because units lay elsewhere:\n", dock.Plural(int64(len(all)), "thing", "things"))
	for _, m := range all[:min(len(all), mostMissed)] {
		fmt.Fprintf(out, "  event %s, %s: %s\n", n(m.Seq), dock.Visible(m.What), dock.Visible(m.Why))
	}
	if more := len(all) - mostMissed; more > 0 {
		fmt.Fprintf(out, "  and %s more; --json names them all\n", n(int64(more)))
	}
}

func printChanges(out io.Writer, r *agent.ShadowReport, tried string) error {
	switch {
	case r.Shadow == nil:
		return nil
	case len(r.Lines) == 0:
		_, err := fmt.Fprint(out, "\nEvery line would have got the same number of units.\n")
		return err
	}
	fmt.Fprintf(out, "\n%s would have got another number of units; those that changed most:\n", dock.Plural(int64(len(r.Lines)), "line", "lines"))
	w := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	fmt.Fprintf(w, "line\tSKU\ttier\twants\tas it was\t%s\tdifference\n", tried)
	for _, l := range r.Lines[:min(len(r.Lines), mostLines)] {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", dock.Visible(string(l.Line)), dock.Visible(string(l.SKU)), tierName(l.Tier), n(l.Wanted), n(l.Control), n(l.Shadow), signed(l.Shadow-l.Control))
	}
	return w.Flush()
}
