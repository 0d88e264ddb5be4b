package dock_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/agent/dock"
	"dockfill/agent/dock/docktest"
	"dockfill/allocation"
)

// hostile is what people and broken scanners put into barcodes.
var hostile = []string{
	`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `' OR 1=1; DROP TABLE event;--`,
	`=HYPERLINK("http://x","y")`, `@SUM(1+1)*cmd|' /C calc'!A0`, "\x1d10LOT\x1d21S", "\x00\x07\x1b[2J\x7f",
	"\xff\xfe", "a\u202eb", "x\u2028y", `{{.Site}}`, `</title><svg onload=alert(1)>`, strings.Repeat("A", 4096),
}

func get(t *testing.T, url string) (*http.Response, string) {
	t.Helper()
	r, err := http.Get(url)
	require.NoError(t, err)
	defer func() { _ = r.Body.Close() }()
	b, err := io.ReadAll(r.Body)
	require.NoError(t, err)
	return r, string(b)
}

func post(t *testing.T, url, body string, header ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequest(http.MethodPost, url, strings.NewReader(body))
	require.NoError(t, err)
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
		}
		r.Header.Set(header[i], header[i+1])
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	answer, err := client.Do(r)
	require.NoError(t, err)
	defer func() { _ = answer.Body.Close() }()
	b, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer, string(b)
}

func TestHostileCodesStayText(t *testing.T) {
	twin := docktest.New()
	url := serve(t, twin)
	for _, code := range hostile {
		twin.Tell(dock.Feedback{
			Seq: 1, Station: "1", At: time.Now(), Verdict: allocation.Allocated, Code: code, SKU: code, Item: code, Text: code, Qty: 1,
			Blocks:   []dock.Block{{Destination: code, Qty: 1, Order: allocation.OrderID(code), Line: "O/1", Customer: code, Text: code}},
			Complete: []allocation.OrderID{allocation.OrderID(code)},
		})
		for _, page := range []string{"/?station=1", "/site", "/site?part"} {
			r, html := get(t, url+page)
			require.Equal(t, http.StatusOK, r.StatusCode)
			for _, bad := range []string{"<script>alert", "<img", "<svg onload", "onerror=alert(1)>\n"} {
				assert.NotContains(t, html, bad, "%s with %q", page, code)
			}
			assert.False(t, strings.ContainsFunc(html, func(r rune) bool {
				return (r < 0x20 && r != '\n' && r != '\t') || r == 0x7f || r == 0x202e || r == 0x2028
			}), "%s shows a raw control character of %q", page, code)
		}
		_, body := get(t, url+"/api/v1/recent?n=1")
		assert.True(t, json.Valid([]byte(body)), code)
	}
}

// A worker knows a pallet by its number and a card by its name; site IT can
// still see every character that was read.
func TestCodesAreShownAsPeopleNameThem(t *testing.T) {
	for code, want := range map[string]string{
		"]I111955555000028": "11955555000028", "]C0DF:DAMAGED": "card DAMAGED", "DF:QTY 12": "card QTY 12", "]C100106141411234567897": "SSCC 106141411234567897",
		"]C1001061414112345678970210614141000415": "SSCC 106141411234567897", "]C100106141411234567890": "SSCC 106141411234567890",
		"00106141411234567897": "SSCC 106141411234567897", "00106141411234567890": "00106141411234567890", "]C10104006381333931": "0104006381333931",
		"]E": "]E", "]12x": "]12x", "4006381333931": "4006381333931", "]C0": "", "DF:": "DF:",
	} {
		twin := docktest.New()
		url := serve(t, twin)
		twin.Tell(dock.Feedback{Seq: 1, Station: "1", At: time.Now(), Verdict: allocation.Stop, Code: code})
		_, html := get(t, url+"/?station=1")
		assert.Contains(t, html, `<p class="item" data-shrink><code>`+want+`</code></p>`, code)
		_, html = get(t, url+"/site")
		assert.Contains(t, html, `<code title="`+code+`">`+want+`</code>`, code)
	}
}

