package dock

import (
	"embed"
	"html/template"
	"io/fs"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"dockfill/allocation"
)

//go:embed templates/*.html
var templateFiles embed.FS

//go:embed static
var staticFiles embed.FS

// pages holds all templates. The text that they are given is escaped by
// html/template according to where it stands.
var pages = template.Must(template.New("").Funcs(template.FuncMap{
	"number": Number, "visible": Visible, "bytes": Bytes, "ago": Ago, "plural": Plural, "whole": whole,
	"ask": askLink, "about": aboutLine, "aboutEvent": aboutEvent, "columns": rankColumns,
	"look": func(verdict string) string { return look(allocation.Verdict(verdict)) },
}).ParseFS(templateFiles, "templates/*.html"))

// Options are what a Handler needs beside the site.
type Options struct {
	// Hosts are names, without port, under which browsers reach the agent
	// beside localhost and literal addresses.
	Hosts []string
	Log   *slog.Logger
	// Now is the clock; nil means the system's.
	Now func() time.Time
	// Beat is how often an open page is told how the site does, 2 s by default.
	Beat time.Duration
}

// server answers for one site. It holds no state but the site itself.
type server struct {
	site Site
	log  *slog.Logger
	now  func() time.Time
	beat time.Duration
}

// Handler serves the dock display, the site page, the local API, health and
// metrics of a site. Requests that name a foreign host, and writes that another
// web page sent, are refused.
func Handler(site Site, o Options) http.Handler {
	s := &server{site: site, log: o.Log, now: o.Now, beat: o.Beat}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.beat == 0 {
		s.beat = 2 * time.Second
	}
	return guard(s.routes(), o.Hosts)
}

func (s *server) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.display)
	mux.HandleFunc("GET /events", s.events)
	mux.HandleFunc("GET /site", s.sitePage)
	mux.HandleFunc("POST /site/tasks/{id}/done", s.taskDone)
	mux.HandleFunc("GET /decisions", s.askPage)
	mux.HandleFunc("GET /decisions/{id...}", s.decisionPage)
	mux.HandleFunc("GET /api/v1/decisions/{$}", s.noID)
	mux.HandleFunc("GET /api/v1/decisions", s.noID)
	mux.HandleFunc("GET /healthz", s.healthz)
	mux.HandleFunc("GET /readyz", s.readyz)
	mux.Handle("GET /metrics", s.metrics())
	mux.Handle("GET /static/", s.static())
	mux.HandleFunc("/", s.notFound)
	s.api(mux)
	return mux
}

// static serves the embedded files. They are asked for again after every
// upgrade of the agent, so a short life in the browser's cache is enough.
func (s *server) static() http.Handler {
	files, err := fs.Sub(staticFiles, "static")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	serve := http.StripPrefix("/static/", http.FileServerFS(files))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-cache")
		serve.ServeHTTP(w, r)
	})
}

// healthz says that the process answers, and in words how the site does.
func (s *server) healthz(w http.ResponseWriter, r *http.Request) {
	text := "ok"
	if st, err := s.site.Status(r.Context()); err == nil {
		_, said := Judge(st, s.now())
		text += ": " + st.State + "; " + Visible(said)
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte(text + "\n"))
}

// readyz says whether scans are saved here: 200 also while degraded, since a
// site without a line works as it should.
func (s *server) readyz(w http.ResponseWriter, r *http.Request) {
	st, err := s.site.Status(r.Context())
	if err != nil {
		problem(w, http.StatusServiceUnavailable, "the store does not answer: "+err.Error())
		return
	}
	h, text := Judge(st, s.now())
	if h == Down {
		problem(w, http.StatusServiceUnavailable, text)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte(text + "\n"))
}

// notFound answers a person with a page and a program with a problem.
func (s *server) notFound(w http.ResponseWriter, r *http.Request) {
	if strings.Contains(r.Header.Get("Accept"), "text/html") && !strings.HasPrefix(r.URL.Path, "/api/") {
		s.page(w, "missing.html", http.StatusNotFound, r.URL.Path)
		return
	}
	problem(w, http.StatusNotFound, "there is no such page; the dock display is /?station=1, the site page /site, why a unit went where it went /decisions, the API /api/v1")
}

// stationOf takes the station out of a request's query, and refuses one that
// the configuration does not name.
func (s *server) stationOf(r *http.Request, st Status) (allocation.StationID, bool) {
	id := allocation.StationID(r.URL.Query().Get("station"))
	for _, known := range st.Stations {
		if known.ID == id {
			return id, true
		}
	}
	return id, false
}
