package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// say runs one command line.
func say(t *testing.T, args ...string) (code int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	code = execute(t.Context(), args, strings.NewReader(""), &o, &e)
	return code, o.String(), e.String()
}

// serving runs a centre until the test ends, and gives its address. Its exit
// status is checked.
func serving(t *testing.T) string {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	r, w := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		code := execute(ctx, []string{"serve", "--http", "127.0.0.1:0", "--broker-listen", "127.0.0.1:0", "--data", t.TempDir()}, nil, w, io.Discard)
		w.Close()
		ended <- code
	}()
	t.Cleanup(func() {
		stop()
		assert.Equal(t, exitGood, <-ended, "a centre that is told to stop has not failed")
	})
	lines := bufio.NewScanner(r)
	require.True(t, lines.Scan())
	server, ok := strings.CutPrefix(lines.Text(), "http ")
	require.True(t, ok, lines.Text())
	require.True(t, lines.Scan())
	require.True(t, strings.HasPrefix(lines.Text(), "broker tcp://127.0.0.1:"), lines.Text())
	return server
}

func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

const orderHead = "order,version,site,customer,customer_name,tier,contract,class,override,accepted,promised,requested,door,line,sku,qty\n"

const twoOrders = orderHead +
	"SO-1,1,leeds,C1,Marlow,1,0,win,0,2026-11-01T08:00:00Z,2026-11-20,,12,1,X,3\n" +
	"SO-1,1,leeds,C1,Marlow,1,0,win,0,2026-11-01T08:00:00Z,2026-11-20,,12,2,Y,4\n" +
	"SO-2,1,hull,C2,Fenwick,0,0,,0,2026-11-02T08:00:00Z,,,,1,X,5\n"

func TestFilesOfEveryKindAreImportedAndCounted(t *testing.T) {
	server := serving(t)
	code, out, errs := say(t, "import", "items", file(t, "items.csv", "sku,description,putaway,gtin,pack_qty\nX,Party bunting,A-04,4006381333931,1\nY,Lunch bag,A-05,,\n"), "--server", server)
	require.Equal(t, exitGood, code, errs)
	assert.Regexp(t, `^items: 2 rows in .*: 2 new, 0 changed, 0 as before\n$`, out)

	orders := file(t, "orders.csv", twoOrders)
	code, out, errs = say(t, "import", "orders", orders, "--server", server)
	require.Equal(t, exitGood, code, errs)
	assert.NotContains(t, errs, "no item")
	assert.Regexp(t, `^orders: 3 rows in .*: 2 new, 0 changed, 0 as before\n$`, out)
	_, out, _ = say(t, "import", "orders", orders, "--server", server)
	assert.Contains(t, out, "0 new, 0 changed, 2 as before", "the same file again changes nothing")

	code, _, errs = say(t, "import", "inbound", file(t, "inbound.json", `{"id":"PO1","version":1,"site":"leeds","lines":[{"sku":"X","qty":10}]}`), "--server", server)
	require.Equal(t, exitGood, code, errs)

	code, out, _ = say(t, "totals", "--server", server)
	require.Equal(t, exitGood, code)
	assert.Equal(t, "   3 lines imported\n   0 units scanned\n   0 units allocated\n   0 orders completed\n  12 open units\n", out)
	_, out, _ = say(t, "totals", "--json", "--server", server)
	var v map[string]int64
	require.NoError(t, json.Unmarshal([]byte(out), &v))
	assert.EqualValues(t, 12, v["open_units"])
	assert.EqualValues(t, 1, v["schema"])

	code, out, _ = say(t, "site", "list", "--server", server)
	require.Equal(t, exitGood, code)
	assert.Contains(t, out, "hull   EXPECTED  never")
}