// A box that names one order above another's reason would be read as its own.
func TestTheOrderShownIsTheOneThatTheReasonIsAbout(t *testing.T) {
	twin := docktest.New()
	url := serve(t, twin)
	f := dock.Feedback{
		Seq: 1, Station: "1", At: time.Now(), Verdict: allocation.Allocated, Why: allocation.WhyRanked, Qty: 8,
		Text: "A/1 came before B/1 by its customer's tier; the scanner kept it and sent it late",
		Blocks: []dock.Block{
			{Destination: "9", Qty: 5, Order: "B", Line: "B/1", Wanted: 9, Text: "B/1 was the last line of its SKU that could take it, after A/1"},
			{Destination: "2", Qty: 3, Order: "A", Line: "A/1", Wanted: 3, Text: "A/1 came before B/1 by its customer's tier"},
		},
	}
	twin.Tell(f)
	_, html := get(t, url+"/?station=1")
	assert.Contains(t, html, `<p class="who"><b>A</b>`)
	assert.Less(t, strings.Index(html, `>9</p>`), strings.Index(html, `>2</p>`), "the largest share comes first all the same")

	f.Text = "the reason is of no order"
	twin.Tell(f)
	_, html = get(t, url+"/?station=1")
	assert.Contains(t, html, `<p class="who"><b>B</b>`)
}

func TestSitePageSaysOfflineInWords(t *testing.T) {
	twin := docktest.New()
	url := serve(t, twin)
	_, html := get(t, url+"/site")
	assert.NotContains(t, strings.ToLower(html), "offline")
	since := time.Now().Add(-10 * time.Second)
	twin.Set(func(s *dock.Status, _ *[]dock.Task, _ *dock.Balances) {
		s.Link = dock.Link{Since: since, Problem: "the broker closed the connection"}
	})
	_, html = get(t, url+"/site")
	assert.Contains(t, html, `<h1>leeds <span class="offline">Offline since `+since.Format("15:04")+`</span></h1>`)
	assert.Contains(t, html, "<b>offline</b> 10 s: the broker closed the connection.")
	twin.Set(func(s *dock.Status, _ *[]dock.Task, _ *dock.Balances) { s.Link.Since = since.Add(-dock.LateAfter) })
	_, html = get(t, url+"/site")
	assert.Contains(t, html, "<b>degraded</b> Offline 2 min:")
	twin.Set(func(s *dock.Status, _ *[]dock.Task, _ *dock.Balances) { s.Link.Since = time.Now().Add(-72 * time.Hour) })
	_, html = get(t, url+"/site")
	assert.Contains(t, html, "Offline since "+time.Now().Add(-72*time.Hour).Format("2 Jan 15:04"))
}

func TestOnlyTheAgentsOwnPagesMayWrite(t *testing.T) {
	twin := docktest.New()
	twin.Set(func(_ *dock.Status, tasks *[]dock.Task, _ *dock.Balances) { *tasks = []dock.Task{{ID: 1}} })
	url := serve(t, twin)
	scan := `{"station":"1","code":"4006381333931"}`
	for name, header := range map[string][]string{
		"another site": {"Origin", "http://evil.example"}, "fetch metadata": {"Sec-Fetch-Site", "cross-site"},
		"a rebound name": {"Host", "evil.example:8090"},
	} {
		for path, body := range map[string]string{"/api/v1/scan": scan, "/api/v1/tasks/1/done": "", "/site/tasks/1/done": ""} {
			r, text := post(t, url+path, body, header...)
			assert.Contains(t, []int{http.StatusForbidden, http.StatusMisdirectedRequest}, r.StatusCode, "%s, %s", name, path)
			assert.Equal(t, "application/problem+json", r.Header.Get("Content-Type"))
			assert.Contains(t, text, `"detail"`)
		}
	}
	recent, err := twin.Recent(context.Background(), "", 9)
	require.NoError(t, err)
	assert.Empty(t, recent, "a refused scan reached the site")
	r, _ := post(t, url+"/api/v1/scan", scan, "Origin", url)
	assert.Equal(t, http.StatusOK, r.StatusCode, "the agent's own page")
	r, _ = post(t, url+"/api/v1/scan", scan)
	assert.Equal(t, http.StatusOK, r.StatusCode, "a program")
	r, _ = post(t, url+"/site/tasks/1/done", "", "Origin", url)
	assert.Equal(t, http.StatusSeeOther, r.StatusCode)
}

