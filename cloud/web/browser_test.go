package web

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// shots names a folder for screenshots, such as those in the documentation;
// the theme of the browser is light.
const shots = "DOCKFILL_SCREENSHOTS"

// browser opens a tab in a headless chromium and gathers what its console
// complains of; without one on the machine the test is skipped.
func browser(t *testing.T) (ctx context.Context, complaints func() []string) {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("no chromium on this machine: the page is not looked at")
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.Headless, chromedp.NoSandbox,
		chromedp.DisableGPU, chromedp.NoFirstRun, chromedp.Flag("disable-background-networking", true))
	alloc, end := chromedp.NewExecAllocator(context.Background(), opts...)
	t.Cleanup(end)
	ctx, cancel := context.WithTimeout(alloc, 90*time.Second)
	t.Cleanup(cancel)
	ctx, closeTab := chromedp.NewContext(ctx)
	t.Cleanup(closeTab)
	var mu sync.Mutex
	var told []string
	require.NoError(t, chromedp.Do(ctx))
	console := chromedp.Console(ctx)
	go func() {
		for m, err := range console {
			if err != nil {
				return
			}
			mu.Lock()
			told = append(told, m.String())
			mu.Unlock()
		}
	}()
	return ctx, func() []string {
		mu.Lock()
		defer mu.Unlock()
		return append([]string(nil), told...)
	}
}

func shoot(t *testing.T, ctx context.Context, name string, width, height int64) {
	t.Helper()
	dir := os.Getenv(shots)
	if dir == "" {
		return
	}
	require.NoError(t, chromedp.Do(ctx, chromedp.EmulateViewport(width, height)))
	png, err := chromedp.Run(ctx, chromedp.CaptureScreenshot())
	require.NoError(t, err)
	require.NoError(t, os.MkdirAll(dir, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644))
}

// until waits for a condition of the page, which may load anew meanwhile.
func until(t *testing.T, ctx context.Context, condition string) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); ; {
		_, err := chromedp.Run(ctx, chromedp.Poll[bool](condition, chromedp.WithPollingTimeout(5*time.Second)))
		if err == nil {
			return
		}
		require.True(t, time.Now().Before(end), "%s: %v", condition, err)
	}
}

var widths = map[string][2]int64{"360": {360, 740}, "390": {390, 844}, "840": {840, 900}, "920": {920, 900}, "1100": {1100, 900}, "1240": {1240, 900}, "1280": {1280, 900}, "1440": {1440, 900}, "1920": {1920, 1080}}

func TestPageFitsEveryScreen(t *testing.T) {
	for name, data := range map[string]*twin{"centre": busy(), "long": long()} {
		t.Run(name, func(t *testing.T) { fits(t, name, data) })
	}
}

func fits(t *testing.T, what string, data *twin) {
	at := serve(t, data)
	ctx, complaints := browser(t)
	for name, size := range widths {
		require.NoError(t, chromedp.Do(ctx, chromedp.EmulateViewport(size[0], size[1]), chromedp.Navigate(at+"/")))
		until(t, ctx, `document.getElementById("link").dataset.state === "live"`)
		_, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`document.querySelector("#aside details").open = true`))
		require.NoError(t, err)
		wide, err := chromedp.Run(ctx, chromedp.Evaluate[int64](`document.documentElement.scrollWidth`))
		require.NoError(t, err)
		assert.LessOrEqual(t, wide, size[0], "nothing is cut off to the right at %s", name)
		over, err := chromedp.Run(ctx, chromedp.Evaluate[string](overflowing))
		require.NoError(t, err)
		assert.Empty(t, over, "no text runs out of its box at %s", name)
		shoot(t, ctx, what+"-"+name, size[0], size[1])
	}
	assert.Empty(t, complaints())
}

// overflowing names the elements whose content is wider than they are.
const overflowing = `[...document.querySelectorAll("td, th, dd, dt, p, h1, h2, button, .button, label, li")]
	.filter((e) => e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).display !== "inline")
	.map((e) => e.tagName + "." + e.className + ": " + e.textContent.trim().slice(0, 40)).join("\n")`