func TestLinesWithoutAnItemAreTakenAndTold(t *testing.T) {
	server := serving(t)
	_, _, errs := say(t, "import", "items", file(t, "items.csv", "sku\nY\n"), "--server", server)
	assert.NotContains(t, errs, "no item")
	orders := file(t, "orders.csv", twoOrders)
	code, _, errs := say(t, "import", "orders", orders, "--server", server)
	assert.Equal(t, exitGood, code, "orders may come before their items")
	assert.Contains(t, errs, "2 lines name a SKU that no item describes: X; import the items, or correct the orders")
	_, out, _ := say(t, "import", "orders", orders, "--json", "--server", server)
	var v outcomeJSON
	require.NoError(t, json.Unmarshal([]byte(out), &v), out)
	assert.Equal(t, 2, v.NoItem)
	assert.Equal(t, []string{"X"}, v.NoItemSKUs)
}

func TestOtherContentInTheSameVersionIsTold(t *testing.T) {
	server := serving(t)
	say(t, "import", "orders", file(t, "orders.csv", twoOrders), "--server", server)
	other := file(t, "orders.csv", strings.Replace(twoOrders, ",X,5", ",X,6", 1))
	code, out, errs := say(t, "import", "orders", other, "--server", server)
	assert.Equal(t, exitDegraded, code, "somebody should look")
	assert.Contains(t, out, "0 new, 0 changed, 1 as before, 1 with other content under a version that is here already")
	assert.Contains(t, errs, "1 record of orders with other content under a version that is here already: SO-2; what is here was kept: raise the version")
	_, out, _ = say(t, "import", "orders", other, "--json", "--server", server)
	var v outcomeJSON
	require.NoError(t, json.Unmarshal([]byte(out), &v), out)
	assert.Equal(t, []int{1, 1}, []int{v.Same, v.Other})
	assert.Equal(t, []string{"SO-2"}, v.OtherIDs)
}

func TestSitesAndSKUsThatNobodyKnowsAreTold(t *testing.T) {
	server := serving(t)
	orders := file(t, "orders.csv", twoOrders)
	code, _, errs := say(t, "import", "orders", orders, "--server", server)
	assert.Equal(t, exitGood, code, "orders may come before their site")
	assert.Contains(t, errs, "2 sites are named for the first time: hull, leeds; start an agent there, or correct the orders")
	_, _, errs = say(t, "import", "orders", orders, "--server", server)
	assert.NotContains(t, errs, "for the first time")

	supply := file(t, "inbound.csv", "inbound,version,site,sku,qty,sscc\nPO1,1,york,X,10,\nPO1,1,york,X,4,106141411234567897\n")
	code, _, errs = say(t, "import", "inbound", supply, "--server", server)
	assert.Equal(t, exitGood, code, errs)
	assert.Contains(t, errs, "2 lines name a SKU that no item describes: X; import the items, or correct the inbound")
	assert.Contains(t, errs, "1 site is named for the first time: york; start an agent there, or correct the inbound")
}

func TestRejectedFileLeavesNothingBehind(t *testing.T) {
	server := serving(t)
	bad := file(t, "orders.csv", strings.Replace(twoOrders, ",X,5", ",X,five", 1))
	code, out, errs := say(t, "import", "orders", bad, "--server", server)
	assert.Equal(t, exitFailed, code)
	assert.Empty(t, out)
	assert.Contains(t, errs, bad+":4: qty: ")
	assert.Contains(t, errs, "nothing was imported: 1 fault in 1 of 3 rows")
	assert.Contains(t, errs, "--skip-bad")
	_, out, _ = say(t, "totals", "--server", server)
	assert.Contains(t, out, "0 lines imported")

	code, out, errs = say(t, "import", "orders", bad, "--skip-bad", "--server", server)
	assert.Equal(t, exitDegraded, code, "rows were left out: somebody should look")
	assert.Contains(t, out, "1 new, 0 changed, 0 as before, 1 bad row; 1 row of 1 record left out")
	assert.Contains(t, errs, bad+":4: qty: ", "what is left out is told")
}