func TestForeignHostNamesAreRefused(t *testing.T) {
	h := dock.Handler(docktest.New(), dock.Options{Hosts: []string{"dock.leeds.example"}})
	for host, want := range map[string]int{
		"localhost:8090": 200, "127.0.0.1:8090": 200, "[::1]:8090": 200, "192.168.1.20": 200, "LOCALHOST.": 200,
		"dock.leeds.example:8090": 200, "evil.example": 421, "localhost.evil.example:8090": 421, "": 421, "127.0.0.1.evil.example": 421,
	} {
		r := httptest.NewRequest(http.MethodGet, "/healthz", nil)
		r.Host = host
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		assert.Equal(t, want, w.Code, host)
	}
}

func TestPagesForbidInlineAndForeignContent(t *testing.T) {
	url := serve(t, docktest.New())
	for _, page := range []string{"/?station=1", "/", "/site"} {
		r, html := get(t, url+page)
		csp := r.Header.Get("Content-Security-Policy")
		assert.Contains(t, csp, "default-src 'none'")
		assert.NotContains(t, csp, "unsafe")
		for _, inline := range []string{"<style", " style=", " onclick=", "<script>", "http://", "https://"} {
			assert.NotContains(t, html, inline, page)
		}
	}
}

// events reads a station's stream until n scans came.
func events(t *testing.T, url, after, lastID string, n int) []map[string]any {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/events?station=1&after="+after, nil)
	require.NoError(t, err)
	if lastID != "" {
		r.Header.Set("Last-Event-ID", lastID)
	}
	answer, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer func() { _ = answer.Body.Close() }()
	require.Equal(t, "text/event-stream", answer.Header.Get("Content-Type"))
	return scans(t, answer.Body, n)
}

func scans(t *testing.T, body io.Reader, n int) (out []map[string]any) {
	t.Helper()
	lines := bufio.NewScanner(body)
	lines.Buffer(nil, 1<<20)
	name := ""
	for len(out) < n && lines.Scan() {
		if e, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
			name = e
		}
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok || name != "scan" {
			continue
		}
		var e map[string]any
		require.NoError(t, json.Unmarshal([]byte(data), &e))
		out = append(out, e)
	}
	require.Len(t, out, n)
	return out
}

func feedback(seq int64) dock.Feedback {
	return dock.Feedback{Seq: seq, Station: "1", At: time.Unix(1_000_000, seq), Verdict: allocation.Stock, SKU: "X", Qty: 1, Code: fmt.Sprint(seq)}
}

// What the worker sees must be in the order of the commits, each once, also for
// a page that was away.
func TestEventsComeInOrderAndOnce(t *testing.T) {
	twin := docktest.New()
	url := serve(t, twin)
	for seq := range int64(8) {
		twin.Tell(feedback(seq + 1))
	}
	keys := func(es []map[string]any) (out []string) {
		for _, e := range es {
			out = append(out, strings.SplitN(e["key"].(string), ".", 2)[1])
		}
		return out
	}
	missed := events(t, url, "", "1000000000000003.3", 5)
	assert.Equal(t, []string{"4", "5", "6", "7", "8"}, keys(missed))
	assert.Equal(t, true, missed[0]["replay"])
	opened := events(t, url, "1000000000000007.7", "", 1)
	assert.Equal(t, []string{"8"}, keys(opened))

	done := make(chan []map[string]any, 1)
	go func() { done <- events(t, url, "1000000000000008.8", "", 40) }()
	require.Eventually(t, func() bool { return twin.Readers() == 1 }, 10*time.Second, time.Millisecond)
	for seq := int64(9); seq <= 48; seq++ {
		f := feedback(seq)
		twin.Tell(dock.Feedback{Seq: seq, Station: "2", At: f.At, Verdict: allocation.Stop})
		twin.Tell(f)
	}
	got := <-done
	var want []string
	for seq := 9; seq <= 48; seq++ {
		want = append(want, fmt.Sprint(seq))
	}
	assert.Equal(t, want, keys(got), "station 2's scans stay away")
	assert.Contains(t, got[39]["chips"], "48 units<span>of X in a row")
	require.Eventually(t, func() bool { return twin.Readers() == 0 }, 10*time.Second, time.Millisecond, "a page that left keeps its subscription")
}

