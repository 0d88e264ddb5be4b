package gs1

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestLinkGivesKeyQualifiersAndAttributes(t *testing.T) {
	for uri, want := range map[string]string{
		"https://id.gs1.org/01/" + gtin:                                    "(01)" + gtin,
		"http://example.com/01/" + gtin + "/22/2A/10/LOT7/21/S-0042":       "(01)" + gtin + "(22)2A(10)LOT7(21)S-0042",
		"https://example.com/01/" + gtin + "/21/S-0042":                    "(01)" + gtin + "(21)S-0042",
		"https://example.com/01/" + gtin + "/235/TPX":                      "(01)" + gtin + "(235)TPX",
		"https://example.com/01/" + gtin + "/235/TPX?10=LOT7":              "(01)" + gtin + "(235)TPX(10)LOT7",
		"HTTPS://EXAMPLE.COM:8443/01/" + gtin + "?17=270131&3102=000500":   "(01)" + gtin + "(17)270131(3102)000500",
		"HTTP://192.0.2.7/00/" + sscc:                                      "(00)" + sscc,
		"https://[2001:db8::1]/00/" + sscc + "?400=PO-77":                  "(00)" + sscc + "(400)PO-77",
		"https://a/shop/en/01/" + gtin + "#17=270131":                      "(01)" + gtin,
		"https://a/00/faux/00/" + sscc:                                     "(00)" + sscc,
		"https://a/01/" + gtin + "?":                                       "(01)" + gtin,
		"https://a/01/" + gtin + "?&&17=270131&&&10x=1&lang=de&flag&30=5&": "(01)" + gtin + "(17)270131(30)5",
		"https://a/01/" + gtin + "/10/A%2FB%2fC?240=X%2BY%26%3D":           "(01)" + gtin + "(10)A/B/C(240)X+Y&=",
		"https://a/01/" + gtin + "/10/A+B":                                 "(01)" + gtin + "(10)A+B",
		"https://a/01/" + gtin + "?4300=Main%2520Street":                   "(01)" + gtin + "(4300)Main%20Street",
		"https://a/253/1231231231232TEST567890123456":                      "(253)1231231231232TEST567890123456",
		"https://a/414/9501101530003/254/DOOR7":                            "(414)9501101530003(254)DOOR7",
		"https://a/414/9501101530003/7040/1ABC":                            "(414)9501101530003(7040)1ABC",
		"https://a/415/9501101530003/8020/R1?3910=97812":                   "(415)9501101530003(8020)R1(3910)97812",
		"https://a/8004/9501ABC?01=" + gtin:                                "(8004)9501ABC(01)" + gtin,
		"https://a/8010/9501-A/8011/1":                                     "(8010)9501-A(8011)1",
		"https://a/8018/106141411234567897/8019/7":                         "(8018)106141411234567897(8019)7",
		"https://a/8013/1987654Ad4X4bL5ttr2310c2K":                         "(8013)1987654Ad4X4bL5ttr2310c2K",
		"https://a/8003/01231231231232A%23":                                "",
	} {
		got, err := Link(nil, uri)
		if want == "" {
			assert.NotNil(t, err, uri)
			continue
		}
		if !assert.Nil(t, err, "%s: %v", uri, err) {
			continue
		}
		wanted, werr := Written(nil, strings.ReplaceAll(want, "A(B", `A\(B`))
		require.Nil(t, werr, want)
		assert.Equal(t, strip(wanted), strip(got), uri)
		assert.True(t, IsLink(uri), uri)
		for _, e := range got {
			assert.True(t, strings.HasPrefix(uri[e.At:], e.AI), "%s at %d", uri, e.At)
		}
	}
}