// What only the centre can know is wrong is told at its line too.
func TestARefusalOfTheCentreNamesTheLine(t *testing.T) {
	server := serving(t)
	say(t, "import", "items", file(t, "x.csv", "sku,gtin\nX,4006381333931\n"), "--server", server)
	taken := file(t, "z.csv", "sku,gtin\nY,\nZ,4006381333931\n")
	code, _, errs := say(t, "import", "items", taken, "--server", server)
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, errs, taken+":3: sku: item Z: GTIN 04006381333931 belongs to item X")
	code, _, errs = say(t, "import", "items", taken, "--skip-bad", "--server", server)
	assert.Equal(t, exitDegraded, code)
	assert.Contains(t, errs, taken+":3: sku: item Z: ")
}

// A bad row takes the good rows of its record along, and whoever left them out
// must learn how many.
func TestRowsLeftOutWithTheirRecordAreCounted(t *testing.T) {
	server := serving(t)
	bad := file(t, "orders.csv", strings.Replace(twoOrders, ",Y,4", ",Y,four", 1))
	_, out, _ := say(t, "import", "orders", bad, "--skip-bad", "--server", server)
	assert.Contains(t, out, "1 bad row; 2 rows of 1 record left out")
	_, out, _ = say(t, "import", "orders", bad, "--skip-bad", "--json", "--server", server)
	var v outcomeJSON
	require.NoError(t, json.Unmarshal([]byte(out), &v), out)
	assert.Equal(t, []int{1, 2, 1}, []int{v.Bad, v.LeftOutRows, v.LeftOutRecords})

	items := file(t, "items.csv", "sku,gtin\nX,4006381333931\nY,4006381333931\nY,5400141288766\n")
	_, out, errs := say(t, "import", "items", items, "--skip-bad", "--server", server)
	assert.Contains(t, out, "0 bad rows; 2 rows of 1 record left out", errs)
}

func TestSkippingIsNotAdvisedWhereQuotesAreBroken(t *testing.T) {
	broken := file(t, "orders.csv", strings.Replace(twoOrders, "Marlow", "Mar\"low", 1))
	for _, flag := range []string{"--json", "--skip-bad"} {
		_, _, errs := say(t, "import", "orders", broken, flag, "--server", "http://127.0.0.1:1")
		assert.Contains(t, errs, "Mend the file: with its quotes broken")
		assert.NotContains(t, errs, "--skip-bad")
	}
}

// A program that reads the outcome must not meet silence when it failed.
func TestAFailedImportIsToldAsJSON(t *testing.T) {
	server := serving(t)
	told := func(kind, name, text string) (v failureJSON) {
		code, out, errs := say(t, "import", kind, file(t, name, text), "--json", "--server", server)
		assert.Equal(t, exitFailed, code)
		assert.NotEmpty(t, errs)
		require.NoError(t, json.Unmarshal([]byte(out), &v), out)
		assert.Equal(t, schema, v.Schema)
		assert.NotEmpty(t, v.Error)
		require.Len(t, v.Faults, 1)
		assert.Contains(t, v.Faults[0].File, name)
		return v
	}
	v := told("orders", "orders.csv", strings.Replace(twoOrders, ",X,5", ",X,five", 1))
	assert.Equal(t, []int{3, 1, 1}, []int{v.Rows, v.Bad, v.Count})
	assert.Equal(t, 4, v.Faults[0].Line)
	assert.Equal(t, "qty", v.Faults[0].Column)
	assert.Equal(t, `"five" is not a whole number`, v.Faults[0].Reason)

	v = told("orders", "head.csv", "order,sites\n")
	assert.Equal(t, 1, v.Faults[0].Line)
	assert.Contains(t, v.Faults[0].Reason, "did you mean site?")

	v = told("items", "items.csv", "sku,gtin\nX,4006381333931\nY,4006381333931\n")
	assert.Equal(t, "item Y", v.Faults[0].Record)
	assert.Contains(t, v.Faults[0].Reason, "belongs to item X")

	code, out, _ := say(t, "import", "orders", "no-such-file.csv", "--json")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, out, "no-such-file.csv")
}

