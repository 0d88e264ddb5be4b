package barcode

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"dockfill/allocation"
	"dockfill/scanner/barcode/gs1"
)

const (
	year    = 2026
	fourAIs = "0109501101530003172701311" + "0LOT7A\x1d21S-0042"
	sscc    = "106141411234567897"
)

func parse(symbology, data string) Code { return Rules{}.Parse(symbology, []byte(data), year) }

// values are the elements without their places.
func values(c Code) (all []string) {
	for _, e := range c.Elements {
		all = append(all, e.AI+" "+e.Value)
	}
	return all
}

func TestGS1LabelIsReadWhole(t *testing.T) {
	for _, data := range []string{
		"]C1" + fourAIs, "]d2" + fourAIs, "]C1" + fourAIs + "\x1d", "\x1d" + fourAIs, fourAIs,
		"(01)09501101530003(17)270131(10)LOT7A(21)S-0042",
		"]C10109501101530003\x1d17270131\x1d10LOT7A\x1d21S-0042",
	} {
		c := parse("", data)
		require.Nil(t, c.Err, "%q", data)
		assert.Equal(t, GS1, c.Format)
		assert.Equal(t, allocation.GTIN("09501101530003"), c.GTIN)
		assert.Equal(t, allocation.Date("2027-01-31"), c.Expiry)
		assert.Equal(t, "LOT7A", c.Lot)
		assert.Equal(t, "S-0042", c.Serial)
		assert.Equal(t, []string{"01 09501101530003", "17 270131", "10 LOT7A", "21 S-0042"}, values(c))
	}
}

func TestPalletLabelGivesSSCCAndContents(t *testing.T) {
	for _, data := range []string{"]C100" + sscc, "00" + sscc, "(00)" + sscc} {
		c := parse("", data)
		require.Nil(t, c.Err)
		assert.Equal(t, allocation.SSCC(sscc), c.SSCC)
	}
	c := parse("]C1", "00"+sscc+"02095011015300033724\x1d400PO-77")
	require.Nil(t, c.Err)
	assert.Equal(t, allocation.GTIN("09501101530003"), c.Contents)
	assert.Empty(t, c.GTIN)
	assert.EqualValues(t, 24, c.Quantity)
}

func TestProductCodesOfEverySymbology(t *testing.T) {
	for data, want := range map[string]allocation.GTIN{
		"]E04006381333931":  "04006381333931",
		"4006381333931":     "04006381333931",
		"036000291452":      "00036000291452",
		"]E0036000291452":   "00036000291452",
		"]E004252614":       "00042100005264",
		"]E496385074":       "00000096385074",
		"]I115400141288763": "15400141288763",
		"15400141288763":    "15400141288763",
	} {
		c := parse("", data)
		require.Nil(t, c.Err, data)
		assert.Equal(t, GTIN, c.Format)
		assert.Equal(t, want, c.GTIN, data)
	}
}

func TestScannersIdentifierBesideTheDataCounts(t *testing.T) {
	assert.Equal(t, allocation.GTIN("00000096385074"), parse("]E4", "96385074").GTIN)
	c := parse("]C0", "]C1"+fourAIs)
	assert.Equal(t, "]C1", c.Symbology)
	assert.Equal(t, GS1, c.Format)
}

