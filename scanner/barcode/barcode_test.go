package barcode

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"dockfill/allocation"
)

const (
	year    = 2026
	fourAIs = "0109501101530003172701311" + "0LOT7A\x1d21S-0042"
	sscc    = "106141411234567897"
)

func parse(symbology, data string) Code { return Rules{}.Parse(symbology, []byte(data), year) }

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
		assert.Equal(t, []Element{{"01", "09501101530003"}, {"17", "270131"}, {"10", "LOT7A"}, {"21", "S-0042"}}, c.Elements)
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
		{"", Empty, "", "no data", 0},
		{"]C1", Empty, "", "no data", 3},
		{"\x1d", Empty, "", "separators only", 0},
		{"4006381333932", CheckDigit, "", "1 is expected", 0},
		{"96385074", Ambiguous, "", "EAN-8 or UPC-E", 0},
		{"]E0123", Length, "", "settings for EAN", 3},
		{"]E0400638133393X", Character, "", "only digits", 3},
		{"]C10109501101530004", CheckDigit, "01", "3 is expected", 3},
		{"]C1010950110153", Length, "01", "at least 14", 3},
		{"]C10109501101530003172713" + "01", BadDate, "17", "no day", 19},
		{"]C10109501101530003170229" + "31", BadDate, "17", "no day", 19},
		{"]C10109501101530003300", BadQuantity, "30", "between 1 and 1000000", 19},
		{"]C1010950110153000330" + "1000001", BadQuantity, "30", "between 1 and 1000000", 19},
		{"]C101095011015300033012\x1d3713", BadQuantity, "37", "two quantities", 24},
		{"]C1010950110153000330x", Character, "30", "only digits", 19},
		{"]C110LOT1\x1d10LOT2", RepeatedAI, "10", "twice", 10},
		{"]C10109501101530003889", UnknownAI, "", "separator may be lost", 19},
		{"]C1010950110153000310ABCDEFGHIJKLMNOPQRSTUV", LostGS, "10", "separator after it is lost", 19},
		{"]C10109501101530003\x1d\x1d17270131", UnknownAI, "", "known here", 20},
		{"]C110LOT^1", Character, "10", "character set", 3},
		{"010950110153000310ABC21XYZ", Ambiguous, "", "more than one way", 0},
		{"(01)09501101530003(88)1", LostGS, "01", "runs on", 0},
		{"(88)1", UnknownAI, "", "known here", 0},
		{"5012\x00", NotText, "", "control character 0x00", 4},
		{"\xfe\x81abc", NotText, "", "baud rate", 0},
		{"DF:EXPLODE", BadControl, "", "DF:HELP", 3},
		{"DF:QTY", BadControl, "", "whole number", 3},
		{"DF:QTY 0", BadControl, "", "between 1 and", 3},
		{"DF:QTY -1", BadControl, "", "whole number", 3},
		{"DF:QTY 99999999999999999999", BadControl, "", "whole number", 3},
		{"DF:UNDO 2", BadControl, "", "takes nothing", 3},
		{"DF:LANG german", BadControl, "", "two small letters", 3},
		{"DF:WORKER", BadControl, "", "missing", 3},
	} {
		c := parse("", x.data)
		if assert.NotNil(t, c.Err, "%q", x.data) {
			assert.Equal(t, x.code, c.Err.Code, "%q: %s", x.data, c.Err.Message)
			assert.Contains(t, c.Err.Message, x.word, "%q", x.data)
			assert.Equal(t, x.at, c.Err.At, "%q", x.data)
			assert.Equal(t, x.ai, c.Err.AI, "%q", x.data)
		}
		assert.Empty(t, c.GTIN)
		assert.Zero(t, c.Quantity)
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
		"DF:LANG de": {Verb: Lang, Arg: "de"}, "]C0DF:WORKER w-17": {Verb: Worker, Arg: "w-17"},
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

func FuzzParse(f *testing.F) {
	for _, s := range []string{fourAIs, "]C1" + fourAIs, "00" + sscc, "DF:QTY 12", "(01)09501101530003(10)A(B)",
		"]E004252614", "4006381333931", "010950110153000310ABC21XYZ", "\x1d\x1d", "]", "]C1", "]E0", "393", "]C13931", "\xff"} {
		f.Add("", []byte(s), 2026)
	}
	f.Fuzz(func(t *testing.T, symbology string, data []byte, year int) {
		if year < 1 || year > 9999 {
			return
		}
		c := Rules{}.Parse(symbology, data, year)
		if c.Err != nil {
			require.NotEmpty(t, c.Err.Code)
			require.NotEmpty(t, c.Err.Message)
			require.True(t, c.Err.At >= 0 && c.Err.At <= len(data))
			require.Empty(t, c.GTIN+allocation.GTIN(c.SSCC)+c.Contents)
			return
		}
		for _, key := range []allocation.GTIN{c.GTIN, c.Contents} {
			if key != "" {
				again, err := allocation.ParseGTIN(string(key))
				require.NoError(t, err)
				require.Equal(t, again, key)
			}
		}
		require.True(t, utf8.ValidString(c.Text))
		require.True(t, c.Quantity >= 0 && c.Quantity <= allocation.MaxQty)
	})
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
