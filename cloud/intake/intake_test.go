package intake

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/allocation"
	"dockfill/cloud/store"
)

const goodOrders = "\xef\xbb\xbforder,version,site,customer,customer_name,accepted,line,sku,qty,promised,tier\r\n" +
	"O1,1,leeds,C9,\"Smith, Ann\",2027-01-31T08:30:00+01:00,1,X,3,2027-02-01,2\r\n" +
	"O2,1,york,C8,,2027-01-31T09:00:00Z,1,Y,1,,\r\n" +
	"O1,1,leeds,C9,\"Smith, Ann\",2027-01-31T08:30:00+01:00,2,Y,4,2027-02-01,2\r\n"

func read1(t *testing.T, kind Kind, text string) (*File, error) {
	t.Helper()
	return Read(strings.NewReader(text), Options{Kind: kind, Name: "f.csv"})
}

func TestOrdersAreReadFromCSV(t *testing.T) {
	f, err := read1(t, Orders, goodOrders)
	require.NoError(t, err)
	assert.Equal(t, 3, f.Rows)
	require.Len(t, f.Batch.Orders, 2)
	assert.Equal(t, store.Order{ID: "O1", Version: 1, Site: "leeds", Customer: "C9", CustomerName: "Smith, Ann",
		Ranking: store.Ranking{Tier: 2, Class: allocation.Redistribute, Promised: "2027-02-01"}, Ship: allocation.ShipPartial,
		Accepted: time.Date(2027, 1, 31, 7, 30, 0, 0, time.UTC),
		Lines:    []store.OrderLine{{Line: "1", SKU: "X", Qty: 3}, {Line: "2", SKU: "Y", Qty: 4}}}, f.Batch.Orders[0])
}

func TestItemsAndInboundAreReadFromCSV(t *testing.T) {
	f, err := read1(t, Items, "sku,description,putaway,gtin,pack_qty\nX,Tape,A-04,4006381333931,\nX,Tape,A-04,15400141288763,12\n")
	require.NoError(t, err)
	assert.Equal(t, []store.Item{{SKU: "X", Description: "Tape", Putaway: "A-04",
		GTINs: []store.PackGTIN{{GTIN: "04006381333931", Qty: 1}, {GTIN: "15400141288763", Qty: 12}}}}, f.Batch.Items)
	f, err = read1(t, Inbound, "inbound,version,site,supplier,expected,sku,qty,sscc\nP1,1,leeds,S,2027-02-01,X,10,\nP1,1,leeds,S,2027-02-01,X,4,106141411234567897\nP1,1,leeds,S,2027-02-01,Y,6,106141411234567897\n")
	require.NoError(t, err)
	assert.Equal(t, []store.Inbound{{ID: "P1", Version: 1, Site: "leeds", Supplier: "S", Expected: "2027-02-01", Lines: []store.SupplyLine{{SKU: "X", Qty: 10}},
		Pallets: []store.Pallet{{SSCC: "106141411234567897", Lines: []store.SupplyLine{{SKU: "X", Qty: 4}, {SKU: "Y", Qty: 6}}}}}}, f.Batch.Inbound)
}

func TestAPackOfNothingIsNoPack(t *testing.T) {
	_, err := read1(t, Items, "sku,description,putaway,gtin,pack_qty\nX,Tape,A-04,4006381333931,0\n")
	assert.ErrorContains(t, err, "a pack holds at least 1 unit")
}

