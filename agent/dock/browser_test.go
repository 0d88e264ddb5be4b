package dock_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/agent/dock"
	"dockfill/agent/dock/docktest"
	"dockfill/allocation"
)

// screenshots names a folder for pictures of what the tests look at; none are
// kept where it is not set.
var screenshots = os.Getenv("DOCKFILL_SCREENSHOTS")

const kiosk = "no-user-gesture-required"

// browser starts a headless browser, and a page in it. A kiosk's browser is told
// to let pages be heard; autoplay "document-user-activation-required" is one
// that nobody told.
func browser(t *testing.T, autoplay string) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium is not installed; make test installs it")
	}
	ctx, cancel := chromedp.NewExecAllocator(context.Background(),
		chromedp.ExecPath(path), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU, chromedp.NoFirstRun,
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("autoplay-policy", autoplay),
		chromedp.Flag("hide-scrollbars", true), chromedp.Flag("force-prefers-reduced-motion", true))
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, 5*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	return ctx
}

func serve(t *testing.T, site dock.Site) string {
	t.Helper()
	s := httptest.NewServer(dock.Handler(site, dock.Options{Beat: 200 * time.Millisecond}))
	t.Cleanup(func() { s.CloseClientConnections(); s.Close() })
	return s.URL
}

// open shows station 1 and waits until the page listens.
func open(t *testing.T, ctx context.Context, twin *docktest.Twin) {
	t.Helper()
	before := twin.Readers()
	do(t, ctx, chromedp.Navigate(serve(t, twin)+"/?station=1"))
	require.Eventually(t, func() bool { return twin.Readers() > before }, 20*time.Second, 10*time.Millisecond)
	until(t, ctx, `document.getElementById("bigclock").textContent !== ""`)
}

func do(t *testing.T, ctx context.Context, a chromedp.Action[chromedp.Void]) {
	t.Helper()
	require.NoError(t, chromedp.Do(ctx, a))
}

// resize changes the screen under a page that shows something, and waits until the
// page has been laid out anew.
func resize(t *testing.T, ctx context.Context, width, height int64) {
	t.Helper()
	do(t, ctx, chromedp.EmulateViewport(width, height))
	_ = ask[bool](t, ctx, `(window.laidOut = false, requestAnimationFrame(() => requestAnimationFrame(() => { window.laidOut = true; })), true)`)
	until(t, ctx, `window.laidOut`)
}

// until waits for a condition in the page.
func until(t *testing.T, ctx context.Context, condition string) {
	t.Helper()
	// A page that is just being replaced answers with an error.
	require.Eventually(t, func() bool {
		met, err := chromedp.Run(ctx, chromedp.Evaluate[bool](condition))
		return err == nil && met
	}, 20*time.Second, 10*time.Millisecond, condition)
}

func ask[T any](t *testing.T, ctx context.Context, expression string) T {
	t.Helper()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	require.NoError(t, err, expression)
	return v
}

func picture(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	if screenshots == "" {
		return
	}
	png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(screenshots, name+".png"), png, 0o644))
}

// minimum capital heights as shares of the screen's height. The reference is a
// 24 inch screen of 16:9, 299 mm high, at two metres: the house asks for 60 mm
// for one destination, which is 0.20 of the height. Where a scan is split the
// screen is shared, and each part keeps 22 mm: still twice the 12 mm (20
// minutes of arc) that any word needs.
const (
	capWhole = 0.20
	capSplit = 0.074
	capWord  = 0.037 // every word of the verdict and the goods: 11 mm
)

// overflowing lists elements whose text is cut off or that leave the screen.
const overflowing = `[...document.querySelectorAll("header *, main *, footer *")].filter(e => {
	const r = e.getBoundingClientRect();
	if (r.width === 0 || e.closest("svg")) return false;
	const clipped = e.matches(".place, .place span, .qty, h1, .chips, .chip, .tally, .detail, .hero, .verdict, #clear, .of b") &&
		(e.scrollWidth > e.clientWidth + 2 && e.clientWidth > 0 && getComputedStyle(e).display !== "inline");
	const cut = e.matches(".order, .note, .complete, .sku, .tally, #standing, .item[data-shrink]") && (e.scrollHeight > e.clientHeight + 2 || e.scrollWidth > e.clientWidth + 2);
	return clipped || cut || r.right > innerWidth + 1 || r.bottom > innerHeight + 1 || r.left < -1 || r.top < -1;
}).map(e => e.tagName + "." + e.className + " " + e.textContent.slice(0, 40))`

// outshone lists doors that are written or framed smaller than the count of the
// destinations that are not shown.
const outshone = `(() => {
	const rest = document.querySelector(".head.rest");
	if (!rest) return [];
	const width = h => h.getBoundingClientRect().width, size = h => parseFloat(getComputedStyle(h.querySelector(".place")).fontSize);
	return [...document.querySelectorAll(".head:not(.rest)")].filter(h => width(h) < width(rest) - 2 || size(h) <= size(rest)).map(h => h.textContent);
})()`

