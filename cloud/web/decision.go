package web

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"github.com/danielgtaylor/huma/v2"

	"dockfill/allocation"
	"dockfill/cloud/store"
	"dockfill/sync/why"
	"dockfill/sync/wire"
)

// decisions registers the answers to why units went where they went.
func (s *Server) decisions(api huma.API) {
	const route, path = "/api/v1/decisions/{id...}", "/api/v1/decisions/{id}"
	huma.Register(api, huma.Operation{OperationID: "get-decision", Method: http.MethodGet, Path: route,
		Summary: "Why units went to a line, what became of a line or of a serial",
		Description: "The id is " + why.CentreForms + ". A stroke in it may be percent-encoded. " +
			"Where a form could be read in two ways, put event:, line: or serial: before it.",
		Errors: []int{http.StatusNotFound, http.StatusUnprocessableEntity, http.StatusServiceUnavailable}}, s.getDecision)
	// A line's id has a stroke in it, which the document has no word for.
	paths := api.OpenAPI().Paths
	paths[path] = paths[route]
	delete(paths, route)
}

type decisionInput struct {
	ID     string `path:"id" doc:"An event as site:number, a line, or serial:X" example:"O1/1"`
	Before string `query:"before" maxLength:"512" doc:"Of a line's or serial's history: only what is older than this event; next of the page before"`
	Limit  int    `query:"limit" default:"50" minimum:"1" maximum:"200" doc:"Events of a history"`
}

func (s *Server) getDecision(ctx context.Context, in *decisionInput) (*body[wire.Asked], error) {
	id, a, err := s.decision(ctx, in.ID, in.Before, in.Limit)
	if err != nil {
		status, text := s.unanswered(err)
		return nil, huma.NewError(status, text)
	}
	return &body[wire.Asked]{why.Body(id, a)}, nil
}

// malformed is an id that cannot be read, and what would be.
type malformed struct {
	err   error
	forms string
}

func (m *malformed) Error() string { return m.err.Error() }

func (s *Server) decision(ctx context.Context, text, before string, limit int) (why.ID, why.Answer, error) {
	id, err := why.ParseCentre(text)
	if err != nil {
		return id, why.Answer{}, &malformed{err, why.CentreForms}
	}
	page := why.Page{Limit: limit}
	if before != "" {
		if page.Before, err = why.ParseCentre(before); err == nil && (page.Before.Seq == 0 || page.Before.Life == "") {
			err = errors.New("before must name an event with the life of its site")
		}
		if err != nil {
			return id, why.Answer{}, &malformed{err, "a history before the event that next of the page before names"}
		}
	}
	a, err := s.Reads.Decision(ctx, id, page)
	return id, a, err
}

// noID answers a question about nothing.
func noID(w http.ResponseWriter, _ *http.Request) {
	problem(w, http.StatusUnprocessableEntity, "The id is missing. Ask about "+why.CentreForms+", as in /api/v1/decisions/leeds:1204.")
}

// unanswered gives the status of a failed question, and what to tell the one who
// asked.
func (s *Server) unanswered(err error) (status int, text string) {
	var bad *malformed
	var missing *why.Missing
	switch {
	case errors.As(err, &bad):
		return http.StatusUnprocessableEntity, "This cannot be asked about: " + visible(bad.Error()) + ". Ask about " + bad.forms + "."
	case errors.As(err, &missing):
		return http.StatusNotFound, capital(visible(missing.Text)) + "."
	}
	s.Log.Error("read failed", "what", "decision", "err", err)
	return http.StatusServiceUnavailable, "The database did not answer. Try again shortly; /readyz says what is wrong."
}

// askLink leads to the answer to an id.
func askLink(id string) string { return "/decisions/" + url.PathEscape(id) }

func aboutText(line string) string { return aboutLine(allocation.LineID(line)) }

func aboutLine(id allocation.LineID) string { return askLink(why.ID{Line: id}.String()) }

func aboutEvent(r store.LiveRow) string {
	return askLink(why.ID{Site: r.Site, Life: r.Incarnation, Seq: r.Seq}.String())
}
