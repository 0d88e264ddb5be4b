package e2e

import (
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// centre is a running dockfill-cloud. It keeps its addresses and its data when
// it is killed and started again.
type centre struct {
	*process
	t        testing.TB
	data     string
	http     string // http://127.0.0.1:NNNN
	broker   string // 127.0.0.1:NNNN of the embedded broker; "" with another one
	database string // postgres URL; "" for SQLite
	outside  string // another broker's URL; "" for the embedded one
}

func newCentre(t testing.TB, change ...func(*centre)) *centre {
	t.Helper()
	whole(t)
	c := &centre{t: t, data: t.TempDir(), http: "http://127.0.0.1:0", broker: "127.0.0.1:0"}
	for _, f := range change {
		f(c)
	}
	c.start()
	return c
}

func (c *centre) start() {
	c.t.Helper()
	args := []string{"serve", "--http", strings.TrimPrefix(c.http, "http://"), "--data", c.data, "--log-level", "debug"}
	if c.outside != "" {
		args = append(args, "--broker", c.outside)
	} else {
		args = append(args, "--broker-listen", c.broker)
	}
	if c.database != "" {
		args = append(args, "--database", c.database)
	}
	c.process = start(c.t, "dockfill-cloud", exec.Command(tool("dockfill-cloud"), args...))
	c.http = c.line("http")
	if c.outside == "" {
		c.broker = strings.TrimPrefix(c.line("broker"), "tcp://")
	}
	eventually(c.t, patience, "the centre ready", func() bool {
		c.up()
		answer, err := http.Get(c.http + "/readyz")
		if err != nil {
			return false
		}
		answer.Body.Close()
		return answer.StatusCode == http.StatusOK
	})
}

// run runs a command of dockfill-cloud against this centre.
func (c *centre) run(args ...string) string {
	c.t.Helper()
	return run(c.t, tool("dockfill-cloud"), append(args, "--server", c.http)...)
}

// imports writes the text to a file and imports it.
func (c *centre) imports(kind, csv string) {
	c.t.Helper()
	file := filepath.Join(c.t.TempDir(), kind+".csv")
	require.NoError(c.t, os.WriteFile(file, []byte(csv), 0o600))
	c.run("import", kind, file)
}

// get reads a JSON answer of the API.
func get(t testing.TB, url string, answer any) error {
	t.Helper()
	client := http.Client{Timeout: patience}
	got, err := client.Get(url)
	if err != nil {
		return err
	}
	defer got.Body.Close()
	return json.NewDecoder(got.Body).Decode(answer)
}
