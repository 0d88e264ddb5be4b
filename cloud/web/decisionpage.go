package web

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"dockfill/allocation"
	"dockfill/sync/why"
)

// asked fills the page that says why.
type asked struct {
	Title   string
	Now     time.Time
	Asked   string // what stands in the field
	Forms   string
	Problem string // why there is no sheet
	Sheet   *why.Sheet
	Further string // link to the older events of a story
	Newest  string // link back to the newest ones
}

// storyRows is how many events of a story stand on a page.
const storyRows = 50

func (s *Server) newAsked(text string) asked {
	return asked{Title: "Dockfill: why", Now: s.Now(), Asked: visible(text), Forms: why.CentreForms}
}

// askPage is the field alone; what is put into it leads to its answer.
func (s *Server) askPage(w http.ResponseWriter, r *http.Request) {
	if id := r.URL.Query().Get("id"); id != "" {
		http.Redirect(w, r, askLink(id), http.StatusSeeOther)
		return
	}
	s.render(w, http.StatusOK, "decision", s.newAsked(""))
}

func (s *Server) decisionPage(w http.ResponseWriter, r *http.Request) {
	text, before := r.PathValue("id"), r.URL.Query().Get("before")
	p := s.newAsked(text)
	id, a, err := s.decision(r.Context(), text, before, storyRows)
	if err != nil {
		var status int
		status, p.Problem = s.unanswered(err)
		s.render(w, status, "decision", p)
		return
	}
	sheet := why.SheetOf(a)
	p.Sheet, p.Title = &sheet, "Dockfill: "+visible(sheet.Title)
	if sheet.Further != "" {
		p.Further = askLink(id.String()) + "?before=" + url.QueryEscape(sheet.Further)
	}
	if before != "" {
		p.Newest = askLink(id.String())
	}
	s.render(w, http.StatusOK, "decision", p)
}

// capital begins a sentence.
func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

func rankColumns() []allocation.Key { return why.Columns }
