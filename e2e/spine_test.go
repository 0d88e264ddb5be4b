package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/firmware-sim/device"
)

// The goods of most tests: one SKU whose cartons carry the GTIN of an each.
const (
	gtin  = "09506000134352"
	items = "sku,description,putaway,gtin,pack_qty\nTEA,Green tea 250 g,A-04," + gtin + ",1\n"
)

// carton is the label of one carton with a serial number.
func carton(serial string) string { return "(01)" + gtin + "(21)" + serial }

// orders is so many orders for TEA at the site, each with one line of qty.
func orders(site string, n, qty int) string {
	var b strings.Builder
	b.WriteString("order,version,site,customer,customer_name,tier,accepted,door,line,sku,qty\n")
	first := time.Date(2027, 1, 4, 8, 0, 0, 0, time.UTC)
	for i := range n {
		at := first.Add(time.Duration(i) * time.Minute).Format(time.RFC3339)
		fmt.Fprintf(&b, "O%05d,1,%s,C%d,Customer %d,0,%s,%d,1,TEA,%d\n", i+1, site, i%7, i%7, at, i%20+1, qty)
	}
	return b.String()
}

// house is a centre and a site that knows n lines of TEA and may allocate them.
func house(t testing.TB, n, qty int, change ...func(*site)) (*centre, *site) {
	t.Helper()
	c := newCentre(t)
	c.imports("items", items)
	c.imports("orders", orders("leeds", n, qty))
	s := newSite(t, c.broker, change...)
	s.knows(int64(n))
	return c, s
}

// A pallet that is scanned at the dock fills the longest-waiting order, and the
// centre says the same as the site, also after each was started anew.
func TestScanFillsABackorderAndShowsAtTheCentre(t *testing.T) {
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

			assert.Equal(t, device.Good, hears(t, d, carton("A1")))
			heal(t, s, c, patience)
			owed := c.owed()
			assert.Equal(t, int64(1), owed["O00001/1"].allocated, "the order that waited longest")
			assert.Equal(t, owed, s.balances(), "site and centre agree")

			s.stop()
			s.start()
			s.ready(d)
			assert.Equal(t, device.Stop, hears(t, d, carton("A1")), "a repeated serial is a duplicate")
			assert.Equal(t, device.Good, hears(t, d, carton("A2")))

			c.stop()
			assert.Equal(t, device.Good, hears(t, d, carton("A3")), "no line to the centre changes nothing at the dock")
			c.start()
			heal(t, s, c, patience)
			owed = c.owed()
			assert.Equal(t, int64(2), owed["O00001/1"].allocated)
			assert.Equal(t, int64(1), owed["O00002/1"].allocated)
			assert.Equal(t, owed, s.balances())

			for i := range 4 {
				assert.Equal(t, device.Good, hears(t, d, carton(fmt.Sprintf("B%d", i))))
			}
			heal(t, s, c, patience)
			want := totals{Scans: 7, Units: 7, Allocated: 6, Free: 1, OrdersComplete: 3, LinesKnown: 3}
			eventually(t, patience, fmt.Sprintf("the site's totals %+v", want), func() bool { return s.status().Totals == want })
			audit(t, s, c, nil)
		})
	}
}

// owed is every line as the centre has it.
func (c *centre) owed() map[string]account {
	c.t.Helper()
	db := c.db()
	defer db.Close()
	return accounts(c.t, db, `SELECT id, ordered, ordered - effective, allocated, 0, 0, 0 FROM line`) // what balances tells
}

// balances is every line as the site's API tells it.
func (s *site) balances() map[string]account {
	s.t.Helper()
	var answer struct {
		Balances struct {
			Lines map[string]struct{ Ordered, Cancelled, Allocated int64 }
		}
	}
	require.NoError(s.t, get(s.t, s.http+"/api/v1/balances", &answer))
	lines := map[string]account{}
	for id, l := range answer.Balances.Lines {
		lines[id] = account{ordered: l.Ordered, cancelled: l.Cancelled, allocated: l.Allocated}
	}
	return lines
}
