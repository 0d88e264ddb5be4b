package gs1

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	sscc    = "106141411234567897"
	gtin    = "09501101530003"
	fourAIs = "01" + gtin + "17270131" + "10LOT7A\x1d" + "21S-0042"
)

func TestLabelIsReadWhole(t *testing.T) {
	want := []Element{{"01", gtin, 0}, {"17", "270131", 16}, {"10", "LOT7A", 24}, {"21", "S-0042", 32}}
	got, err := Read(nil, fourAIs)
	require.Nil(t, err)
	assert.Equal(t, want, got)

	got, err = Written(got[:1], "(01)"+gtin+"(17)270131(10)LOT7A(21)S-0042")
	require.Nil(t, err)
	assert.Equal(t, []Element{want[0], {"01", gtin, 0}, {"17", "270131", 18}, {"10", "LOT7A", 28}, {"21", "S-0042", 37}}, got)
}

func TestSeparatorsThatSayNothingAreAccepted(t *testing.T) {
	for _, text := range []string{
		"\x1d" + fourAIs, fourAIs + "\x1d", "\x1d" + fourAIs + "\x1d", "01" + gtin + "\x1d17270131\x1d10LOT7A\x1d21S-0042",
	} {
		got, err := Read(nil, text)
		require.Nil(t, err, "%q", text)
		assert.Equal(t, []string{gtin, "270131", "LOT7A", "S-0042"}, values(got))
	}
}

func values(elements []Element) []string {
	var all []string
	for _, e := range elements {
		all = append(all, e.Value)
	}
	return all
}

func TestWhatCannotBeReadSaysWhereAndWhy(t *testing.T) {
	for _, x := range []struct {
		text, code, ai string
		at             int
		word           string
	}{
		{"", Empty, "", 0, "no element"},
		{"\x1d", Empty, "", 1, "no element"},
		{"\x1d\x1d", UnknownAI, "", 1, "separator may be lost"},
		{"01" + gtin + "\x1d\x1d17270131", UnknownAI, "", 17, "separator may be lost"},
		{"01" + gtin + "889", UnknownAI, "", 16, `"889"`},
		{"0", UnknownAI, "", 0, "no application identifier"},
		{"310", UnknownAI, "", 0, "no application identifier"},
		{"3106123456", UnknownAI, "", 0, "no application identifier"},
		{"0109501101530004", CheckDigit, "01", 15, "3 is expected"},
		{"01950110153000", Length, "01", 14, "12 characters where 14"},
		{"01" + gtin + "10", Length, "10", 18, "missing"},
		{"01" + gtin + "1727013", Length, "17", 23, "5 characters where 6"},
		{"01" + gtin + "17271301", Date, "17", 20, "no month 13"},
		{"01" + gtin + "17270230", Date, "17", 22, "no day 30"},
		{"10LOT^121ABC", Character, "10", 5, "GS (0x1D)"},
		{"10LOT 1", Character, "10", 5, "set 82"},
		{"30x", Character, "30", 2, "only digits"},
		{"10ABCDEFGHIJKLMNOPQRSTUV", LostGS, "10", 22, "separator after it is lost"},
		{"40206141411234567891" + "10A", LostGS, "402", 20, "GS (0x1D)"},
		{"8008" + "260131" + "1", Length, "8008", 11, "at least 8"},
		{"4235280", Length, "423", 7, "3 characters are needed after the first 3"},
		{"8010AB", CompanyPrefix, "8010", 4, "digits only"},
		{"4309" + "0279085848" + "3600000001", GeoPosition, "4309", 14, "longitude"},
		{strings.Repeat("11260131", 65), Limit, "", 64 * 8, "more than 64"},
	} {
		had := []Element{{AI: "99", Value: "kept"}}
		got, err := Read(had, x.text)
		if assert.NotNil(t, err, "%q", x.text) {
			assert.Equal(t, []any{x.code, x.ai, x.at}, []any{err.Code, err.AI, err.At}, "%q: %v", x.text, err)
			assert.ErrorContains(t, err, x.word)
			assert.Contains(t, err.Message, x.ai)
			assert.Equal(t, had, got, "nothing of a bad label is used")
		}
	}
	_, err := Read(nil, strings.Repeat("11260131", 64))
	assert.Nil(t, err)
}

