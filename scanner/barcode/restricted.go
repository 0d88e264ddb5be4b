package barcode

import "dockfill/allocation"

// Restricted names a range that GS1 gives to no trade item; "" for a number that
// may be one. Books (978, 979) and periodicals (977) are trade items.
type Restricted string

// The ranges (GS1 General Specifications, 1.4.2 and 1.4.3).
const (
	// InStore numbers mean something within one company or region only: goods
	// weighed in the shop, a house's own articles. Some digits may be a price or a
	// weight, and another company may use the same number.
	InStore Restricted = "in-store"
	// Refund receipts of bottle machines.
	Refund Restricted = "refund"
	// Coupons are money.
	Coupon Restricted = "coupon"
)

// name takes the number of the goods.
func (c *Code) name(g allocation.GTIN) {
	c.GTIN, c.Restricted = g, rangeOf(string(g))
}

// rangeOf looks at 14 digits: an indicator or 0, then an EAN-13, or six zeros and
// an EAN-8. A UPC-A stands there with one more zero, so that its number systems 2,
// 4 and 5 are the prefixes 02, 04 and 05.
func rangeOf(g string) Restricted {
	if g[:6] == "000000" {
		if g[6] == '0' || g[6] == '2' {
			return InStore
		}
		return ""
	}
	switch g[1:3] {
	case "02", "04", "20", "21", "22", "23", "24", "25", "26", "27", "28", "29":
		return InStore
	case "05", "99":
		return Coupon
	}
	switch g[1:4] {
	case "980":
		return Refund
	case "981", "982", "983", "984":
		return Coupon
	}
	return ""
}