// collisions finds parts of the page that stand on each other.
const collisions = `(() => {
	const boxes = [...document.querySelectorAll(".verdict, .place, .of, .goods, .who, .filled, .why, #clear, .chips, .tally, .here, #clock, #muted")]
		.map(e => [e.className || e.id, e.getBoundingClientRect()]).filter(b => b[1].width > 0);
	const hit = [];
	for (let i = 0; i < boxes.length; i++) for (let j = i + 1; j < boxes.length; j++) {
		const [a, b] = [boxes[i][1], boxes[j][1]];
		if (a.left < b.right - 2 && b.left < a.right - 2 && a.top < b.bottom - 2 && b.top < a.bottom - 2) hit.push(boxes[i][0] + " on " + boxes[j][0]);
	}
	return hit;
})()`

// capHeights measures the capitals of the smallest line of text among elements.
func capHeight(t *testing.T, ctx context.Context, selector string) float64 {
	t.Helper()
	return ask[float64](t, ctx, fmt.Sprintf(`Math.min(...[...document.querySelectorAll(%q)].map(e => {
		const f = getComputedStyle(e), c = document.createElement("canvas").getContext("2d");
		c.font = f.fontWeight + " " + f.fontSize + " " + f.fontFamily;
		return c.measureText("H").actualBoundingBoxAscent;
	})) / innerHeight`, selector))
}

type showing struct {
	name string
	f    dock.Feedback
}