func TestTheSentenceNamesAIPositionAndRule(t *testing.T) {
	_, err := Read(nil, "01"+gtin+"17270230")
	assert.EqualError(t, err, `(17) "270230", character 5: month 02 has no day 30; the date is written YYMMDD`)
}

func TestBracketsInsideAValueStayThere(t *testing.T) {
	for text, want := range map[string][]string{
		"(10)A(B)":            {"A(B)"},
		"(10)A(88)B":          {"A(88)B"},
		"(10)A(21B":           {"A(21B"},
		`(10)A\(21)B`:         {"A(21)B"},
		`(10)\(01)A(21)\(10)`: {"(01)A", "(10)"},
	} {
		got, err := Written(nil, text)
		require.Nil(t, err, text)
		assert.Equal(t, want, values(got), text)
	}
}

func TestWrittenLabelSaysWhereItIsWrong(t *testing.T) {
	for _, x := range []struct {
		text, code, ai string
		at             int
	}{
		{"", Empty, "", 0},
		{"01" + gtin, UnknownAI, "", 0},
		{"(88)1", UnknownAI, "", 0},
		{"(01" + gtin, UnknownAI, "", 0},
		{"(01)" + gtin + "(88)1", Length, "01", 18},
		{"(01)" + gtin + "(17)271301", Date, "17", 24},
		{`(10)\(\(A#`, Character, "10", 9},
		{"(10)ABCDEFGHIJKLMNOPQRSTUV", Length, "10", 24},
		{"(10)(21)A", Length, "10", 4},
		{strings.Repeat("(20)11", 65), Limit, "", 64 * 6},
	} {
		_, err := Written(nil, x.text)
		if assert.NotNil(t, err, x.text) {
			assert.Equal(t, []any{x.code, x.ai, x.at}, []any{err.Code, err.AI, err.At}, "%s: %v", x.text, err)
		}
	}
}

func TestLabelWithoutSeparatorsIsTakenIfItReadsOneWay(t *testing.T) {
	for text, want := range map[string]int{
		"":                               0,
		"ABC":                            0,
		"01" + gtin:                      1,
		"01" + gtin[:13] + "4":           0,
		"01" + gtin + "17270131" + "10A": 1,
		"01" + gtin + "10A77Z":           1,
		"01" + gtin + "10ABC21XYZ":       2,
		"10" + "LOT7" + "01" + gtin:      2,
		"00" + sscc + "02" + gtin + "3724" + "\x1d400PO": 0,
		"30" + "17" + "17270131":                         2,
		strings.Repeat("11260131", 64):                   1,
		strings.Repeat("11260131", 65):                   0,
		strings.Repeat("101", 3000):                      0,
	} {
		n, only, _ := Readings(text)
		assert.Equal(t, want, n, text)
		if n != 1 {
			assert.Nil(t, only, text)
			continue
		}
		got, err := Read(nil, elementString(only))
		require.Nil(t, err)
		assert.Equal(t, values(got), values(only))
	}
}

func TestReadingsPartWhereOneGoesOn(t *testing.T) {
	for text, want := range map[string]string{
		"01" + gtin + "10ABC21XYZ":               "21XYZ",
		"11260131" + "01" + gtin + "21A" + "10B": "10B",
		"10LOT7" + "01" + gtin:                   "01" + gtin,
		"10A" + "21B" + "10C":                    "21B10C",
		"422276" + "10AB" + "17270131" + "21X":   "17270131" + "21X",
	} {
		n, _, parts := Readings(text)
		assert.Equal(t, 2, n, text)
		assert.Equal(t, want, text[parts:], text)
	}
}