func TestTallyFollowsUndoAndAnotherItem(t *testing.T) {
	twin := docktest.New()
	url := serve(t, twin)
	tell := func(seq int64, change func(*dock.Feedback)) {
		f := feedback(seq)
		change(&f)
		twin.Tell(f)
	}
	tally := func() string {
		_, html := get(t, url+"/?station=1")
		_, rest, _ := strings.Cut(html, `class="tally" data-shrink>`)
		text, _, _ := strings.Cut(rest, "</p>")
		return strings.ReplaceAll(strings.TrimSuffix(text, "</span>"), "<span>", " ")
	}
	tell(1, func(f *dock.Feedback) { f.SKU, f.Qty = "OTHER", 4 })
	tell(2, func(f *dock.Feedback) { f.Qty = 12 })
	tell(3, func(f *dock.Feedback) { f.Verdict, f.SKU = allocation.Stop, "" })
	tell(4, func(f *dock.Feedback) { f.Qty = 12 })
	assert.Equal(t, "2 scans, 24 units of X in a row", tally())
	undo := func(f *dock.Feedback) { f.Verdict, f.Why, f.SKU, f.Qty = allocation.Check, allocation.WhyUndone, "", 0 }
	tell(5, undo)
	assert.Equal(t, "1 scan, 12 units of X", tally())
	tell(6, func(f *dock.Feedback) { f.SKU, f.Qty = "", 40 }) // a pallet of several
	assert.Equal(t, "1 scan, 12 units of X", tally())
	tell(7, undo) // the pallet
	assert.Equal(t, "1 scan, 12 units of X", tally())
	tell(8, undo) // the carton
	assert.Equal(t, "1 scan, 4 units of OTHER", tally(), "what was scanned before counts on")
	tell(9, undo)
	tell(10, undo)
	assert.Empty(t, tally())
	tell(11, func(*dock.Feedback) {})
	assert.Equal(t, "1 unit of X", tally())
}

func TestLocalAPI(t *testing.T) {
	twin := docktest.New()
	twin.Set(func(_ *dock.Status, tasks *[]dock.Task, b *dock.Balances) {
		*tasks = []dock.Task{{ID: 4, Kind: "PICK", SKU: "X", Qty: 3}}
		b.Lines = map[allocation.LineID]dock.LineBalance{"O1/1": {Ordered: 3, Allocated: 1, Open: 2}}
		b.Free = map[allocation.SKU]int64{"X": 7}
	})
	url := serve(t, twin)
	_, body := get(t, url+"/api/v1/status")
	var st dock.StatusBody
	require.NoError(t, json.Unmarshal([]byte(body), &st))
	assert.Equal(t, dock.Good, st.Health)
	assert.Equal(t, dock.Schema, st.Schema)
	assert.Len(t, st.Stations, 2)

	var said []byte
	twin.Answer = func(_ allocation.StationID, code []byte) dock.Feedback {
		said = code
		return dock.Feedback{Seq: 9, Verdict: allocation.Stop, Why: allocation.WhyUnread}
	}
	r, body := post(t, url+"/api/v1/scan", `{"station":"1","code":"a\u001db"}`)
	assert.Equal(t, http.StatusOK, r.StatusCode, body)
	assert.Equal(t, "a\x1db", string(said))
	assert.Contains(t, body, `"verdict":"STOP"`)
	_, _ = post(t, url+"/api/v1/scan", `{"station":"1","raw":"/wA="}`)
	assert.Equal(t, "\xff\x00", string(said))

	_, body = get(t, url+"/api/v1/tasks")
	assert.Contains(t, body, `"kind":"PICK"`)
	r, _ = post(t, url+"/api/v1/tasks/4/done", "")
	assert.Equal(t, http.StatusNoContent, r.StatusCode)
	_, body = get(t, url+"/api/v1/balances")
	assert.Contains(t, body, `"O1/1":{"ordered":3,"cancelled":0,"allocated":1,"staged":0,"open":2}`)
	assert.Contains(t, body, `"free":{"X":7}`)
	_, body = get(t, url+"/api/v1/recent?station=1&n=1")
	assert.Contains(t, body, `\\xff\\x00`)
	r, body = get(t, url+"/openapi.json")
	assert.Equal(t, http.StatusOK, r.StatusCode)
	assert.Contains(t, body, `"openapi":"3.1.0"`)
}

