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

// The healths. Degraded: it receives, or sets scans aside, and somebody should
// look. Down: it does neither.
const (
	Good     Health = "good"
	Degraded Health = "degraded"
	Down     Health = "down"
)

const (
	// LowDisk is what a disk has free from which on the page warns.
	LowDisk  = 1 << 30
	fullDisk = 1 << 20 // from here on a scan may not be saved
	// LateAfter is how long a site may be offline, or a scan wait for the
	// centre, before somebody should look.
	LateAfter = 2 * time.Minute
)

// Judge gives the health of a site and the one sentence that says it: the root
// cause first, that it is offline, the figures always. Being offline for less
// than LateAfter is good, since scans go on. now is the instant of the status.
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
	if s.DiskFull || s.DiskFreeBytes != UnknownBytes && s.DiskFreeBytes < fullDisk {
		worse(Down, "The disk is full: "+Bytes(s.DiskFreeBytes)+" left")
	}
	if s.State != string(session.Active) {
		worse(Degraded, notActive(s, now))
	}
	if s.Captured.Lost > 0 {
		worse(Degraded, Plural(s.Captured.Lost, "scan that was set aside is", "scans that were set aside are")+" damaged in the capture file: count those goods")
	}
	if troubled := inTrouble(s.Stations); len(troubled) > 0 {
		worse(Degraded, stationTrouble(troubled[0], now)+others(troubled))
	}
	if !s.DiskFull && s.DiskFreeBytes >= fullDisk && s.DiskFreeBytes < LowDisk {
		worse(Degraded, "The disk is nearly full: "+Bytes(s.DiskFreeBytes)+" left; make room")
	}
	if late(s, now) {
		worse(Degraded, "")
	}
	if cause != "" {
		cause += ". "
	}
	if s.Unread {
		return h, cause + "How much was saved and confirmed is not known"
	}
	return h, cause + unlinked(s, now) + counts(s, now)
}

// late reports that the centre has heard nothing for too long.
func late(s Status, now time.Time) bool {
	if !s.OldestUnsent.IsZero() && now.Sub(s.OldestUnsent) > LateAfter {
		return true
	}
	return !s.Link.Up && now.Sub(linkSince(s)) > LateAfter
}

// linkSince is when the line to the centre came or went; an agent that had none
// yet is without one since its start.
func linkSince(s Status) time.Time {
	if s.Link.Since.IsZero() {
		return s.Started
	}
	return s.Link.Since
}

// DeviceWords is what stands behind a scanner's port and what it says of itself,
// as visible text; "" where neither says more than the port's name.
func DeviceWords(port, device, revision string) string {
	var said []string
	for _, s := range []string{device, revision} {
		if s != "" && s != port {
			said = append(said, Visible(s))
		}
	}
	return strings.Join(said, ", ")
}

// LinkWords is the line to the centre in words.
func LinkWords(up bool, since, now time.Time) string {
	if up {
		return "connected " + Ago(now.Sub(since))
	}
	return "offline since " + Clock(since, now) + " (" + Ago(now.Sub(since)) + ")"
}

// unlinked is the sentence of a missing line, and why; "" while there is one.
func unlinked(s Status, now time.Time) string {
	if s.Link.Up {
		return ""
	}
	text := "Offline " + Ago(now.Sub(linkSince(s)))
	if s.Link.Problem != "" && (s.Unread || s.Head == s.Stored) {
		text += ": " + s.Link.Problem
	}
	if strings.HasSuffix(text, "?") {
		return text + " "
	}
	return text + ". "
}

// counts is the sentence of the log: saved, confirmed, waiting.
func counts(s Status, now time.Time) string {
	text := fmt.Sprintf("%s saved here, %s confirmed", Number(s.Head), Number(s.Stored))
	if waiting := s.Head - s.Stored; waiting > 0 {
		text += ", " + Number(waiting) + " waiting"
		if !s.OldestUnsent.IsZero() {
			text += " " + Ago(now.Sub(s.OldestUnsent))
		}
		if !s.Link.Up && s.Link.Problem != "" {
			text += ": " + s.Link.Problem
		}
	}
	return text
}

// away reports a scanner that should be there and is not.
func (s Station) away() bool { return s.State != StationConnected && s.State != StationBare }

// notActive says that nothing is allocated, since when and why, and what is set aside.
func notActive(s Status, now time.Time) string {
	text := s.State
	if !s.StateSince.IsZero() {
		text += " since " + Clock(s.StateSince, now)
	}
	text += ", nothing is allocated"
	if s.Reason != "" {
		text += ": " + strings.TrimRight(s.Reason, ". ")
	}
	return text + ". " + setAsideWords(s.Captured)
}

// setAsideWords counts what waits in the capture file.
func setAsideWords(c Captured) string {
	if c.Scans == 0 {
		return "Scans are set aside until that is over"
	}
	return Plural(c.Scans, "scan is", "scans are") + " set aside until that is over"
}

func inTrouble(all []Station) (troubled []Station) {
	for _, st := range all {
		if st.away() || st.Problem != "" {
			troubled = append(troubled, st)
		}
	}
	return troubled
}

// others says how many stations beside the first are in trouble, and which where
// that is one.
func others(troubled []Station) string {
	switch n := len(troubled); n {
	case 1:
		return ""
	case 2:
		return fmt.Sprintf("; station %s is in trouble too", troubled[1].ID)
	default:
		return fmt.Sprintf("; stations %s and %d more are in trouble too", troubled[1].ID, n-2)
	}
}

func stationTrouble(st Station, now time.Time) string {
	if !st.away() {
		return fmt.Sprintf("Station %s: %s", st.ID, strings.TrimRight(st.Problem, ". "))
	}
	return fmt.Sprintf("Station %s: s%s", st.ID, ownTrouble(st, now)[1:])
}

// ownTrouble is the same on the station's own page, which names it already.
func ownTrouble(st Station, now time.Time) string {
	text := "Scanner " + st.State
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
	text := "Offline " + Ago(now.Sub(linkSince(s)))
	if s.Unread {
		return text
	}
	if waiting := s.Head - s.Stored; waiting > 0 {
		return text + ", " + Plural(waiting, "scan", "scans") + " safe here"
	}
	return text + ", all scans confirmed"
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

// Clock writes an instant of the last day as a time, an older one with its day,
// in the zone of this machine.
func Clock(at, now time.Time) string {
	if now.Sub(at) < 20*time.Hour {
		return at.Local().Format("15:04")
	}
	return at.Local().Format("2 Jan 15:04")
}

// Bytes writes a size in binary units with one decimal; an unknown one is "an
// unknown amount".
func Bytes(n int64) string {
	if n == UnknownBytes {
		return "an unknown amount"
	}
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
