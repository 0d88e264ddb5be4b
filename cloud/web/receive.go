package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"dockfill/cloud/store"
	"dockfill/cloud/web/shape"
)

// kind is one of the things that are brought in.
type kind struct {
	name, id, summary string
	record            reflect.Type
	// add checks one record and puts it into the batch; it gives the
	// record's id, and everything that is wrong with it.
	add func(text []byte, to *store.Batch) (id string, wrong []shape.Fault)
}

var kinds = []kind{
	{"orders", "bring-orders", "Bring in orders", reflect.TypeFor[shape.Order](), func(text []byte, to *store.Batch) (string, []shape.Fault) {
		o, wrong := shape.ReadOrder(text)
		to.Orders = append(to.Orders, o)
		return string(o.ID), wrong
	}},
	{"items", "bring-items", "Bring in items", reflect.TypeFor[shape.Item](), func(text []byte, to *store.Batch) (string, []shape.Fault) {
		it, wrong := shape.ReadItem(text)
		to.Items = append(to.Items, it)
		return string(it.SKU), wrong
	}},
	{"inbound", "bring-inbound", "Bring in announced supply", reflect.TypeFor[shape.Inbound](), func(text []byte, to *store.Batch) (string, []shape.Fault) {
		in, wrong := shape.ReadInbound(text)
		to.Inbound = append(to.Inbound, in)
		return string(in.ID), wrong
	}},
}

// sent is a request's body. The handler reads it, so that what is wrong with it
// is told in our words.
type sent struct{ stream *upload }

// upload holds the body for the handler.
type upload struct{ r io.Reader }

// Resolve is called by huma before the handler.
func (s *sent) Resolve(c huma.Context) []error {
	s.stream = &upload{c.BodyReader()}
	return nil
}

// uploadInput is a body that is read as it comes, never whole.
type uploadInput struct {
	sent
	SkipBad bool   `query:"skip_bad" doc:"Leave out what is refused, and tell it, instead of refusing all"`
	Name    string `query:"name" maxLength:"64" doc:"A name of the sender's choice, by which /api/v1/imports/NAME tells how far the import is"`
}

// whole reads a body of k to its end.
func (s *sent) whole(k kind) ([]byte, error) {
	text, err := io.ReadAll(s.stream.r)
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return nil, huma.NewError(http.StatusRequestEntityTooLarge, fmt.Sprintf(
			"The body is larger than %d MiB; nothing was imported. Split it, or send it one object a line to /api/v1/import/%s, which takes %d MiB.", large.Limit>>20, k.name, maxUpload>>20))
	case err != nil:
		return nil, huma.Error400BadRequest(fmt.Sprintf("The body did not come to its end: %s. Nothing was imported; send it again.", shape.Plain(err)))
	case len(text) == 0:
		return nil, huma.Error400BadRequest(fmt.Sprintf("The body is empty. Send one object, a list of them, or {%q: [...]}.", k.name))
	}
	return text, nil
}

// ImportJSON says what an import did.
type ImportJSON struct {
	New      int           `json:"new" doc:"Records not seen before"`
	Changed  int           `json:"changed"`
	Same     int           `json:"same" doc:"Seen before in this version: no change"`
	Other    int           `json:"other" doc:"Seen before in this version with other content, which was not taken: raise the version"`
	OtherIDs []string      `json:"other_ids" doc:"Those records, the first hundred"`
	Stale    int           `json:"stale" doc:"Older than what is known: left out"`
	Lines    int           `json:"lines" doc:"Order lines written"`
	Refused  []RefusalJSON `json:"refused" doc:"Left out; only with skip_bad"`
	Sites    []string      `json:"sites" doc:"Sites named for the first time"`
	// NoItem and NoItemSKUs are about the orders or inbound as they came.
	NoItem     int      `json:"no_item" doc:"Lines of orders or inbound whose SKU no item describes; they are taken all the same"`
	NoItemSKUs []string `json:"no_item_skus" doc:"Those SKUs, the first hundred"`
}

// RefusalJSON is a record that was left out, and why.
type RefusalJSON struct {
	Kind   string `json:"kind"`
	ID     string `json:"id"`
	Reason string `json:"reason"`
}

var receiveErrors = []int{http.StatusBadRequest, http.StatusForbidden, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity, http.StatusServiceUnavailable}