func TestWrongRequestsMeetProblems(t *testing.T) {
	url := serve(t, docktest.New())
	type wrong struct {
		path, body string
		status     int
		says       string
	}
	for _, w := range []wrong{
		{"/api/v1/scan", `{"station":"9","code":"1"}`, 404, "no station 9"},
		{"/api/v1/scan", `{"station":"1"}`, 422, "code is missing"},
		{"/api/v1/scan", `{"station":"1","code":"1","raw":"MQ=="}`, 422, "not both"},
		{"/api/v1/scan", `{"station":"1","code":"1","extra":1}`, 422, "extra"},
		{"/api/v1/scan", `{"code":"1"}`, 422, "station"},
		{"/api/v1/scan", `{`, 400, ""},
		{"/api/v1/scan", `{"station":"1","code":"` + strings.Repeat("A", 70_000) + `"}`, 413, "larger than 64 KiB, and nothing of it was taken: send one scan in each request"},
		{"/api/v1/tasks/77/done", ``, 404, "no open task"},
		{"/api/v1/tasks/x/done", ``, 422, ""},
		{"/nothing", ``, 404, "dock display"},
	} {
		r, body := post(t, url+w.path, w.body)
		assert.Equal(t, w.status, r.StatusCode, "%.80s: %s", w.body, body)
		assert.Equal(t, "application/problem+json", r.Header.Get("Content-Type"), w.path)
		assert.Contains(t, body, w.says)
	}
	full := `{"station":"1","code":"4006381333931"}`
	r, body := post(t, url+"/api/v1/scan", full+strings.Repeat(" ", 64<<10-len(full)))
	assert.Equal(t, http.StatusOK, r.StatusCode, "the limit itself is taken: %s", body)
	r, body = get(t, url+"/?station=<b>")
	assert.Equal(t, http.StatusNotFound, r.StatusCode)
	assert.Contains(t, body, "&lt;b&gt;")
	r, _ = get(t, url+"/events?station=9")
	assert.Equal(t, http.StatusNotFound, r.StatusCode)
}

func TestHealthReadinessAndMetrics(t *testing.T) {
	twin := docktest.New()
	twin.Set(func(s *dock.Status, _ *[]dock.Task, _ *dock.Balances) {
		s.Stations = append(s.Stations, dock.Station{ID: "bare", State: dock.StationBare})
	})
	url := serve(t, twin)
	r, body := get(t, url+"/readyz")
	assert.Equal(t, 200, r.StatusCode)
	assert.Contains(t, body, "1,204 saved here, 1,204 confirmed")
	_, body = get(t, url+"/metrics")
	for _, line := range []string{
		"dockfill_events_saved_total 1204", "dockfill_link_up 1", "dockfill_link_dropped_total 0", `dockfill_station_connected{station="1"} 1`, "go_goroutines",
		`dockfill_site_info{policy="default",site="leeds",state="ACTIVE",version="0.1.0"} 1`,
	} {
		assert.Contains(t, body, line)
	}
	assert.NotContains(t, body, `station="bare"`, "a station without a port has no scanner to be connected")
	twin.Set(func(s *dock.Status, _ *[]dock.Task, _ *dock.Balances) { s.DiskFreeBytes = 1 << 19 })
	r, body = get(t, url+"/readyz")
	assert.Equal(t, 503, r.StatusCode)
	assert.Contains(t, body, "The disk is full: 512.0 KiB left")
	twin.Set(func(s *dock.Status, _ *[]dock.Task, _ *dock.Balances) { s.DiskFreeBytes = 0 })
	r, body = get(t, url+"/readyz")
	assert.Equal(t, 503, r.StatusCode, "a disk without one byte is the fullest")
	assert.Contains(t, body, "The disk is full: 0 B left")
	_, body = get(t, url+"/metrics")
	assert.Contains(t, body, "dockfill_disk_free_bytes 0")
	twin.Set(func(s *dock.Status, _ *[]dock.Task, _ *dock.Balances) { s.DiskFreeBytes = dock.UnknownBytes })
	_, body = get(t, url+"/metrics")
	assert.NotContains(t, body, "dockfill_disk_free_bytes ")
	_, body = get(t, url+"/api/v1/status")
	assert.Contains(t, body, `"disk_free_bytes":null`)
	r, _ = get(t, url+"/healthz")
	assert.Equal(t, 200, r.StatusCode)
}

