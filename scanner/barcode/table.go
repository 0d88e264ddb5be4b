package barcode

// spec is the shape of one application identifier's value (GS1 General
// Specifications, section 3).
type spec struct {
	// min and max count characters.
	min, max int
	// digits counts the leading characters that must be digits.
	digits int
	// bounded elements have a predefined length and need no separator after them
	// (figure 7.8.5-2, by the first two digits of the AI).
	bounded bool
	// point is the highest last digit of the AI itself where that digit says the
	// decimals; such AIs stand in the table without it.
	point byte
	rule  rule
}

type rule int

const (
	anyValue rule = iota
	checkDigit
	date
)

func digits(n int) spec         { return spec{min: n, max: n, digits: n} }
func upToDigits(n int) spec     { return spec{min: 1, max: n, digits: n} }
func upTo(n int) spec           { return spec{min: 1, max: n} }
func (s spec) fixed() spec      { s.bounded = true; return s }
func (s spec) with(r rule) spec { s.rule = r; return s }

func (s spec) decimals(highest byte) spec { s.point = highest; return s }

// table holds what a receiving dock meets: keys, dates, lots, serials, counts,
// measures, order and party numbers. It is never written after start.
var table = makeTable()

func makeTable() map[string]spec {
	t := map[string]spec{
		"00": digits(18).fixed().with(checkDigit), // SSCC
		"01": digits(14).fixed().with(checkDigit), // GTIN
		"02": digits(14).fixed().with(checkDigit), // contents
		"10": upTo(20),                            // lot
		"11": digits(6).fixed().with(date),        // produced
		"12": digits(6).fixed().with(date),        // due
		"13": digits(6).fixed().with(date),        // packed
		"15": digits(6).fixed().with(date),        // best before
		"16": digits(6).fixed().with(date),        // sell by
		"17": digits(6).fixed().with(date),        // expiry
		"20": digits(2).fixed(),                   // internal variant
		"21": upTo(20),                            // serial
		"22": upTo(20),                            // consumer variant
		"30": upToDigits(8),                       // count of items
		"37": upToDigits(8),                       // count of trade items

		"240": upTo(30),                    // additional item id
		"241": upTo(30),                    // customer part number
		"250": upTo(30),                    // secondary serial
		"251": upTo(30),                    // reference to source
		"400": upTo(30),                    // purchase order
		"401": upTo(30),                    // consignment
		"402": digits(17).with(checkDigit), // shipment
		"403": upTo(30),                    // routing
		"420": upTo(20),                    // postal code
		"421": {min: 4, max: 12, digits: 3},
		"90":  upTo(30), // agreed between partners

		"390": upToDigits(15).decimals('9'),
		"391": {min: 4, max: 18, digits: 18, point: '9'},
		"392": upToDigits(15).decimals('9'),
		"393": {min: 4, max: 18, digits: 18, point: '9'},
	}
	fill(t, '1', 9, upTo(90), "9") // company internal
	fill(t, '0', 7, digits(13).fixed().with(checkDigit), "41")
	measure := digits(6).fixed().decimals('5')
	fill(t, '0', 6, measure, "31")
	fill(t, '0', 9, measure, "32", "36")
	fill(t, '0', 7, measure, "33", "34", "35")
	return t
}

// fill enters the AIs that share a shape: prefix and one digit, first to the
// given last one.
func fill(t map[string]spec, first byte, last int, s spec, prefixes ...string) {
	for _, p := range prefixes {
		for d := first; d <= '0'+byte(last); d++ {
			t[p+string(d)] = s
		}
	}
}

// lookup finds the AI at the start of s and its shape.
func lookup(s string) (ai string, found spec, ok bool) {
	for n := 2; n <= 3 && n <= len(s); n++ {
		found, ok = table[s[:n]]
		switch {
		case !ok:
		case found.point == 0:
			return s[:n], found, true
		case len(s) > n && isDigit(s[n]) && s[n] <= found.point:
			return s[:n+1], found, true
		}
	}
	return "", spec{}, false
}