func showings() []showing {
	at := time.Now()
	block := func(door string, qty int64, order, customer string, filled, wanted int64) dock.Block {
		return dock.Block{Destination: door, Qty: qty, Order: allocation.OrderID(order), Line: allocation.LineID(order + "/1"), Customer: customer, Filled: filled, Wanted: wanted,
			Text: order + "/1 came before O1188/2 by its promised date"}
	}
	tea := dock.Feedback{Station: "1", At: at, SKU: "22423", Item: "REGENCY CAKESTAND 3 TIER", Code: "]C10105012345678900", Qty: 12}
	with := func(change func(*dock.Feedback)) dock.Feedback {
		f := tea
		change(&f)
		return f
	}
	return []showing{
		{"allocated", with(func(f *dock.Feedback) {
			f.Verdict, f.Why = allocation.Allocated, allocation.WhyRanked
			f.Blocks = []dock.Block{block("12", 12, "O1007", "Fenwick & Sons", 15, 20)}
		})},
		{"complete", with(func(f *dock.Feedback) {
			f.Verdict, f.Why = allocation.Allocated, allocation.WhyRanked
			f.Blocks = []dock.Block{block("12", 12, "O1007", "Fenwick & Sons", 20, 20)}
			f.Complete = []allocation.OrderID{"O1007"}
		})},
		{"split", with(func(f *dock.Feedback) {
			f.Verdict, f.Why, f.Qty = allocation.Allocated, allocation.WhyRanked, 144
			f.Blocks = []dock.Block{block("12", 72, "O1007", "Fenwick & Sons", 80, 80), block("3", 40, "O1012", "Harbour Gifts", 40, 60), block("7", 20, "O1020", "Nook", 20, 20), {Destination: "A-04", Qty: 12}}
		})},
		{"long", with(func(f *dock.Feedback) {
			f.Verdict, f.Why, f.Qty = allocation.Allocated, allocation.WhyRanked, 1_000_000
			f.Item = "VINTAGE HEADS AND TAILS CARD GAME WITH PAINTED TIN AND FOLDED RULES IN ELEVEN LANGUAGES"
			f.Blocks = []dock.Block{block("STAGING LANE 14 NORTH", 1_000_000, "SO-2026-000000123456", "Wholesale Trading Company of Northumberland Limited", 999_999, 1_000_000)}
			f.Complete = []allocation.OrderID{"SO-2026-000000123456", "SO-2026-000000123457", "SO-2026-000000123458", "X"}
		})},
		{"stock", with(func(f *dock.Feedback) {
			f.Verdict, f.Why, f.Text = allocation.Stock, allocation.WhyNoDemand, "no order waits for it: put it away"
			f.Blocks = []dock.Block{{Destination: "A-04", Qty: 12}}
		})},
		{"hold", with(func(f *dock.Feedback) {
			f.Verdict, f.Why, f.SKU, f.Item, f.Qty = allocation.Held, allocation.WhyUnknown, "", "", 1
			f.Text = "the code names no item: set it aside until somebody says what it is"
		})},
		{"check", with(func(f *dock.Feedback) {
			f.Verdict, f.Why, f.Text = allocation.Check, allocation.WhyRepeat, "the same code was the last one before a restart: is this another unit?"
		})},
		{"undo", with(func(f *dock.Feedback) {
			f.Verdict, f.Why, f.Item, f.Text = allocation.Check, allocation.WhyUndone, "", "the last scan was taken back: 12 units"
		})},
		{"many", with(func(f *dock.Feedback) {
			f.Verdict, f.Why, f.Qty, f.SKU, f.Item, f.Code = allocation.Allocated, allocation.WhyRanked, 0, "", "", "]C100106141411234567897"
			for i := range 21 {
				f.Blocks = append(f.Blocks, block(fmt.Sprint(i+1), int64(30-i), fmt.Sprintf("SO-2026-%012d", i), "Harbour Gifts", 30, 30))
				f.Qty += f.Blocks[i].Qty
				f.Complete = append(f.Complete, f.Blocks[i].Order)
			}
		})},
		{"four", with(func(f *dock.Feedback) {
			f.Verdict, f.Why, f.Qty, f.SKU, f.Item = allocation.Allocated, allocation.WhyRanked, 40_000, "COFFEE-BEANS-MONSOONED-MALABAR-WHOLE-ONE-KILOGRAM", ""
			for i, door := range []string{"STAGING LANE 14 NORTH", "12", "COLD-STORE-7", "3"} {
				f.Blocks = append(f.Blocks, block(door, 10_000, fmt.Sprintf("SO-101%02d", i), "Wholesale Trading Company of Northumberland Limited", 10_000, 20_000))
			}
		})},
		{"digit", with(func(f *dock.Feedback) {
			f.Verdict, f.Why, f.SKU, f.Item, f.Qty, f.Code = allocation.Stop, allocation.WhyUnread, "", "", 0, "]I111955555000028"
			f.Text = "GTIN 11955555000028 ends in check digit 8, but 7 is expected"
		})},
		{"duplicate", with(func(f *dock.Feedback) {
			f.Verdict, f.Why, f.Item, f.Qty, f.Code = allocation.Stop, allocation.WhyDuplicate, "", 0, "]C1010950600013435221ABCDEFGHIJ0123456789"
			f.Text = "serial ABCDEFGHIJ0123456789 of COFFEE-1KG was received before, as event 12345 at station 1: ALLOCATED (4 to SO-10128/1, 4 to SO-10129/1, 4 to SO-10130/1, and 9 more): it is not counted again"
		})},
		{"again", with(func(f *dock.Feedback) {
			f.Verdict, f.Why, f.Item = allocation.Check, allocation.WhyRepeat, ""
			f.Text = "this code was saved just before a restart, as event 12345 at station 1: ALLOCATED (12 to SO-10128/1); if this is another unit scan DF:SAME-AGAIN, if it is the same one go on"
		})},
		{"help", with(func(f *dock.Feedback) {
			f.Verdict, f.Why, f.SKU, f.Item, f.Qty, f.Code = allocation.Check, allocation.WhyCard, "", "", 0, "DF:HELP"
			f.Text = "cards: UNDO takes the last scan back; QTY 12 counts the next scan 12 times; DAMAGED or HOLD sets the next scan aside; SAME-AGAIN counts the code that was asked about; DONE closes the oldest task; WORKER 7 says who works here; HELP shows this"
		})},
		{"card", with(func(f *dock.Feedback) {
			f.Verdict, f.Why, f.SKU, f.Item, f.Qty, f.Code = allocation.Stop, allocation.WhyCard, "", "", 0, "DF:CLOSE-PALLET"
			f.Text = "this version cannot do the card CLOSE-PALLET: nothing was changed; scan DF:HELP for the cards that work"
		})},
		{"stop", with(func(f *dock.Feedback) {
			f.Verdict, f.Why, f.SKU, f.Item, f.Qty, f.Code = allocation.Stop, allocation.WhyUnread, "", "", 0, "<script>alert(1)</script>\x1d=1+1\x07'; DROP TABLE event;--"
			f.Text = "the code could not be read: scan it again"
		})},
	}
}

// A worker two metres away reads the verdict of every scan on any of the
// screens, and nothing of it is cut off or lies on something else.
func TestEveryVerdictIsLegibleOnEveryScreen(t *testing.T) {
	ctx := browser(t, kiosk)
	for _, size := range [][2]int64{{1920, 1080}, {1280, 720}, {800, 600}} {
		twin := docktest.New()
		do(t, ctx, chromedp.EmulateViewport(size[0], size[1]))
		open(t, ctx, twin)
		check(t, ctx, fmt.Sprintf("idle-%d", size[0]))
		for i, s := range showings() {
			s.f.Seq, s.f.At = int64(i+1), time.Now()
			twin.Tell(s.f)
			until(t, ctx, fmt.Sprintf(`document.querySelector(".scan") && document.querySelector(".scan").dataset.key.endsWith(".%d")`, i+1))
			name := fmt.Sprintf("%s-%d", s.name, size[0])
			check(t, ctx, name)
			wide := size[0]*9 >= size[1]*16
			want := map[bool]float64{false: capWhole, true: capSplit}[len(s.f.Blocks) > 1 || s.name == "long"]
			if s.name == "four" {
				want = capWord // a name in a quarter of the screen
			}
			if !wide {
				want *= 0.74 // the same width, a higher screen
			}
			assert.GreaterOrEqual(t, capHeight(t, ctx, ".head:not(.rest) .place"), want, "destination, %s", name)
			if wide {
				assert.GreaterOrEqual(t, capHeight(t, ctx, "h1, .who, .why, .place"), capWord/2, "long words, %s", name)
				assert.GreaterOrEqual(t, capHeight(t, ctx, "h1, .item:not([data-shrink]), .qty, .order:not([style]) > .who, .filled:not(.big), .of b"), capWord, "words, %s", name)
			}
		}
	}
}

