package e2e

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"dockfill/firmware-sim/device"
)

// An order is raised, lowered and raised again before, while and after goods came for
// it: what was ordered of it, and what of that was cancelled, reads the same at the
// site and at the centre.
func TestAChangedOrderReadsTheSameAtTheSiteAndTheCentre(t *testing.T) {
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
			version := 0
			changes := func(qty int) {
				version++
				c.imports("orders", fmt.Sprintf("order,version,site,customer,accepted,line,sku,qty\nA,%d,leeds,C1,2027-01-04T08:00:00Z,1,TEA,%d\n", version, qty))
			}
			changes(6) // before the site is there: it hears of the newest alone
			changes(2)
			changes(5)
			s := newSite(t, c.broker, stations(1))
			s.knows(1)
			d := s.scanner(1)
			reads := func(what string, want account) {
				t.Helper()
				eventually(t, patience, fmt.Sprintf("%s: %+v at the site", what, want), func() bool { return s.balances()["A/1"] == want })
				eventually(t, patience, what+": the same at the centre", func() bool { return c.owed()["A/1"] == want })
			}
			reads("as it began", account{ordered: 6, cancelled: 1})
			changes(7)
			reads("raised", account{ordered: 7})
			changes(4)
			reads("lowered", account{ordered: 7, cancelled: 3})
			changes(5)
			reads("raised again", account{ordered: 7, cancelled: 2})

			for n := range 5 {
				require.Equal(t, device.Good, hears(t, d, carton(fmt.Sprint("S", n))))
			}
			reads("filled", account{ordered: 7, cancelled: 2, allocated: 5})
			changes(3)
			reads("lowered below what it holds", account{ordered: 7, cancelled: 4, allocated: 3})
			post(t, s.http+"/api/v1/stage", map[string]any{"line": "A/1", "qty": 3})
			changes(1)
			changes(2)
			reads("lowered below what is staged", account{ordered: 7, cancelled: 4, allocated: 3})
			post(t, s.http+"/api/v1/return", map[string]any{"line": "A/1", "qty": 1})
			reads("brought back", account{ordered: 7, cancelled: 5, allocated: 2})
			changes(8)
			reads("raised above all", account{ordered: 8, allocated: 5})
			heal(t, s, c, patience)
			audit(t, s, c, nil)
		})
	}
}