// Site IT sees which device a station has, and how often it failed.
func TestAStationTellsItsDeviceAndItsCounts(t *testing.T) {
	twin := docktest.New()
	twin.Set(func(s *dock.Status, _ *[]dock.Task, _ *dock.Balances) {
		s.Stations[0].Device, s.Stations[0].Revision = "/dev/ttyACM0", "Xenon \x021900 <b>"
		s.Stations[0].Counts = dock.Counts{Scans: 9, Faults: 2, Repeats: 3, Connects: 4, LostAnswers: 5, Late: 6}
		s.Stations[1].Device = s.Stations[1].Port
		s.Stations = append(s.Stations, dock.Station{ID: "bare", State: dock.StationBare})
	})
	url := serve(t, twin)
	_, body := get(t, url+"/api/v1/status")
	assert.Contains(t, body, `"device":"/dev/ttyACM0","revision":"Xenon \u00021900 <b>"`)
	assert.Contains(t, body, `"counts":{"scans":9,"faults":2,"repeats":3,"connects":4,"lost_answers":5,"late":6}`)
	assert.Contains(t, body, `"counts":null`)
	_, body = get(t, url+"/site")
	assert.Contains(t, body, "<br>/dev/ttyACM0, Xenon "+dock.Visible("\x02")+"1900 &lt;b&gt;</td>")
	assert.Equal(t, 1, strings.Count(body, "</code><br>"), "a device that is the port itself is not said twice")
	_, body = get(t, url+"/metrics")
	for name, n := range map[string]int{"scans": 9, "faults": 2, "repeats": 3, "connects": 4, "lost_answers": 5, "late": 6} {
		assert.Contains(t, body, fmt.Sprintf("dockfill_station_%s_total{station=\"1\"} %d\n", name, n))
		assert.Contains(t, body, fmt.Sprintf("dockfill_station_%s_total{station=\"2\"} 0\n", name))
	}
	assert.NotContains(t, body, `station="bare"`)
}

