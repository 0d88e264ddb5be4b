package demo

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// Orders is how many backorders wait when the demo begins.
const Orders = 200

// item is what the pretend warehouses stock.
type item struct {
	sku, description, putaway, supplier string
	pack                                int // units in a carton
	each, carton                        string
}

// order is one customer's backorder.
type order struct {
	id, site            string
	customer            customer
	accepted            time.Time
	promised, requested string // days; "" for none
	lines               []content
}

type customer struct {
	id, name, door string
	tier           int
}

// inbound is a delivery: a pallet with its label, or loose cartons.
type inbound struct {
	id, site, supplier, expected string
	sscc                         string // "" for loose cartons
	contents                     []content
}

type content struct {
	item item
	qty  int
}

// world is everything that is imported. Of the same sites and the same day it is
// always the same.
type world struct {
	items   []item
	orders  []order
	inbound []inbound
}

// stock is the items' trade data. The last but one is wanted by nobody, so it is
// put away; the last one comes from the late supplier.
var stock = []item{
	{sku: "TEA-250", description: "Green tea 250 g", putaway: "A-01", supplier: "Northern Tea", pack: 12},
	{sku: "TEA-EG", description: "Earl Grey tea, 50 bags", putaway: "A-02", supplier: "Northern Tea", pack: 24},
	{sku: "COF-500", description: "Ground coffee 500 g", putaway: "A-04", supplier: "Harbour Coffee", pack: 12},
	{sku: "COF-BEAN", description: "Coffee beans 1 kg", putaway: "A-05", supplier: "Harbour Coffee", pack: 6},
	{sku: "OIL-750", description: "Olive oil 750 ml", putaway: "B-11", supplier: "Sierra Oils", pack: 6},
	{sku: "OIL-RAP", description: "Rapeseed oil 1 l", putaway: "B-12", supplier: "Sierra Oils", pack: 12},
	{sku: "PASTA-1", description: "Spaghetti 1 kg", putaway: "C-03", supplier: "Molino Foods", pack: 12},
	{sku: "RICE-5", description: "Basmati rice 5 kg", putaway: "C-07", supplier: "Molino Foods", pack: 4},
	{sku: "JAM-STR", description: "Strawberry jam 340 g", putaway: "D-02", supplier: "Orchard Lane", pack: 12},
	{sku: "HONEY", description: "Heather honey 340 g", putaway: "D-03", supplier: "Orchard Lane", pack: 12},
	{sku: "MUG-BL", description: "Mug, blue stoneware", putaway: "E-20", supplier: "Kiln and Co", pack: 8},
	{sku: "VASE-RD", description: "Vase, red stoneware", putaway: "E-21", supplier: "Kiln and Co", pack: 6},
	{sku: "SAFFRON", description: "Saffron 1 g", putaway: "F-01", supplier: lateSupplier, pack: 20},
}

// The late supplier's delivery never comes, so its item stays owed.
const (
	lateSupplier = "Slow Boat Spices"
	lateDays     = 41
)

var shops = []string{
	"Abbey Stores", "Bell Inn", "Castle Deli", "Dale Grocers", "Esk Valley Hotel", "Fell Farm Shop", "Gate Cafe", "Holm Bakery",
	"Ivy House", "Jorvik Foods", "Keld Tearoom", "Low Mill Kitchen", "Moor Lodge", "Nidd Larder", "Otley Market Hall", "Priory School",
	"Quay Bistro", "Ridge Hostel", "Swale Pantry", "Tower Hospital", "Union Canteen", "Vale Nursery", "Wharf Street Deli", "Yew Tree Inn",
}

const day = 24 * time.Hour