// A worker holds a phone or a tablet as it comes: the same words, at arm's length. The
// smallest text there is in pixels, as no screen stands two metres away.
func TestEveryVerdictIsLegibleOnAPhoneAndATablet(t *testing.T) {
	ctx := browser(t, kiosk)
	all := showings()
	for _, s := range showings() {
		if s.name == "stock" || s.name == "hold" {
			s.name += "-long"
			s.f.Blocks = []dock.Block{{Destination: "MEZZANINE AISLE 14 BAY 3 LEVEL 2", Qty: 12}}
			all = append(all, s)
		}
	}
	for _, size := range [][2]int64{{360, 740}, {740, 360}, {768, 1024}, {1280, 800}} {
		twin := docktest.New()
		do(t, ctx, chromedp.EmulateViewport(size[0], size[1]))
		open(t, ctx, twin)
		check(t, ctx, fmt.Sprintf("idle-%dx%d", size[0], size[1]))
		for i, s := range all {
			s.f.Seq, s.f.At = int64(i+1), time.Now()
			twin.Tell(s.f)
			until(t, ctx, fmt.Sprintf(`document.querySelector(".scan") && document.querySelector(".scan").dataset.key.endsWith(".%d")`, i+1))
			name := fmt.Sprintf("%s-%dx%d", s.name, size[0], size[1])
			check(t, ctx, name)
			if size[0] < size[1] {
				assert.GreaterOrEqual(t, smallest(t, ctx, "h1"), 32.0, "verdict, %s", name)
				least := 24.0
				if s.name == "four" {
					least = 20 // a name in a quarter of the screen
				}
				assert.GreaterOrEqual(t, smallest(t, ctx, ".head:not(.rest) .place"), least, "destination, %s", name)
				assert.GreaterOrEqual(t, smallest(t, ctx, "header p, time, .item, .qty, .who, .why, .of b, .complete, .saved, #clear, .tally"), 11.0, "words, %s", name)
			}
		}
	}
}

// smallest is the size in pixels of the smallest text among elements.
func smallest(t *testing.T, ctx context.Context, selector string) float64 {
	t.Helper()
	return ask[float64](t, ctx, fmt.Sprintf(`Math.min(999, ...[...document.querySelectorAll(%q)].filter(e => e.getBoundingClientRect().width > 0).map(e => parseFloat(getComputedStyle(e).fontSize)))`, selector))
}

func check(t *testing.T, ctx context.Context, name string) {
	t.Helper()
	picture(t, ctx, name)
	assert.Empty(t, ask[[]string](t, ctx, overflowing), "overflow, %s", name)
	assert.Empty(t, ask[[]string](t, ctx, outshone), "the rest is larger than a door, %s", name)
	assert.Empty(t, ask[[]string](t, ctx, collisions), "collision, %s", name)
}

// luminance and contrast are WCAG 2.2's.
const contrast = `(() => {
	const rgb = s => s.match(/[\d.]+/g).slice(0, 3).map(Number);
	const lum = c => { const [r, g, b] = c.map(v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126*r + 0.7152*g + 0.0722*b; };
	const ground = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor; if (!c.startsWith("rgba")) return rgb(c); } return [255, 255, 255]; };
	let worst = 99;
	for (const e of document.querySelectorAll("header *, main *, footer *")) {
		if (e.closest("svg") || !e.getBoundingClientRect().width || ![...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim())) continue;
		const [a, b] = [lum(rgb(getComputedStyle(e).color)), lum(ground(e))];
		worst = Math.min(worst, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05));
	}
	return worst;
})()`