func TestWhatCannotBeUsedSaysWhy(t *testing.T) {
	for _, x := range []struct {
		data, code, ai, word string
		at                   int
	}{
		{"", gs1.Empty, "", "no data", 0},
		{"]C1", gs1.Empty, "", "no data", 3},
		{"]C1\x1d", gs1.Empty, "", "no data", 3},
		{" ", gs1.Empty, "", "no data", 0},
		{"\t", gs1.Empty, "", "no data", 0},
		{"]A0 \x00 ", gs1.Empty, "", "no data", 3},
		{"4006381333932", gs1.CheckDigit, "", "1 is expected", 12},
		{"96385074", Ambiguous, "", "EAN-8 or UPC-E", 0},
		{"]E0123", gs1.Length, "", "settings for EAN", 3},
		{"]E0400638133393X", gs1.Character, "", "only digits", 15},
		{"]C10109501101530004", gs1.CheckDigit, "01", "3", 18},
		{"]C1010950110153", gs1.Length, "01", "14 are needed", 15},
		{"]C10109501101530003172713" + "01", gs1.Date, "17", "no month 13", 23},
		{"]C10109501101530003170229" + "31", gs1.Date, "17", "no month 29", 23},
		{"]C10109501101530003300", BadQuantity, "30", "between 1 and 1000000", 19},
		{"]C1010950110153000330" + "1000001", BadQuantity, "30", "between 1 and 1000000", 19},
		{"]C100" + sscc + "02095011015300033012\x1d3713", BadQuantity, "37", "two quantities", 44},
		{"]C1010950110153000330x", gs1.Character, "30", "digit", 21},
		{"]C110LOT1\x1d10LOT2", gs1.Repeated, "10", "two labels were read as one", 10},
		{"]C10109501101530003889", gs1.UnknownAI, "", "separator may be lost", 19},
		{"]C1010950110153000310ABCDEFGHIJKLMNOPQRSTUV", gs1.LostGS, "10", "separator after it is lost", 41},
		{"]C10109501101530003\x1d\x1d17270131", gs1.UnknownAI, "", "no application identifier", 20},
		{"]C110LOT^1", gs1.Character, "10", "no separator", 8},
		{"010950110153000310ABC21XYZ", Ambiguous, "", "more than one way", 21},
		{"03600029145300", gs1.CheckDigit, "", "", 13},
		{"96385074\x1d", Ambiguous, "", "begins with (96)", 0},
		{"73513537\x1d", Ambiguous, "", "EAN-8 or UPC-E", 0},
		{"5449000000997\x1d", gs1.CheckDigit, "", "6 is expected", 12},
		{"(01)09501101530003(88)1", gs1.Length, "01", "at most 14", 18},
		{"(88)1", gs1.UnknownAI, "", "no application identifier", 0},
		{"5012\x00", NotText, "", "control character 0x00", 4},
		{"\xfe\x81abc", NotText, "", "baud rate", 0},
		{"DF:EXPLODE", BadControl, "", "DF:HELP", 3},
		{"DF:QTY", BadQuantity, "", "whole number", 3},
		{"DF:QTY 0", BadQuantity, "", "between 1 and", 3},
		{"df:qty -1", BadQuantity, "", "whole number", 3},
		{"DF:QTY 99999999999999999999", BadQuantity, "", "whole number", 3},
		{"DF:UNDO 2", BadControl, "", "takes nothing", 3},
		{"DF:LANG de", BadControl, "", "no control card", 3},
		{"DF:WORKER", BadControl, "", "missing", 3},
	} {
		c := parse("", x.data)
		if assert.NotNil(t, c.Err, "%q", x.data) {
			assert.Equal(t, x.code, c.Err.Code, "%q: %s", x.data, c.Err.Message)
			assert.Contains(t, c.Err.Message, x.word, "%q", x.data)
			assert.Equal(t, x.at, c.Err.At, "%q", x.data)
			assert.Equal(t, x.ai, c.Err.AI, "%q", x.data)
		}
		assert.Empty(t, c.GTIN, "%q", x.data)
		assert.Zero(t, c.Quantity, "%q", x.data)
	}
}

func TestUnseparatedLabelWithOneReadingIsTaken(t *testing.T) {
	c := parse("", "010950110153000317270131"+"10A77Z")
	require.Nil(t, c.Err)
	assert.Equal(t, "A77Z", c.Lot)
}

func TestControlCards(t *testing.T) {
	for data, want := range map[string]Card{
		"DF:UNDO": {Verb: Undo}, "DF:QTY 12": {Verb: Qty, Qty: 12}, "DF:DAMAGED": {Verb: Damaged},
		"DF:HOLD": {Verb: Hold}, "DF:STAGE": {Verb: Stage}, "DF:DONE": {Verb: Done},
		"DF:ACCEPT-OVER": {Verb: AcceptOver}, "DF:SAME-AGAIN": {Verb: SameAgain},
		"DF:CLOSE-PALLET": {Verb: ClosePallet}, "DF:HELP": {Verb: Help},
		"df:help": {Verb: Help}, "Df:Worker W": {Verb: Worker, Arg: "W"}, "]C0DF:WORKER w-17": {Verb: Worker, Arg: "w-17"},
	} {
		c := parse("", data)
		require.Nil(t, c.Err, data)
		assert.Equal(t, Control, c.Format)
		assert.Equal(t, want, c.Card)
	}
}