func TestLinkThatIsWrongSaysWhereAndWhy(t *testing.T) {
	const a = "https://a/01/" + gtin // its value begins at 13 and ends at 27
	for _, x := range []struct {
		uri, code, ai string
		at            int
		word          string
		isLink        bool
	}{
		{"", LinkSyntax, "", 0, "http://", false},
		{"ftp://a/01/" + gtin, LinkSyntax, "", 0, "http://", false},
		{"HtTpS://a/01/" + gtin, LinkSyntax, "", 0, "http://", false},
		{"https:///01/" + gtin, LinkSyntax, "", 8, "domain", false},
		{"https://a", LinkSyntax, "", 8, "domain", false},
		{"https://$a/01/" + gtin, LinkSyntax, "", 8, "domain", false},
		{"https://me@a/01/" + gtin, LinkSyntax, "", 10, "domain", false},
		{"https://a/", LinkSyntax, "", 9, "no GS1 key", false},
		{"https://a/2026/01/15", Length, "01", 20, "where 14", false},
		{"https://a/shop?01=" + gtin, LinkSyntax, "", 9, "no GS1 key", false},
		{"https://a/gtin/" + gtin, LinkSyntax, "", 9, "no GS1 key", false},
		{a + "<b", LinkSyntax, "", 27, "percent-encoded", false},
		{a + "\u00e4", LinkSyntax, "", 27, "percent-encoded", false},
		{"https://a/21/A/01/" + gtin + "/", LinkPath, "", 32, "slash", true},
		{a + "/", LinkPath, "", 27, "slash", true},
		{a + "/10/", Length, "10", 31, "missing", true},
		{"https://a/01//" + gtin, LinkSyntax, "", 9, "no GS1 key", false},
		{a + "/89/ABC", LinkPath, "", 34, "pairs", true},
		{a + "/10", LinkPath, "", 30, "pairs", true},
		{a + "/10/A/22/B", LinkPath, "22", 33, "the order is (22) (10) (21), or (235)", true},
		{a + "/10/A/235/B", LinkPath, "235", 33, "the order is", true},
		{a + "/10/A/10/A", LinkPath, "10", 33, "the order is", true},
		{a + "/99/ABC", LinkPath, "99", 28, "the order is", true},
		{"https://a/00/" + sscc + "/10/A", LinkPath, "10", 32, "nothing may follow", true},
		{a + "?10=A", LinkAttribute, "10", 28, "belongs in the path", true},
		{a + "/21/S?10=A", LinkAttribute, "10", 33, "belongs in the path", true},
		{a + "?8020=A", LinkAttribute, "8020", 28, "may not stand", true},
		{a + "?99=A&99=A", LinkRepeated, "99", 33, "twice", true},
		{a + "?01=" + gtin, LinkRepeated, "01", 28, "twice", true},
		{a + "/10/A?10=A", LinkRepeated, "10", 33, "twice", true},
		{a + "?999=A", UnknownAI, "", 28, "999", true},
		{a + "?1=A", UnknownAI, "", 28, "no application identifier", true},
		{a + "?310=A", UnknownAI, "", 28, "no application identifier", true},
		{a + "?123456789=A", UnknownAI, "", 28, "no application identifier", true},
		{a + "?=270131", UnknownAI, "", 28, "no application identifier", true},
		{a + "?89=A%20B", Character, "89", 32, "set 82", true},
		{a + "?89=", Length, "89", 31, "missing", true},
		{a + "?17=", Length, "17", 31, "missing", true},
		{a + "?17=271301", Date, "17", 33, "no month 13", true},
		{a + "?17=%32%371301", Date, "17", 37, "no month 13", true},
		{a + "?240=A+B", Character, "240", 33, "%2B", true},
		{a + "/10/A%2", Percent, "10", 32, "hexadecimal", true},
		{a + "/10/A%zz", Percent, "10", 32, "hexadecimal", true},
		{a + "/10/A%00", Character, "10", 32, "set 82", true},
		{a + "/10/%C3%A4", Character, "10", 31, "set 82", true},
		{a + "/10/A%FF%FE", Character, "10", 32, "set 82", true},
		{a + "/10/" + strings.Repeat("A", 21), Length, "10", 51, "at most 20", true},
		{"https://a/01/09501101530004", CheckDigit, "01", 26, "3 is expected", true},
		{"https://a/01/9501101530003", Length, "01", 26, "13 characters where 14", true},
		{"https://a/01/950110153000x", Length, "01", 26, "where 14", true},
		{"https://example.com/AQnYUc1gmiCNV4Xs", LinkCompressed, "", 20, "compressed", true},
		{"https://id.gs1.org/ARFKk4XB0CDKWcnpq", LinkCompressed, "", 19, "compressed", true},
		{"https://id.gs1.org/AN2yxDhfaiaw?lang=de", LinkCompressed, "", 19, "compressed", true},
		{"https://id.gs1.org/QUikJcgbkw", LinkCompressed, "", 19, "compressed", true},
		{"https://example.com/QUikJcgbkw", LinkCompressed, "", 20, "compressed", true},
		{"https://example.com/QUikJcgbkA", LinkSyntax, "", 19, "no GS1 key", false},
		{"https://id.gs1.org/gATkkkkkkk", LinkCompressed, "", 19, "compressed", true},
		{"https://example.com/gATkkkkkkk", LinkSyntax, "", 19, "no GS1 key", false},
		{"https://id.gs1.org/8004/", Length, "8004", 24, "missing", true},
		{"https://example.com/8004/", Length, "8004", 25, "missing", true},
		{"https://id.gs1.org/01/", Length, "01", 22, "missing", true},
		{"https://example.com/01/", Length, "01", 23, "missing", false},
		{"https://id.gs1.org/8018/-50914141123456789", Character, "8018", 24, "digits", true},
		{"https://example.com/8004", LinkSyntax, "", 19, "no GS1 key", false},
		{"https://example.com/AQnYUc2gmiCNV4Xs", LinkSyntax, "", 19, "no GS1 key", false},
		{"https://example.com/Af__________", LinkSyntax, "", 19, "no GS1 key", false},
		{"https://example.com/AQnY.Uc1gmiCNV4Xs", LinkSyntax, "", 19, "no GS1 key", false},
		{"https://example.com/watch/dQw4w9WgXcQ", LinkSyntax, "", 19, "no GS1 key", false},
	} {
		had := []Element{{AI: "99", Value: "kept"}}
		got, err := Link(had, x.uri)
		if assert.NotNil(t, err, x.uri) {
			assert.Equal(t, []any{x.code, x.ai, x.at}, []any{err.Code, err.AI, err.At}, "%s: %v", x.uri, err)
			assert.ErrorContains(t, err, x.word, x.uri)
			assert.Equal(t, had, got)
		}
		assert.Equal(t, x.isLink, IsLink(x.uri), x.uri)
	}
}