func (s *Server) receives(api huma.API) {
	for _, k := range kinds {
		one := api.OpenAPI().Components.Schemas.Schema(k.record, true, "")
		many := &huma.Schema{Type: huma.TypeObject, Required: []string{k.name}, AdditionalProperties: false,
			Properties: map[string]*huma.Schema{k.name: {Type: huma.TypeArray, Items: one}}}
		op := huma.Operation{OperationID: k.id, Method: http.MethodPost, Path: "/api/v1/" + k.name, Summary: k.summary,
			Description: fmt.Sprintf("One object, or many as a list or as {%q: [...]}. All are taken in one transaction, or none.", k.name),
			Errors:      receiveErrors, BodyReadTimeout: -1}
		huma.Register(api, op, func(ctx context.Context, in *sent) (*body[ImportJSON], error) {
			text, err := in.whole(k)
			if err != nil {
				return nil, err
			}
			return s.bring(ctx, k, text)
		})
		describe(api, op.Path, "application/json", &huma.Schema{OneOf: []*huma.Schema{one, many.Properties[k.name], many}})

		op = huma.Operation{OperationID: k.id + "-file", Method: http.MethodPost, Path: "/api/v1/import/" + k.name, Summary: k.summary + " as a stream",
			Description: "One object a line (application/x-ndjson). All are taken in one transaction, or none; nothing is kept of a stream that breaks.",
			Errors:      receiveErrors, BodyReadTimeout: -1}
		huma.Register(api, op, func(ctx context.Context, in *uploadInput) (*body[ImportJSON], error) {
			return s.bringStream(ctx, k, in)
		})
		describe(api, op.Path, "application/x-ndjson", one)
	}
	get(api, "get-import", "/api/v1/imports/{name}", "How far a named import under way is", s.getProgress)
}

// describe puts the schema of a body that we decode ourselves into the document.
func describe(api huma.API, path, media string, schema *huma.Schema) {
	api.OpenAPI().Paths[path].Post.RequestBody = &huma.RequestBody{Required: true,
		Content: map[string]*huma.MediaType{media: {Schema: schema}}}
}

// bring takes one object or a list of them.
func (s *Server) bring(ctx context.Context, k kind, text []byte) (*body[ImportJSON], error) {
	records, list, err := k.split(text)
	if err != nil {
		return nil, err
	}
	in := intake{kind: k, ids: map[string]string{}}
	for i, text := range records {
		at := "body"
		if list != "" {
			at = fmt.Sprintf("%s[%d]", list, i)
		}
		in.take(at, text)
	}
	return s.apply(ctx, in, false)
}

// split gives the records of a body, which is one object, a list of them, or an
// object with the list under the kind's name. list is where the list stands, ""
// where there is none.
func (k kind) split(text []byte) (records []json.RawMessage, list string, err error) {
	if bytes.HasPrefix(bytes.TrimLeft(text, " \t\r\n"), []byte("[")) {
		if err := json.Unmarshal(text, &records); err != nil {
			return nil, "", huma.Error400BadRequest(fmt.Sprintf("The body cannot be read: %s.", shape.Plain(err)))
		}
		return records, "body", nil
	}
	var top map[string]json.RawMessage
	if err := json.Unmarshal(text, &top); err != nil {
		return nil, "", huma.Error400BadRequest(fmt.Sprintf("The body is neither a JSON object nor a list of them: %s.", shape.Plain(err)))
	}
	inner, ok := top[k.name]
	if !ok || len(top) != 1 {
		return []json.RawMessage{text}, "", nil
	}
	if err := json.Unmarshal(inner, &records); err != nil {
		return nil, "", huma.Error400BadRequest(fmt.Sprintf("%s is no list of objects.", k.name))
	}
	return records, "body." + k.name, nil
}

// bringStream takes objects one after the other.
func (s *Server) bringStream(ctx context.Context, k kind, from *uploadInput) (*body[ImportJSON], error) {
	in := intake{kind: k, ids: map[string]string{}, skipBad: from.SkipBad}
	if from.Name != "" {
		s.underWay.set(from.Name, 0)
		defer s.underWay.end(from.Name)
		in.batch.Progress = func(part float64) { s.underWay.set(from.Name, part) }
	}
	d := json.NewDecoder(from.stream.r)
	for n := 1; ; n++ {
		var text json.RawMessage
		err := d.Decode(&text)
		var large *http.MaxBytesError
		switch {
		case errors.Is(err, io.EOF):
			return s.apply(ctx, in, from.SkipBad)
		case errors.As(err, &large):
			return nil, huma.NewError(http.StatusRequestEntityTooLarge, fmt.Sprintf("The import is larger than %d MiB. Split it; nothing was imported.", large.Limit>>20))
		case err != nil:
			return nil, huma.Error400BadRequest(fmt.Sprintf("The stream breaks at record %d: %s. Nothing was imported.", n, shape.Plain(err)))
		}
		in.take("body["+strconv.Itoa(n-1)+"]", text)
	}
}