func TestHouseCodeComesBeforeGuesses(t *testing.T) {
	lp, err := NewPattern("licence plate", `LP\d{6}|\d{8}`)
	require.NoError(t, err)
	r := Rules{House: []Pattern{lp}}
	for _, data := range []string{"LP000123", "]C0LP000123", "96385074"} {
		c := r.Parse("", []byte(data), year)
		require.Nil(t, c.Err)
		assert.Equal(t, House, c.Format)
		assert.Equal(t, "licence plate", c.Pattern)
	}
	assert.Equal(t, Unknown, r.Parse("", []byte("LP000123x"), year).Format)
	assert.Equal(t, GTIN, r.Parse("]E4", []byte("96385074"), year).Format)
	_, err = NewPattern("broken", "(")
	assert.ErrorContains(t, err, "house pattern broken")
}

func TestUnknownTextIsKeptAsItCame(t *testing.T) {
	for _, text := range []string{
		"<script>alert(1)</script>", "'; DROP TABLE receipt;--", "=1+1", "Grüße", "12345", "]C0" + sscc,
		"[)>\x1e06\x1d1PX\x1e\x04", "]I012345678", "01ABC", "0112",
	} {
		c := parse("", text)
		require.Nil(t, c.Err, "%q", text)
		assert.Equal(t, Unknown, c.Format, "%q", text)
		assert.Equal(t, strings.TrimPrefix(strings.TrimPrefix(text, "]C0"), "]I0"), c.Text)
	}
}

// A substitute of several characters moves what is behind it; places are told in
// the bytes that came.
func TestSubstituteForTheSeparator(t *testing.T) {
	r := Rules{Substitute: "{GS}"}
	c := r.Parse("", []byte("]C110L1{GS}21S1{GS}0109501101530003"), year)
	require.Nil(t, c.Err)
	assert.Equal(t, []Element{{AI: "10", Value: "L1", At: 3}, {AI: "21", Value: "S1", At: 11}, {AI: "01", Value: "09501101530003", At: 19}}, c.Elements)
	c = r.Parse("", []byte("]C110L1{GS}21S1{GS}0109501101530004"), year)
	require.NotNil(t, c.Err)
	assert.Equal(t, 34, c.Err.At)
	c = Rules{Substitute: "|"}.Parse("", []byte("5449000000996|]e010L1|21S1"), year)
	require.Nil(t, c.Err)
	assert.Equal(t, []string{"01 05449000000996", "10 L1", "21 S1"}, values(c), "the sign of a composite component is none")
	for _, good := range []string{"~", "|", "{GS}", "^]", "<GS>~", "\x1e"} {
		assert.NoError(t, CheckSubstitute(good), good)
	}
	for _, bad := range []string{"", "%", "<GS>", "#", "A"} {
		assert.ErrorContains(t, CheckSubstitute(bad), "group separator", bad)
	}
}

func TestHouseAcceptsWhatDoesNotBelongTogether(t *testing.T) {
	r := Rules{AcceptAssociations: true}
	c := r.Parse("", []byte("]C102095011015300033724"), year)
	require.Nil(t, c.Err)
	assert.EqualValues(t, 24, c.Quantity)
	require.Len(t, c.Warnings, 1)
	assert.Equal(t, gs1.Missing, c.Warnings[0].Code)
	assert.Equal(t, 19, c.Warnings[0].At)
	c = r.Parse("", []byte("]C110A\x1d10B"), year)
	require.NotNil(t, c.Err, "nobody knows which lot it is")
	assert.Equal(t, gs1.Repeated, c.Err.Code)
	assert.Empty(t, c.Lot)
	assert.Len(t, c.Elements, 2)
}

// Two boxes of one table are one table: a piece names it and is none.
func TestAPieceIsNoUnit(t *testing.T) {
	c := Rules{}.Parse("", []byte("]C18006095060001343520102\x1d21A"), 2026)
	require.Nil(t, c.Err)
	assert.Equal(t, Piece{"09506000134352", 1, 2}, c.Piece)
	assert.Empty(t, c.GTIN)
	assert.Zero(t, c.Quantity)
	assert.Equal(t, "A", c.Serial)
	assert.Zero(t, Rules{}.Parse("", []byte("]C10109506000134352"), 2026).Piece)
}

