package web

import (
	"context"
	"errors"
	"net/http"
	"time"

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

// readyJSON says too what holds up new rights: the sites can be served all the same.
type readyJSON struct {
	statusJSON
	Witness *witnessJSON  `json:"witness,omitempty" doc:"The rights witness; absent where none is kept"`
	Waiting []waitingJSON `json:"waiting,omitempty" doc:"Lives of sites that must report, or be attested, before anything is granted: this centre was put back to an older copy"`
}

type witnessJSON struct {
	Place   string     `json:"place"`
	Records int64      `json:"records" doc:"Number of the last record"`
	Fault   string     `json:"fault,omitempty" doc:"Why it takes nothing: no right is granted and no cancel settles until it does"`
	Since   *time.Time `json:"since,omitempty" doc:"Since when"`
}

func (s *Server) witnessed() *witnessJSON {
	w := s.witness()
	if w.Name == "" {
		return nil
	}
	out := &witnessJSON{Place: w.Name, Records: w.Last}
	if w.Fault != nil {
		out.Fault, out.Since = visible(w.Fault.Error()), &w.Since
	}
	return out
}

func (s *Server) witness() store.Witness {
	if s.Witness == nil {
		return store.Witness{}
	}
	return s.Witness()
}

type waitingJSON struct {
	Site        string    `json:"site"`
	Incarnation string    `json:"incarnation"`
	Since       time.Time `json:"since"`
}

func (s *Server) health(api huma.API) {
	get(api, "healthz", "/healthz", "The process runs", func(context.Context, *struct{}) (*body[statusJSON], error) {
		return &body[statusJSON]{statusJSON{"ok", s.Version}}, nil
	})
	get(api, "readyz", "/readyz", "The database answers and the broker is reached", func(ctx context.Context, _ *struct{}) (*body[readyJSON], error) {
		if err := s.ready(ctx); err != nil {
			return nil, huma.Error503ServiceUnavailable("Not ready: " + err.Error() + ".")
		}
		waiting, err := s.Reads.Unreported(ctx)
		if err != nil {
			return nil, s.unread("awaited sites", err)
		}
		out := readyJSON{statusJSON: statusJSON{"ok", s.Version}, Witness: s.witnessed()}
		for _, w := range waiting {
			out.Waiting = append(out.Waiting, waitingJSON{string(w.Site), w.Incarnation, w.Since})
		}
		return &body[readyJSON]{out}, nil
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
