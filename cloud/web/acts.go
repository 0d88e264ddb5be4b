package web

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"dockfill/allocation"
	document "dockfill/allocation/policy"
	"dockfill/cloud/store"
	"dockfill/cloud/web/shape"
	"dockfill/sync/wire"
)

// acts are the routes by which people decide something.
func (s *Server) acts(api huma.API) {
	act(api, "change-order", http.MethodPost, "/api/v1/orders/{id}/change", "Rank an order anew",
		"What is given is changed, and the order's site is told: the lines take and lose by their new rank there. "+
			"A later version of the order takes back only what the order system says otherwise than before.", s.changeOrder)
	act(api, "map-code", http.MethodPost, "/api/v1/sites/{site}/map", "Say what a code is that names nothing known at a site",
		"What the site set aside of it is taken in, with the times of its scans. Said again, it changes nothing.", s.mapCode)
	act(api, "approve-surplus", http.MethodPost, "/api/v1/sites/{site}/approve", "Approve units that came above what an inbound announced",
		"Up to qty units are treated as usual from then on. Sent again, it approves as many once more, if as many wait.", s.approve)
	act(api, "admit-process", http.MethodPost, "/api/v1/sites/{site}/admit", "Let a process that is kept out as a clone take the place of the other",
		"It gets a new database when it says hello, and what the present one holds stays committed. The present one is kept out then.", s.admit)
	act(api, "put-policy", http.MethodPut, "/api/v1/policy", "Put a policy in force at every site",
		"A document in TOML (application/toml), or JSON of the form that GET answers. A version stands for its rules for ever; one that is known can be put in force again.", s.putPolicy)
	api.OpenAPI().Paths["/api/v1/policy"].Put.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
		"application/json": {Schema: api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[wire.Policy](), true, "")},
		"application/toml": {Schema: &huma.Schema{Type: huma.TypeString}}}}
}

func act[I, O any](api huma.API, id, method, path, summary, text string, handler func(context.Context, *I) (*O, error)) {
	huma.Register(api, huma.Operation{OperationID: id, Method: method, Path: path, Summary: summary, Description: text,
		MaxBodyBytes: document.MaxBytes, BodyReadTimeout: requestTime, Errors: []int{http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound,
			http.StatusConflict, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity, http.StatusServiceUnavailable}}, handler)
}

// undone turns the error of an act into the problem that a client sees. what is
// not known is named by the sentence.
func (s *Server) undone(act, unknown string, err error) error {
	var cannot *store.ActError
	var other *store.OtherRulesError
	switch {
	case errors.Is(err, store.ErrNotFound):
		return huma.Error404NotFound(unknown)
	case errors.As(err, &other):
		return huma.Error409Conflict(sentence(err))
	case errors.As(err, &cannot):
		return huma.Error422UnprocessableEntity(sentence(err))
	}
	s.Log.Error("an act of a person failed", "act", act, "err", err)
	return huma.Error503ServiceUnavailable("The database did not take it; nothing was changed. Send it again; /readyz says what is wrong.")
}

func sentence(err error) string { return fmt.Sprintf("Nothing was changed: %s.", visible(err.Error())) }

// wrong is the problem of values that cannot be meant.
func wrong(faults ...error) error {
	return huma.Error422UnprocessableEntity("Nothing was changed: the request is wrong.", faults...)
}

// faulty gathers what is wrong with fields of a body.
type faulty []error

func (f *faulty) add(field string, err error) {
	if err != nil {
		*f = append(*f, &huma.ErrorDetail{Location: field, Message: err.Error()})
	}
}

type changeInput struct {
	ID   string `path:"id" doc:"The order"`
	Body struct {
		Override *int    `json:"override,omitempty" minimum:"0" maximum:"1000000000" doc:"Lower is better, 0 means none"`
		Class    *string `json:"class,omitempty" enum:"win,gain,redistribute,fill,lose"`
		Contract *int    `json:"contract,omitempty" minimum:"0" maximum:"1000000000" doc:"Lower is better, 0 means none"`
		Tier     *int    `json:"tier,omitempty" minimum:"0" maximum:"1000000000" doc:"Lower is better, 0 means none"`
		Promised *string `json:"promised,omitempty" doc:"A day such as 2027-02-03; an empty text takes the promise away"`
	}
}