// The look never rests on colour alone, and text keeps contrast AAA (7 to 1).
func TestVerdictsKeepTheirContrastShapeAndTone(t *testing.T) {
	ctx := browser(t, kiosk)
	twin := docktest.New()
	open(t, ctx, twin)
	tones := map[string]string{"allocated": "allocated", "split": "allocated", "long": "complete", "undo": "check", "many": "complete", "four": "allocated", "digit": "stop", "duplicate": "stop", "again": "check", "help": "check", "card": "stop"}
	shapes := map[string]string{}
	for i, s := range showings() {
		s.f.Seq, s.f.At = int64(i+1), time.Now()
		twin.Tell(s.f)
		until(t, ctx, fmt.Sprintf(`(document.body.dataset.after || "").endsWith(".%d")`, i+1))
		assert.GreaterOrEqual(t, ask[float64](t, ctx, contrast), 7.0, s.name)
		tone := tones[s.name]
		if tone == "" {
			tone = s.name
		}
		assert.Equal(t, tone, ask[string](t, ctx, `document.body.dataset.tone`))
		shapes[tone] = ask[string](t, ctx, `document.querySelector(".verdict svg").innerHTML`)
		assert.NotEmpty(t, ask[string](t, ctx, `document.getElementById("say").textContent`))
	}
	seen := map[string]string{}
	for tone, shape := range shapes {
		assert.Empty(t, seen[shape], "%s and %s look alike", tone, seen[shape])
		seen[shape] = tone
	}
}

// The typed Enter of a keyboard scanner must not put a STOP away.
func TestStopStandsUntilItIsCleared(t *testing.T) {
	ctx := browser(t, kiosk)
	twin := docktest.New()
	open(t, ctx, twin)
	tell := func(seq int64, v allocation.Verdict) {
		twin.Tell(dock.Feedback{Seq: seq, Station: "1", At: time.Now(), Verdict: v, SKU: "X", Qty: 1, Text: "reason"})
		until(t, ctx, fmt.Sprintf(`(document.body.dataset.after || "").endsWith(".%d")`, seq))
	}
	look := func() string { return ask[string](t, ctx, `document.body.dataset.look`) }
	twin.Tell(dock.Feedback{Seq: 1, Station: "1", At: time.Now(), Verdict: allocation.Stop, Why: allocation.WhyUnread, Text: "GTIN 1 ends in check digit 8, but 7 is expected"})
	until(t, ctx, `(document.body.dataset.after || "").endsWith(".1")`)
	assert.Contains(t, ask[string](t, ctx, `document.querySelector(".scan").textContent`), "WRONG CHECK DIGIT")
	do(t, ctx, chromedp.KeyEvent("\r"))
	do(t, ctx, chromedp.KeyEvent(" "))
	do(t, ctx, chromedp.Focus("#clear"))
	do(t, ctx, chromedp.KeyEvent("\r"))
	assert.Equal(t, "stop", look())
	until(t, ctx, `Number(document.body.dataset.tones) >= 3`) // the razz repeats

	tell(2, allocation.Check)
	assert.Equal(t, "check", look())
	assert.False(t, ask[bool](t, ctx, `document.getElementById("standing").hidden`), "the STOP still stands above")
	assert.Equal(t, "STOP not cleared (press Esc): WRONG CHECK DIGIT", ask[string](t, ctx, `document.getElementById("standing").textContent`))
	do(t, ctx, chromedp.KeyEvent("\x1b"))
	assert.True(t, ask[bool](t, ctx, `document.getElementById("standing").hidden`))

	tell(3, allocation.Stop)
	do(t, ctx, chromedp.Click("#clear"))
	assert.Equal(t, "idle", look())
	do(t, ctx, chromedp.Reload())
	until(t, ctx, `document.getElementById("bigclock").textContent !== ""`)
	require.Eventually(t, func() bool { return twin.Readers() == 1 }, 20*time.Second, 10*time.Millisecond)
	assert.Equal(t, "idle", look(), "cleared once, cleared after a reload")

	tell(4, allocation.Stop)
	tell(5, allocation.Stock)
	assert.Equal(t, "stock", look(), "a good scan clears")
	assert.True(t, ask[bool](t, ctx, `document.getElementById("standing").hidden`))
}

// A code that tries to be HTML is text on the screen, and nothing of it runs.
func TestBarcodeCannotBecomePage(t *testing.T) {
	ctx := browser(t, kiosk)
	twin := docktest.New()
	open(t, ctx, twin)
	evil := "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
	twin.Tell(dock.Feedback{
		Seq: 1, Station: "1", At: time.Now(), Verdict: allocation.Allocated, SKU: evil, Item: evil, Code: evil, Text: evil, Qty: 1,
		Blocks: []dock.Block{{Destination: evil, Qty: 1, Order: allocation.OrderID(evil), Line: "a/1", Customer: evil, Text: evil}},
	})
	until(t, ctx, `document.body.dataset.look === "allocated"`)
	assert.Zero(t, ask[int](t, ctx, `document.querySelectorAll("main img, main script, footer img").length`))
	assert.Contains(t, ask[string](t, ctx, `document.querySelector(".item").textContent`), "<script>")
	assert.NotEqual(t, "owned", ask[string](t, ctx, `document.title`))
}