// Whoever sends a file must learn of everything in it that is wrong at once, at
// the place where it stands.
func TestEveryBadRowIsToldWithItsPlace(t *testing.T) {
	_, err := read1(t, Orders, "order,version,site,customer,accepted,line,sku,qty\n"+
		"O1,1,leeds,C9,2027-01-31T08:30:00Z,1,X,three\n"+ // 2
		"O2,1,Leeds!,C9,yesterday,1,X,3\n"+ // 3
		"O3,1,leeds,C9,2027-01-31T08:30:00Z,1,X\n"+ // 4
		"O4,1,leeds,C9,2027-01-31T08:30:00Z,1,X,1\n"+
		"O4,1,leeds,C7,2027-01-31T08:30:00Z,a/b,X,\n"+ // 6
		"O4,1,leeds,C9,2027-01-31T08:30:00Z,1,X,2000000\n") // 7
	var bad *Problems
	require.ErrorAs(t, err, &bad)
	var told strings.Builder
	for _, p := range bad.List {
		fmt.Fprintln(&told, p)
	}
	for _, want := range []string{
		`f.csv:2: qty: "three" is not a whole number`,
		`f.csv:3: accepted: "yesterday" is not a time written like 2026-11-23T09:30:00Z`,
		`f.csv:3: site: site "Leeds!" may hold only`,
		`f.csv:4: it has 7 fields, the first row names 8 columns`,
		`f.csv:6: customer: it says "C7" here and "C9" in line 5`,
		`f.csv:6: qty: it is blank`,
		`f.csv:6: line: line "a/b" holds a slash`,
		`f.csv:7: line: line "1" stands twice`,
		`f.csv:7: qty: quantity 2000000 is not between`,
	} {
		assert.Contains(t, told.String(), want)
	}
	assert.Equal(t, bad.Count, len(bad.List))
}

// A number that nobody wrote is no help in finding the field that is wrong.
func TestABadFieldIsToldOnce(t *testing.T) {
	f, err := read1(t, Orders, "order,version,site,customer,accepted,line,sku,qty\n"+
		"O1,x,leeds,C9,2027-01-31T08:30:00Z,1,X,1\n"+ // 2
		"O2,1,leeds,C9,31/01/2027,1,X,99999999999999999999\n"+ // 3
		"O3,,leeds,C9,2027-01-31T08:30:00Z,1,X,three\n"+ // 4
		"O4,1,leeds,C9,2027-01-31T08:30:00Z,1,X\n"+ // 5
		"O5,1,le\"eds,C9,2027-01-31T08:30:00Z,1,X,1\n"+ // 6
		"O6,1,leeds,C9,2027-01-31T08:30:00.25Z,1,X,1\n")
	var bad *Problems
	require.ErrorAs(t, err, &bad)
	var told []string
	for _, p := range bad.List {
		told = append(told, p.String())
	}
	assert.ElementsMatch(t, []string{
		`f.csv:2: version: "x" is not a whole number`,
		`f.csv:3: accepted: "31/01/2027" is not a time written like 2026-11-23T09:30:00Z`,
		`f.csv:3: qty: "99999999999999999999" is too large a number`,
		`f.csv:4: version: it is blank`,
		`f.csv:4: qty: "three" is not a whole number`,
		`f.csv:5: it has 7 fields, the first row names 8 columns`,
		`f.csv:6: site: a quote stands in a field that does not begin with one: put the field in quotes and write the quote in it twice`,
	}, told)
	assert.Equal(t, 6, f.Rows)
	assert.Equal(t, 5, bad.Rows)
}

// A line that a version does not name is cancelled, so an order is never taken
// without its bad line.
func TestSkippingLeavesOutWholeRecords(t *testing.T) {
	f, err := Read(strings.NewReader("order,version,site,customer,accepted,line,sku,qty\nO1,1,leeds,C,2027-01-31T08:30:00Z,1,X,1\n"+
		"O1,1,leeds,C,2027-01-31T08:30:00Z,2,X,bad\nO2,1,leeds,C,2027-01-31T08:30:00Z,1,X,1\n"), Options{Kind: Orders, SkipBad: true})
	require.NoError(t, err)
	require.Len(t, f.Batch.Orders, 1)
	assert.EqualValues(t, "O2", f.Batch.Orders[0].ID)
	assert.Equal(t, 1, f.Skipped)
	assert.Equal(t, 2, f.SkippedRows, "the good row goes with its record")
	assert.True(t, f.Batch.SkipBad)
	_, err = Read(strings.NewReader("sku,gtin\nX,\"40\"x\n"), Options{Kind: Items, SkipBad: true})
	assert.ErrorContains(t, err, ":2: gtin: a quoted field does not end where its quote does")
}

