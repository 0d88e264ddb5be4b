package web

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"dockfill/allocation"
	"dockfill/cloud/promise"
	"dockfill/cloud/store"
)

//go:embed templates/*.html
var templateFiles embed.FS

//go:embed static
var staticFiles embed.FS

var pages = template.Must(template.New("").Funcs(words).ParseFS(templateFiles, "templates/*.html"))

// static serves the page's own files. They are asked for again after an
// upgrade because their tag changes with their content.
func static() http.Handler {
	files, _ := fs.Sub(staticFiles, "static") // the folder is embedded above
	server := http.StripPrefix("/static/", http.FileServerFS(files))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-cache")
		server.ServeHTTP(w, r)
	})
}

const pageRows = 50

// page answers "/": whole, or only the list where the script asks for it.
func (s *Server) page(w http.ResponseWriter, r *http.Request) {
	q := query(r.URL.Query())
	v, err := s.view(r.Context(), q)
	if err != nil {
		s.broken(w, r, err)
		return
	}
	name, data := "page", any(v)
	if r.Header.Get("Dockfill-Part") == "owed" {
		name, data = "owed", v.Owed
	}
	w.Header().Set("Vary", "Dockfill-Part")
	s.render(w, http.StatusOK, name, data)
}

// render writes a page only once it is whole.
func (s *Server) render(w http.ResponseWriter, status int, name string, data any) {
	var b bytes.Buffer
	if err := pages.ExecuteTemplate(&b, name, data); err != nil {
		s.Log.Error("page cannot be made", "page", name, "err", err)
		problem(w, http.StatusInternalServerError, "This page could not be made; the server's log says why.")
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = b.WriteTo(w) // a browser that went away needs no answer
}

// failure is what a person reads instead of figures.
type failure struct {
	Now                             time.Time
	Heading, Sentence, Next, Detail string
	Link                            string // the words of the link to the page
}

// Title is what the browser's tab says.
func (f failure) Title() string { return "Dockfill: " + strings.ToLower(f.Heading[:1]) + f.Heading[1:] }

func (s *Server) fail(w http.ResponseWriter, status int, f failure) {
	f.Now = s.Now()
	s.render(w, status, "failed", f)
}

func (s *Server) broken(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil {
		return
	}
	s.Log.Error("figures cannot be read", "err", err)
	w.Header().Set("Retry-After", "5")
	s.fail(w, http.StatusServiceUnavailable, failure{Heading: "The figures cannot be read", Link: "Try again",
		Sentence: "The centre's database did not answer, so nothing is shown rather than something old. Scans at the sites are safe: they are kept there until the centre has stored them.",
		Next:     "The server's log names the reason. See that the database runs and that its disk has room, then try again."})
}

// query reads the address; what it cannot use is left out, so that an old
// bookmark still opens.
func query(v url.Values) store.OwedQuery {
	q := store.OwedQuery{Text: short(v.Get("q")), Site: allocation.SiteID(short(v.Get("site"))), Limit: pageRows,
		Promise: promiseOf(v.Get("promise")), Sort: sortOf(v.Get("sort")), Descending: v.Get("dir") == "desc"}
	if page, err := strconv.Atoi(v.Get("page")); err == nil && page > 1 && page < 1_000_000 {
		q.Offset = (page - 1) * pageRows
	}
	return q
}

const maxSearch = 100

func short(s string) string {
	s = strings.ToValidUTF8(strings.TrimSpace(s), "")
	if len(s) > maxSearch {
		s = strings.ToValidUTF8(s[:maxSearch], "")
	}
	return strings.ReplaceAll(s, "\x00", "")
}

func sortOf(s string) store.OwedSort {
	for _, h := range heads {
		if h.sort != "" && string(h.sort) == s {
			return h.sort
		}
	}
	return store.ByWaiting
}

func promiseOf(s string) promise.Word {
	if w := promise.Word(s); w == promise.Missed || w == promise.Unknown {
		return w
	}
	return ""
}

// address writes a query as a link to the page.
func address(q store.OwedQuery) string {
	v := url.Values{}
	set := func(key, value, ordinary string) {
		if value != ordinary {
			v.Set(key, value)
		}
	}
	set("q", q.Text, "")
	set("site", string(q.Site), "")
	set("promise", string(q.Promise), "")
	set("sort", string(q.Sort), string(store.ByWaiting))
	if q.Descending {
		v.Set("dir", "desc")
	}
	if q.Offset > 0 {
		v.Set("page", fmt.Sprint(q.Offset/pageRows+1))
	}
	if len(v) == 0 {
		return "/"
	}
	return "/?" + v.Encode()
}
