package web

import (
	"context"
	"errors"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"dockfill/cloud/store"
)

// errCut ends an answer that cannot be completed: the connection breaks, and
// the reader learns that the rest is missing.
var errCut = http.ErrAbortHandler

type statusJSON struct {
	Status  string `json:"status"`
	Version string `json:"version"`
}

func (s *Server) health(api huma.API) {
	get(api, "healthz", "/healthz", "The process runs", func(context.Context, *struct{}) (*body[statusJSON], error) {
		return &body[statusJSON]{statusJSON{"ok", s.Version}}, nil
	})
	get(api, "readyz", "/readyz", "The database answers and the broker is reached", func(ctx context.Context, _ *struct{}) (*body[statusJSON], error) {
		if err := s.ready(ctx); err != nil {
			return nil, huma.Error503ServiceUnavailable("Not ready: " + err.Error() + ".")
		}
		return &body[statusJSON]{statusJSON{"ok", s.Version}}, nil
	})
}

func (s *Server) ready(ctx context.Context) error {
	if err := s.Reads.Ping(ctx); err != nil {
		s.Log.Error("not ready", "err", err)
		if errors.Is(err, store.ErrFull) {
			return errors.New("the disk of the database is full: make room on it")
		}
		return errors.New("the database does not answer")
	}
	if s.Ready == nil {
		return nil
	}
	return s.Ready(ctx)
}

// metrics are counted as things happen; what the database knows is read when
// somebody asks.
type metrics struct {
	s        *Server
	requests *prometheus.CounterVec
	imports  *prometheus.CounterVec
	page     http.Handler
}

func newMetrics(s *Server) *metrics {
	m := &metrics{s: s,
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "dockfill_http_requests_total", Help: "HTTP requests answered."}, []string{"code", "method"}),
		imports:  prometheus.NewCounterVec(prometheus.CounterOpts{Name: "dockfill_import_records_total", Help: "Records brought in, by kind and outcome."}, []string{"kind", "outcome"}),
	}
	s.Metrics.MustRegister(m.requests, m.imports, &readings{s}, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.page = promhttp.HandlerFor(s.Metrics, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError, MaxRequestsInFlight: 4})
	return m
}

func (m *metrics) serve(w http.ResponseWriter, r *http.Request) { m.page.ServeHTTP(w, r) }

func (m *metrics) imported(kind string, r store.ImportResult) {
	for outcome, n := range map[string]int{"new": r.New, "changed": r.Changed, "same": r.Same, "other": len(r.Other), "stale": r.Stale, "refused": len(r.Refused)} {
		m.imports.WithLabelValues(kind, outcome).Add(float64(n))
	}
}

func (m *metrics) count(next http.Handler) http.Handler {
	return promhttp.InstrumentHandlerCounter(m.requests, next)
}