// What a record's check finds is known last, and told at its line all the same.
func TestFaultsAreToldInTheOrderOfTheirLines(t *testing.T) {
	_, err := read1(t, Orders, "order,version,site,customer,accepted,line,sku,qty\n"+
		strings.Repeat("O1,1,leeds!,C,2027-01-31T08:30:00Z,1,X,-1\n", 700)+strings.Repeat("O2,1,leeds,C,2027-01-31T08:30:00Z,1,X,x\n", 1500))
	var bad *Problems
	require.ErrorAs(t, err, &bad)
	require.Len(t, bad.List, maxProblems)
	assert.Equal(t, 2, bad.List[0].Line)
	assert.IsNonDecreasing(t, lines(bad))
	assert.Less(t, bad.List[maxProblems-1].Line, 102)
}

func lines(bad *Problems) (at []int) {
	for _, p := range bad.List {
		at = append(at, p.Line)
	}
	return at
}

func TestProblemsAreCountedBeyondTheCap(t *testing.T) {
	_, err := read1(t, Items, "sku,gtin\n"+strings.Repeat("X,1\n", 250))
	var bad *Problems
	require.ErrorAs(t, err, &bad)
	assert.Equal(t, 250, bad.Count)
	assert.Len(t, bad.List, maxProblems)
	assert.ErrorContains(t, err, "(and 249 more)")
}

func TestAHeaderThatIsNotUnderstoodIsRefused(t *testing.T) {
	for text, want := range map[string]string{
		"":                      "is empty",
		"order,verison,site\n":  "did you mean version?",
		"sku,sku\n":             "stands twice",
		"order,version,site\n1": `column "customer" is missing`,
		"\xff\xfeo\x00":         "UTF-16",
		"sku,\"desc":            `extraneous or missing "`,
		"order," + strings.Repeat("x", 70_000) + "\n": "is a quote left open",
	} {
		_, err := read1(t, Orders, text)
		assert.ErrorContains(t, err, want)
	}
	_, err := read1(t, Items, "sku,description\nX,\""+strings.Repeat("x\n", 100_000))
	assert.ErrorContains(t, err, "is a quote left open")
	_, err = read1(t, Items, "sku,description\nX,"+strings.Repeat("x", 5000)+"\n")
	assert.ErrorContains(t, err, "at most 4096 are allowed")
}

func TestJSONIsReadInThreeShapes(t *testing.T) {
	const o = `{"id":"O1","version":1,"site":"leeds","customer":"C","accepted":"2027-01-31T08:30:00Z","lines":[{"line":"1","sku":"X","qty":1}]}`
	for _, text := range []string{o, "[" + o + "]", ` {"orders": [` + o + `]}`} {
		f, err := read1(t, Orders, text)
		require.NoError(t, err, text)
		assert.Len(t, f.Batch.Orders, 1)
	}
	for text, want := range map[string]string{
		`{"orders":[` + o + ",\n" + strings.Replace(o, `"qty":1`, `"qty":-1`, 1) + `]}`: "f.csv:2: lines[0].qty: quantity -1",
		`{"orders":[],"items":[]}`: `"items" stands beside "orders"`,
		`[{"id":"O1","prio":3}]`:   `field "prio" is not known`,
		`[` + strings.Replace(o, "2027-01-31T08:30:00Z", "yesterday", 1) + `]`: `f.csv:1: accepted: accepted is "yesterday", expected is an instant such as 2026-11-23T09:30:00Z`,
		`[` + strings.Replace(o, `"2027-01-31T08:30:00Z"`, "5", 1) + `]`:       "accepted is no text",
		"[\n\n{]":      "f.csv:3",
		`{"orders":3}`: "f.csv:1: a list of orders is expected",
	} {
		_, err := read1(t, Orders, text)
		assert.ErrorContains(t, err, want, text)
	}
}

