package gs1

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// wrong is a component that a rule refuses; at is the byte that it points to.
type wrong struct {
	value, code string
	at          int
}

// cases show each rule at work, by the name of the rule in GS1's dictionary.
var cases = map[string]struct {
	good []string
	bad  []wrong
}{
	"csum": {
		[]string{"09501101530003", "106141411234567897", "4006381333931", "0"},
		[]wrong{{"09501101530004", CheckDigit, 13}, {"106141411234567896", CheckDigit, 17}, {"4006381333913", CheckDigit, 12}},
	},
	"csumalpha": {
		[]string{"1987654Ad4X4bL5ttr2310c2K", "22", "!22", "!!22"},
		[]wrong{{"1987654Ad4X4bL5ttr2310cXK", CheckPair, 23}, {"1987654Ad4X4bL5ttr2310c2X", CheckPair, 23},
			{"1987654Ad4X4bL5ttr2301c2K", CheckPair, 23}, {"33", CheckPair, 0}, {"2", CheckPair, 1}},
	},
	"gcppos1": {
		[]string{"9501", "9501-A", "0000"},
		[]wrong{{"950", CompanyPrefix, 3}, {"A501", CompanyPrefix, 0}, {"950x1", CompanyPrefix, 3}},
	},
	"gcppos2": {
		[]string{"19501", "X9501"},
		[]wrong{{"1950", CompanyPrefix, 4}, {"1A501", CompanyPrefix, 1}, {"1", CompanyPrefix, 1}},
	},
	"yymmdd": {
		[]string{"260131", "240229", "000229", "991231", "260430"},
		[]wrong{{"260001", Date, 2}, {"261301", Date, 2}, {"260132", Date, 4}, {"260100", Date, 4}, {"260229", Date, 4}, {"260431", Date, 4}},
	},
	"yymmd0": {
		[]string{"260100", "260131", "240229", "260200"},
		[]wrong{{"260000", Date, 2}, {"261300", Date, 2}, {"260132", Date, 4}, {"250229", Date, 4}, {"240230", Date, 4}},
	},
	"yyyymmdd": {
		[]string{"20000229", "20240229", "19991231"},
		[]wrong{{"19000229", Date, 6}, {"21000229", Date, 6}, {"20260229", Date, 6}, {"20260100", Date, 6}, {"20261301", Date, 4}},
	},
	"hhmi": {
		[]string{"0000", "2359"},
		[]wrong{{"2400", Time, 0}, {"2360", Time, 2}, {"9999", Time, 0}},
	},
	"hh": {[]string{"00", "23"}, []wrong{{"24", Time, 0}, {"99", Time, 0}}},
	"mi": {[]string{"00", "59"}, []wrong{{"60", Time, 0}}},
	"ss": {[]string{"00", "59"}, []wrong{{"60", Time, 0}}},
	"iso3166": {
		[]string{"004", "276", "528", "826", "894"},
		[]wrong{{"000", Country, 0}, {"999", Country, 0}, {"280", Country, 0}, {"891", Country, 0}},
	},
	"iso3166999": {
		[]string{"276", "999"},
		[]wrong{{"998", Country, 0}, {"000", Country, 0}},
	},
	"iso3166alpha2": {
		[]string{"DE", "GB", "ZW", "AX"},
		[]wrong{{"UK", Country, 0}, {"de", Country, 0}, {"XK", Country, 0}, {"ZZ", Country, 0}},
	},
	"iso4217": {
		[]string{"978", "840", "826", "008", "999", "924", "396"},
		[]wrong{{"000", Currency, 0}, {"276", Currency, 0}, {"191", Currency, 0}},
	},
	"iso5218": {[]string{"0", "1", "2", "9"}, []wrong{{"3", SexCode, 0}, {"8", SexCode, 0}}},
	"iban": {
		[]string{"FR7630006000011234567890189", "DE91100000000123456789", "MU43BOMM0101123456789101000MUR", "BE71096123456769",
			"MT90MALT011000012345MTLCAST001SABC", "XK051212012345678906"},
		[]wrong{{"DE91100000000123456788", IBAN, 2}, {"ZZ91100000000123456789", IBAN, 0}, {"DE91100000", IBAN, 10},
			{"DE91-00000000123456789", IBAN, 4}, {"FR76300060000112345678901b9", IBAN, 25}, {"DE", IBAN, 2}},
	},
	"couponcode": {
		[]string{
			"012345612345611110123",                         // no optional field
			"6123456789012123456512345512345" + "9000",      // everything as long as can be
			"0123456123456111101231" + "3110000" + "9",      // a second purchase without a company
			"0123456123456111101231" + "11109990123456",     // and with one
			"0123456123456111101232" + "1100009",            // a third one
			"0123456123456111101233" + "270131",             // expiration
			"0123456123456111101233" + "2701314" + "270131", // start on the same day
			"0123456123456111101235" + "0123456",            // serial number
			"0123456123456111101236" + "11234567",           // retailer
			"0123456123456111101239" + "6291",               // miscellaneous
		},
		[]wrong{
			{"a12345612345611110123", Character, 0},
			{"712345678901231234561111012", Coupon, 0},
			{"01234", Coupon, 5},
			{"0123456123", Coupon, 10},
			{"01234561234560", Coupon, 13},
			{"01234561234566123456", Coupon, 13},
			{"012345612345611110", Coupon, 18},
			{"012345612345611115123", Coupon, 17},
			{"0123456123456111101230", Coupon, 21},
			{"01234561234561111012314", Coupon, 22},
			{"0123456123456111101231311000", Coupon, 28},
			{"0123456123456111101231311000" + "08", Coupon, 28 + 1},
			{"0123456123456111101233" + "270231", Coupon, 26},
			{"0123456123456111101233" + "2701314" + "270201", Coupon, 29},
			{"0123456123456111101233" + "2702", Coupon, 26},
			{"0123456123456111101236" + "01234567", Coupon, 22},
			{"0123456123456111101239" + "3291", Coupon, 22},
			{"0123456123456111101239" + "6292", Coupon, 25},
			{"0123456123456111101239" + "6392", Coupon, 23},
			{"0123456123456111101239" + "62", Coupon, 24},
			{"0123456123456111101235" + "01234567", Coupon, 29},
		},
	},
	"couponposoffer": {
		[]string{"001234561234560123456", "101234561234560123456", "061234567890121234569123456789012345"},
		[]wrong{{"201234561234560123456", Coupon, 0}, {"071234567890123123456" + "0123456", Coupon, 1}, {"00123456123456012345", Coupon, 20},
			{"0012345612345601234567", Coupon, 21}, {"00123x561234560123456", Character, 5}},
	},
	"pcenc": {
		[]string{"Main+Street", "Main%20Street", "100%25", "%e4%B8"},
		[]wrong{{"100%", Percent, 3}, {"100%2", Percent, 3}, {"A%2GB", Percent, 1}, {"A%%20", Percent, 1}},
	},
	"pieceoftotal": {
		[]string{"0101", "0210", "9999"},
		[]wrong{{"0002", PieceOfTotal, 0}, {"0200", PieceOfTotal, 2}, {"0302", PieceOfTotal, 0}},
	},
	"packagetype": {
		[]string{"201", "8", "PX", "APE", "1A", "ZZ", "X20", "43"},
		[]wrong{{"2", PackageType, 0}, {"AE", PackageType, 0}, {"px", PackageType, 0}, {"PXPX", PackageType, 0}},
	},
	"mediatype": {
		[]string{"01", "10", "80", "99"},
		[]wrong{{"00", MediaType, 0}, {"11", MediaType, 0}, {"79", MediaType, 0}},
	},
	"latitude":  {[]string{"0000000000", "1800000000", "0279085848"}, []wrong{{"1800000001", GeoPosition, 0}, {"9999999999", GeoPosition, 0}}},
	"longitude": {[]string{"0000000000", "3600000000", "3015297971"}, []wrong{{"3600000001", GeoPosition, 0}}},
	"posinseqslash": {
		[]string{"1/1", "2/3", "9/9", "2/10", "10/12"},
		[]wrong{{"4/3", Sequence, 0}, {"0/3", Sequence, 0}, {"1/0", Sequence, 2}, {"123", Sequence, 0}, {"/12", Sequence, 0}, {"12/", Sequence, 0},
			{"1/a", Sequence, 0}, {"1-3", Sequence, 0}, {"10/9", Sequence, 0}, {"12/11", Sequence, 0}},
	},
	"winding":      {[]string{"0", "1", "9"}, []wrong{{"2", Winding, 0}, {"8", Winding, 0}}},
	"importeridx":  {[]string{"-", "0", "A", "z", "_"}, []wrong{{"!", ImporterIndex, 0}, {"/", ImporterIndex, 0}}},
	"nonzero":      {[]string{"0001", "1000"}, []wrong{{"0000", Zero, 0}}},
	"zero":         {[]string{"0", "00"}, []wrong{{"1", Zero, 0}, {"01", Zero, 1}}},
	"nozeroprefix": {[]string{"1", "10"}, []wrong{{"0", Zero, 0}, {"012", Zero, 0}}},
	"hasnondigit":  {[]string{"1A", "-1"}, []wrong{{"123", NonDigit, 0}}},
	"hyphen":       {[]string{"-"}, []wrong{{"+", Hyphen, 0}, {"-0", Hyphen, 1}}},
	"yesno":        {[]string{"0", "1"}, []wrong{{"2", YesNo, 0}}},
}

