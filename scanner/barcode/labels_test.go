package barcode

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/scanner/barcode/gs1"
)

// house is a warehouse with codes of its own.
func house(t testing.TB) Rules {
	t.Helper()
	r := Rules{Substitute: "~"}
	for _, p := range []struct{ name, kind, expr string }{
		{"tote", "plate", `LP\d{6}`},
		{"bin", "location", `[A-Z]-\d{2}-\d{2}`},
		{"purchase order", "order", `PO-(?P<lot>\d+)`},
		{"own label", "", `(?P<sku>[A-Z]{3}\d{3})(?:\*(?P<qty>\d+))?(?:/(?P<lot>[^/]+))?(?:/(?P<serial>[^/]+))?`},
		{"dated tray", "plate", `77\d{12}`},
	} {
		pattern, err := NewPattern(p.name, p.expr)
		require.NoError(t, err)
		pattern.Kind, err = ParseKind(p.kind)
		require.NoError(t, err)
		r.House = append(r.House, pattern)
	}
	return r
}

// summary is what a code says, in one line.
func summary(c Code) string {
	all := []string{string(c.Format)}
	for _, f := range [][2]string{
		{"gtin", string(c.GTIN)}, {"restricted", string(c.Restricted)}, {"addon", c.AddOn}, {"sscc", string(c.SSCC)}, {"contents", string(c.Contents)},
		{"lot", c.Lot}, {"serial", c.Serial}, {"made", string(c.Produced)}, {"packed", string(c.Packed)}, {"best", string(c.BestBefore)},
		{"expiry", string(c.Expiry)}, {string(c.Kind), c.Pattern}, {"sku", string(c.SKU)}, {"card", c.Card.String()},
	} {
		if f[1] != "" {
			all = append(all, f[0]+"="+f[1])
		}
	}
	if c.Quantity != 0 {
		all = append(all, fmt.Sprintf("qty=%d", c.Quantity))
	}
	for _, w := range c.Warnings {
		all = append(all, "warning="+w.Code)
	}
	if c.Err != nil {
		all = append(all, strings.TrimRight(fmt.Sprintf("%s@%d %s", c.Err.Code, c.Err.At, c.Err.AI), " "))
	}
	return strings.Join(all, " ")
}