// What stands behind the end was meant to be imported: it must not be lost in
// silence. What ends early was cut off on its way.
func TestJSONThatGoesOnOrEndsEarlyIsRefused(t *testing.T) {
	const o = `{"id":"O1","version":1,"site":"leeds","customer":"C","accepted":"2027-01-31T08:30:00Z","lines":[{"line":"1","sku":"X","qty":1}]}`
	for text, want := range map[string]string{
		"[" + o + "]\n" + o:                `f.csv:2: text follows behind the end of the JSON: "{\"id\":\"O1\",\"version`,
		"[" + o + "],":                     "f.csv:1: text follows behind the end of the JSON: \",\"",
		o + "\n\n" + o:                     "f.csv:3: text follows behind the end of the JSON",
		`{"orders":[` + o + "]}\nnonsense": `f.csv:2: text follows behind the end of the JSON: "nonsense"`,
		`{"id":`:                           "f.csv:1: the file ends in the middle of the record begun at line 1",
		"\n{\n\"id\":\"O1\",\n":            "f.csv:3: the file ends in the middle of the record begun at line 2",
		"[\n" + o + ",\n{\"id\":\n\"O2":    "f.csv:4: the file ends in the middle of the record begun at line 3",
		"{\"orders\": [\n" + o[:30]:        "f.csv:2: the file ends in the middle of the record begun at line 2",
		`{"orders":[` + o + "]":            "f.csv:1: the file ends before its list does",
		"[" + o + ",\n":                    "f.csv:1: the file ends before its list does",
		"[":                                "the file ends before its list does",
		"{":                                "the file ends in the middle of the record begun at line 1",
		"[\n\n" + o + ",\n{\"id\" 3}]":     "f.csv:4: this is no valid JSON",
	} {
		_, err := read1(t, Orders, text)
		assert.ErrorContains(t, err, want, text)
	}
	f, err := read1(t, Orders, "[\n"+o+",\n"+strings.Replace(o, "O1", "O2", 1)+"]\n")
	require.NoError(t, err)
	assert.Equal(t, 3, f.Places["O2"].Line)
}

func TestAMappingIsCheckedStrictly(t *testing.T) {
	for text, want := range map[string]string{
		"kind = 'order'":                                 `"order" is none of orders`,
		"kind = 'orders'\n[columns]\nskuu = 'A'":         "did you mean sku?",
		"kind = 'orders'\ncolumn = 3":                    `line 2, column 1: key "column" is not known`,
		"kind = 'orders'\n[time]\nzone = 'Mars/Olympus'": "time.zone",
		"kind = 'orders'\n[[skip]]\ncolumn = 'A'":        "skip rule 1",
		"kind = 'orders'\ndelimiter = ';;'":              "one character",
		"kind = ":                                        "line 1",
	} {
		_, err := ReadMapping("m.toml", strings.NewReader(text))
		assert.ErrorContains(t, err, want)
		assert.ErrorContains(t, err, "m.toml")
	}
}

func mapping(t testing.TB, name string) *Mapping {
	t.Helper()
	r, err := os.Open(filepath.Join("../../docs/examples", name))
	require.NoError(t, err)
	defer r.Close()
	m, err := ReadMapping(name, r)
	require.NoError(t, err)
	return m
}

const retail = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n" +
	"573744,21314,GLASS POT ,8,2011-10-29 08:16:00,2.1,17733.0,United Kingdom\n" +
	"573744,21314,glass pot,2,2011-10-29 08:17:00,2.1,17733.0,United Kingdom\n" +
	"C573745,21314,GLASS POT ,-8,2011-11-01 08:16:00,2.1,17733.0,United Kingdom\n" +
	"573746,85123A,\"HEART, WHITE\",-1,2011-11-01 08:16:00,2.1,,United Kingdom\n" +
	"573747,85123A,\"HEART, WHITE\",1,2011-11-01 08:16:00,2.1,,United Kingdom\n"

