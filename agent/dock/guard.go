package dock

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"strings"
	"time"
)

// policy lets a page use what the agent serves and nothing else: no inline
// script or style, so that text out of a barcode can never become either.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " +
	"connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// What a request's body may cost: a scan is far smaller, and on a house's network
// comes at once.
const (
	maxBody  = 64 << 10
	bodyTime = 10 * time.Second
)

// guard refuses what did not come from the agent's own pages or from a program
// on the house's network. A web page elsewhere can neither post to the agent
// (cross-origin protection) nor read it under a name of its own that it has
// pointed here (host check, against DNS rebinding).
func guard(next http.Handler, hosts []string) http.Handler {
	cross := http.NewCrossOriginProtection()
	cross.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		problem(w, http.StatusForbidden, "this request was sent by another web page; only the agent's own pages and programs may write")
	}))
	checked := cross.Handler(bound(next))
	hosts = append(slices.Clone(hosts), "localhost")
	if name, err := os.Hostname(); err == nil {
		hosts = append(hosts, name)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		if !ownHost(r.Host, hosts) {
			problem(w, http.StatusMisdirectedRequest, "the host "+Visible(r.Host)+" is not this agent's; use its address, or add the name to the configuration")
			return
		}
		checked.ServeHTTP(w, r)
	})
}

// bound reads a request's body before its handler does, so that one that is too
// large, or breaks off, is told in our words.
func bound(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Body == nil || r.Body == http.NoBody {
			next.ServeHTTP(w, r)
			return
		}
		text, err := readBody(w, r)
		var large *http.MaxBytesError
		switch {
		case errors.As(err, &large):
			problem(w, http.StatusRequestEntityTooLarge, fmt.Sprintf(
				"the request's body is larger than %d KiB, and nothing of it was taken: send one scan in each request", large.Limit>>10))
		case err != nil:
			problem(w, http.StatusBadRequest, fmt.Sprintf(
				"the request's body did not come to its end within %v, and nothing of it was taken: send it again", bodyTime))
		default:
			r.Body = io.NopCloser(bytes.NewReader(text))
			next.ServeHTTP(w, r)
		}
	})
}

// readBody has a deadline of its own: a page's stream, which the server serves
// too, has none. A writer without deadlines, as in a test, has no connection to
// hold.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	c := http.NewResponseController(w)
	_ = c.SetReadDeadline(time.Now().Add(bodyTime))
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	_ = c.SetReadDeadline(time.Time{})
	return text, err
}

// ownHost reports whether a Host header can be meant for this agent. A literal
// address always can: a rebound name arrives as a name.
func ownHost(hostport string, names []string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	if _, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		return true
	}
	return slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, host) })
}

// problem writes an RFC 9457 problem document.
func problem(w http.ResponseWriter, status int, detail string) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{
		"title": http.StatusText(status), "status": status, "detail": detail,
	})
}