func TestControlCharactersOfAFileDoNotReachTheTerminal(t *testing.T) {
	_, _, errs := say(t, "import", "orders", file(t, "orders.csv", strings.Replace(twoOrders, "SO-2", "SO\x1b[31m2", 1)), "--server", "http://127.0.0.1:1")
	assert.NotContains(t, errs, "\x1b")
	assert.Contains(t, errs, `\x1b`)
}

func TestWrongCommandLineSaysWhatToDo(t *testing.T) {
	for line, want := range map[string]string{
		"bogus":                "unexpected argument bogus",
		"import":               `expected "<kind> <file>"`,
		"import pallets x.csv": `must be one of "orders","items","inbound"`,
		"serve --htp :1":       `did you mean one of`,
		"serve --broker tcp://h:1 --broker-listen :1": "can't be used together",
		"serve --broker-user x":                       "give its address with --broker",
		"serve --log-level loud":                      `must be one of "debug"`,
		"serve --database mysql://u:hunter2@h/d":      "takes PostgreSQL alone, as postgres://",
		"totals --server ftp://x":                     "one looks like http://127.0.0.1:8080",
	} {
		code, out, errs := say(t, strings.Fields(line)...)
		assert.Equal(t, exitUsage, code, line)
		assert.Empty(t, out, line)
		assert.Contains(t, errs, want, line)
		assert.NotContains(t, errs, "hunter2")
		assert.Contains(t, errs, `--help" to see what can be said`, line)
	}
}

func TestWhatFailsSaysWhatToDo(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	code, out, errs := say(t, "serve", "--data", t.TempDir(), "--broker-listen", "127.0.0.1:0", "--http", taken.Addr().String())
	assert.Equal(t, exitFailed, code)
	assert.Empty(t, out, "no address is printed that nobody serves")
	assert.Contains(t, errs, "choose another address with --http")

	code, _, errs = say(t, "totals", "--server", "http://127.0.0.1:1")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, errs, `start "dockfill-cloud serve"`)
	code, _, errs = say(t, "import", "orders", "no-such-file.csv")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, errs, "no-such-file.csv")
}

// Whoever leaves bad records out, and has nothing else, must not believe that
// something was imported.
func TestAFileWithoutAGoodRecordSaysWhy(t *testing.T) {
	for content, want := range map[string]string{
		"sku,gtin\nA,400638133393x\n": "no record of FILE is good; mend the file",
		"sku,gtin\n":                  "FILE holds no items at all",
		"[]":                          "FILE holds no items at all",
	} {
		name := filepath.Join(t.TempDir(), "file")
		require.NoError(t, os.WriteFile(name, []byte(content), 0o600))
		code, out, errs := say(t, "import", "items", name, "--skip-bad")
		assert.Equal(t, exitFailed, code)
		assert.Empty(t, out)
		assert.Contains(t, errs, "nothing was imported: "+strings.Replace(want, "FILE", name, 1))
	}
}

// A misspelt variable would do nothing, and nobody would notice.
func TestAVariableThatIsNotKnownIsRefusedWithTheNearestOne(t *testing.T) {
	for name, want := range map[string]string{
		"DOCKFILL_CLOUD_DATABSE": "did you mean DOCKFILL_CLOUD_DATABASE?",
		"DOCKFILL_DATABASE":      "did you mean DOCKFILL_CLOUD_DATABASE?",
		"DOCKFILL_CLOUD_JSON":    "DOCKFILL_CLOUD_JSON, which is not known",
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(name, "x")
			code, _, errs := say(t, "version")
			assert.Equal(t, exitUsage, code)
			assert.Contains(t, errs, want)
		})
	}
	for _, others := range []string{"DOCKFILL_SITE", "DOCKFILL_DATA", "DOCKFILL_STATION_1_PORT", "DOCKFILL_CLOUD_DATA"} {
		t.Setenv(others, "x")
	}
	code, _, errs := say(t, "version")
	assert.Equal(t, exitGood, code, errs)
}