func TestEveryRuleTellsGoodFromBad(t *testing.T) {
	used := map[string]bool{}
	for _, s := range known.specs {
		for _, p := range s.parts {
			for _, r := range p.rules {
				if used[r.name] {
					continue
				}
				used[r.name] = true
				c, ok := cases[r.name]
				require.True(t, ok, "no case for the rule %s", r.name)
				for _, good := range c.good {
					assert.Empty(t, r.check(good).says, "%s of %q", r.name, good)
				}
				for _, bad := range c.bad {
					f := r.check(bad.value)
					assert.Equal(t, bad.code, f.code, "%s of %q: %s", r.name, bad.value, f.says)
					assert.Equal(t, bad.at, f.at, "%s of %q: %s", r.name, bad.value, f.says)
				}
			}
		}
	}
	assert.Len(t, used, len(cases), "every rule stands in the table")
}

// Character sets, as the General Specifications print them.
const (
	printed82 = "!\"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
	printed39 = "#-/0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	printed64 = "-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
)

func TestCharacterSetsHoldWhatIsPrinted(t *testing.T) {
	for s, members := range map[set]string{set10: "0123456789", set82: printed82, set39: printed39, set64: printed64} {
		for c := range 256 {
			f := s.check(string([]byte{'0', byte(c)}))
			want := strings.IndexByte(members, byte(c)) >= 0
			if assert.Equal(t, want, f.code == "", "%q in %s", byte(c), s.name()) && !want {
				assert.Equal(t, Character, f.code)
				assert.Equal(t, 1, f.at)
			}
		}
	}
}

func TestSignatureMayBePadded(t *testing.T) {
	for value, ok := range map[string]bool{
		"": true, "1": true, "12=": true, "1==": true, "123=": true, "12==": true, "12345==": false, "1234=": false, "1===": false, "=23": false, "=": false,
	} {
		assert.Equal(t, ok, set64.check(value).code == "", value)
	}
}

func TestListsAreAsLongAsTheStandards(t *testing.T) {
	assert.Len(t, countryNumbers, 249)
	assert.Len(t, countryLetters, 249)
	assert.Len(t, currencyNumbers, 179)
	assert.Len(t, packageTypes, 431)
}