// An agent that is gone must never look like one with nothing to say, and the
// page finds it again by itself and shows what it missed.
func TestPageSaysThatTheAgentIsGoneAndComesBack(t *testing.T) {
	ctx := browser(t, kiosk)
	twin := docktest.New()
	gate := &gate{next: dock.Handler(twin, dock.Options{Beat: 200 * time.Millisecond})}
	server := httptest.NewServer(gate)
	t.Cleanup(func() { server.CloseClientConnections(); server.Close() })
	do(t, ctx, chromedp.EmulateViewport(1280, 720))
	do(t, ctx, chromedp.Navigate(server.URL+"/?station=1"))
	until(t, ctx, `document.getElementById("facts").textContent.includes("owed")`)
	require.Eventually(t, func() bool { return twin.Readers() == 1 }, 10*time.Second, 20*time.Millisecond)
	gate.shut(true)
	server.CloseClientConnections()
	until(t, ctx, `!document.getElementById("lost").hidden`)
	picture(t, ctx, "lost-1280")
	twin.Tell(dock.Feedback{Seq: 7, Station: "1", At: time.Now(), Verdict: allocation.Stock, SKU: "X", Qty: 1})
	gate.shut(false)
	until(t, ctx, `document.getElementById("lost").hidden && document.body.dataset.look === "stock"`)
}

func TestDisplayShowsOfflineQuietlyAndTasks(t *testing.T) {
	ctx := browser(t, kiosk)
	twin := docktest.New()
	do(t, ctx, chromedp.EmulateViewport(1280, 720))
	do(t, ctx, chromedp.Navigate(serve(t, twin)+"/?station=1"))
	twin.Set(func(s *dock.Status, tasks *[]dock.Task, _ *dock.Balances) {
		s.Link, s.Head = dock.Link{Since: time.Now().Add(-12 * time.Minute), Problem: "broker name does not resolve"}, s.Stored+37
		*tasks = []dock.Task{{ID: 4, Kind: "PICK", SKU: "22423", Qty: 3, From: "A-04", To: "O1007/1", Text: "22423 from A-04 to DOOR 12"}}
	})
	until(t, ctx, `document.getElementById("strip").textContent.includes("Offline 12 min, 37 scans safe here")`)
	until(t, ctx, `document.getElementById("facts").textContent.includes("from A-04 to DOOR 12")`)
	check(t, ctx, "offline-1280")
	resize(t, ctx, 800, 600)
	check(t, ctx, "offline-800")
}

// A display must not invite scans that would be refused.
func TestDisplaySaysThatScansAreSetAside(t *testing.T) {
	ctx := browser(t, kiosk)
	twin := docktest.New()
	do(t, ctx, chromedp.EmulateViewport(1280, 720))
	open(t, ctx, twin)
	until(t, ctx, `document.getElementById("ready").textContent === "Ready to scan"`)
	twin.Set(func(s *dock.Status, _ *[]dock.Task, _ *dock.Balances) {
		s.State, s.Reason = "CAPTURE-ONLY", "This database is a copy. Call central operations."
	})
	until(t, ctx, `document.getElementById("ready").textContent === "Scans are set aside"`)
	assert.Contains(t, ask[string](t, ctx, `document.getElementById("facts").textContent`), "nothing is allocated: This database is a copy")
	check(t, ctx, "closed-1280")
	twin.Set(func(s *dock.Status, _ *[]dock.Task, _ *dock.Balances) { s.State = "ACTIVE" })
	until(t, ctx, `document.getElementById("ready").textContent === "Ready to scan"`)
}

// What was not counted stands there while something is amiss, too: it is then that
// people look.
func TestWhatWasNotCountedIsShownBesideATrouble(t *testing.T) {
	ctx := browser(t, kiosk)
	twin := docktest.New()
	do(t, ctx, chromedp.EmulateViewport(1280, 720))
	open(t, ctx, twin)
	twin.Set(func(s *dock.Status, _ *[]dock.Task, _ *dock.Balances) {
		s.Stations[0].State, s.Stations[0].Since = dock.StationSearching, time.Now().Add(-100*time.Second)
		s.Stations[0].Problem = "/dev/serial/by-id/usb-Honeywell_Scanner-if00: permission denied; give the agent's user the group that owns the port (dialout on most systems)"
		s.Held = []dock.Held{{Why: allocation.WhyUnknown, Units: 5, Codes: 2, Since: time.Now()}}
		s.Uncounted = []dock.Uncounted{{Station: s.Stations[0].ID, Records: 12, Since: time.Now()}}
	})
	until(t, ctx, `document.querySelector("#facts .trouble") !== null`)
	for _, screen := range [][2]int64{{360, 640}, {768, 1024}, {1280, 720}} {
		resize(t, ctx, screen[0], screen[1])
		assert.Contains(t, ask[string](t, ctx, `document.querySelector("#facts .trouble").textContent`), "dialout")
		assert.Contains(t, ask[string](t, ctx, `document.querySelector("#facts .aside").textContent`), "Set aside: 5 units of 2 unknown codes. Not counted: 12 records of the last upload")
		check(t, ctx, fmt.Sprintf("aside-trouble-%d", screen[0]))
	}
}