func TestLabelsOfTheTrade(t *testing.T) {
	rules := house(t)
	for _, x := range []struct{ what, data, want string }{
		// GS1-128 on cartons and pallets.
		{"carton", "]C10110614141000415" + "1127013110L-42", "gs1 gtin=10614141000415 lot=L-42 made=2027-01-31"},
		{"carton, day 00", "]C10110614141000415" + "17270200", "gs1 gtin=10614141000415 expiry=2027-02-28"},
		{"carton, leap day", "]C10110614141000415" + "17280229", "gs1 gtin=10614141000415 expiry=2028-02-29"},
		{"leap day of 2000", "]C10110614141000415" + "17000229", "gs1 gtin=10614141000415 expiry=2000-02-29"},
		{"FNC1 after a fixed length and at the end", "]C10110614141000415\x1d1528123110B7\x1d", "gs1 gtin=10614141000415 lot=B7 best=2028-12-31"},
		{"lot before the item", "]C110LOT/1-A\x1d0110614141000415", "gs1 gtin=10614141000415 lot=LOT/1-A"},
		{"pallet", "]C100106141411234567897", "gs1 sscc=106141411234567897"},
		{"pallet with contents", "]C100106141411234567897" + "02106141410004153724\x1d10L9", "gs1 sscc=106141411234567897 contents=10614141000415 lot=L9 qty=24"},
		{"weighed meat", "]C10190614141000411" + "3103012500" + "13261101", "gs1 gtin=90614141000411 packed=2026-11-01"},
		{"variable count", "]C1019061414100041130120", "gs1 gtin=90614141000411 qty=120"},
		{"expiry with a time", "]C10110614141000415" + "70032701311200", "gs1 gtin=10614141000415 expiry=2027-01-31"},
		{"a day beats the day of a time", "]C10110614141000415" + "70032702011200\x1d17270131", "gs1 gtin=10614141000415 expiry=2027-01-31"},
		{"order number alone", "]C1400PO-12345", "gs1"},
		{"ship-to alone", "]C14109506000000008", "gs1"},
		{"returnable asset", "]C18003" + "0" + "9506000000008" + "17", "gs1"},
		{"company's own", "]C191PALLET-7", "gs1"},
		{"identifier apart", "\x1d0110614141000415", "gs1 gtin=10614141000415"},

		// Medicines and devices, two-dimensional.
		{"pharmacy pack", "]d20104150123456782211A2B3C4D5E\x1d1727033110BATCH9", "gs1 gtin=04150123456782 lot=BATCH9 serial=1A2B3C4D5E expiry=2027-03-31"},
		{"GS1 QR", "]Q30104150123456782" + "10A\x1d21B", "gs1 gtin=04150123456782 lot=A serial=B"},
		{"reader with extended channels", "]Q40104150123456782", "gs1 gtin=04150123456782"},
		{"GS1 DotCode", "]J10104150123456782" + "17270331", "gs1 gtin=04150123456782 expiry=2027-03-31"},
		{"DataBar", "]e00104006381333931", "gs1 gtin=04006381333931"},
		{"DataBar in print under its identifier", "]e0(01)04006381333931(10)A(30)7", "gs1 gtin=04006381333931 lot=A qty=7"},
		{"Aztec with a house's text", "]z0HELLO", "unknown"},

		// Retail.
		{"EAN-13", "]E05449000000996", "gtin gtin=05449000000996"},
		{"UPC-A as EAN-13", "]E00036000291452", "gtin gtin=00036000291452"},
		{"UPC-A as scanners send it", "]E0614141000036", "gtin gtin=00614141000036"},
		{"UPC-E", "]E001234565", "gtin gtin=00012345000065"},
		{"UPC-E without check digit", "]E00234567", "gtin gtin=00023456000073"},
		{"UPC-E without number system", "]E02345673", "gtin gtin=00023456000073"},
		{"UPC-E, one or the other", "]E00425261", "gtin ambiguous@3"},
		{"UPC-E, six digits", "]E0123456", "gtin gtin=00012345000065"},
		{"UPC-E of no number system", "]E091234565", "gtin character@3"},
		{"UPC-E, wrong check digit", "]E001234566", "gtin check-digit@10"},
		{"seven digits that are none", "]E02345678", "gtin check-digit@9"},
		{"EAN-8", "]E473513537", "gtin gtin=00000073513537"},
		{"EAN-8, wrong check digit", "]E473513538", "gtin check-digit@10"},
		{"book with its price", "]E3978030640615751299", "gtin gtin=09780306406157 addon=51299"},
		{"periodical with its issue", "]E3977031784700102", "gtin gtin=09770317847001 addon=02"},
		{"UPC-A with an add-on", "]E303600029145212", "gtin gtin=00036000291452 addon=12"},
		{"UPC-E as EAN-13 with an add-on", "]E3001234500006512", "gtin gtin=00012345000065 addon=12"},
		{"UPC-E or EAN-8 with an add-on", "]E30123456512", "gtin ambiguous@3"},
		{"EAN-8 with an add-on", "]E47351353712345", "gtin gtin=00000073513537 addon=12345"},
		{"add-on sent apart", "]E09771234567003]E112", "gtin gtin=09771234567003 addon=12"},
		{"price sent apart", "]E09780306406157]E251299", "gtin gtin=09780306406157 addon=51299"},
		{"add-on of EAN-8 sent apart", "]E473513537]E112", "gtin gtin=00000073513537 addon=12"},
		{"add-on sent apart, cut short", "]E09780306406157]E25129", "gtin length@3"},
		{"EAN-8 in between", "]E4735135371", "gtin length@3"},
		{"add-on of another length", "]E39780306406157123", "gtin length@3"},
		{"add-on that is no number", "]E397803064061571x", "gtin character@17"},
		{"two-digit add-on alone", "]E112", "gtin add-on@3"},
		{"five-digit add-on alone", "]E251299", "gtin add-on@3"},
		{"thirteen digits and no check", "]E05449000000997", "gtin check-digit@15"},
		{"ITF-14, checked", "]I110614141000415", "gtin gtin=10614141000415"},
		{"ITF-14, unchecked", "]I010614141000415", "gtin gtin=10614141000415"},
		{"ITF-14, check digit kept back", "]I31061414100041", "gtin gtin=10614141000415"},
		{"ITF-14, wrong digit", "]I110614141000416", "gtin check-digit@16"},
		{"interleaved code of the house", "]I077261123000004", "house plate=dated tray"},
		{"interleaved, other length", "]I0123456", "unknown"},
		{"composite of EAN-13", "]E05449000000996|]e010L1\x1d17270131", "gs1 gtin=05449000000996 lot=L1 expiry=2027-01-31"},
		{"composite without identifier", "5449000000996|]e010L1", "gs1 gtin=05449000000996 lot=L1"},
		{"composite of GS1-128 without identifier", "0110614141000415|]e010L1", "gs1 gtin=10614141000415 lot=L1"},
		{"composite of GS1-128 without identifier, two readings", "011061414100041510AB21CD|]e017270131", "gs1 ambiguous@20"},
		{"one reading saves it without identifier", "0110614141000415422276" + "10LOT1", "gs1 gtin=10614141000415 lot=LOT1 warning=lost-gs"},
		{"composite of GS1-128", "]C10110614141000415|]e010L1", "gs1 gtin=10614141000415 lot=L1"},
		{"composite with a wrong component", "]E05449000000996|]e017271301", "gs1 date@24 17"},

		// Numbers that are no trade items.
		{"weighed in the shop", "]E02012345123458", "gtin gtin=02012345123458 restricted=in-store"},
		{"weighed, 02", "]E00212345678909", "gtin gtin=00212345678909 restricted=in-store"},
		{"weighed, UPC-A", "]E0212345678909", "gtin gtin=00212345678909 restricted=in-store"},
		{"UPC-A number system 4", "]E0412345678903", "gtin gtin=00412345678903 restricted=in-store"},
		{"EAN-8 of the house", "]E420000011", "gtin gtin=00000020000011 restricted=in-store"},
		{"EAN-8 with a leading zero", "]E400000017", "gtin gtin=00000000000017 restricted=in-store"},
		{"coupon", "]E09990000000012", "gtin gtin=09990000000012 restricted=coupon"},
		{"coupon of a currency", "]E09810000000013", "gtin gtin=09810000000013 restricted=coupon"},
		{"coupon, UPC-A", "]E0512345000015", "gtin gtin=00512345000015 restricted=coupon"},
		{"deposit receipt", "]E09800000000014", "gtin gtin=09800000000014 restricted=refund"},

		// Digital Links.
		{"link", "]Q1https://id.gs1.org/01/09501101530003/10/ABC%2F1/21/S1?17=270131", "digital-link gtin=09501101530003 lot=ABC/1 serial=S1 expiry=2027-01-31"},
		{"link of a brand, DataMatrix", "]d1https://brand.example/x/01/09501101530003?30=12", "digital-link gtin=09501101530003 qty=12"},
		{"link without identifier", "https://id.gs1.org/00/106141411234567897", "digital-link sscc=106141411234567897"},
		{"link, wrong check digit", "]Q1https://id.gs1.org/01/09501101530004", "digital-link check-digit@38 01"},
		{"web page", "]Q1https://dockfill.example/manual.html", "unknown"},

		// A lost separator.
		{"substitute", "]C1011061414100041510L1~21S1", "gs1 gtin=10614141000415 lot=L1 serial=S1"},
		{"substitute without identifier", "011061414100041510L1~21S1~", "gs1 gtin=10614141000415 lot=L1 serial=S1"},
		{"country cut short of its separator", "]C101106141410004154221234", "gs1 lost-gs@25 422"},
		{"one reading saves it", "]C10110614141000415422276" + "10LOT1", "gs1 gtin=10614141000415 lot=LOT1 warning=lost-gs"},
		{"one reading between separators", "]C110AB\x1d422276" + "0110614141000415", "gs1 gtin=10614141000415 lot=AB warning=lost-gs"},
		{"two readings", "011061414100041510AB21CD", "gs1 ambiguous@20"},
		{"two readings behind a separator", "]C121S\x1d3012345678" + "910AB21CD", "gs1 ambiguous@22"},
		{"an identifier is believed", "]C1011061414100041510AB21CD", "gs1 gtin=10614141000415 lot=AB21CD"},
		{"no reading", "]C1011061414100041530123456789", "gs1 lost-gs@29 30"},

		// Elements that do not belong together.
		{"lot without item", "]C110LOT7", "gs1 lot=LOT7 gs1-association-missing@3 10"},
		{"contents without pallet", "]C102106141410004153724", "gs1 contents=10614141000415 qty=24 gs1-association-missing@19 37"},
		{"item and contents", "]C10110614141000415" + "02106141410004153724", "gs1 gtin=10614141000415 contents=10614141000415 gs1-association-excluded@19 02"},
		{"two lots", "]C1011061414100041510A\x1d10B", "gs1 gtin=10614141000415 gs1-association-repeated@23 10"},
		{"one lot, twice", "]C1011061414100041510A\x1d10A", "gs1 gtin=10614141000415 lot=A"},

		// The house's own.
		{"tote", "LP000123", "house plate=tote"},
		{"tote in Code 128", "]C0LP000123", "house plate=tote"},
		{"tote in GS1-128 is none", "]C1LP000123", "gs1 unknown-ai@3"},
		{"location", "]A0B-04-12", "house location=bin"},
		{"order", "PO-4711", "house lot=4711 order=purchase order"},
		{"own label", "ABC123", "house other=own label sku=ABC123"},
		{"own label, whole", "]d1ABC123*12/L-1/S9", "house lot=L-1 serial=S9 other=own label sku=ABC123 qty=12"},
		{"own label, quantity 0", "ABC123*0", "house quantity@0"},
		{"own label, quantity too large", "]C0ABC123*99999999999999999999", "house quantity@3"},
		{"own label, blank at the end of the lot", "ABC123/L ", "house house@0"},

		// The rest.
		{"EAN-13 without identifier", "4006381333931", "gtin gtin=04006381333931"},
		{"fourteen digits", "10614141000415", "gtin gtin=10614141000415"},
		{"fourteen digits and a GS", "09506000134352\x1d", "gtin gtin=09506000134352"},
		{"thirteen digits and the substitute of GS", "5449000000996~", "gtin gtin=05449000000996"},
		{"digits that are an element string alone, and a GS", "101234567891\x1d", "gs1 lot=1234567891 gs1-association-missing@0 10"},
		{"digits that are either, and a GS", "101234567892\x1d", "unknown ambiguous@0"},
		{"UPC-A with an issue", "03600029145212", "gtin gtin=00036000291452 addon=12"},
		{"ITF-14, though it could be UPC-A with an issue", "03600029145200", "gtin gtin=03600029145200"},
		{"EAN-13 that begins like an EAN-8", "5449000000996", "gtin gtin=05449000000996"},
		{"EAN-8 with a price is none", "9638507450008", "gtin check-digit@12"},
		{"periodical with its issue, nobody can tell", "977031784700102", "unknown"},
		{"UPC-A with a price, nobody can tell", "03600029145251299", "unknown"},
		{"book with its price, nobody can tell", "978030640615751299", "unknown"},
		{"EAN-8 with an issue, nobody can tell", "7351353712", "unknown"},
		{"eight digits", "73513537", "unknown ambiguous@0"},
		{"eight digits that fit nothing", "12345678", "unknown ambiguous@0"},
		{"parcel label of another system", "[)>\x1e06\x1dP123\x1dQ4\x1e\x04", "unknown"},
		{"card", "]C0DF:QTY 12", "control card=QTY 12"},
		{"card in small letters", "df:undo", "control card=UNDO"},
		{"card of another language", "DF:UNDÓ", "control control-card@3"},
		{"wrong baud rate", "\x80\xf8\x80", "unknown not-text@0"},
	} {
		assert.Equal(t, x.want, summary(rules.Parse("", []byte(x.data), year)), "%s: %q", x.what, x.data)
	}
}

