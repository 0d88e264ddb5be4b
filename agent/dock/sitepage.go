package dock

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
)

// siteData fills the site page.
type siteData struct {
	Status    Status
	Health    Health
	Text      string
	Waiting   int64
	Age       string // of the oldest scan that waits
	Offline   string // since when; "" while there is a line
	Badge     string // the health, or that it is good and offline
	Link      string // to the centre, in words
	Up        string
	Rows      []stationRow
	Last      []scanRow
	Tasks     []Task
	TasksMore int64 // that are open and do not stand in Tasks
	// TasksProblem says why they could not be read.
	TasksProblem string
	Held         []heldRow
	Uncounted    []uncountedRow
	ShortMore    int64 // lines that are to be filled whole and do not stand in Status.Short
	Kept         []keptRow
	KeptMore     int64 // codes that wait and do not stand in Kept
}

type stationRow struct {
	Station
	For, LastScan string
	Is            string // its device and revision
}

type scanRow struct {
	view
	Station string
	To      []string // destinations
	Event   int64    // of the log; 0 where none was written
}

// taskRows is how many tasks stand on the site page.
const taskRows = 100

// sitePage tells site IT how the agent does.
func (s *server) sitePage(w http.ResponseWriter, r *http.Request) {
	d, err := s.siteData(r)
	if err != nil {
		problem(w, http.StatusServiceUnavailable, "the store does not answer: "+err.Error())
		return
	}
	name := "site.html"
	if r.URL.Query().Has("part") {
		name = "sitebody"
	}
	s.page(w, name, http.StatusOK, d)
}

func (s *server) siteData(r *http.Request) (siteData, error) {
	st, err := s.site.Status(r.Context())
	if err != nil {
		return siteData{}, err
	}
	recent, err := s.site.Recent(r.Context(), "", 20)
	if err != nil {
		return siteData{}, err
	}
	now := s.now()
	d := siteData{Status: st, Waiting: st.Head - st.Stored, Up: Ago(now.Sub(st.Started))}
	d.Health, d.Text = Judge(st, now)
	d.Badge, d.Link = string(d.Health), LinkWords(st.Link.Up, linkSince(st), now)
	if !st.Link.Up {
		d.Offline = "Offline since " + Clock(linkSince(st), now)
	}
	if !st.Link.Up && d.Health == Good {
		d.Badge, d.Text = "offline", strings.TrimPrefix(d.Text, "Offline ")
	}
	if !st.OldestUnsent.IsZero() {
		d.Age = Ago(now.Sub(st.OldestUnsent))
	}
	// This page must also explain a site whose database cannot be read.
	if d.Tasks, err = s.site.Tasks(r.Context()); err != nil {
		d.TasksProblem = err.Error()
	}
	if more := len(d.Tasks) - taskRows; more > 0 {
		d.Tasks, d.TasksMore = d.Tasks[:taskRows], int64(more)
	}
	if keptCodes(st.Held) > 0 {
		kept, err := s.site.Kept(r.Context(), keptRows)
		if err != nil {
			return siteData{}, err
		}
		d.Kept, d.KeptMore = newKeptRows(kept, now), max(0, keptCodes(st.Held)-int64(len(kept)))
	}
	d.ShortMore = st.ShortLines - int64(len(st.Short))
	d.Held, d.Uncounted = heldRows(st.Held, now), uncountedRows(st.Uncounted, now)
	for _, x := range st.Stations {
		d.Rows = append(d.Rows, s.stationRow(x, recent))
	}
	for _, f := range recent {
		d.Last = append(d.Last, newScanRow(f))
	}
	return d, nil
}

func newScanRow(f Feedback) scanRow {
	row := scanRow{view: newView(f), Station: string(f.Station), Event: f.Seq}
	for _, h := range row.Heads[:min(len(row.Heads), len(f.Blocks))] {
		row.To = append(row.To, h.Place)
	}
	return row
}

// stationRow is a station with the newest scan that it or the list below knows of:
// a station may take scans without a scanner, and a restart forgets.
func (s *server) stationRow(x Station, recent []Feedback) stationRow {
	row := stationRow{Station: x, LastScan: "never", Is: DeviceWords(x.Port, x.Device, x.Revision)}
	if !x.Since.IsZero() && x.Port != "" {
		row.For = Ago(s.now().Sub(x.Since))
	}
	last := x.LastScan
	for _, f := range recent {
		if f.Station == x.ID && f.At.After(last) {
			last = f.At
		}
	}
	if !last.IsZero() {
		row.LastScan = Ago(s.now().Sub(last)) + " ago"
	}
	return row
}

// taskDone is the button beside a task; it works without any script.
func (s *server) taskDone(w http.ResponseWriter, r *http.Request) {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		problem(w, http.StatusNotFound, "tasks have numbers")
		return
	}
	err = s.site.Done(r.Context(), id)
	// A task that somebody else has just done needs no complaint.
	if err != nil && !errors.Is(err, ErrNoTask) {
		problem(w, http.StatusServiceUnavailable, "the task could not be closed: "+err.Error())
		return
	}
	http.Redirect(w, r, "/site", http.StatusSeeOther)
}
