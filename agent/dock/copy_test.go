package dock_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"dockfill/agent/dock"
	"dockfill/agent/dock/docktest"
)

// A copy is as large as the site: no page of another program may have one made.
func TestACopyThatIsNotMadeSaysWhy(t *testing.T) {
	h := dock.Handler(docktest.New(), dock.Options{})
	ask := func(origin string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodPost, "http://127.0.0.1/api/v1/copy", strings.NewReader("{}"))
		r.Header.Set("Content-Type", "application/json")
		if origin != "" {
			r.Header.Set("Origin", origin)
			r.Header.Set("Sec-Fetch-Site", "cross-site")
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	w := ask("")
	assert.Equal(t, http.StatusConflict, w.Code)
	assert.Contains(t, w.Body.String(), "no database")
	assert.Equal(t, http.StatusForbidden, ask("https://elsewhere.example").Code)
}