func TestOneSentenceNamesTheRootCauseFirst(t *testing.T) {
	now := time.Now()
	base, err := docktest.New().Status(context.Background())
	require.NoError(t, err)
	for name, c := range map[string]struct {
		change func(*dock.Status)
		health dock.Health
		text   string
	}{
		"all well": {func(*dock.Status) {}, dock.Good, "1,204 saved here, 1,204 confirmed"},
		"a short wait is no news": {func(s *dock.Status) {
			s.Stored, s.OldestUnsent = 1180, now.Add(-time.Minute)
		}, dock.Good, "1,204 saved here, 1,180 confirmed, 24 waiting 60 s"},
		"offline": {func(s *dock.Status) {
			s.Started = now.Add(-5 * time.Minute) // and never had a line
			s.Stored, s.OldestUnsent, s.Link = 1180, now.Add(-3*time.Minute), dock.Link{Problem: "broker name does not resolve"}
		}, dock.Degraded, "Offline 5 min. 1,204 saved here, 1,180 confirmed, 24 waiting 3 min: broker name does not resolve"},
		"offline for a moment": {func(s *dock.Status) {
			s.Link = dock.Link{Since: now.Add(-10 * time.Second), Problem: "the broker closed the connection"}
		}, dock.Good, "Offline 10 s: the broker closed the connection. 1,204 saved here, 1,204 confirmed"},
		"offline for long, with nothing to send": {func(s *dock.Status) {
			s.Link = dock.Link{Since: now.Add(-3 * time.Minute)}
		}, dock.Degraded, "Offline 3 min. 1,204 saved here, 1,204 confirmed"},
		"a scanner away while offline": {func(s *dock.Status) {
			s.Stations[1] = dock.Station{ID: "2", State: dock.StationSearching}
			s.Link = dock.Link{Since: now.Add(-10 * time.Second)}
		}, dock.Degraded, "Station 2: scanner searching. Offline 10 s. 1,204 saved here, 1,204 confirmed"},
		"fenced": {func(s *dock.Status) { s.State, s.Reason = "CAPTURE-ONLY", "this database is a copy." },
			dock.Degraded, "CAPTURE-ONLY, nothing is allocated: this database is a copy. Scans are set aside until that is over. 1,204 saved here, 1,204 confirmed"},
		"fenced, and scans wait": {func(s *dock.Status) {
			s.State, s.Reason, s.StateSince = "UNVERIFIED", "no anchor vouches for the database", now.Add(-time.Hour)
			s.Captured = dock.Captured{Scans: 1204, Lost: 1}
		}, dock.Degraded, "UNVERIFIED since " + dock.Clock(now.Add(-time.Hour), now) + ", nothing is allocated: no anchor vouches for the database. 1,204 scans are set aside until that is over. 1,204 saved here, 1,204 confirmed"},
		"the room in reserve is in use": {func(s *dock.Status) { s.DiskFull, s.DiskFreeBytes = true, 6<<20 },
			dock.Down, "The disk is full: 6.0 MiB left. 1,204 saved here, 1,204 confirmed"},
		"a station without a scanner is meant so": {func(s *dock.Status) { s.Stations[1].State = dock.StationBare },
			dock.Good, "1,204 saved here, 1,204 confirmed"},
		"scanner away": {func(s *dock.Status) {
			s.Stations[1] = dock.Station{ID: "2", State: dock.StationSearching, Since: now.Add(-5 * time.Minute), Problem: "scanner not found"}
		}, dock.Degraded, "Station 2: scanner searching 5 min (scanner not found). 1,204 saved here, 1,204 confirmed"},
		"connected in trouble": {func(s *dock.Status) {
			s.Stations[0].Problem = "the scanner does not answer commands; check its baud rate."
		}, dock.Degraded, "Station 1: the scanner does not answer commands; check its baud rate. 1,204 saved here, 1,204 confirmed"},
		"full disk beats the rest": {func(s *dock.Status) {
			s.DiskFreeBytes, s.State = 1, "UNVERIFIED"
		}, dock.Down, "The disk is full: 1 B left. 1,204 saved here, 1,204 confirmed"},
		"little is left, and scans are saved": {func(s *dock.Status) { s.DiskFreeBytes = 6 << 20 },
			dock.Degraded, "The disk is nearly full: 6.0 MiB left; make room. 1,204 saved here, 1,204 confirmed"},
		"not one byte is left": {func(s *dock.Status) { s.DiskFreeBytes = 0 },
			dock.Down, "The disk is full: 0 B left. 1,204 saved here, 1,204 confirmed"},
		"the system does not say what is left": {func(s *dock.Status) { s.DiskFreeBytes = dock.UnknownBytes },
			dock.Good, "1,204 saved here, 1,204 confirmed"},
	} {
		s := base
		s.Stations = append([]dock.Station(nil), base.Stations...)
		c.change(&s)
		health, text := dock.Judge(s, now)
		assert.Equal(t, c.health, health, name)
		assert.Equal(t, c.text, text, name)
	}
}

// An open page must not keep the agent from stopping.
func TestServeEndsWithAnOpenPage(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	twin := docktest.New()
	done := make(chan error, 1)
	go func() { done <- dock.Serve(ctx, l, dock.Handler(twin, dock.Options{})) }()
	r, err := http.Get("http://" + l.Addr().String() + "/events?station=1")
	require.NoError(t, err)
	defer func() { _ = r.Body.Close() }()
	require.Eventually(t, func() bool { return twin.Readers() == 1 }, 10*time.Second, time.Millisecond)
	cancel()
	require.NoError(t, <-done)
	assert.Zero(t, twin.Readers())
}

