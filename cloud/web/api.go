package web

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"dockfill/allocation"
	"dockfill/cloud/promise"
	"dockfill/cloud/store"
)

const apiText = `Reads what is owed, to whom and since when, brings in orders, items and announced supply, and takes what people decide.

Quantities are base units, times are UTC, errors are problems as of RFC 9457. Bringing in the same record in the same
version again changes nothing, so a sender that got no answer sends again.`

func (s *Server) api(mux *http.ServeMux) {
	cfg := huma.DefaultConfig("Dockfill, the centre", s.Version)
	cfg.Info.Description = apiText
	// The document is served, its viewer is not: that would load scripts
	// from elsewhere.
	cfg.DocsPath, cfg.SchemasPath, cfg.CreateHooks = "", "", nil
	cfg.RejectUnknownQueryParameters = true
	api := humago.New(mux, cfg)
	s.reads(api)
	s.decisions(api)
	s.receives(api)
	s.acts(api)
	s.health(api)
}

func get[I, O any](api huma.API, id, path, summary string, handler func(context.Context, *I) (*O, error)) {
	huma.Register(api, huma.Operation{OperationID: id, Method: http.MethodGet, Path: path, Summary: summary,
		Errors: []int{http.StatusServiceUnavailable}}, handler)
}

func (s *Server) reads(api huma.API) {
	get(api, "get-summary", "/api/v1/summary", "What is owed, in one line", s.getSummary)
	get(api, "list-owed", "/api/v1/owed", "Open lines: what is owed, to whom, since when", s.getOwed)
	s.readPromises(api)
	get(api, "export-owed", "/api/v1/owed.csv", "Open lines as CSV", s.getOwedCSV)
	get(api, "list-sites", "/api/v1/sites", "Sites with what is known of them", s.getSites)
	get(api, "list-held", "/api/v1/held", "What is set aside at the sites until people decide: unknown codes, pallets that were not announced, units above what was announced, units on hold, damaged units", s.getHeld)
	get(api, "list-live", "/api/v1/live", "The newest events, newest first", s.getLive)
	get(api, "get-policy", "/api/v1/policy", "The policy in force, all rules named", s.getPolicy)
	get(api, "get-totals", "/api/v1/totals", "Running totals since the first import", s.getTotals)
}

// body wraps what a handler answers.
type body[T any] struct{ Body T }

// unread turns a failed read into the problem that a client sees; the cause is
// for the log.
func (s *Server) unread(what string, err error) error {
	s.Log.Error("read failed", "what", what, "err", err)
	return huma.Error503ServiceUnavailable("The database did not answer. Try again shortly; /readyz says what is wrong.")
}

type summaryJSON struct {
	UnitsOwed        int64      `json:"units_owed" doc:"Base units"`
	LinesOpen        int64      `json:"lines_open"`
	OrdersOpen       int64      `json:"orders_open"`
	CustomersWaiting int64      `json:"customers_waiting"`
	OldestAccepted   *time.Time `json:"oldest_accepted,omitempty" doc:"Of the open orders; absent where none is open, later than now where all of them wait from a later time on"`
}

func (s *Server) getSummary(ctx context.Context, _ *struct{}) (*body[summaryJSON], error) {
	sum, err := s.Reads.Summary(ctx)
	if err != nil {
		return nil, s.unread("summary", err)
	}
	return &body[summaryJSON]{summaryJSON{UnitsOwed: sum.UnitsOwed, LinesOpen: sum.LinesOpen, OrdersOpen: sum.OrdersOpen,
		CustomersWaiting: sum.CustomersWaiting, OldestAccepted: some(sum.OldestAccepted)}}, nil
}

