package cloud

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/cloud/store/storetest"
)

func config(t *testing.T) Config {
	return Config{HTTP: "127.0.0.1:0", BrokerListen: "127.0.0.1:0", Data: filepath.Join(t.TempDir(), "data"), Version: "1.2.3",
		Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
}

// start runs a centre until stop is called, which gives what Run returned.
func start(t *testing.T, c Config) (centre *Centre, stop func() error) {
	t.Helper()
	centre, err := New(t.Context(), c)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- centre.Run(ctx) }()
	stop = sync.OnceValue(func() error {
		cancel()
		return <-ended
	})
	t.Cleanup(func() { _ = stop() })
	return centre, stop
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	answer, err := http.Get(url)
	require.NoError(t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer.StatusCode, string(text)
}

func isReady(t *testing.T, c *Centre) {
	t.Helper()
	require.Eventually(t, func() bool { code, _ := get(t, c.HTTP()+"/readyz"); return code == 200 }, 20*time.Second, 20*time.Millisecond)
}

// The address that is printed is pasted into a browser, and [::] leads nowhere.
func TestACentreOpenToTheNetworkNamesAnAddressForABrowser(t *testing.T) {
	for _, open := range []string{"0.0.0.0:0", ":0"} {
		c := config(t)
		c.HTTP = open
		centre, _ := start(t, c)
		assert.Regexp(t, `^http://127\.0\.0\.1:[1-9]\d*$`, centre.HTTP())
		isReady(t, centre)
	}
}

// Sites are configured with the address that is printed, and [::] leads them
// nowhere.
func TestABrokerOpenToTheNetworkIsNamedAsSitesReachIt(t *testing.T) {
	name, err := os.Hostname()
	require.NoError(t, err)
	for _, open := range []string{"0.0.0.0:0", ":0"} {
		var log strings.Builder
		c := config(t)
		c.BrokerListen, c.Log = open, slog.New(slog.NewTextHandler(&log, nil))
		centre, stop := start(t, c)
		assert.Regexp(t, `^tcp://`+regexp.QuoteMeta(name)+`:[1-9]\d*$`, centre.Broker())
		isReady(t, centre)
		_, text := get(t, centre.HTTP()+"/")
		assert.Contains(t, text, centre.Broker())
		require.NoError(t, stop())
		assert.Contains(t, log.String(), "listening on every address of this machine")
		assert.NotContains(t, log.String(), "[::]")
	}
}

func TestCentreKeepsWhatItWasGivenOverARestart(t *testing.T) {
	c := config(t)
	centre, stop := start(t, c)
	isReady(t, centre)
	_, text := get(t, centre.HTTP()+"/")
	assert.Contains(t, text, "Nothing is imported yet")
	assert.Contains(t, text, centre.Broker())
	order := `{"id":"SO-1","version":1,"site":"leeds","customer":"C1","customer_name":"Marlow Party Goods","accepted":"2026-11-01T08:00:00Z","lines":[{"line":"1","sku":"X","qty":3}]}`
	for _, path := range []string{"/api/v1/items", "/api/v1/orders"} {
		body := order
		if path == "/api/v1/items" {
			body = `{"sku":"X","description":"Party bunting"}`
		}
		answer, err := http.Post(centre.HTTP()+path, "application/json", strings.NewReader(body))
		require.NoError(t, err)
		said, _ := io.ReadAll(answer.Body)
		answer.Body.Close()
		require.Equal(t, 200, answer.StatusCode, string(said))
	}
	require.NoError(t, stop())

	centre, stop = start(t, c)
	isReady(t, centre)
	_, text = get(t, centre.HTTP()+"/")
	assert.Contains(t, text, "Marlow Party Goods")
	_, text = get(t, centre.HTTP()+"/metrics")
	for _, want := range []string{"dockfill_owed_units 3\n", "dockfill_broker_up 1\n", "dockfill_ingest_events_total 0\n"} {
		assert.Contains(t, text, want)
	}
	require.NoError(t, stop())
	_, err := http.Get(centre.HTTP() + "/healthz")
	assert.Error(t, err, "the port is free again")
}

func TestWhatCannotBeOpenedIsSaidWithWhatToDo(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	for name, test := range map[string]struct {
		change func(*Config)
		want   []string
	}{
		"http port taken":   {func(c *Config) { c.HTTP = taken.Addr().String() }, []string{taken.Addr().String(), "is taken", "--http"}},
		"broker port taken": {func(c *Config) { c.BrokerListen = taken.Addr().String() }, []string{taken.Addr().String(), "is taken", "--broker-listen"}},
		"no address":        {func(c *Config) { c.HTTP = "nonsense" }, []string{"nonsense", "HOST:PORT"}},
		"foreign address":   {func(c *Config) { c.HTTP = "192.0.2.1:80" }, []string{"not an address of this machine"}},
		"data is a file":    {func(c *Config) { c.Data = filepath.Join(file, "data") }, []string{file, "cannot be made", "--data"}},
		"broker address":    {func(c *Config) { c.Broker = "localhost" }, []string{"tcp://host:port"}},
		"no PostgreSQL":     {func(c *Config) { c.Database = "postgres://u:secret@127.0.0.1:1/d" }, []string{"127.0.0.1", "See that PostgreSQL runs"}},
	} {
		c := config(t)
		test.change(&c)
		_, err := New(t.Context(), c)
		require.Error(t, err, name)
		for _, want := range test.want {
			assert.Contains(t, err.Error(), want, name)
		}
		assert.NotContains(t, err.Error(), "secret", name)
	}
}

// Two centres on one database would each write commands that the other never
// sends.
func TestASecondCentreOnTheDatabaseIsRefused(t *testing.T) {
	for name, c := range map[string]Config{"sqlite": config(t), "postgres": config(t)} {
		t.Run(name, func(t *testing.T) {
			if name == "postgres" {
				c.Database = storetest.Postgres(t).URL
			}
			_, stop := start(t, c)
			_, err := New(t.Context(), c)
			require.ErrorContains(t, err, "another dockfill-cloud uses this database; stop it, or use another database")
			assert.NotContains(t, err.Error(), "See that PostgreSQL runs")
			require.NoError(t, stop())
			_, stop = start(t, c)
			require.NoError(t, stop())
		})
	}
}

func TestADatabaseThatDoesNotFitTheProgramSaysWhatToRun(t *testing.T) {
	for change, says := range map[string]string{
		"INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, 1)": "newer dockfill-cloud",
		"DELETE FROM goose_db_version WHERE version_id > 1":                     "was taken back; nothing is lost): run the dockfill-cloud that used it before",
	} {
		c := config(t)
		_, stop := start(t, c)
		require.NoError(t, stop())
		db, err := sql.Open("sqlite3", filepath.Join(c.Data, databaseFile))
		require.NoError(t, err)
		_, err = db.Exec(change)
		require.NoError(t, err)
		require.NoError(t, db.Close())
		_, err = New(t.Context(), c)
		require.ErrorContains(t, err, says)
	}
}

func TestUnreachedBrokerIsNotReadyAndStillShows(t *testing.T) {
	c := config(t)
	c.Broker = "tcp://127.0.0.1:1"
	centre, stop := start(t, c)
	require.Eventually(t, func() bool {
		code, text := get(t, centre.HTTP()+"/readyz")
		return code == 503 && strings.Contains(text, "127.0.0.1:1")
	}, 20*time.Second, 20*time.Millisecond, "the reason is told")
	code, _ := get(t, centre.HTTP()+"/")
	assert.Equal(t, 200, code)
	require.NoError(t, stop())
}

func TestFirstRoomToStopStopsTheOthersInReverse(t *testing.T) {
	var mu sync.Mutex
	var ended []string
	wait := func(name string) room {
		return room{name, func(ctx context.Context) error {
			<-ctx.Done()
			mu.Lock()
			defer mu.Unlock()
			ended = append(ended, name)
			return nil
		}}
	}
	broken := room{"broken", func(context.Context) error { return errors.New("disk full") }}
	err := runAll(context.Background(), []room{wait("a"), wait("b"), broken, wait("c")})
	require.EqualError(t, err, "broken: disk full")
	assert.Equal(t, []string{"c", "b", "a"}, ended)

	silent := room{"silent", func(context.Context) error { return nil }}
	require.EqualError(t, runAll(context.Background(), []room{wait("d"), silent}), "silent: it ended by itself")
}