// Nobody knows the figures of a database that cannot be read: none is claimed.
func TestDamagedDatabaseIsNotCountedAsEmpty(t *testing.T) {
	twin := docktest.New()
	twin.Set(func(s *dock.Status, _ *[]dock.Task, _ *dock.Balances) {
		*s = dock.Status{Site: "leeds", State: "CAPTURE-ONLY", Reason: "the site's database is damaged", Stations: s.Stations, Started: time.Now(), DiskFreeBytes: 40 << 30, Unread: true}
	})
	url := serve(t, twin)
	_, body := get(t, url+"/site")
	assert.Contains(t, body, "How much was saved and confirmed is not known")
	assert.Contains(t, body, "<dt>Policy</dt><dd>not known</dd>")
	for _, claim := range []string{"0 saved", "0 B", "0 units", "<b>0</b>"} {
		assert.NotContains(t, body, claim)
	}
	_, body = get(t, url+"/?station=1")
	assert.NotContains(t, body, "all scans confirmed")
	_, body = get(t, url+"/metrics")
	assert.Contains(t, body, "dockfill_link_up 0")
	assert.Contains(t, body, "dockfill_disk_free_bytes")
	for _, figure := range []string{"dockfill_events_saved_total", "dockfill_units_owed", "dockfill_database_bytes"} {
		assert.NotContains(t, body, figure+" ")
	}
}

// Twelve good units and one damaged one are not thirteen good ones.
func TestTallyTellsGoodsByNameAndApartFromThoseSetAside(t *testing.T) {
	twin := docktest.New()
	url := serve(t, twin)
	for seq := range int64(4) {
		f := feedback(seq + 1)
		f.Item, f.Qty = "Party bunting", 12
		if seq > 1 {
			f.Verdict, f.Why, f.Qty = allocation.Held, allocation.WhyDamaged, 1
		}
		twin.Tell(f)
		if seq == 1 {
			_, html := get(t, url+"/?station=1")
			assert.Contains(t, html, "2 scans, 24 units<span>of Party bunting in a row</span>")
		}
	}
	_, html := get(t, url+"/?station=1")
	assert.Contains(t, html, "2 units<span>of Party bunting, set aside in a row</span>")
}

func TestABrowserGetsAPageWhereThereIsNone(t *testing.T) {
	url := serve(t, docktest.New())
	ask := func(path, accept string) (int, string, string) {
		r, err := http.NewRequest(http.MethodGet, url+path, nil)
		require.NoError(t, err)
		r.Header.Set("Accept", accept)
		answer, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		return answer.StatusCode, answer.Header.Get("Content-Type"), string(text)
	}
	const browser = "text/html,application/xhtml+xml,*/*;q=0.8"
	code, kind, text := ask("/sites%3Cb%3E", browser)
	assert.Equal(t, 404, code)
	assert.Contains(t, kind, "text/html")
	for _, want := range []string{"There is no such page", "/sites&lt;b&gt;", `href="/site"`} {
		assert.Contains(t, text, want)
	}
	for path, accept := range map[string]string{"/sites": "*/*", "/api/v1/nothing": browser} {
		code, kind, _ = ask(path, accept)
		assert.Equal(t, 404, code)
		assert.Contains(t, kind, "application/problem+json", "for programs")
	}
}

// A station without a scanner takes scans by the API, and "never" beside them is wrong.
func TestAStationsLastScanIsTheNewestOnThePage(t *testing.T) {
	twin := docktest.New()
	twin.Set(func(st *dock.Status, _ *[]dock.Task, _ *dock.Balances) {
		st.Stations[0].Port, st.Stations[0].LastScan = "", time.Time{}
	})
	url := serve(t, twin)
	_, html := get(t, url+"/site")
	require.Contains(t, html, `data-th="Last scan">never`)
	assert.Contains(t, html, `class="state connected">connected</td>`, "nobody waits for a scanner that the station never has")
	twin.Tell(feedback(1))
	_, html = get(t, url+"/site")
	_, row, _ := strings.Cut(html, `href="/?station=1"`)
	row, _, _ = strings.Cut(row, "</tr>")
	assert.NotContains(t, row, "never")
}