// newWorld makes the sample data as of the given day.
func newWorld(now time.Time, sites []string) world {
	today := now.UTC().Truncate(day)
	r := rand.New(rand.NewPCG(20, 11))
	w := world{items: newItems()}
	customers := newCustomers(r)
	for n := range Orders {
		w.orders = append(w.orders, newOrder(r, n, sites[n%len(sites)], customers, w.items, today))
	}
	for n, site := range sites {
		w.inbound = append(w.inbound, deliveries(r, n, site, w.items, today)...)
	}
	late := w.items[len(w.items)-1]
	w.inbound = append(w.inbound, inbound{
		id: "PO-4700", site: sites[0], supplier: lateSupplier, expected: date(today.Add(-lateDays * day)),
		contents: []content{{late, 20 * late.pack}},
	})
	return w
}

func date(t time.Time) string { return t.Format(time.DateOnly) }

func newItems() []item {
	items := make([]item, len(stock))
	for n, it := range stock {
		it.each, it.carton = each(n), carton(n)
		items[n] = it
	}
	return items
}

// newCustomers gives every shop a door and a third of them a tier.
func newCustomers(r *rand.Rand) []customer {
	var all []customer
	for n, name := range shops {
		c := customer{id: fmt.Sprintf("C%03d", 101+n), name: name, door: fmt.Sprint(1 + n/2)}
		if r.IntN(3) == 0 {
			c.tier = 1 + r.IntN(3)
		}
		all = append(all, c)
	}
	return all
}

// newOrder was accepted during a day 3 to 90 days ago; two in three have a promise.
func newOrder(r *rand.Rand, n int, site string, customers []customer, items []item, today time.Time) order {
	waited := time.Duration(4+r.IntN(87)) * day
	accepted := today.Add(-waited).Add(time.Duration(8*60+r.IntN(9*60)) * time.Minute)
	o := order{
		id: fmt.Sprintf("SO-%d", 10001+n), site: site, accepted: accepted,
		customer: customers[r.IntN(len(customers))], requested: date(accepted.Add(7 * day)),
	}
	if r.IntN(3) > 0 {
		o.promised = date(accepted.Add(time.Duration(10+r.IntN(60)) * day))
	}
	for _, pick := range r.Perm(len(items) - 1)[:1+r.IntN(3)] {
		if pick == len(items)-2 {
			pick++ // not what nobody wants, but what is late
		}
		o.lines = append(o.lines, content{items[pick], 4 + r.IntN(33)})
	}
	return o
}

// pallets is how many pallets come to a site.
const pallets = 12

// deliveries are a site's pallets, of one supplier and one or two items each, and the loose cartons
// of the day.
func deliveries(r *rand.Rand, n int, site string, items []item, today time.Time) []inbound {
	punctual := items[:len(items)-1]
	var all []inbound
	for p := range pallets {
		first := punctual[r.IntN(len(punctual)-1)] // a pallet of what nobody wants is no start
		in := inbound{
			id: fmt.Sprintf("ASN-%d", 7001+100*n+p), site: site, supplier: first.supplier,
			expected: date(today), sscc: sscc(100*n + p),
		}
		for _, it := range punctual {
			if it.sku == first.sku || it.supplier == in.supplier && r.IntN(3) == 0 {
				in.contents = append(in.contents, content{it, it.pack * (3 + r.IntN(4))})
			}
		}
		all = append(all, in)
	}
	loose := inbound{id: fmt.Sprintf("PO-%d", 4801+n), site: site, supplier: "Day deliveries", expected: date(today)}
	for _, it := range punctual {
		loose.contents = append(loose.contents, content{it, it.pack * 40})
	}
	return append(all, loose)
}

// lines counts the order lines of a site.
func (w world) lines(site string) (n int64) {
	for _, o := range w.orders {
		if o.site == site {
			n += int64(len(o.lines))
		}
	}
	return n
}

// arriving are the pallets of a site in the order of their arrival.
func (w world) arriving(site string) (list []inbound) {
	for _, in := range w.inbound {
		if in.site == site && in.sscc != "" {
			list = append(list, in)
		}
	}
	return list
}