func TestPageMovesWhenUnitsAreAllocated(t *testing.T) {
	data := busy()
	at := serve(t, data)
	ctx, complaints := browser(t)
	require.NoError(t, chromedp.Do(ctx, chromedp.EmulateViewport(1280, 800), chromedp.Navigate(at+"/")))
	until(t, ctx, `document.getElementById("link").dataset.state === "live"`)
	got := data.allocate("leeds", 2)
	until(t, ctx, fmt.Sprintf(`document.querySelector("#live li.new")?.textContent.includes(%q)`, got.Line))
	until(t, ctx, `document.getElementById("total-scanned").textContent === "18,736"`)
	until(t, ctx, fmt.Sprintf(`document.querySelector('[data-line=%q] .of').textContent === "%d of %d"`, got.Line, got.Open, got.Ordered))
	shoot(t, ctx, "centre-live", 1280, 800)

	require.NoError(t, chromedp.Do(ctx, chromedp.Click("#pause")))
	before, err := chromedp.Run(ctx, chromedp.Text("#live"))
	require.NoError(t, err)
	data.allocate("leeds", 1)
	until(t, ctx, `document.getElementById("pause").textContent === "Go on (1 new)"`)
	after, err := chromedp.Run(ctx, chromedp.Text("#live"))
	require.NoError(t, err)
	assert.Equal(t, before, after, "the list stands still while paused")
	require.NoError(t, chromedp.Do(ctx, chromedp.Click("#pause")))
	until(t, ctx, `document.querySelectorAll("#live li.new").length === 1`)
	assert.Empty(t, complaints())
}

func TestSearchSortAndPagesWorkInPlace(t *testing.T) {
	at := serve(t, busy())
	ctx, complaints := browser(t)
	require.NoError(t, chromedp.Do(ctx, chromedp.EmulateViewport(1280, 800), chromedp.Navigate(at+"/")))
	require.NoError(t, chromedp.Do(ctx, chromedp.SendKeys("input[name=q]", "fenwick")))
	until(t, ctx, `[...document.querySelectorAll(".lines .who b")].every((e) => e.textContent.startsWith("Fenwick")) && location.search === "?q=fenwick"`)
	shoot(t, ctx, "centre-search", 1280, 800)
	require.NoError(t, chromedp.Do(ctx, chromedp.Click(".lines th.open a")))
	until(t, ctx, `document.querySelector("th.open").getAttribute("aria-sort") === "ascending" && location.search.includes("sort=open")`)
	require.NoError(t, chromedp.Do(ctx, chromedp.Navigate(at+"/"), chromedp.Click("a[rel=next]")))
	until(t, ctx, `document.getElementById("count").textContent === "Lines 51–100 of 200" && location.search === "?page=2"`)
	assert.Empty(t, complaints())
}

func TestEmptyAndBrokenCentreAreHonest(t *testing.T) {
	data := newTwin()
	at := serve(t, data)
	ctx, complaints := browser(t)
	require.NoError(t, chromedp.Do(ctx, chromedp.EmulateViewport(1280, 800), chromedp.Navigate(at+"/")))
	until(t, ctx, `document.getElementById("link").dataset.state === "live"`)
	shoot(t, ctx, "centre-empty", 1280, 800)
	shoot(t, ctx, "centre-empty-390", 390, 844)
	full := busy()
	data.commit(func() { data.lines, data.sites, data.totals = full.lines, full.sites, full.totals })
	until(t, ctx, `document.querySelectorAll(".lines tbody tr").length === 50`)
	assert.Empty(t, complaints())

	data.commit(func() { data.broken = fmt.Errorf("database is locked") })
	until(t, ctx, `document.getElementById("link").textContent.includes("does not answer")`)
	require.NoError(t, chromedp.Do(ctx, chromedp.Navigate(at+"/")))
	text, err := chromedp.Run(ctx, chromedp.Text("main"))
	require.NoError(t, err)
	assert.Contains(t, text, "Scans at the sites are safe")
	shoot(t, ctx, "centre-broken", 1280, 800)
}
