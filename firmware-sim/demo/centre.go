package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os/exec"
	"strings"
	"time"
)

// centre is the running dockfill-cloud.
type centre struct {
	program      *program
	cloud        string // path of its program
	http, broker string
}

// command runs one command of dockfill-cloud against the centre and gives what
// it said.
func (c *centre) command(ctx context.Context, args ...string) (string, error) {
	var out, bad bytes.Buffer
	cmd := exec.CommandContext(ctx, c.cloud, append(args, "--server", c.http)...)
	cmd.Stdout, cmd.Stderr, cmd.Env = &out, &bad, plainEnvironment()
	own(cmd)
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("dockfill-cloud %s failed (%w):\n%s%s", strings.Join(args, " "), err, out.String(), bad.String())
	}
	return strings.TrimSpace(out.String()), nil
}

// totals are the centre's own sums over all sites.
type totals struct {
	UnitsScanned    int64 `json:"units_scanned"`
	UnitsAllocated  int64 `json:"units_allocated"`
	OrdersCompleted int64 `json:"orders_completed"`
	OpenUnits       int64 `json:"open_units"`
	Poison          int64 `json:"poison"`
}

func (c *centre) totals(ctx context.Context) (t totals, err error) {
	return t, get(ctx, c.http+"/api/v1/totals", &t)
}

// stored is the number of events that the centre has of each site.
func (c *centre) stored(ctx context.Context) (map[string]int64, error) {
	var answer struct {
		Sites []struct {
			Site   string
			Stored int64
		}
	}
	if err := get(ctx, c.http+"/api/v1/sites", &answer); err != nil {
		return nil, err
	}
	stored := map[string]int64{}
	for _, s := range answer.Sites {
		stored[s.Site] = s.Stored
	}
	return stored, nil
}

// get reads a JSON answer.
func get(ctx context.Context, url string, answer any) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer got.Body.Close()
	if got.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s", url, got.Status)
	}
	return json.NewDecoder(got.Body).Decode(answer)
}