// What the scanner lacks is told to its end, also beside a verdict.
func TestNoticeOfTheScannerIsNotCut(t *testing.T) {
	ctx := browser(t, kiosk)
	twin := docktest.New()
	do(t, ctx, chromedp.EmulateViewport(1280, 720))
	open(t, ctx, twin)
	twin.Tell(showings()[0].f)
	const problem = "/dev/serial/by-id/usb-Honeywell_Scanner-if00: permission denied; give the agent's user the group that owns the port (dialout on most systems)"
	twin.Set(func(s *dock.Status, _ *[]dock.Task, _ *dock.Balances) {
		s.Stations[0].State, s.Stations[0].Since, s.Stations[0].Problem = dock.StationSearching, time.Now().Add(-100*time.Second), problem
	})
	const strip = `document.querySelector("#strip .trouble")`
	until(t, ctx, strip+` !== null`)
	for _, screen := range [][2]int64{{800, 600}, {1280, 720}, {1920, 1080}} {
		resize(t, ctx, screen[0], screen[1])
		until(t, ctx, strip+`.textContent.includes("(dialout on most systems)") && !cut(`+strip+`)`)
		assert.GreaterOrEqual(t, capHeight(t, ctx, "#strip .trouble"), 0.011, "%v: it can still be read", screen)
		check(t, ctx, fmt.Sprintf("trouble-%d", screen[0]))
	}
	assert.True(t, strings.HasPrefix(ask[string](t, ctx, strip+`.textContent`), "Scanner searching"))
}

// titled lists the cells of a card whose text begins below the end of its title.
const titled = `[...document.querySelectorAll("td[data-th]")].filter(td => {
	if (innerWidth > 700 || !td.textContent) return false;
	const ruler = document.createElement("canvas").getContext("2d"), text = document.createRange();
	ruler.font = getComputedStyle(td, "::before").font;
	text.selectNodeContents(td);
	return text.getBoundingClientRect().left < td.getBoundingClientRect().left + ruler.measureText(td.dataset.th).width;
}).map(td => td.dataset.th)`

func TestSitePageFitsAndClosesTasks(t *testing.T) {
	ctx := browser(t, kiosk)
	twin := docktest.New()
	twin.Set(func(s *dock.Status, tasks *[]dock.Task, _ *dock.Balances) {
		s.Stored, s.OldestUnsent = 1180, time.Now().Add(-3*time.Minute)
		s.Link = dock.Link{Since: time.Now().Add(-3 * time.Minute), Problem: "broker name does not resolve"}
		*tasks = []dock.Task{{ID: 4, Kind: "PICK", SKU: "22423", Qty: 3, From: "A-04", To: "O1007/1", Since: time.Now(), Text: "a right came from the centre"}}
		s.Held = []dock.Held{{Why: allocation.WhyUnknown, Units: 1, Codes: 1, Since: time.Now()}, {Why: allocation.WhyDamaged, Units: 1_000_000, Codes: 12, Since: time.Now()}}
	})
	twin.Keep(dock.Kept{Code: strings.Repeat("W", 300), Why: allocation.WhyUnknown, Units: 1, Scans: 1, Since: time.Now()})
	for i, s := range showings() {
		s.f.Seq = int64(i + 1)
		twin.Tell(s.f)
	}
	do(t, ctx, chromedp.EmulateViewport(1280, 1100))
	do(t, ctx, chromedp.Navigate(serve(t, twin)+"/site"))
	picture(t, ctx, "site-1280")
	text := ask[string](t, ctx, `document.body.innerText`)
	assert.Contains(t, text, "Offline 3 min. 1,204 saved here, 1,180 confirmed, 24 waiting 3 min: broker name does not resolve")
	assert.Empty(t, ask[[]string](t, ctx, `[...document.querySelectorAll(".k")].filter(e => {
		const range = document.createRange();
		range.selectNodeContents(e);
		return new Set([...range.getClientRects()].map(r => r.top)).size > 1;
	}).map(e => e.textContent)`), "names of goods and places that are broken in two")
	assert.False(t, ask[bool](t, ctx, `document.documentElement.scrollWidth > innerWidth`))
	assert.True(t, ask[bool](t, ctx, `document.querySelector(".scans td.why").offsetWidth > 1.5 * document.querySelector(".scans td.code").offsetWidth`), "the reason has the room")
	assert.Empty(t, ask[[]string](t, ctx, `[...document.querySelectorAll("section, .table")].filter(e => e.scrollWidth > e.clientWidth + 1).map(e => e.closest("section").querySelector("h2").textContent)`), "tables that are cut at the side")
	for _, width := range []int64{360, 390, 1024} {
		resize(t, ctx, width, 740)
		picture(t, ctx, fmt.Sprintf("site-%d", width))
		_ = ask[bool](t, ctx, `(document.querySelector(".scans").scrollIntoView(), true)`)
		picture(t, ctx, fmt.Sprintf("site-scans-%d", width))
		assert.Empty(t, ask[[]string](t, ctx, titled), "titles on their own text at %d", width)
		assert.Empty(t, ask[[]string](t, ctx, `[document.documentElement, ...document.querySelectorAll(".table, td, dd")]
			.filter(e => e.scrollWidth > e.clientWidth + 1 && !(innerWidth > 700 && e.matches(".table"))).map(e => e.tagName + " " + e.textContent)`), "cut at %d", width)
	}
	do(t, ctx, chromedp.EmulateViewport(1280, 1100))
	do(t, ctx, chromedp.Click("#done4"))
	until(t, ctx, `document.body.innerText.includes("Nothing to do.")`)
	assert.False(t, strings.Contains(ask[string](t, ctx, `document.body.innerText`), "PICK 4"))
}

