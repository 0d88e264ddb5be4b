package dock

import (
	"encoding/json"
	"net"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"strings"
)

// policy lets a page use what the agent serves and nothing else: no inline
// script or style, so that text out of a barcode can never become either.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " +
	"connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// maxBody is the largest request that is read; a scan is far smaller.
const maxBody = 64 << 10

// guard refuses what did not come from the agent's own pages or from a program
// on the house's network. A web page elsewhere can neither post to the agent
// (cross-origin protection) nor read it under a name of its own that it has
// pointed here (host check, against DNS rebinding).
func guard(next http.Handler, hosts []string) http.Handler {
	cross := http.NewCrossOriginProtection()
	cross.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		problem(w, http.StatusForbidden, "this request was sent by another web page; only the agent's own pages and programs may write")
	}))
	checked := cross.Handler(next)
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
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		checked.ServeHTTP(w, r)
	})
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
