package dock

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"dockfill/sync/why"
	"dockfill/sync/wire"
)

// decisions registers the answers to why units went where they went.
func (s *server) decisions(api huma.API) {
	const path = "/api/v1/decisions/{id}"
	huma.Get(api, "/api/v1/decisions/{id...}", s.getDecision, describe("decision", "Why units went to a line, what became of a line or of a serial"), func(o *huma.Operation) {
		o.Description = "The id is " + why.SiteForms + ". A stroke in it may be percent-encoded. " +
			"Where a form could be read in two ways, put event:, line: or serial: before it."
	})
	// A line's id has a stroke in it, which the description has no word for.
	paths := api.OpenAPI().Paths
	paths[path] = paths["/api/v1/decisions/{id...}"]
	delete(paths, "/api/v1/decisions/{id...}")
}

type decisionInput struct {
	ID     string `path:"id" doc:"an event's number, a line, or serial:X" example:"O1/1"`
	Before string `query:"before" doc:"of a line's or serial's history: only events before this one; next of the page before"`
	Limit  int    `query:"limit" default:"50" minimum:"1" maximum:"200" doc:"events of a history"`
}

func (s *server) getDecision(ctx context.Context, in *decisionInput) (*response[DecisionBody], error) {
	id, a, err := s.decision(ctx, in.ID, in.Before, in.Limit)
	if err != nil {
		status, text := unanswered(err)
		return nil, huma.NewError(status, text)
	}
	return answer(DecisionBody{Schema, why.Body(id, a)})
}

// DecisionBody answers why.
type DecisionBody struct {
	Schema int `json:"schema"`
	wire.Asked
}

// malformed is an id that cannot be read.
type malformed struct{ err error }

func (m *malformed) Error() string { return m.err.Error() }

func (s *server) decision(ctx context.Context, text, before string, limit int) (why.ID, why.Answer, error) {
	page := why.Page{Limit: limit}
	id, err := why.ParseHere(text)
	if err == nil && before != "" {
		page.Before, err = why.ParseHere(before)
	}
	if err == nil && before != "" && page.Before.Seq == 0 {
		err = errors.New("before must be an event's number")
	}
	if err != nil {
		return id, why.Answer{}, &malformed{err}
	}
	a, err := s.site.Decision(ctx, id, page)
	return id, a, err
}

// noID answers a question about nothing.
func (s *server) noID(w http.ResponseWriter, _ *http.Request) {
	problem(w, http.StatusUnprocessableEntity, "the id is missing: ask about "+why.SiteForms+", as in /api/v1/decisions/1204")
}

// unanswered gives the status of a failed question, and what to tell the one who
// asked.
func unanswered(err error) (status int, text string) {
	var bad *malformed
	var missing *why.Missing
	switch {
	case errors.As(err, &bad):
		return http.StatusUnprocessableEntity, "this cannot be asked about: " + Visible(bad.Error()) + "; ask about " + why.SiteForms
	case errors.As(err, &missing):
		return http.StatusNotFound, Visible(missing.Text)
	}
	return http.StatusServiceUnavailable, "the log cannot be read: " + err.Error()
}