func TestInvoicesBecomeBackordersByAMapping(t *testing.T) {
	f, err := Read(strings.NewReader(retail), Options{Kind: Orders, Name: "r.csv", Map: mapping(t, "online-retail.toml")})
	require.NoError(t, err)
	assert.Equal(t, 5, f.Rows)
	assert.Equal(t, 2, f.Left)
	require.Len(t, f.Batch.Orders, 2)
	o := f.Batch.Orders[0]
	assert.Equal(t, time.Date(2011, 10, 29, 7, 16, 0, 0, time.UTC), o.Accepted, "London was on summer time")
	assert.EqualValues(t, "17733", o.Customer)
	assert.Equal(t, []store.OrderLine{{Line: "1", SKU: "21314", Qty: 8}, {Line: "2", SKU: "21314", Qty: 2}}, o.Lines)
	assert.EqualValues(t, "private", f.Batch.Orders[1].Customer)

	f, err = Read(strings.NewReader(retail), Options{Kind: Items, Name: "r.csv", Map: mapping(t, "online-retail-items.toml")})
	require.NoError(t, err)
	require.Len(t, f.Batch.Items, 2)
	assert.Equal(t, "GLASS POT", f.Batch.Items[0].Description)
	assert.EqualValues(t, "0"+DeriveGTIN("21314"), f.Batch.Items[0].GTINs[0].GTIN)

	_, err = Read(strings.NewReader("InvoiceNo,StockCod\n"), Options{Kind: Orders, Name: "r.csv", Map: mapping(t, "online-retail.toml")})
	assert.ErrorContains(t, err, "from column")
}

// The formula is written down for other programs, so it must not drift.
func TestTheDerivedGTINIsFixed(t *testing.T) {
	assert.Equal(t, "2059025306565", DeriveGTIN("21314"))
	assert.Equal(t, "2054923286490", DeriveGTIN("85123A"))
}

func FuzzCSV(f *testing.F) {
	f.Add(goodOrders)
	f.Add("sku,gtin\nX,\"4\n\n")
	f.Add("order,version,site,customer,accepted,line,sku,qty\n\"\xff\x00,,,,,,")
	f.Fuzz(func(t *testing.T, text string) {
		for _, kind := range []Kind{Orders, Items, Inbound} {
			file, err := Read(strings.NewReader(text), Options{Kind: kind, Name: "f"})
			if err != nil {
				continue
			}
			for _, o := range file.Batch.Orders {
				require.NoError(t, allocation.CheckSite(string(o.Site)))
				require.NotEmpty(t, o.Lines)
			}
			for _, it := range file.Batch.Items {
				require.NoError(t, allocation.CheckID("sku", string(it.SKU)))
			}
		}
	})
}

func TestWhatTheRulesAskForIsReadFromCSV(t *testing.T) {
	f, err := read1(t, Orders, "order,version,site,customer,accepted,line,sku,qty,segment,ship,pack,min_life_days\n"+
		"O1,1,leeds,C9,2027-01-31T08:30:00+01:00,1,X,12,web,order,6,30\nO1,1,leeds,C9,2027-01-31T08:30:00+01:00,2,Y,4,web,order,,\n")
	require.NoError(t, err)
	o := f.Batch.Orders[0]
	assert.Equal(t, "web", o.Segment)
	assert.Equal(t, allocation.ShipOrder, o.Ship)
	assert.Equal(t, []store.OrderLine{{Line: "1", SKU: "X", Qty: 12, Pack: 6, MinLife: 30}, {Line: "2", SKU: "Y", Qty: 4}}, o.Lines)
	f, err = read1(t, Items, "sku,substitutes\nX,Y; Z\nY,\n")
	require.NoError(t, err)
	assert.Equal(t, []store.Item{{SKU: "X", Substitutes: []allocation.SKU{"Y", "Z"}}, {SKU: "Y"}}, f.Batch.Items)
	f, err = read1(t, Inbound, "inbound,version,site,sku,qty,tolerance_pct,closed\nP1,1,leeds,X,10,0,true\nP2,1,leeds,X,10,,false\nP3,1,leeds,X,10,,\n")
	require.NoError(t, err)
	none := int64(0)
	assert.Equal(t, &none, f.Batch.Inbound[0].Tolerance, "none is not the same as what the policy says")
	assert.True(t, f.Batch.Inbound[0].Closed)
	assert.Nil(t, f.Batch.Inbound[1].Tolerance)
	assert.False(t, f.Batch.Inbound[1].Closed || f.Batch.Inbound[2].Closed)
}

