package web

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// Limits on a request.
const (
	maxBody     = 8 << 20   // bytes of a JSON body
	maxUpload   = 512 << 20 // bytes of an import
	requestTime = 30 * time.Second
	uploadTime  = 15 * time.Minute
)

// policy lets the page load its own files and nothing else: no inline script
// or style, no frame around it, no form that leads elsewhere.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// guard stands before every route.
func (s *Server) guard(next http.Handler) http.Handler {
	origins := http.NewCrossOriginProtection()
	origins.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		problem(w, http.StatusForbidden, "A page of another origin may not change anything here. Use this server's own address, or the command line.")
	}))
	next = s.metrics.count(s.limit(s.host(origins.Handler(next))))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// limit bounds what a request may send and how long it may take.
func (s *Server) limit(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		size, long := int64(maxBody), requestTime
		if strings.HasPrefix(r.URL.Path, "/api/v1/import/") {
			size, long = maxUpload, uploadTime
		}
		deadline := time.Now().Add(long)
		c := http.NewResponseController(w)
		// A writer without deadlines, as in a test, has no connection to hold.
		_ = c.SetReadDeadline(deadline)
		_ = c.SetWriteDeadline(deadline)
		r.Body = http.MaxBytesReader(w, r.Body, size)
		next.ServeHTTP(w, r)
	})
}

// host refuses names that are not this machine's where the connection came in
// over loopback: a foreign page whose name was made to point here (DNS
// rebinding) would otherwise be of this origin.
func (s *Server) host(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if onLoopback(r) && !s.known(r.Host) {
			problem(w, http.StatusMisdirectedRequest, fmt.Sprintf(
				"This server does not answer to the name %q. Use localhost or 127.0.0.1; for a proxy, start it with --http-name.", visible(r.Host)))
			return
		}
		next.ServeHTTP(w, r)
	})
}

func onLoopback(r *http.Request) bool {
	local, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	return ok && local.IP.IsLoopback()
}

func (s *Server) known(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = hostport
	}
	host = strings.Trim(host, "[]")
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.IsLoopback()
	}
	return slices.ContainsFunc(append([]string{"localhost"}, s.Hosts...), func(name string) bool { return strings.EqualFold(name, host) })
}

// problem writes an RFC 9457 problem.
func problem(w http.ResponseWriter, status int, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(huma.ErrorModel{Status: status, Title: http.StatusText(status), Detail: detail})
}

// methods are those of which the routes take one or more.
var methods = []string{http.MethodGet, http.MethodHead, http.MethodPost}

// allowed lists the methods that some route takes under the request's address.
// The server's mux does not tell, because its last route takes everything.
func allowed(mux *http.ServeMux, r *http.Request) []string {
	var all []string
	for _, m := range methods {
		probe := &http.Request{Method: m, URL: r.URL, Host: r.Host}
		if _, route := mux.Handler(probe); route != "/" {
			all = append(all, m)
		}
	}
	return all
}

// missing answers what no route takes: a problem to programs, a page to people.
func (s *Server) missing(mux *http.ServeMux, w http.ResponseWriter, r *http.Request) {
	if takes := strings.Join(allowed(mux, r), ", "); takes != "" {
		w.Header().Set("Allow", takes)
		problem(w, http.StatusMethodNotAllowed, fmt.Sprintf("%s is not taken under %s, only %s.", visible(r.Method), visible(r.URL.Path), takes))
		return
	}
	if strings.HasPrefix(r.URL.Path, "/api/") {
		problem(w, http.StatusNotFound, fmt.Sprintf("%s %s is no route of this server; /openapi.json lists them.", visible(r.Method), visible(r.URL.Path)))
		return
	}
	s.fail(w, http.StatusNotFound, failure{Heading: "There is no such page", Link: "See what is owed", Sentence: "Nothing is served under this address.",
		Next: "The centre's page says what is owed, to whom, since when; from it links lead to why.", Detail: visible(r.URL.Path)})
}
