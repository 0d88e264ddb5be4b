package web

import (
	"fmt"
	"strings"
	"time"

	"dockfill/cloud/store"
)

const dayLength = 24 * time.Hour

// bounds are the ages, in days, at which a wait enters the next band.
var bounds = []int{3, 15, 43, 183}

// bandNames begin with the orders whose time is still to come.
var bandNames = []string{"not yet", "0–2 days", "3–14 days", "2–6 weeks", "6–26 weeks", "over 26 weeks"}

func edges(now time.Time) []time.Time {
	e := []time.Time{now}
	for _, days := range bounds {
		e = append(e, now.Add(-time.Duration(days)*dayLength))
	}
	return e
}

func bandOf(days int64) int {
	for i, b := range bounds {
		if days < int64(b) {
			return i
		}
	}
	return len(bounds)
}

func daysSince(t, now time.Time) int64 { return max(0, int64(now.Sub(t)/dayLength)) }

// daysBetween counts midnights, as a calendar does.
func daysBetween(from, to time.Time) int64 {
	return int64(to.UTC().Truncate(dayLength).Sub(from.UTC().Truncate(dayLength)) / dayLength)
}

// bands is the plot of units owed by waiting time, with its numbers as words.
type bands struct {
	Height      int
	Description string
	Rows        []bandRow
	Stale       bool
}

type bandRow struct {
	Label, Units, Lines string
	Band, Y, TextY      int
	Width               string // of the bar, in the drawing's units
}

const (
	bandStep  = 26
	railWidth = 176
)

// showBands leaves the orders that do not wait yet out where there are none.
func showBands(split []store.AgeBand, stale bool) bands {
	names, shade := bandNames, -1
	if split[0].Lines == 0 {
		split, names, shade = split[1:], names[1:], 0
	}
	var most int64
	for _, b := range split {
		most = max(most, b.Units)
	}
	v := bands{Stale: stale, Height: bandStep * len(split)}
	var told []string
	for i, b := range split {
		width := 0.0
		if most > 0 {
			width = float64(b.Units) / float64(most) * railWidth
		}
		if b.Units > 0 {
			width = max(width, 3) // what is there is seen
		}
		v.Rows = append(v.Rows, bandRow{Label: names[i], Units: number(b.Units), Lines: number(b.Lines), Band: max(0, i+shade),
			Y: i*bandStep + 5, TextY: i*bandStep + 17, Width: fmt.Sprintf("%.1f", width)})
		told = append(told, fmt.Sprintf("%s: %s on %s", names[i], count(b.Units, "unit"), count(b.Lines, "line")))
	}
	v.Description = strings.Join(told, "; ") + "."
	return v
}