func TestTheSameFactsAreReadFromJSON(t *testing.T) {
	f, err := read1(t, Orders, `{"id":"O1","version":1,"site":"leeds","customer":"C9","accepted":"2027-01-31T08:30:00Z","segment":"web","ship":"line","lines":[{"line":"1","sku":"X","qty":12,"pack":6,"min_life_days":30}]}`)
	require.NoError(t, err)
	assert.Equal(t, []store.OrderLine{{Line: "1", SKU: "X", Qty: 12, Pack: 6, MinLife: 30}}, f.Batch.Orders[0].Lines)
	assert.Equal(t, allocation.ShipLine, f.Batch.Orders[0].Ship)
	f, err = read1(t, Items, `{"sku":"X","substitutes":["Y"]}`)
	require.NoError(t, err)
	assert.Equal(t, []allocation.SKU{"Y"}, f.Batch.Items[0].Substitutes)
	f, err = read1(t, Inbound, `{"id":"P1","version":1,"site":"leeds","tolerance_pct":10,"closed":true,"lines":[{"sku":"X","qty":1}]}`)
	require.NoError(t, err)
	assert.EqualValues(t, 10, *f.Batch.Inbound[0].Tolerance)
	assert.True(t, f.Batch.Inbound[0].Closed)
}

func TestWhatTheRulesCannotUseIsToldWithItsPlace(t *testing.T) {
	for _, bad := range []struct {
		kind Kind
		text string
		want []string
	}{
		{Orders, "order,version,site,customer,accepted,line,sku,qty,segment,ship,pack,min_life_days\n" +
			"O1,1,leeds,C9,2027-01-31T08:30:00Z,1,X,12, ,whole,-6,36501\nO1,1,leeds,C9,2027-01-31T08:30:00Z,2,X,12,web,whole,six,\n", []string{
			`f.csv:2: ship: ship "whole" is none of partial, line, order`, "f.csv:2: pack: it is -6, which is not between 0 and 1000000",
			"f.csv:2: min_life_days: it is 36501, which is not between 0 and 36500", `f.csv:3: segment: it says "web" here and "" in line 2 of the same record`,
			`f.csv:3: pack: "six" is not a whole number`}},
		{Items, "sku,substitutes\nX,Y;X\nZ,A;A\n", []string{"f.csv:2: substitutes: an item is no substitute of itself", `f.csv:3: substitutes: substitute "A" stands twice in it`}},
		{Inbound, "inbound,version,site,sku,qty,tolerance_pct,closed\nP1,1,leeds,X,10,1001,yes\n", []string{
			`f.csv:2: closed: "yes" is neither true nor false`, "f.csv:2: tolerance_pct: a tolerance of 1001 percent is not between 0 and 1000"}},
		{Items, `[{"sku":"X","substitutes":["X"]}]`, []string{"f.csv:1: substitutes[0]: an item is no substitute of itself"}},
		{Inbound, `{"id":"P1","version":1,"site":"leeds","closed":"true","lines":[{"sku":"X","qty":1}]}`, []string{"f.csv:1: closed: closed is text, expected is true or false"}},
	} {
		f, err := read1(t, bad.kind, bad.text)
		require.Error(t, err)
		var told []string
		for _, p := range f.Bad.List {
			told = append(told, p.String())
		}
		assert.ElementsMatch(t, bad.want, told)
	}
}