// some is nil for a time that is not known.
func some(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

// OwedFilter selects open lines. It is exported because huma reads only the
// exported fields of an input.
type OwedFilter struct {
	Query    string `query:"q" maxLength:"100" doc:"Part of a customer, its name, an order, a SKU or its description"`
	Site     string `query:"site" maxLength:"40"`
	Customer string `query:"customer" maxLength:"64"`
	SKU      string `query:"sku" maxLength:"64"`
	Order    string `query:"order" maxLength:"64"`
	Promise  string `query:"promise" enum:"kept,missed,unknown" doc:"Only lines with a promised day that stands so, as /api/v1/promises counted them last"`
	Class    string `query:"class" enum:"win" doc:"win: only lines that are to be filled whole and lack units, which a person should know"`
	Sort     string `query:"sort" enum:"waiting,customer,sku,open,order,promised,site" default:"waiting"`
	Dir      string `query:"dir" enum:"asc,desc" default:"asc" doc:"By waiting, asc is the longest waiting first"`
}

func (f OwedFilter) query() store.OwedQuery {
	return store.OwedQuery{Text: short(f.Query), Site: allocation.SiteID(f.Site), Customer: allocation.CustomerID(f.Customer),
		SKU: allocation.SKU(f.SKU), Order: allocation.OrderID(f.Order), Short: allocation.Class(f.Class) == allocation.Win, Promise: promise.Word(f.Promise), Sort: store.OwedSort(f.Sort), Descending: f.Dir == "desc"}
}

type owedInput struct {
	OwedFilter
	Page    int `query:"page" minimum:"1" maximum:"1000000" default:"1"`
	PerPage int `query:"per_page" minimum:"1" maximum:"500" default:"100"`
}

type owedJSON struct {
	Total   int64          `json:"total" doc:"Open lines that match, on all pages"`
	Page    int            `json:"page"`
	PerPage int            `json:"per_page"`
	Lines   []owedLineJSON `json:"lines"`
}

type owedLineJSON struct {
	Line         string    `json:"line"`
	Order        string    `json:"order"`
	Customer     string    `json:"customer"`
	CustomerName string    `json:"customer_name,omitempty"`
	SKU          string    `json:"sku"`
	Description  string    `json:"description,omitempty"`
	Site         string    `json:"site" doc:"Its home site"`
	Ordered      int64     `json:"ordered"`
	Cancelled    int64     `json:"cancelled"`
	Pending      int64     `json:"pending" doc:"Cancelled too, but a site still may fill it"`
	Allocated    int64     `json:"allocated" doc:"All that it holds: picked, staged and shipped units included"`
	Picked       int64     `json:"picked" doc:"Carried, not staged yet"`
	Staged       int64     `json:"staged" doc:"Shipped ones included"`
	Shipped      int64     `json:"shipped"`
	Open         int64     `json:"open"`
	Accepted     time.Time `json:"accepted" doc:"Since when it waits; where later than now, from when on"`
	Promised     string    `json:"promised,omitempty" format:"date"`
	NoItem       bool      `json:"no_item,omitempty" doc:"No item describes the SKU"`
	Ship         string    `json:"ship" enum:"partial,line,order" doc:"What of its order leaves together"`
	Class        string    `json:"class" enum:"win,gain,redistribute,fill,lose" doc:"Of its order; win is to be filled whole"`
	// Comes is absent where nothing more will come: what is open is cancelled.
	Comes *comesJSON `json:"comes,omitempty" doc:"When what is open will come; absent where all of it was cancelled"`
}

func (s *Server) getOwed(ctx context.Context, in *owedInput) (*body[owedJSON], error) {
	q := in.query()
	q.Limit, q.Offset = in.PerPage, (in.Page-1)*in.PerPage
	if err := s.narrow(ctx, &q); err != nil {
		return nil, s.unread("promises", err)
	}
	lines, total, err := s.Reads.Owed(ctx, q)
	if err != nil {
		return nil, s.unread("owed", err)
	}
	comes, err := s.outlook.comes(ctx, lines)
	if err != nil {
		return nil, s.unread("prospect", err)
	}
	now := s.Now()
	out := owedJSON{Total: total, Page: in.Page, PerPage: in.PerPage, Lines: []owedLineJSON{}}
	for _, l := range lines {
		line := owedLineJSON{Line: string(l.Line), Order: string(l.Order), Customer: string(l.Customer),
			CustomerName: l.CustomerName, SKU: string(l.SKU), Description: l.Description, Site: string(l.Site), Ordered: l.Ordered,
			Cancelled: l.Cancelled, Pending: l.Pending, Allocated: l.Allocated, Picked: l.Picked, Staged: l.Staged, Shipped: l.Shipped, Open: l.Open, Accepted: l.Accepted.UTC(),
			Promised: string(l.Promised), NoItem: l.NoItem, Ship: string(cmp.Or(l.Ship, allocation.ShipPartial)), Class: string(cmp.Or(l.Class, allocation.Redistribute))}
		if when, open := comes[l.Line]; open {
			line.Comes = comesOf(when, l.Promised, now)
		}
		out.Lines = append(out.Lines, line)
	}
	return &body[owedJSON]{out}, nil
}

// SiteJSON is one site as the centre knows it.
type SiteJSON struct {
	Site         string     `json:"site"`
	State        string     `json:"state" enum:"EXPECTED,JOINING,ACTIVE,FENCED"`
	Current      bool       `json:"current" doc:"It was heard lately and is not fenced"`
	LastSeen     *time.Time `json:"last_seen,omitempty"`
	Incarnation  string     `json:"incarnation,omitempty"`
	Head         int64      `json:"head" doc:"Its newest event, as it last told"`
	Stored       int64      `json:"stored" doc:"Its newest event that is stored here"`
	Safe         int64      `json:"safe" doc:"Its newest event that is safe; the same as stored, as no second copy is kept"`
	Unsent       int64      `json:"unsent" doc:"Events saved at the site alone, as it last told"`
	Behind       int64      `json:"behind" doc:"Commands that it has not applied yet"`
	Scans        int64      `json:"scans"`
	Units        int64      `json:"units" doc:"Good units that came in and were not taken out again, shipped ones included"`
	Allocated    int64      `json:"allocated"`
	Fenced       string     `json:"fenced,omitempty" doc:"Code of why it may not allocate"`
	FencedText   string     `json:"fenced_text,omitempty"`
	AgentVersion string     `json:"agent_version,omitempty"`
	ClockOff     int64      `json:"clock_off_seconds" doc:"By how much its clock runs ahead of the centre's, as far as that shows; negative: behind; 0: not noticeably"`
	Poison       int64      `json:"poison" doc:"Events that could not be applied"`
	Quarantined  int64      `json:"quarantined" doc:"Events of another history than the stored one"`
	Unreported   *time.Time `json:"unreported_since,omitempty" doc:"Since when the centre, put back to an older copy, waits for it to report what it was granted; nothing is granted meanwhile"`
	Clones       []string   `json:"clones,omitempty" doc:"Processes that are kept out, as another of the site answers: a person must decide"`
	InDoubt      int64      `json:"in_doubt" doc:"Units granted to an earlier database of this site that was lost: nobody knows whether they were allocated"`
}

// SitesJSON is the answer to GET /api/v1/sites.
type SitesJSON struct {
	Sites []SiteJSON `json:"sites"`
}

func (s *Server) getSites(ctx context.Context, _ *struct{}) (*body[SitesJSON], error) {
	rows, err := s.Reads.Sites(ctx)
	if err != nil {
		return nil, s.unread("sites", err)
	}
	out := SitesJSON{Sites: []SiteJSON{}}
	now := s.Now()
	for _, r := range rows {
		var clones []string
		for _, c := range r.Clones {
			clones = append(clones, c.Nonce)
		}
		var unreported *time.Time
		for _, u := range r.Unreported {
			unreported = &u.Since
		}
		out.Sites = append(out.Sites, SiteJSON{Clones: clones, Unreported: unreported, Site: string(r.Site), State: string(r.State), Current: s.site(r, now).Health == "good",
			LastSeen: some(r.LastSeen), Incarnation: r.Incarnation, Head: r.Head, Stored: r.Stored, Safe: r.Safe, Unsent: r.Unsent,
			Behind: r.Behind, Scans: r.Scans, Units: r.Units, Allocated: r.Allocated, Fenced: r.Fenced, FencedText: r.FencedText,
			AgentVersion: r.AgentVersion, ClockOff: int64(r.ClockOff / time.Second), Poison: r.Poison, Quarantined: r.Quarantined, InDoubt: r.InDoubt})
	}
	return &body[SitesJSON]{out}, nil
}

type liveInput struct {
	Site  string `query:"site" maxLength:"40"`
	Limit int    `query:"limit" minimum:"1" maximum:"500" default:"50"`
}

type liveJSON struct {
	Events []eventJSON `json:"events"`
}

type eventJSON struct {
	At          time.Time        `json:"at" doc:"The site's clock"`
	StoredAt    time.Time        `json:"stored_at" doc:"The centre's clock"`
	Site        string           `json:"site"`
	Incarnation string           `json:"incarnation"`
	Seq         int64            `json:"seq"`
	Station     string           `json:"station,omitempty"`
	SKU         string           `json:"sku,omitempty" doc:"Absent where the scan took in several, or none"`
	Code        string           `json:"code,omitempty" doc:"What was read, where it named nothing and was set aside; control characters made visible"`
	Qty         int64            `json:"qty" doc:"Taken in, or meant by a deed; negative where taken back"`
	Verdict     string           `json:"verdict,omitempty"`
	Why         string           `json:"why,omitempty"`
	Allocations []allocationJSON `json:"allocations,omitempty"`
	Free        int64            `json:"free"`
	Surplus     int64            `json:"surplus,omitempty" doc:"Above what was announced: set aside until approved"`
	Staged      bool             `json:"staged,omitempty" doc:"What lines got was staged at once"`
	Kept        int64            `json:"kept,omitempty" doc:"The event that kept the code of this scan until it was known"`
	Moves       []moveJSON       `json:"moves,omitempty" doc:"What moved beside the units of the scan"`
	Deed        string           `json:"deed,omitempty" enum:"pick,stage,ship,return,regrade,adjust,approve" doc:"What a person did with goods beside scanning them in"`
	Line        string           `json:"line,omitempty" doc:"Of a deed"`
	Inbound     string           `json:"inbound,omitempty" doc:"Of an approval"`
	From        string           `json:"from,omitempty" doc:"Of a regrade"`
	To          string           `json:"to,omitempty" doc:"Of a regrade"`
	Reason      string           `json:"reason,omitempty"`
}

type moveJSON struct {
	SKU  string `json:"sku"`
	Qty  int64  `json:"qty"`
	From string `json:"from" doc:"A line, a shelf (free, damaged, hold, surplus), or nothing for outside of the house"`
	To   string `json:"to"`
	By   string `json:"by,omitempty" doc:"The key by which the line that got the units came before over"`
	Over string `json:"over,omitempty"`
}

type allocationJSON struct {
	Line string `json:"line"`
	Qty  int64  `json:"qty"`
	By   string `json:"by,omitempty" doc:"The key by which it came before over"`
	Over string `json:"over,omitempty"`
}

func (s *Server) getLive(ctx context.Context, in *liveInput) (*body[liveJSON], error) {
	rows, err := s.Reads.Live(ctx, allocation.SiteID(in.Site), in.Limit)
	if err != nil {
		return nil, s.unread("live", err)
	}
	out := liveJSON{Events: []eventJSON{}}
	for _, r := range rows {
		out.Events = append(out.Events, eventOf(r))
	}
	return &body[liveJSON]{out}, nil
}

func eventOf(r store.LiveRow) eventJSON {
	e := eventJSON{At: r.At.UTC(), StoredAt: r.StoredAt.UTC(), Site: string(r.Site), Incarnation: r.Incarnation, Seq: r.Seq,
		Station: string(r.Station), SKU: string(r.SKU), Code: visible(string(r.Code)), Qty: r.Qty, Verdict: string(r.Verdict), Why: string(r.Why), Free: r.Free,
		Surplus: r.Surplus, Staged: r.Staged, Kept: r.Kept, Deed: string(r.Deed), Line: string(r.Line), Inbound: string(r.Inbound),
		From: string(r.From), To: string(r.To), Reason: r.Reason}
	for _, a := range r.Allocations {
		e.Allocations = append(e.Allocations, allocationJSON{Line: string(a.Line), Qty: a.Qty, By: string(a.By), Over: string(a.Over)})
	}
	for _, m := range r.Moves {
		e.Moves = append(e.Moves, moveJSON{SKU: string(m.SKU), Qty: m.Qty, From: m.From, To: m.To, By: string(m.By), Over: string(m.Over)})
	}
	return e
}

// TotalsJSON is the answer to GET /api/v1/totals.
type TotalsJSON struct {
	LinesImported   int64 `json:"lines_imported"`
	OrdersImported  int64 `json:"orders_imported"`
	Scans           int64 `json:"scans" doc:"Scans stored"`
	UnitsScanned    int64 `json:"units_scanned" doc:"Good units that came in and were not taken out again, shipped ones included"`
	UnitsAllocated  int64 `json:"units_allocated"`
	OrdersCompleted int64 `json:"orders_completed" doc:"Orders with nothing open and something allocated"`
	OpenUnits       int64 `json:"open_units"`
	Poison          int64 `json:"poison" doc:"Events that could not be applied and wait for people"`
}

func (s *Server) getTotals(ctx context.Context, _ *struct{}) (*body[TotalsJSON], error) {
	t, err := s.Reads.Totals(ctx)
	if err != nil {
		return nil, s.unread("totals", err)
	}
	return &body[TotalsJSON]{TotalsJSON{LinesImported: t.Lines, OrdersImported: t.Orders, Scans: t.Scans, UnitsScanned: t.UnitsScanned,
		UnitsAllocated: t.UnitsAllocated, OrdersCompleted: t.OrdersCompleted, OpenUnits: t.UnitsOpen, Poison: t.Poison}}, nil
}