// Every way to cut is tried one by one.
func TestReadingsAreCountedRight(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	seen := map[int]int{}
	for range 3000 {
		text := ""
		for range 1 + r.IntN(3) {
			s := exact([]string{"11", "20", "30", "10", "7004", "422", "421", "4321", "7010", "242"}[r.IntN(10)])
			value, _ := s.goodValue(r)
			text += s.ai + value[:min(len(value), 6)]
		}
		if at := r.IntN(3 * len(text)); at < len(text) {
			text = text[:at] + text[at+1:]
		}
		n, _, _ := Readings(text)
		require.Equal(t, min(2, cuts(text)), n, text)
		seen[n]++
	}
	assert.True(t, seen[0] > 100 && seen[1] > 100 && seen[2] > 100, "%v", seen)
}

func cuts(text string) int {
	if text == "" {
		return 1
	}
	n := 0
	for end := 3; end <= len(text); end++ {
		if got, err := Read(nil, text[:end]); err == nil && len(got) == 1 {
			n += cuts(text[end:])
		}
	}
	return n
}

// elementString writes a label as a printer does.
func elementString(elements []Element) string {
	var b strings.Builder
	for i, e := range elements {
		b.WriteString(e.AI + e.Value)
		if info, _ := Lookup(e.AI); info.Predefined == 0 && i < len(elements)-1 {
			b.WriteByte('\x1d')
		}
	}
	return b.String()
}

func written(elements []Element) string {
	var b strings.Builder
	for _, e := range elements {
		b.WriteString("(" + e.AI + ")" + strings.ReplaceAll(e.Value, "(", `\(`))
	}
	return b.String()
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{
		fourAIs, "\x1d" + fourAIs + "\x1d", "00" + sscc + "02" + gtin + "3724\x1d400PO-77", "10A(21)B\x1d21(", "(01)" + gtin + "(10)A",
		"8110012345612345611110123", "8007DE91100000000123456789", "80131987654Ad4X4bL5ttr2310c2K", "4309" + "02790858483015297971",
		"8030" + "QUJD", "25312312312312328X", "\x1d\x1d", "0", "3105", "72583/4", "",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if n, only, _ := Readings(text); n == 1 {
			got, err := Read(nil, elementString(only))
			require.Nil(t, err)
			require.Equal(t, values(only), values(got))
		}
		for name, read := range map[string]func([]Element, string) ([]Element, *Error){"read": Read, "written": Written} {
			got, err := read(nil, text)
			if err != nil {
				require.Nil(t, got)
				require.True(t, err.Code != "" && err.Message != "")
				require.True(t, err.At >= 0 && err.At <= len(text), "%s: %d", name, err.At)
				continue
			}
			Check(got)
			require.NotEmpty(t, got)
			for _, e := range got {
				require.True(t, strings.HasPrefix(strings.TrimPrefix(text[e.At:], "("), e.AI))
			}
			again, err := Read(nil, elementString(got))
			require.Nil(t, err)
			require.Equal(t, strip(got), strip(again))
			again, err = Written(nil, written(got))
			require.Nil(t, err)
			require.Equal(t, strip(got), strip(again))
		}
	})
}

// strip forgets where the elements stood.
func strip(elements []Element) []Element {
	all := make([]Element, len(elements))
	for i, e := range elements {
		all[i] = Element{AI: e.AI, Value: e.Value}
	}
	return all
}

func TestReadingALabelAllocatesNothing(t *testing.T) {
	dst := make([]Element, 0, 8)
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		got, err := Read(dst, fourAIs)
		if err != nil || len(Check(got)) > 0 {
			t.Fatal(err)
		}
	}))
}

func BenchmarkReadFourAIs(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		got, err := Read(nil, fourAIs)
		if err != nil || Check(got) != nil {
			b.Fatal(err)
		}
	}
}