type changedJSON struct {
	Order    string `json:"order"`
	Site     string `json:"site" doc:"Its home, which was told"`
	Changed  bool   `json:"changed" doc:"False where the order stood so already"`
	Override int    `json:"override"`
	Class    string `json:"class"`
	Contract int    `json:"contract"`
	Tier     int    `json:"tier"`
	Promised string `json:"promised,omitempty"`
}

func (s *Server) changeOrder(ctx context.Context, in *changeInput) (*body[changedJSON], error) {
	b := in.Body
	change := store.Change{Override: b.Override, Contract: b.Contract, Tier: b.Tier}
	var bad faulty
	if b.Class != nil {
		class := allocation.Class(*b.Class)
		change.Class = &class
	}
	if b.Promised != nil {
		promised, err := allocation.ParseDate(*b.Promised)
		bad.add("body.promised", err)
		change.Promised = &promised
	}
	if change == (store.Change{}) {
		bad.add("body", errors.New("it changes nothing: give at least one of override, class, contract, tier, promised"))
	}
	if len(bad) > 0 {
		return nil, wrong(bad...)
	}
	unknown := fmt.Sprintf("No order %s is known.", visible(in.ID))
	if allocation.CheckID("order", in.ID) != nil {
		return nil, huma.Error404NotFound(unknown)
	}
	o, changed, err := s.Acts.ChangeOrder(ctx, allocation.OrderID(in.ID), change)
	if err != nil {
		return nil, s.undone("change of an order", unknown, err)
	}
	return &body[changedJSON]{changedJSON{Order: string(o.ID), Site: string(o.Site), Changed: changed, Override: o.Override,
		Class: string(o.Class), Contract: o.Contract, Tier: o.Tier, Promised: string(o.Promised)}}, nil
}

// SitePath is exported because huma reads only the exported fields of an input.
type SitePath struct {
	Site string `path:"site" doc:"The site"`
}

// unknown gives the sentence for a site that is not known, and an error where its
// name is none.
func (in SitePath) unknown() (string, error) {
	text := fmt.Sprintf("No site %s is known.", visible(in.Site))
	if allocation.CheckSite(in.Site) != nil {
		return "", huma.Error404NotFound(text)
	}
	return text, nil
}

// maxCode is the longest code that a scanner's frame brings, in bytes.
const maxCode = 4096

type mapInput struct {
	SitePath
	Body struct {
		Code string `json:"code,omitempty" doc:"As it was read, where it is plain text"`
		Raw  []byte `json:"raw,omitempty" doc:"As it was read, in base64, as /api/v1/held gives it; one of the two"`
		SKU  string `json:"sku"`
		Qty  int64  `json:"qty,omitempty" minimum:"1" maximum:"1000000" doc:"Base units each time it is read; absent: 1"`
	}
}

// toldJSON is the answer to what was decided for a site.
type toldJSON struct {
	Site string `json:"site" doc:"It is told as soon as it is there"`
}

func (s *Server) mapCode(ctx context.Context, in *mapInput) (*body[toldJSON], error) {
	b := in.Body
	a := store.Alias{Code: b.Raw, SKU: allocation.SKU(b.SKU), Qty: max(1, b.Qty)}
	var bad faulty
	switch {
	case (b.Code == "") == (len(b.Raw) == 0):
		bad.add("body", errors.New("it names no code: give just one of code and raw"))
	case b.Code != "":
		a.Code = []byte(b.Code)
	}
	if len(a.Code) > maxCode {
		bad.add("body", fmt.Errorf("the code has %d bytes, at most %d can be read", len(a.Code), maxCode))
	}
	bad.add("body.sku", allocation.CheckID("sku", b.SKU))
	if len(bad) > 0 {
		return nil, wrong(bad...)
	}
	unknown, err := in.unknown()
	if err != nil {
		return nil, err
	}
	if err := s.Acts.MapCode(ctx, allocation.SiteID(in.Site), a); err != nil {
		return nil, s.undone("mapping of a code", unknown, err)
	}
	return &body[toldJSON]{toldJSON{in.Site}}, nil
}

type approveInput struct {
	SitePath
	Body struct {
		Inbound string `json:"inbound"`
		Qty     int64  `json:"qty" minimum:"1" maximum:"1000000" doc:"Base units, at most"`
	}
}

