package web

import (
	"fmt"
	"html/template"
	"strconv"
	"strings"
	"time"

	"dockfill/allocation"
	"dockfill/sync/why"
)

var words = template.FuncMap{"clock": clock, "day": day, "machine": machine, "visible": visible, "lower": strings.ToLower,
	"ask": askLink, "aboutText": aboutText, "columns": rankColumns}

func clock(t time.Time) string   { return t.UTC().Format(time.TimeOnly) }
func day(t time.Time) string     { return t.UTC().Format("2 Jan 2006") }
func machine(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// dayOf writes a calendar day for people; what is no day stays as it is.
func dayOf(d allocation.Date) string {
	t, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		return visible(string(d))
	}
	return day(t)
}

// number writes n with a comma between thousands.
func number(n int64) string {
	s := strconv.FormatInt(n, 10)
	from := 0
	if n < 0 {
		from = 1
	}
	for i := len(s) - 3; i > from; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// count writes "1 line" and "2 lines".
func count(n int64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return number(n) + " " + noun + "s"
}

// ago writes an age as people say it; a clock that runs ahead gives 0 s.
func ago(d time.Duration) string {
	switch d = max(d, 0); {
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	}
	return count(int64(d/(24*time.Hour)), "day")
}

// visible makes text from outside safe to look at.
func visible(s string) string { return why.Visible(s) }