// Where a separator was lost and one reading was left, the worker's label counts, and
// whoever sets the scanner up can see it.
func TestAGuessedSeparatorIsToldWithItsPlace(t *testing.T) {
	c := (Rules{}).Parse("", []byte("]C1011061414100041542227610LOT1"), 2027)
	require.Nil(t, c.Err)
	require.Len(t, c.Warnings, 1)
	w := c.Warnings[0]
	assert.Equal(t, []any{gs1.LostGS, "422", 25}, []any{w.Code, w.AI, w.At})
	assert.Contains(t, w.Message, "behind (422) 276")
	assert.Empty(t, (Rules{}).Parse("", []byte("]C1011061414100041517270131"+"10LOT1"), 2027).Warnings, "none belongs there")
}

func TestAnAddOnBehindABlank(t *testing.T) {
	for data, want := range map[string]string{
		"]E34006381333931 12":    "gtin gtin=04006381333931 addon=12",
		"]E34006381333931 51234": "gtin gtin=04006381333931 addon=51234",
		"]E3036000291452 12":     "gtin gtin=00036000291452 addon=12",
		"]E496385074 12":         "gtin gtin=00000096385074 addon=12",
		"]E34006381333931  12":   "gtin gs1-length@0",
		"]E34006381333931 123":   "gtin gs1-length@0",
	} {
		if c := (Rules{}).Parse("", []byte(data), 2027); strings.Contains(want, "gs1-length") {
			assert.NotNil(t, c.Err, data)
		} else {
			assert.Equal(t, want, summary(c), data)
		}
	}
}

func TestACardWithABlankBeforeItsWord(t *testing.T) {
	for _, data := range []string{"DF: UNDO", "DF:"} {
		c := (Rules{}).Parse("", []byte(data), 2027)
		require.NotNil(t, c.Err)
		assert.Contains(t, c.Err.Message, "without a blank, as in DF:UNDO")
	}
}