func TestHelpAndVersionAreForStrangers(t *testing.T) {
	code, out, _ := say(t)
	assert.Equal(t, exitGood, code)
	for _, want := range []string{"serve", "import", "totals", "site list", "version", "Exit status: 0 good"} {
		assert.Contains(t, out, want)
	}
	_, out, _ = say(t, "serve", "--help")
	assert.Contains(t, out, "$DOCKFILL_CLOUD_BROKER_LISTEN")
	_, out, _ = say(t, "import", "--help")
	assert.Contains(t, out, "inbound, version, site, supplier, expected, sku, qty, sscc")
	code, out, _ = say(t, "version")
	assert.Equal(t, exitGood, code)
	assert.True(t, strings.HasPrefix(out, "dockfill-cloud "), out)
}

func TestTheLogWritesDurationsWithTheirUnit(t *testing.T) {
	var b bytes.Buffer
	newLog(&b, slog.LevelInfo).Info("x", "wait", 1391*time.Millisecond)
	assert.Contains(t, b.String(), `"wait":"1.391s"`)
}

func TestAPolicyIsActivatedAndShown(t *testing.T) {
	server := serving(t)
	good := file(t, "good.toml", "version = \"2027-04\"\nshare = \"fair\"\n[[guarantee]]\nsegment = \"web\"\nqty = 4\n")
	code, out, errs := say(t, "policy", "activate", good, "--server", server)
	require.Equal(t, exitGood, code, errs)
	assert.Equal(t, "policy 2027-04 is in force\n  no site is known yet: each has it from its first call on\n", out)
	_, out, _ = say(t, "policy", "activate", good, "--server", server)
	assert.Contains(t, out, "policy 2027-04 is in force already\n")

	code, out, errs = say(t, "policy", "show", "--server", server)
	require.Equal(t, exitGood, code, errs)
	assert.Contains(t, out, "share = 'fair'")
	code, _, errs = say(t, "policy", "activate", file(t, "shown.toml", out), "--server", server)
	assert.Equal(t, exitGood, code, "what was shown can be put in force: %s", errs)
	_, out, _ = say(t, "policy", "show", "--json", "--server", server)
	var v struct {
		Schema  int
		Version string
	}
	require.NoError(t, json.Unmarshal([]byte(out), &v))
	assert.Equal(t, 1, v.Schema)
	assert.Equal(t, "2027-04", v.Version)

	bad := file(t, "bad.toml", "version = \"v\"\nshares = \"fair\"\n")
	code, out, errs = say(t, "policy", "activate", bad, "--server", server)
	assert.Equal(t, exitUsage, code)
	assert.Empty(t, out)
	assert.Contains(t, errs, `bad.toml: line 2, column 1: "shares" is no key of a policy`)
	assert.Contains(t, errs, "bad.toml has 1 fault: the policy in force stays.")
	code, _, errs = say(t, "policy", "activate", file(t, "other.toml", "version = \"2027-04\"\n"), "--server", server)
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, errs, `Nothing was changed: policy "2027-04" is known with other rules`)
	code, _, errs = say(t, "policy", "activate", "nowhere.toml", "--server", server)
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, errs, "nowhere.toml cannot be read: no such file or directory")
}

