package dock

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"dockfill/sync/session"
)

// Health is how well a site does. The command line turns it into its exit
// status.
type Health string

// The healths. Degraded: it receives, and somebody should look. Down: it does
// not receive.
const (
	Good     Health = "good"
	Degraded Health = "degraded"
	Down     Health = "down"
)

const (
	lowDisk  = 1 << 30  // from here on the page warns
	fullDisk = 64 << 20 // from here on a scan may not be saved
	// lateAfter is how long a scan may wait for the centre before it is news.
	lateAfter = 2 * time.Minute
)

// Judge gives the health of a site and the one sentence that says it: the root
// cause first, the figures always. now is the instant of the status.
func Judge(s Status, now time.Time) (Health, string) {
	h, cause := Good, ""
	worse := func(to Health, text string) {
		if cause == "" {
			cause = text
		}
		if h != Down {
			h = to
		}
	}
	if s.DiskFreeBytes > 0 && s.DiskFreeBytes < fullDisk {
		worse(Down, "The disk is full: only "+Bytes(s.DiskFreeBytes)+" left")
	}
	if s.State != string(session.Active) {
		worse(Down, notActive(s))
	}
	for _, st := range s.Stations {
		if st.away() {
			worse(Degraded, stationTrouble(st, now))
		}
	}
	if s.DiskFreeBytes >= fullDisk && s.DiskFreeBytes < lowDisk {
		worse(Degraded, "The disk is nearly full: "+Bytes(s.DiskFreeBytes)+" left")
	}
	if !s.OldestUnsent.IsZero() && now.Sub(s.OldestUnsent) > lateAfter {
		worse(Degraded, "")
	}
	if cause != "" {
		cause += ". "
	}
	return h, cause + counts(s, now)
}

// counts is the sentence of the log: saved, confirmed, waiting, and why.
func counts(s Status, now time.Time) string {
	text := fmt.Sprintf("%s saved here, %s confirmed", Number(s.Head), Number(s.Stored))
	if waiting := s.Head - s.Stored; waiting > 0 {
		text += ", " + Number(waiting) + " waiting"
		if !s.OldestUnsent.IsZero() {
			text += " " + Ago(now.Sub(s.OldestUnsent))
		}
	}
	if !s.Link.Up && s.Link.Problem != "" {
		text += ": " + s.Link.Problem
	}
	return text
}

// away reports a scanner that should be there and is not.
func (s Station) away() bool { return s.State != StationConnected && s.State != StationBare }

func notActive(s Status) string {
	if s.Reason != "" {
		return "Nothing is received: " + strings.TrimRight(s.Reason, ". ")
	}
	return "Nothing is received: the site is " + s.State
}

func stationTrouble(st Station, now time.Time) string {
	text := fmt.Sprintf("Station %s: scanner %s", st.ID, st.State)
	if !st.Since.IsZero() {
		text += " " + Ago(now.Sub(st.Since))
	}
	if st.Problem != "" {
		text += " (" + st.Problem + ")"
	}
	return text
}

// offline is the quiet strip of the dock display; "" while there is a line.
func offline(s Status, now time.Time) string {
	if s.Link.Up {
		return ""
	}
	text := "Offline"
	if !s.Link.Since.IsZero() {
		text += " " + Ago(now.Sub(s.Link.Since))
	}
	switch waiting := s.Head - s.Stored; waiting {
	case 0:
		return text + ", all scans confirmed"
	case 1:
		return text + ", 1 scan safe here"
	default:
		return fmt.Sprintf("%s, %s scans safe here", text, Number(waiting))
	}
}

// Number writes n with commas between thousands.
func Number(n int64) string {
	if n < 0 {
		return "-" + Number(-n)
	}
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Ago writes a duration with the one unit that a person would say.
func Ago(d time.Duration) string {
	switch {
	case d < time.Second:
		return "0 s"
	case d < 90*time.Second:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < 90*time.Minute:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h", int(d.Hours()))
	}
	return fmt.Sprintf("%d days", int(d.Hours())/24)
}

// Bytes writes a size in binary units with one decimal.
func Bytes(n int64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB"}
	f, i := float64(n), 0
	for f >= 1024 && i < len(units)-1 {
		f /= 1024
		i++
	}
	if i == 0 {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.1f %s", f, units[i])
}