// maxWrong is how many faults are told; a file that is wrong throughout needs
// no more.
const maxWrong = 200

// maxNamed is how many SKUs without an item are named, and how many records with
// other content.
const maxNamed = 100

// intake gathers a batch and what is wrong with it.
type intake struct {
	kind    kind
	batch   store.Batch
	ids     map[string]string // where each id stood
	wrong   []error
	faulty  int
	skipBad bool
	refused []RefusalJSON
}

func (in *intake) take(at string, text []byte) {
	var to store.Batch
	id, wrong := in.kind.add(text, &to)
	if first, twice := in.ids[id]; twice && len(wrong) == 0 {
		wrong = []shape.Fault{{Reason: fmt.Sprintf("%q stands here already at %s", id, first)}}
	}
	if len(wrong) == 0 {
		in.ids[id] = at
		in.batch.Orders = append(in.batch.Orders, to.Orders...)
		in.batch.Items = append(in.batch.Items, to.Items...)
		in.batch.Inbound = append(in.batch.Inbound, to.Inbound...)
		return
	}
	in.faulty++
	if in.skipBad {
		in.refused = append(in.refused, RefusalJSON{Kind: in.kind.name, ID: id, Reason: wrong[0].Reason})
		return
	}
	for _, f := range wrong {
		if len(in.wrong) < maxWrong {
			in.wrong = append(in.wrong, &huma.ErrorDetail{Location: join(at, f.Field), Message: f.Reason})
		}
	}
}

func join(at, field string) string {
	if field == "" {
		return at
	}
	return at + "." + field
}

// apply brings the batch in, or says everything that is wrong with it.
func (s *Server) apply(ctx context.Context, in intake, skipBad bool) (*body[ImportJSON], error) {
	if len(in.wrong) > 0 {
		return nil, huma.Error422UnprocessableEntity(fmt.Sprintf("Nothing was imported: %s wrong.", areOf(in.faulty, "record")), in.wrong...)
	}
	in.batch.SkipBad = skipBad
	res, err := s.Imports.Import(ctx, in.batch)
	var refused *store.RefusedError
	switch {
	case errors.As(err, &refused):
		return nil, in.refusal(refused)
	case errors.Is(err, store.ErrFull):
		s.Log.Error("import failed", "kind", in.kind.name, "err", err)
		return nil, huma.Error503ServiceUnavailable("The disk of the centre's database is full; nothing of the import was kept. Make room there, then send it again.")
	case err != nil:
		s.Log.Error("import failed", "kind", in.kind.name, "err", err)
		return nil, huma.Error503ServiceUnavailable("The database did not take the import; nothing of it was kept. Send it again; /readyz says what is wrong.")
	}
	s.metrics.imported(in.kind.name, res)
	return &body[ImportJSON]{in.result(res)}, nil
}

func areOf(n int, noun string) string {
	if n == 1 {
		return "1 " + noun + " is"
	}
	return fmt.Sprintf("%d %ss are", n, noun)
}

func (in *intake) refusal(e *store.RefusedError) error {
	var details []error
	for _, r := range e.Refused[:min(len(e.Refused), maxWrong)] {
		details = append(details, &huma.ErrorDetail{Location: in.ids[r.ID], Message: r.Reason, Value: r.ID})
	}
	return huma.Error422UnprocessableEntity(fmt.Sprintf("Nothing was imported: %s refused.", areOf(len(e.Refused), "record")), details...)
}

func (in *intake) result(res store.ImportResult) ImportJSON {
	out := ImportJSON{New: res.New, Changed: res.Changed, Same: res.Same, Stale: res.Stale, Lines: res.Lines,
		Other: len(res.Other), OtherIDs: append([]string{}, res.Other[:min(len(res.Other), maxNamed)]...),
		Refused: append([]RefusalJSON{}, in.refused...), Sites: []string{}}
	for _, r := range res.Refused {
		out.Refused = append(out.Refused, RefusalJSON{Kind: r.Kind, ID: r.ID, Reason: r.Reason})
	}
	for _, site := range res.Sites {
		out.Sites = append(out.Sites, string(site))
	}
	out.NoItemSKUs = []string{}
	for _, sku := range slices.Sorted(maps.Keys(res.NoItem)) {
		out.NoItem += res.NoItem[sku]
		if len(out.NoItemSKUs) < maxNamed {
			out.NoItemSKUs = append(out.NoItemSKUs, string(sku))
		}
	}
	return out
}