func TestAPolicyIsCheckedWithoutACentre(t *testing.T) {
	good := file(t, "good.toml", "version = \"v\"\n")
	code, out, errs := say(t, "policy", "check", good)
	assert.Equal(t, exitGood, code, errs)
	assert.Equal(t, good+" is good: policy v ranks by override, class, contract, tier, promised, accepted, order, line; share sequence, gate_mode hold, over_receipt_pct 0, stage_at_beep false.\n", out)
	bad := file(t, "bad.toml", "version = 7\nshares = \"fair\"\n")
	code, out, errs = say(t, "policy", "check", bad)
	assert.Equal(t, exitUsage, code)
	assert.Empty(t, out)
	assert.Contains(t, errs, bad+": line 1, column 11: version is a text in quotes\n"+bad+`: line 2, column 1: "shares" is no key of a policy (did you mean share?)`)
	assert.Contains(t, errs, bad+" has 2 faults.\n")
	code, out, _ = say(t, "policy", "check", "--json", bad)
	assert.Equal(t, exitUsage, code)
	assert.Contains(t, out, `"good":false,"faults":[{"line":1,"column":11,"message":"version is a text in quotes"}`)
	code, _, errs = say(t, "policy", "check", "nowhere.toml")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, errs, "nowhere.toml cannot be read: no such file or directory")
	code, _, _ = say(t, "policy", "set", good)
	assert.Equal(t, exitUsage, code)
}

// Whoever puts a policy in force is told who allocates by it and who does not yet.
func TestItIsToldWhichSitesHaveAPolicy(t *testing.T) {
	var looks atomic.Int64
	centre := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut {
			_, _ = fmt.Fprint(w, `{"version":"v","changed":true}`)
			return
		}
		_, _ = fmt.Fprintf(w, `{"sites": [{"site":"bath","state":"ACTIVE","behind":2,"last_seen":"2026-11-23T09:30:00Z"}, {"site":"leeds","state":"ACTIVE","current":true,"behind":%d},
			{"site":"wells","state":"FENCED","fenced_text":"it forked"}, {"site":"york","state":"EXPECTED"}]}`, max(0, 2-looks.Add(1)))
	}))
	t.Cleanup(centre.Close)
	good := file(t, "good.toml", "version = \"v\"\n")
	code, out, errs := say(t, "policy", "activate", good, "--server", centre.URL)
	assert.Equal(t, exitGood, code, errs)
	assert.EqualValues(t, 2, looks.Load(), "leeds is there: it is waited for")
	assert.Regexp(t, `^policy v is in force
  bath   has not confirmed it yet: 2 commands not applied, last heard .* ago
  leeds  has it
  wells  is stopped and is told when it may go on: it forked
  york   has not called yet and is told when it does
$`, out)
	_, out, _ = say(t, "policy", "activate", "--json", good, "--server", centre.URL)
	assert.Contains(t, out, `"sites":[{"site":"bath","has_policy":false,"state":"ACTIVE","behind":2,"last_seen":"2026-11-23T09:30:00Z"},{"site":"leeds","has_policy":true`)
}

func TestAnImportOfAFileThatIsNotThereSaysWhatToDo(t *testing.T) {
	code, _, errs := say(t, "import", "orders", "nowhere.csv")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, errs, "nowhere.csv cannot be opened: no such file or directory; check the path, and that you may read it")
}

// Totals printed before a site knows the orders, or before its scans are here, are
// no account of the day.
func TestTotalsCanWaitUntilNoSiteIsBehind(t *testing.T) {
	var looks atomic.Int64
	centre := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/api/v1/totals" {
			_, _ = fmt.Fprintf(w, `{"units_scanned": %d}`, looks.Load())
			return
		}
		behind := max(0, 3-looks.Add(1))
		_, _ = fmt.Fprintf(w, `{"sites": [{"site": "york", "behind": 9}, {"site": "leeds", "last_seen": "2026-11-23T09:30:00Z", "behind": %d}]}`, behind)
	}))
	t.Cleanup(centre.Close)
	code, out, errs := say(t, "totals", "--settled", "--server", centre.URL)
	assert.Equal(t, exitGood, code)
	assert.Contains(t, out, "3 units scanned", "york has never called: nobody waits for it")
	assert.Equal(t, "waiting for site leeds: 2 commands not applied, 0 events not here; Ctrl-C ends that\n", errs)
}