func (s *Server) approve(ctx context.Context, in *approveInput) (*body[toldJSON], error) {
	var bad faulty
	if bad.add("body.inbound", allocation.CheckID("inbound", in.Body.Inbound)); len(bad) > 0 {
		return nil, wrong(bad...)
	}
	unknown, err := in.unknown()
	if err != nil {
		return nil, err
	}
	if err := s.Acts.Approve(ctx, allocation.SiteID(in.Site), allocation.InboundID(in.Body.Inbound), in.Body.Qty); err != nil {
		return nil, s.undone("approval", unknown, err)
	}
	return &body[toldJSON]{toldJSON{in.Site}}, nil
}

// PersonJSON is who decides, and why; it is kept for good.
type PersonJSON struct {
	By     string `json:"by" minLength:"1" maxLength:"200" doc:"Who decides"`
	Reason string `json:"reason" minLength:"1" maxLength:"1000" doc:"Why"`
}

func (p PersonJSON) check(bad *faulty) store.Person {
	for field, text := range map[string]string{"body.by": p.By, "body.reason": p.Reason} {
		if visible(text) != text || strings.TrimSpace(text) == "" {
			bad.add(field, errors.New("it must be text that can be read"))
		}
	}
	return store.Person{Name: p.By, Reason: p.Reason}
}

type admitInput struct {
	SitePath
	Body struct {
		PersonJSON
		Nonce string `json:"nonce" doc:"The process, as /api/v1/sites names it among the clones"`
	}
}

func (s *Server) admit(ctx context.Context, in *admitInput) (*body[toldJSON], error) {
	var bad faulty
	by := in.Body.check(&bad)
	if bad.add("body.nonce", wire.CheckNonce(in.Body.Nonce)); len(bad) > 0 {
		return nil, wrong(bad...)
	}
	unknown, err := in.unknown()
	if err != nil {
		return nil, err
	}
	if err := s.Acts.Admit(ctx, allocation.SiteID(in.Site), in.Body.Nonce, by); err != nil {
		return nil, s.undone("admission of a process", unknown, err)
	}
	return &body[toldJSON]{toldJSON{in.Site}}, nil
}

func (s *Server) getPolicy(ctx context.Context, _ *struct{}) (*body[wire.Policy], error) {
	p, err := s.Reads.Policy(ctx)
	if err != nil {
		return nil, s.unread("policy", err)
	}
	return &body[wire.Policy]{wire.PolicyOf(p)}, nil
}

type policyInput struct {
	Type    string `header:"Content-Type" hidden:"true"`
	RawBody []byte
}

// PolicySetJSON is the answer to PUT /api/v1/policy.
type PolicySetJSON struct {
	Version string `json:"version"`
	Changed bool   `json:"changed" doc:"False where it was in force already"`
}

func (s *Server) putPolicy(ctx context.Context, in *policyInput) (*body[PolicySetJSON], error) {
	p, err := readPolicy(in.Type, in.RawBody)
	if err != nil {
		return nil, err
	}
	changed, err := s.Acts.SetPolicy(ctx, p)
	if err != nil {
		return nil, s.undone("change of the policy", "", err)
	}
	return &body[PolicySetJSON]{PolicySetJSON{p.Version, changed}}, nil
}

func readPolicy(kind string, text []byte) (allocation.Policy, error) {
	var p allocation.Policy
	var err error
	switch media, _, _ := mime.ParseMediaType(kind); media {
	case "application/toml":
		p, err = document.Parse(text)
	case "application/json":
		p, err = jsonPolicy(text)
	default:
		return p, huma.Error415UnsupportedMediaType("A policy is taken as application/toml or application/json.")
	}
	var faults document.Faults
	if err != nil && !errors.As(err, &faults) {
		faults = document.Faults{{Message: err.Error()}}
	}
	if err == nil {
		return p, nil
	}
	var bad faulty
	for _, f := range faults {
		bad.add("body", errors.New(visible(f.String())))
	}
	return p, wrong(bad...)
}

// jsonPolicy refuses what is not known, because it is mostly a known key
// misspelt, and what follows behind the end.
func jsonPolicy(text []byte) (allocation.Policy, error) {
	var w wire.Policy
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&w); err != nil {
		return allocation.Policy{}, errors.New(shape.Plain(err))
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return allocation.Policy{}, errors.New("text follows behind the end of the JSON")
	}
	return w.Check()
}
