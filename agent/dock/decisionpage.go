package dock

import (
	"fmt"
	"net/http"
	"net/url"

	"dockfill/allocation"
	"dockfill/sync/why"
)

// askedPage fills the page that says why.
type askedPage struct {
	Asked   string // what stands in the field
	Forms   string
	Problem string // why there is no sheet
	Sheet   *why.Sheet
	Further string // link to the older events of a story
	Newest  string // link back to the newest ones
}

// storyRows is how many events of a story stand on a page.
const storyRows = 50

// askLink leads to the answer to an id.
func askLink(id string) string { return "/decisions/" + url.PathEscape(id) }

// aboutLine leads to the answer to a line, which is text or an allocation.LineID.
func aboutLine(line any) string {
	return askLink(why.ID{Line: allocation.LineID(fmt.Sprint(line))}.String())
}

// aboutEvent leads to the answer to an event.
func aboutEvent(seq int64) string { return askLink(why.ID{Seq: seq}.String()) }

func rankColumns() []allocation.Key { return why.Columns }

// askPage is the field alone; what is put into it leads to its answer.
func (s *server) askPage(w http.ResponseWriter, r *http.Request) {
	if id := r.URL.Query().Get("id"); id != "" {
		http.Redirect(w, r, askLink(id), http.StatusSeeOther)
		return
	}
	s.page(w, "decision.html", http.StatusOK, askedPage{Forms: why.SiteForms})
}

func (s *server) decisionPage(w http.ResponseWriter, r *http.Request) {
	text, before := r.PathValue("id"), r.URL.Query().Get("before")
	p := askedPage{Asked: Visible(text), Forms: why.SiteForms}
	id, a, err := s.decision(r.Context(), text, before, storyRows)
	if err != nil {
		var status int
		status, p.Problem = unanswered(err)
		s.page(w, "decision.html", status, p)
		return
	}
	sheet := why.SheetOf(a)
	p.Sheet = &sheet
	if sheet.Further != "" {
		p.Further = askLink(id.String()) + "?before=" + sheet.Further
	}
	if before != "" {
		p.Newest = askLink(id.String())
	}
	s.page(w, "decision.html", http.StatusOK, p)
}
