package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/firmware-sim/device"
)

// post sends what a person decides to an API.
func post(t testing.TB, url string, body any) {
	t.Helper()
	text, err := json.Marshal(body)
	require.NoError(t, err)
	client := http.Client{Timeout: patience}
	answer, err := client.Post(url, "application/json", bytes.NewReader(text))
	require.NoError(t, err)
	defer answer.Body.Close()
	said, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, answer.StatusCode, "%s", said)
}

// held is what waits at the sites until people decide, by reason.
func (c *centre) held() map[string]int64 {
	c.t.Helper()
	var answer struct {
		Sums []struct {
			Why   string
			Units int64
		}
	}
	require.NoError(c.t, get(c.t, c.http+"/api/v1/held", &answer))
	units := map[string]int64{}
	for _, s := range answer.Sums {
		units[s.Why] = s.Units
	}
	return units
}

// gets waits until the centre shows what each of the orders of TEA holds.
func (c *centre) gets(held map[string]int64, lines ...int64) {
	c.t.Helper()
	eventually(c.t, patience, fmt.Sprintf("lines with %v units and %v set aside", lines, held), func() bool {
		owed := c.owed()
		for n, want := range lines {
			if owed[fmt.Sprintf("O%05d/1", n+1)].allocated != want {
				return false
			}
		}
		return assert.ObjectsAreEqual(held, c.held())
	})
}

// What was set aside, came too much, or ranks anew by a person's word is decided at
// the centre, happens at the dock, and both tell the same of it.
func TestWhatPeopleDecideAtTheCentreHappensAtTheDock(t *testing.T) {
	t.Parallel()
	for _, database := range []string{"sqlite", "postgres"} {
		t.Run(database, func(t *testing.T) {
			whole(t)
			c := newCentre(t, func(c *centre) {
				if database == "postgres" {
					c.database = newPostgres(t)
				}
			})
			c.imports("items", items)
			c.imports("orders", orders("leeds", 3, 2))
			s := newSite(t, c.broker, stations(1))
			s.knows(3)
			d := s.scanner(1)

			assert.Equal(t, device.Hold, hears(t, d, "(00)395012345000000011"), "nobody announced it")
			assert.Equal(t, device.Hold, hears(t, d, "(01)09501101530003"), "no item has this barcode")
			c.gets(map[string]int64{"no-asn": 1, "unknown": 1}, 0, 0, 0)
			c.imports("inbound", "inbound,version,site,sku,qty,sscc\nP1,1,leeds,TEA,2,395012345000000011\nP1,1,leeds,TEA,2,395012345000000028\n")
			c.gets(map[string]int64{"unknown": 1}, 2, 0, 0)

			var waits struct{ Rows []struct{ Raw []byte } }
			require.NoError(t, get(t, c.http+"/api/v1/held", &waits))
			post(t, c.http+"/api/v1/sites/leeds/map", map[string]any{"raw": waits.Rows[0].Raw, "sku": "TEA", "qty": 1})
			c.gets(map[string]int64{}, 2, 1, 0)

			// The supplier counts again: there was less on the first pallet than came.
			head := s.status().Saved
			c.imports("inbound", "inbound,version,site,sku,qty,sscc\nP1,2,leeds,TEA,1,395012345000000011\nP1,2,leeds,TEA,2,395012345000000028\n")
			eventually(t, patience, "the new count at the site", func() bool { return s.status().Saved > head })
			assert.Equal(t, device.Good, hears(t, d, "(00)395012345000000028"))
			c.gets(map[string]int64{"surplus": 1}, 2, 2, 0)
			post(t, c.http+"/api/v1/sites/leeds/approve", map[string]any{"inbound": "P1", "qty": 5})
			c.gets(map[string]int64{}, 2, 2, 1)

			post(t, c.http+"/api/v1/orders/O00003/change", map[string]any{"class": "win"})
			c.gets(map[string]int64{}, 2, 1, 2)
			post(t, s.http+"/api/v1/stage", map[string]any{"line": "O00003/1", "qty": 2})
			post(t, s.http+"/api/v1/ship", map[string]any{"line": "O00003/1", "qty": 1})

			rules := filepath.Join(t.TempDir(), "rules.toml")
			require.NoError(t, os.WriteFile(rules, []byte("version = \"2027-04\"\nshare = \"fair\"\n"), 0o600))
			c.run("policy", "activate", rules)
			eventually(t, patience, "the policy at the site", func() bool { return s.status().Policy == "2027-04" })
			assert.Contains(t, c.run("policy", "show"), "share = 'fair'")
			heal(t, s, c, patience)
			audit(t, s, c, nil)
		})
	}
}