// A worker who hears nothing must at least see that he cannot hear.
func TestBlockedSoundIsSaidUntilAKeyIsPressed(t *testing.T) {
	ctx := browser(t, "document-user-activation-required")
	twin := docktest.New()
	do(t, ctx, chromedp.EmulateViewport(1280, 720))
	open(t, ctx, twin)
	until(t, ctx, `!document.getElementById("muted").hidden`)
	for i, s := range showings() {
		if s.name != "allocated" && s.name != "split" && s.name != "stop" {
			continue
		}
		s.f.Seq, s.f.At = int64(i+1), time.Now()
		twin.Tell(s.f)
		until(t, ctx, fmt.Sprintf(`(document.body.dataset.after || "").endsWith(".%d")`, i+1))
		for _, screen := range [][2]int64{{1280, 800}, {390, 844}, {800, 600}} {
			resize(t, ctx, screen[0], screen[1])
			check(t, ctx, fmt.Sprintf("muted-%s-%d", s.name, screen[0]))
			assert.False(t, ask[bool](t, ctx, `document.getElementById("muted").hidden`))
		}
	}
	do(t, ctx, chromedp.KeyEvent("a"))
	until(t, ctx, `document.getElementById("muted").hidden`)
}

// gate lets a test take a server away without its port.
type gate struct {
	next   http.Handler
	closed atomic.Bool
}

func (g *gate) shut(closed bool) { g.closed.Store(closed) }

func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if g.closed.Load() {
		panic(http.ErrAbortHandler)
	}
	g.next.ServeHTTP(w, r)
}

// On a phone a short place stays one name: "A-12-" above "03" would be read as
// two. A long one is torn, for it would be too small.
func TestAShortPlaceIsNotTornOnAPhone(t *testing.T) {
	ctx := browser(t, kiosk)
	do(t, ctx, chromedp.EmulateViewport(390, 844))
	twin := docktest.New()
	open(t, ctx, twin)
	away := func(place string) dock.Block { return dock.Block{Destination: place, Qty: 6} }
	door := dock.Block{Destination: "12", Qty: 6, Order: "O1007", Line: "O1007/1", Filled: 15, Wanted: 20}
	for i, c := range []struct {
		blocks []dock.Block
		shown  []string
	}{
		{[]dock.Block{away("A-12-03")}, []string{"A-12-03"}},
		{[]dock.Block{away("A/12/03")}, []string{"A/12/03"}},
		{[]dock.Block{away("BAY A-12-03")}, []string{"BAY", "A-12-03"}},
		{[]dock.Block{away("DOCK A-12-03-X")}, []string{"DOCK", "A-12-03-X"}},
		{[]dock.Block{door, away("A-12-03")}, []string{"12", "A-12-03"}},
		{[]dock.Block{away("COLD-STORE-WEST-12-03")}, nil}, // where it is torn depends on the letters
	} {
		f := dock.Feedback{Seq: int64(i + 1), Station: "1", At: time.Now(), Verdict: allocation.Stock, Why: allocation.WhyNoDemand, SKU: "22423", Qty: 12,
			Item: "REGENCY CAKESTAND 3 TIER", Text: "no order waits for it: put it away", Blocks: c.blocks}
		if len(c.blocks) > 1 {
			f.Verdict, f.Why = allocation.Allocated, allocation.WhyRanked
		}
		twin.Tell(f)
		until(t, ctx, fmt.Sprintf(`document.querySelector(".scan") && document.querySelector(".scan").dataset.key.endsWith(".%d")`, f.Seq))
		check(t, ctx, fmt.Sprintf("phone-%d", f.Seq))
		shown := ask[[]string](t, ctx, `[...document.querySelectorAll(".place > span")].map(s => s.textContent)`)
		if c.shown == nil {
			assert.Greater(t, len(shown), 1)
		} else {
			assert.Equal(t, c.shown, shown)
		}
		broken := `[...document.querySelectorAll(".place > span")].filter(s => s.getClientRects().length > 1 || s.scrollWidth > s.clientWidth + 2).map(s => s.textContent)`
		assert.Empty(t, ask[[]string](t, ctx, broken))
	}
}
