package main

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"

	"dockfill/agent"
	"dockfill/agent/dock"
)

// past plays the site's own log again.
func (r replayCmd) past(p *program) error {
	since, err := moment(r.Since, time.Now())
	if err != nil {
		return err
	}
	o := agent.Shadow{Since: since}
	if r.Policy != "" {
		under, err := readPolicy(r.Policy)
		if err != nil {
			return err
		}
		o.Under = &under
	}
	c, err := p.load()
	if err != nil {
		return err
	}
	o.Data, o.Site, o.Rules = cmp.Or(r.Data, c.Data), c.Site, c.Rules
	o.Copy = func(ctx context.Context) (string, error) { return r.copied(ctx, p) }
	o.Played = r.progress(p)
	report, err := o.Run(p.ctx)
	if err != nil {
		return err
	}
	if r.JSON {
		err = printJSON(p.out, newPastBody(report))
	} else {
		err = printPast(p.out, report)
	}
	if err == nil && report.First != nil {
		err = status(exitDegraded)
	}
	return err
}

// progress shows on a terminal how far a run is, a bar for each.
func (r replayCmd) progress(p *program) func(n, of int64) {
	if !onTerminal(p.err) {
		return nil
	}
	var bar *progressbar.ProgressBar
	run := "playing the log as it was"
	return func(n, of int64) {
		if bar == nil {
			bar = progressbar.NewOptions64(of, progressbar.OptionSetWriter(p.err), progressbar.OptionSetDescription(run),
				progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionShowCount(), progressbar.OptionClearOnFinish())
		}
		_ = bar.Set64(n)
		if n == of {
			_, bar = bar.Finish(), nil
			run = "playing it under the other policy"
		}
	}
}

// copied asks the running agent for a copy of its database.
func (r replayCmd) copied(ctx context.Context, p *program) (string, error) {
	c, err := r.client(p)
	if err != nil {
		return "", fmt.Errorf("the agent that holds the database must be asked for a copy: %w", err)
	}
	c.http.Timeout = 0 // a large database takes its time; Ctrl-C ends it
	var made dock.CopyBody
	if _, err := c.post(ctx, "/api/v1/copy", struct{}{}, &made); err != nil {
		return "", err
	}
	return made.Path, nil
}

// moment reads when to begin, which has come. A day alone is the end of it, so that its checkpoint
// counts whenever it was made.
func moment(text string, now time.Time) (time.Time, error) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.Atoi(days); err == nil && n > 0 {
			return now.AddDate(0, 0, -n), nil
		}
	}
	if d, err := time.ParseDuration(text); err == nil && d > 0 {
		return now.Add(-d), nil
	}
	if day, err := time.ParseInLocation(time.DateOnly, text, time.Local); err == nil {
		if day.After(now) {
			return now, toCome(text)
		}
		return day.AddDate(0, 0, 1).Add(-time.Nanosecond), nil
	}
	for _, form := range []string{"2006-01-02T15:04", "2006-01-02T15:04:05"} {
		if t, err := time.ParseInLocation(form, text, time.Local); err == nil {
			return hasCome(t, now, text)
		}
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return hasCome(t, now, text)
	}
	return now, usageError(fmt.Sprintf("--since %s: say 7d, 36h, 2026-11-16 or 2026-11-16T14:00", text))
}

func hasCome(t, now time.Time, text string) (time.Time, error) {
	if t.After(now) {
		return now, toCome(text)
	}
	return t, nil
}

func toCome(text string) error {
	return usageError(fmt.Sprintf("--since %s is still to come: name a day or a time that has been, such as 7d or 36h", text))
}