// A count is of the trade item that is counted, and an accepted label may not leave
// open how many of which came.
func TestAcceptedLabelLeavesNothingOpen(t *testing.T) {
	const outer, inner, itip = "0115400141288763", "0209506000134352", "8026095060001343520101"
	for label, want := range map[string]string{
		outer + inner + "3710":                  "(01) and (02) name two trade items",
		outer + inner + "3010":                  "(01) and (02) name two trade items",
		outer + inner:                           "(01) and (02) name two trade items",
		outer + "3710":                          "(37) counts what (02) names, and not (01)",
		"0309506000134352" + "3710":             "(37) counts what (02) names, and not (03)",
		"8006095060001343520101" + "3710":       "(37) counts what (02) names, and not (8006)",
		inner:                                   "without (37) nobody knows how many",
		inner + "3010":                          "without (37) nobody knows how many",
		itip:                                    "without (37) nobody knows how many",
		inner + itip + "3710":                   "(02) and (8026) name two trade items",
		inner + "3710\x1d21S":                   "the serial number (21) is not that of what is inside",
		inner + "3710\x1d3010":                  "two quantities",
		inner + "3710":                          "contents 09506000134352 10",
		itip + "3710":                           " 10",
		outer + "3010":                          "gtin 15400141288763 10",
		outer + "3010\x1d414" + "9506000000008": "gtin 15400141288763 10",
		outer + "251A":                          "gtin 15400141288763 0",
		"10L\x1d3710":                           " 0",
		"10L\x1d3010":                           " 0",
		"00106141411234567897" + outer + "3710": "sscc 106141411234567897 gtin 15400141288763 0",
		"00106141411234567897" + "3710":         "sscc 106141411234567897 0",
		"00106141411234567897" + inner + "3710": "sscc 106141411234567897 contents 09506000134352 10",
		"00106141411234567897" + inner:          "sscc 106141411234567897 contents 09506000134352 0",
	} {
		c := Rules{AcceptAssociations: true}.Parse("]C1", []byte(label), year)
		if c.Err != nil {
			assert.Contains(t, c.Err.Message, want, "%q", label)
			continue
		}
		said := ""
		for _, f := range [][2]string{{"sscc", string(c.SSCC)}, {"gtin", string(c.GTIN)}, {"contents", string(c.Contents)}} {
			if f[1] != "" {
				said += f[0] + " " + f[1]
				said += " "
			}
		}
		assert.Equal(t, strings.TrimSpace(want), strings.TrimSpace(fmt.Sprintf("%s%d", said, c.Quantity)), "%q", label)
	}
}

// Several labels that were read as one are none, with and without separators.
func TestTooManyElementsAreRefusedHoweverTheyAreSeparated(t *testing.T) {
	for elements, refused := range map[int]bool{64: false, 65: true, 80: true} {
		for _, label := range []string{strings.Repeat("91A\x1d", elements), strings.Repeat("11270131", elements)} {
			c := Rules{AcceptAssociations: true}.Parse("]C1", []byte(label), year)
			assert.Equal(t, refused, c.Err != nil && c.Err.Code == gs1.Limit, "%d of %.8q: %v", elements, label, c.Err)
		}
	}
	one, other := strings.Repeat("91A\x1d", 40), strings.Repeat("91A\x1d", 24)
	c := Rules{AcceptAssociations: true}.Parse("]e0", []byte(one+component+other+"92B"), year)
	require.NotNil(t, c.Err, "the component is of the same label")
	assert.Equal(t, gs1.Limit, c.Err.Code)
}

// A scanner that sends another character for the separator, and a house that has not
// said so.
func TestACharacterThatMayBeTheSeparatorIsNamed(t *testing.T) {
	for _, label := range []string{"0109506000134352~10AB", "010950600013435210AB~21C", "]C1010950600013435210AB|21C"} {
		c := parse("", label)
		require.NotNil(t, c.Err, label)
		assert.Contains(t, c.Err.Message, "say so with gs_substitute", label)
	}
	for _, label := range []string{"]C101095060001343529510AB", "]C10109506000134352\x0110AB"} {
		assert.NotContains(t, fmt.Sprint(parse("", label).Err), "gs_substitute", label)
	}
}

func TestOldLinksWithShortNumbers(t *testing.T) {
	const link = "https://id.gs1.org/01/4006381333931"
	assert.Equal(t, gs1.Length, parse("", link).Err.Code)
	c := Rules{Links: gs1.Links{ShortGTIN: true}}.Parse("", []byte(link), year)
	require.Nil(t, c.Err)
	assert.Equal(t, allocation.GTIN("04006381333931"), c.GTIN)
}

func TestPatternsThatCannotWork(t *testing.T) {
	for expr, says := range map[string]string{
		"(": "house pattern x", `(?P<sku>A)(?P<weight>\d)`: "the group weight is none of", `(?P<lot>A)|(?P<lot>B)`: "lot",
	} {
		_, err := NewPattern("x", expr)
		assert.ErrorContains(t, err, says, expr)
	}
	_, err := ParseKind("shelf")
	assert.ErrorContains(t, err, "plate, location, order, other")
}

