package dock

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"dockfill/allocation"
)

// Schema is the version of every JSON document of the API and of the command
// line. It grows when a field changes its meaning or goes away.
const Schema = 1

// api registers the local API, described at /openapi.json. Errors are RFC 9457
// problems.
func (s *server) api(mux *http.ServeMux) {
	config := huma.DefaultConfig("Dockfill agent", "1")
	// Bodies carry our schema number, not a link to a schema, and the viewer of
	// the description would be loaded from elsewhere.
	config.CreateHooks, config.DocsPath, config.SchemasPath = nil, "", ""
	api := humago.New(mux, config)
	huma.Get(api, "/api/v1/status", s.getStatus, describe("status", "How the site does"))
	huma.Post(api, "/api/v1/scan", s.postScan, describe("scan", "Take a code as if a scanner had read it"))
	huma.Get(api, "/api/v1/recent", s.getRecent, describe("recent", "The last verdicts, newest first"))
	huma.Get(api, "/api/v1/tasks", s.getTasks, describe("tasks", "What people must still do"))
	huma.Post(api, "/api/v1/tasks/{id}/done", s.postDone, describe("task-done", "Close a task"))
	huma.Get(api, "/api/v1/held", s.getHeld, describe("held", "What is set aside until people decide, and the codes that nobody knows"))
	s.deeds(api)
	s.decisions(api)
	huma.Post(api, "/api/v1/copy", s.postCopy, describe("copy", "Write a closed copy of the database for a program on this machine, which removes it"))
	huma.Get(api, "/api/v1/balances", s.getBalances, describe("balances", "What every line and SKU came to"))
}

// describe names an operation. Its body was bounded before it comes here.
func describe(id, summary string) func(*huma.Operation) {
	return func(o *huma.Operation) { o.OperationID, o.Summary, o.MaxBodyBytes = id, summary, -1 }
}

// response wraps a body as huma wants it.
type response[T any] struct{ Body T }

func answer[T any](body T) (*response[T], error) { return &response[T]{body}, nil }

func (s *server) getStatus(ctx context.Context, _ *struct{}) (*response[StatusBody], error) {
	st, err := s.site.Status(ctx)
	if err != nil {
		return nil, huma.Error503ServiceUnavailable("the store does not answer: " + err.Error())
	}
	return answer(newStatusBody(st, s.now()))
}

type scanInput struct {
	Body struct {
		Station string `json:"station" doc:"the station's id in the configuration" minLength:"1"`
		Code    string `json:"code,omitempty" doc:"what the scanner read; control characters as JSON escapes"`
		Raw     []byte `json:"raw,omitempty" doc:"the same in base64, for bytes that are no UTF-8; either code or raw"`
	}
}

// postScan answers 200 with the verdict, also where it is STOP: the request was
// understood, and the body says that nothing was saved.
func (s *server) postScan(ctx context.Context, in *scanInput) (*response[FeedbackBody], error) {
	code := []byte(in.Body.Code)
	switch {
	case len(code) > 0 && len(in.Body.Raw) > 0:
		return nil, huma.Error422UnprocessableEntity("give either code or raw, not both")
	case len(in.Body.Raw) > 0:
		code = in.Body.Raw
	case len(code) == 0:
		return nil, huma.Error422UnprocessableEntity("code is missing")
	}
	f, err := s.site.Scan(ctx, allocation.StationID(in.Body.Station), code)
	switch {
	case errors.Is(err, ErrNoStation):
		return nil, huma.Error404NotFound("this site has no station " + Visible(in.Body.Station))
	case err != nil:
		return nil, huma.Error503ServiceUnavailable("it is not known whether the scan was saved; look at the last scans before repeating it: " + err.Error())
	}
	return answer(FeedbackBody{Schema: Schema, Feedback: newFeedbackJSON(f)})
}

type recentInput struct {
	Station string `query:"station" doc:"one station; all where it is left out"`
	N       int    `query:"n" default:"20" minimum:"1" maximum:"1000"`
}

func (s *server) getRecent(ctx context.Context, in *recentInput) (*response[RecentBody], error) {
	recent, err := s.site.Recent(ctx, allocation.StationID(in.Station), in.N)
	if err != nil {
		return nil, huma.Error503ServiceUnavailable("the last scans cannot be read: " + err.Error())
	}
	body := RecentBody{Schema: Schema, Scans: []FeedbackJSON{}}
	for _, f := range recent {
		body.Scans = append(body.Scans, newFeedbackJSON(f))
	}
	return answer(body)
}

func (s *server) getTasks(ctx context.Context, _ *struct{}) (*response[TasksBody], error) {
	tasks, err := s.site.Tasks(ctx)
	if err != nil {
		return nil, huma.Error503ServiceUnavailable("the tasks cannot be read: " + err.Error())
	}
	body := TasksBody{Schema: Schema, Tasks: []TaskJSON{}}
	for _, t := range tasks {
		body.Tasks = append(body.Tasks, newTaskJSON(t))
	}
	return answer(body)
}

type doneInput struct {
	ID int64 `path:"id"`
}

func (s *server) postDone(ctx context.Context, in *doneInput) (*struct{}, error) {
	switch err := s.site.Done(ctx, in.ID); {
	case errors.Is(err, ErrNoTask):
		return nil, huma.Error404NotFound("there is no open task of this number; it may have been done before")
	case err != nil:
		return nil, huma.Error503ServiceUnavailable("the task could not be closed: " + err.Error())
	}
	return nil, nil
}

type heldInput struct {
	N int `query:"n" default:"100" minimum:"1" maximum:"100000" doc:"how many codes at most, the oldest first"`
}

func (s *server) getHeld(ctx context.Context, in *heldInput) (*response[HeldBody], error) {
	st, err := s.site.Status(ctx)
	var kept []Kept
	if err == nil {
		kept, err = s.site.Kept(ctx, in.N)
	}
	if err != nil {
		return nil, huma.Error503ServiceUnavailable("what is set aside cannot be read: " + err.Error())
	}
	body := HeldBody{Schema: Schema, Held: newHeldJSON(st.Held), Codes: []KeptJSON{}}
	for _, k := range kept {
		body.Codes = append(body.Codes, KeptJSON{k.Code, string(k.Why), k.Units, k.Scans, k.Since})
	}
	return answer(body)
}

// postCopy answers with the copy's path: bodies of this size go over no API.
func (s *server) postCopy(ctx context.Context, _ *struct{}) (*response[CopyBody], error) {
	made, err := s.site.Copy(ctx)
	var no *Refused
	switch {
	case errors.As(err, &no):
		return nil, huma.Error409Conflict(no.Text)
	case err != nil:
		return nil, huma.Error503ServiceUnavailable("no copy of the database could be written: " + err.Error())
	}
	return answer(CopyBody{Schema: Schema, Path: made.Path, Seq: made.Seq, Bytes: made.Bytes})
}

func (s *server) getBalances(ctx context.Context, _ *struct{}) (*response[BalancesBody], error) {
	b, err := s.site.Balances(ctx)
	if err != nil {
		return nil, huma.Error503ServiceUnavailable("the balances cannot be read: " + err.Error())
	}
	return answer(newBalancesBody(b))
}