func TestShortGTINInALinkIsAHousesChoice(t *testing.T) {
	short := Links{ShortGTIN: true}
	for value, want := range map[string]string{
		"9501101530003": gtin, "036000291452": "00036000291452", "96385074": "00000096385074", gtin: gtin,
	} {
		got, err := short.Read(nil, "https://a/01/"+value)
		require.Nil(t, err, value)
		assert.Equal(t, want, got[0].Value)
		got, err = short.Read(nil, "https://a/8004/9501A?01="+value)
		require.Nil(t, err, value)
		assert.Equal(t, want, got[1].Value)
		assert.True(t, IsLink("https://a/01/"+value))
	}
	for value, at := range map[string]int{"9501101530004": 25, "950110153000": 24, "96385%307x": 22, "963850": 19} {
		_, err := short.Read(nil, "https://a/01/"+value)
		require.NotNil(t, err, value)
		assert.Equal(t, at, err.At, "%s: %v", value, err)
	}
}

func TestLinkHoldsAtMost64Elements(t *testing.T) {
	var query strings.Builder
	n := 1
	for i := range known.specs {
		s := &known.specs[i]
		if n < 64 && s.attribute && s.ai[:2] == "31" || s.ai[:2] == "32" && n < 64 {
			fmt.Fprintf(&query, "%s=000001&", s.ai)
			n++
		}
	}
	uri := "https://a/00/" + sscc + "?" + query.String()
	got, err := Link(nil, uri)
	require.Nil(t, err)
	assert.Len(t, got, 64)
	_, err = Link(nil, uri+"400=A")
	require.NotNil(t, err)
	assert.Equal(t, Limit, err.Code)
}

// link writes elements as a link: those before the question mark into the path.
func link(elements []Element, question int) string {
	var b strings.Builder
	b.WriteString("https://example.org/stem")
	mark := "?"
	for _, e := range elements {
		if e.At < question {
			fmt.Fprintf(&b, "/%s/%s", e.AI, everythingEscaped(e.Value))
			continue
		}
		fmt.Fprintf(&b, "%s%s=%s", mark, e.AI, everythingEscaped(e.Value))
		mark = "&"
	}
	return b.String()
}

func everythingEscaped(value string) string {
	var b strings.Builder
	for i := range len(value) {
		fmt.Fprintf(&b, "%%%02x", value[i])
	}
	return b.String()
}

func FuzzLink(f *testing.F) {
	for _, s := range []string{
		"https://id.gs1.org/01/" + gtin + "/22/2A/10/LOT7/21/S%2F0042?17=270131&lang=de&89=X#f", "HTTP://a/00/" + sscc,
		"https://a/01/9501101530003?3102=000500", "https://a/414/9501101530003/254/D", "https://example.com/AQnYUc1gmiCNV4Xs",
		"https://a/8010/9501-A/8011/1?", "https://a//01//", "http://a/01/%", "https://a/01/" + gtin + "/",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, uri string) {
		is := IsLink(uri)
		for _, links := range []Links{{}, {ShortGTIN: true}} {
			got, err := links.Read(nil, uri)
			if err != nil {
				require.Nil(t, got)
				require.True(t, err.Code != "" && err.Message != "")
				require.True(t, err.At >= 0 && err.At <= len(uri), "%d", err.At)
				continue
			}
			require.True(t, is, "what can be read is a link")
			Check(got)
			question := strings.IndexByte(uri+"?", '?')
			again, err := Link(nil, link(got, question))
			require.Nil(t, err, "%v", err)
			require.Equal(t, strip(got), strip(again))
		}
	})
}

func BenchmarkReadLink(b *testing.B) {
	const uri = "https://id.gs1.org/01/" + gtin + "/10/LOT7/21/S-0042?17=270131"
	b.ReportAllocs()
	for b.Loop() {
		if got, err := Link(nil, uri); err != nil || len(got) != 4 {
			b.Fatal(err)
		}
	}
}
