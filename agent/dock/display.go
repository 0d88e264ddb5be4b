package dock

import (
	"bytes"
	"html/template"
	"net/http"
	"strings"
	"time"

	"dockfill/allocation"
	"dockfill/sync/session"
)

// idleAfter is how long a good verdict stays on the screen before the clock
// comes back. CHECK and STOP stay.
const idleAfter = 60 * time.Second

// displayData fills the dock page when it opens; the events keep it fresh.
type displayData struct {
	Site, Station, Version string
	Strip                  stripData
	Last                   *view // nil where nothing was scanned, or long ago
	Chips                  []view
	Tally                  tally
	IdleMS                 int64
}

// stripData is what a page shows of the site around the verdict.
type stripData struct {
	Offline string
	Trouble string // nothing is received, or the scanner is away
	Ready   string // what the idle screen promises
	Tasks   []Task
	Owed    Owed
	Totals  Totals
	Aside   string // what is set aside, or was not counted here; "" where nothing is
}

// Work are the tasks for which there is room on the idle screen.
func (d stripData) Work() []Task { return d.Tasks[:min(len(d.Tasks), 3)] }

// display shows one station's verdicts to the people on the dock.
func (s *server) display(w http.ResponseWriter, r *http.Request) {
	st, err := s.site.Status(r.Context())
	if err != nil {
		problem(w, http.StatusServiceUnavailable, "the store does not answer: "+err.Error())
		return
	}
	id, ok := s.stationOf(r, st)
	if !ok {
		s.chooseStation(w, string(id), st)
		return
	}
	recent, err := s.site.Recent(r.Context(), id, tallyDepth)
	if err != nil {
		problem(w, http.StatusServiceUnavailable, "the last scans cannot be read: "+err.Error())
		return
	}
	var memory station
	memory.replay(recent)
	d := displayData{
		Site: string(st.Site), Station: string(id), Version: st.Version,
		Strip: s.strip(r, st, id), Chips: memory.last, Tally: memory.tally,
		IdleMS: idleAfter.Milliseconds(),
	}
	if len(memory.last) > 0 && s.fresh(memory.last[0]) {
		d.Last = &memory.last[0]
	}
	s.page(w, "dock.html", http.StatusOK, d)
}

// fresh reports whether a verdict still belongs on the screen.
func (s *server) fresh(v view) bool {
	return v.Look == "stop" || v.Look == "check" || s.now().Sub(v.At) < idleAfter
}

// strip collects what stands around the verdict.
func (s *server) strip(r *http.Request, st Status, id allocation.StationID) stripData {
	d := stripData{Ready: "Ready to scan", Offline: offline(st, s.now()), Owed: st.Owed, Totals: st.Totals}
	if len(st.Held) > 0 {
		d.Aside = "Set aside: " + HeldText(st.Held)
	}
	for _, u := range st.Uncounted {
		if u.Station == id {
			d.Aside = strings.TrimPrefix(d.Aside+". Not counted: "+u.Text(), ". ")
		}
	}
	if st.Tasks > 0 {
		tasks, err := s.site.Tasks(r.Context())
		if err != nil {
			s.log.Warn("tasks cannot be read", "error", err)
		}
		d.Tasks = tasks
	}
	for _, known := range st.Stations {
		if known.ID == id && known.away() {
			d.Ready, d.Trouble = "Scanner not connected", ownTrouble(known, s.now())
		}
	}
	if st.State != string(session.Active) {
		d.Ready, d.Trouble = "Scans are set aside", notActive(st, s.now())
	}
	return d
}

// chooseStation answers a display that names no station, or a wrong one.
func (s *server) chooseStation(w http.ResponseWriter, asked string, st Status) {
	status := http.StatusOK
	if asked != "" {
		status = http.StatusNotFound
	}
	s.page(w, "choose.html", status, map[string]any{
		"Site": st.Site, "Asked": Visible(asked), "Stations": st.Stations,
	})
}

// page writes a template whole or not at all.
func (s *server) page(w http.ResponseWriter, name string, status int, data any) {
	html, err := render(name, data)
	if err != nil {
		s.log.Error("page cannot be made", "page", name, "error", err)
		problem(w, http.StatusInternalServerError, "the page could not be made")
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(html))
}

func render(name string, data any) (template.HTML, error) {
	var b bytes.Buffer
	if err := pages.ExecuteTemplate(&b, name, data); err != nil {
		return "", err
	}
	return template.HTML(b.String()), nil
}
