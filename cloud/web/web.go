// Package web is the centre's face: one page that says what is owed, to whom
// and since when; the HTTP API with its OpenAPI document; health and metrics.
//
// It reads through Reads and brings data in through Imports, and knows neither
// SQL nor MQTT. It holds no state but the latest picture that it shows to the
// pages that listen.
package web

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"dockfill/allocation"
	"dockfill/cloud/store"
	"dockfill/sync/why"
)

// Reads is what the pages and the API show. Its meaning is store.Reader's.
type Reads interface {
	Summary(ctx context.Context) (store.Summary, error)
	Owed(ctx context.Context, q store.OwedQuery) (lines []store.OwedLine, total int64, err error)
	Waiting(ctx context.Context, edges []time.Time) ([]store.AgeBand, error)
	Sites(ctx context.Context) ([]store.SiteRow, error)
	Live(ctx context.Context, site allocation.SiteID, limit int) ([]store.LiveRow, error)
	Unreported(ctx context.Context) ([]store.Unreported, error)
	Totals(ctx context.Context) (store.Totals, error)
	Held(ctx context.Context) ([]store.HeldSum, error)
	HeldRows(ctx context.Context, site allocation.SiteID, offset, limit int) (rows []store.HeldRow, total int64, err error)
	Decision(ctx context.Context, id why.ID, page why.Page) (why.Answer, error)
	Policy(ctx context.Context) (allocation.Policy, error)
	Prospect(ctx context.Context, skus []allocation.SKU, orders []allocation.OrderID) (store.Prospect, error)
	Promised(ctx context.Context) ([]store.PromisedLine, error)
	Changed() <-chan struct{}
	Ping(ctx context.Context) error
}

// Acts are what people decide at the centre. Its meaning is ingest.Ingest's.
type Acts interface {
	ChangeOrder(ctx context.Context, id allocation.OrderID, change store.Change) (o store.Order, changed bool, err error)
	MapCode(ctx context.Context, site allocation.SiteID, a store.Alias) error
	Approve(ctx context.Context, site allocation.SiteID, id allocation.InboundID, qty int64) error
	Admit(ctx context.Context, site allocation.SiteID, nonce string, by store.Person) error
	SetPolicy(ctx context.Context, p allocation.Policy) (changed bool, err error)
}

// Imports brings orders, items and inbound in, whole or not at all. A
// *store.RefusedError says which records were refused.
type Imports interface {
	Import(ctx context.Context, b store.Batch) (store.ImportResult, error)
}

// Options are what a Server needs; Reads, Imports and Acts are required.
type Options struct {
	Reads   Reads
	Imports Imports
	Acts    Acts
	Version string
	// Broker is the address that a new site is told to use, such as
	// "tcp://10.0.0.5:1883".
	Broker string
	// Hosts are names by which a proxy may ask for the pages while the
	// server itself listens on loopback.
	Hosts []string
	// Ready adds to /readyz what else must work; nil adds nothing.
	Ready func(context.Context) error
	// Witness tells how the rights witness does; nil: none is kept.
	Witness func() store.Witness
	// StaleAfter is how long a site may be silent before its figures are
	// called not current; 0 means 40 s: two beats of a site that is there, and some more.
	StaleAfter time.Duration
	// Metrics are shown with those of the server; nil makes a new registry.
	Metrics *prometheus.Registry
	Now     func() time.Time // nil: time.Now
	Log     *slog.Logger     // nil: slog.Default()
}

// Server answers the centre's HTTP requests.
type Server struct {
	Options
	hub     *hub
	outlook *outlook
	metrics *metrics
	handler http.Handler

	underWay underWay
}

// New makes a server that is ready to serve; only Run keeps pages live.
func New(o Options) *Server {
	if o.StaleAfter == 0 {
		o.StaleAfter = 40 * time.Second
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.Metrics == nil {
		o.Metrics = prometheus.NewRegistry()
	}
	s := &Server{Options: o, underWay: underWay{parts: map[string]float64{}}}
	s.hub, s.outlook = newHub(s), newOutlook(s)
	s.metrics = newMetrics(s)
	s.handler = s.guard(s.routes())
	return s
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// shutdownTime is how long requests in flight may take to finish at the end.
const shutdownTime = 5 * time.Second

// Run serves on the listener until ctx ends, and closes it.
func (s *Server) Run(ctx context.Context, ln net.Listener) error {
	srv := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: 5 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(s.Log.Handler(), slog.LevelDebug),
	}
	surveyed := make(chan struct{})
	go func() { s.outlook.run(ctx); close(surveyed) }()
	stopped := make(chan error, 1)
	go func() { stopped <- srv.Serve(ln) }()
	// The hub ends first: its listeners are requests that never end by
	// themselves, and Shutdown waits for every request.
	s.hub.run(ctx, stopped)
	if ctx.Err() != nil { // otherwise the listener failed, and the program ends
		<-surveyed
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTime)
	defer cancel()
	if err := srv.Shutdown(grace); err != nil {
		_ = srv.Close()
	}
	if err := s.hub.failure; err != nil && !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func (s *Server) routes() *http.ServeMux {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.page)
	mux.HandleFunc("GET /api/v1/decisions", noID)
	mux.HandleFunc("GET /api/v1/decisions/{$}", noID)
	mux.HandleFunc("GET /decisions", s.askPage)
	mux.HandleFunc("GET /decisions/{id...}", s.decisionPage)
	mux.HandleFunc("GET /live", s.hub.serve)
	mux.Handle("GET /static/", static())
	mux.HandleFunc("GET /metrics", s.metrics.serve)
	s.api(mux)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { s.missing(mux, w, r) })
	return mux
}