// While the centre stores, the bar goes on; before, it stood at its end.
func TestTheBarOfAnImportGoesOnWhileTheCentreStores(t *testing.T) {
	var part atomic.Int64
	asked := make(chan struct{}, 100)
	centre := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			_, _ = fmt.Fprintf(w, `{"stored": 0.%d}`, part.Add(1))
			asked <- struct{}{}
			return
		}
		_, _ = io.Copy(io.Discard, r.Body)
		<-asked
		<-asked
		_, _ = io.WriteString(w, `{"new": 1}`)
	}))
	t.Cleanup(centre.Close)
	code, _, errs := say(t, "import", "items", file(t, "items.csv", "sku,description\nX,Mug\n"), "--server", centre.URL)
	assert.Equal(t, exitGood, code)
	assert.Contains(t, errs, "sending\nstoring\n")
}

// The two programs' addresses are easily mixed up.
func TestACommandThatMeetsAnAgentSaysSo(t *testing.T) {
	agent := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/v1/status" {
			http.NotFound(w, r)
			return
		}
		_, _ = io.WriteString(w, `{"stations": []}`)
	}))
	t.Cleanup(agent.Close)
	code, _, errs := say(t, "totals", "--server", agent.URL)
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, errs, "is a site's agent, no centre")
}

// A wrong address must not leave a database behind, nor upgrade one.
func TestAWrongAddressIsRefusedBeforeAnythingIsMade(t *testing.T) {
	for _, wrong := range [][2]string{
		{"--http", "nonsense"}, {"--http", "8080"}, {"--http", ":70000"}, {"--http", "host:abc"}, {"--http", ""}, {"--http", "a b:80"},
		{"--broker-listen", "foo"}, {"--broker-listen", ""}, {"--broker-listen", ":70000"},
		{"--broker", "foo"}, {"--broker", ""}, {"--broker", "tcp://"}, {"--broker", "tcp://host"}, {"--broker", "tcp://host:abc"},
		{"--broker", "tcp://host:70000"}, {"--broker", "http://host:1883"},
		{"--http-name", "a b"}, {"--http-name", "host:80"},
	} {
		data := filepath.Join(t.TempDir(), "data")
		code, _, errs := say(t, "serve", "--data", data, wrong[0], wrong[1])
		assert.Equal(t, exitUsage, code, wrong)
		assert.Contains(t, errs, "dockfill-cloud: serve: "+wrong[0]+" ", wrong)
		assert.Regexp(t, "such as|HOST:PORT", errs)
		assert.NoDirExists(t, data)
	}
	code, _, errs := say(t, "serve", "--data", "")
	assert.Equal(t, exitUsage, code)
	assert.Contains(t, errs, "--data is empty: name the folder")
}

// A template of an environment names every variable, and leaves empty what it does
// not set.
func TestAnEmptyVariableSaysNothing(t *testing.T) {
	t.Setenv("DOCKFILL_CLOUD_BROKER", "")
	t.Setenv("DOCKFILL_CLOUD_HTTP", "")
	code, _, errs := say(t, "serve", "--data", t.TempDir(), "--broker-listen", "foo")
	assert.Equal(t, exitUsage, code)
	assert.Contains(t, errs, "--broker-listen", "the only fault")
	assert.NotContains(t, errs, "--broker is")
	assert.NotContains(t, errs, "--http ")
}

func TestAddressesInEveryFormAreTaken(t *testing.T) {
	for _, listen := range []string{"127.0.0.1:0", ":8080", "localhost:8080", "[::1]:8080", "centre.example:443"} {
		assert.NoError(t, checkListen("--http", listen, ""), listen)
	}
	for _, broker := range []string{"tcp://127.0.0.1:1883", "tls://broker.example:8883", "tcp://[::1]:1883"} {
		assert.NoError(t, checkBroker(broker), broker)
	}
	for _, name := range []string{"dockfill", "dockfill.example", "x_1.example"} {
		assert.NoError(t, checkName(name), name)
	}
}