// 29 February stands on labels for years that have none once the century is known.
func TestLeapDayNeedsItsYear(t *testing.T) {
	const label = "]C1010950110153000317000229"
	assert.Equal(t, allocation.Date("2000-02-29"), parse("", label).Expiry)
	c := Rules{}.Parse("", []byte(label), 2060)
	require.NotNil(t, c.Err)
	assert.Equal(t, gs1.Date, c.Err.Code)
	assert.Equal(t, "17", c.Err.AI)
}

func TestTwoDigitYearsSlideAroundTheScan(t *testing.T) {
	for in, want := range map[string]allocation.Date{
		"260228": "2026-02-28", "760101": "2076-01-01", "770101": "1977-01-01", "270200": "2027-02-28", "280200": "2028-02-29",
	} {
		got, ok := readDate(in, 2026)
		require.True(t, ok)
		assert.Equal(t, want, got, in)
	}
	got, _ := readDate("400101", 2090)
	assert.Equal(t, allocation.Date("2140-01-01"), got)
	_, ok := readDate("260230", 2026)
	assert.False(t, ok)
}

// What a label maker encodes must come back, whatever the values are.
func TestEncodedLabelComesBack(t *testing.T) {
	value := rapid.StringMatching(`[!"%-?A-Z_a-z]{1,20}`)
	rapid.Check(t, func(t *rapid.T) {
		lot, serial := value.Draw(t, "lot"), value.Draw(t, "serial")
		c := parse("]C1", "10"+lot+"\x1d0109501101530003"+"21"+serial)
		require.Nil(t, c.Err)
		assert.Equal(t, lot, c.Lot)
		assert.Equal(t, serial, c.Serial)
	})
}

// Whatever comes, what a code says is sound, and an error says where and why.
func FuzzParse(f *testing.F) {
	for _, s := range []string{fourAIs, "]C1" + fourAIs, "00" + sscc, "DF:QTY 12", "(01)09501101530003(10)A(B)",
		"]E004252614", "4006381333931", "010950110153000310ABC21XYZ", "\x1d\x1d", "]", "]C1", "]E0", "393", "]C13931", "\xff",
		"]E05449000000996|]e010L1", "]E09780306406157]E251299", "]C1011061414100041510L1~21S1", "ABC123*12/L-1/S9", "df:help",
		"https://id.gs1.org/01/09501101530003/10/ABC?17=270131", "]C10110614141000415422276" + "10LOT1",
		"03600029145200", "101234567892\x1d", "10614141000415{GS}"} {
		f.Add("", []byte(s), 2026)
	}
	strict, lenient := Rules{}, house(f)
	lenient.AcceptAssociations, lenient.Links.ShortGTIN, lenient.Substitute = true, true, "{GS}"
	f.Fuzz(func(t *testing.T, symbology string, data []byte, year int) {
		if year < 1 || year > 9999 {
			return
		}
		for _, r := range []Rules{strict, lenient} {
			requireSound(t, r.Parse(symbology, data, year), len(data))
		}
	})
}

func requireSound(t *testing.T, c Code, size int) {
	for _, e := range c.Elements {
		require.True(t, e.At >= 0 && e.At < size, "%+v", e)
	}
	for _, key := range []allocation.GTIN{c.GTIN, c.Contents} {
		if key != "" {
			again, err := allocation.ParseGTIN(string(key))
			require.NoError(t, err)
			require.Equal(t, again, key)
		}
	}
	require.True(t, c.Quantity >= 0 && c.Quantity <= allocation.MaxQty)
	if c.Err == nil {
		require.True(t, utf8.ValidString(c.Text))
		return
	}
	require.NotEmpty(t, c.Err.Code)
	require.NotEmpty(t, c.Err.Message)
	require.True(t, c.Err.At >= 0 && c.Err.At <= size, "%+v", c.Err)
	if !isAssociation(c.Err) {
		require.Equal(t, Code{Symbology: c.Symbology, Format: c.Format, Text: c.Text, Err: c.Err}, c)
	}
}

func BenchmarkFourAIs(b *testing.B) {
	data := []byte("]C1" + fourAIs)
	b.ReportAllocs()
	for b.Loop() {
		if c := (Rules{}).Parse("", data, year); c.Err != nil {
			b.Fatal(c.Err)
		}
	}
}
