package main

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/firmware-sim/scenarios"
)

const day = "\ufeffInvoiceNo,StockCode,Description,Quantity,GTIN\n" +
	"1,82582,\"SIGN, METAL\",100,\n" +
	"1,BANK CHARGES,,1,\n" +
	"2,82582,SIGN,116,\n" +
	"3,82582,SIGN,-5,\n" +
	"3,22086,CHAIN,2000001,4006381333931\n"

func convert(t *testing.T, text string, args ...string) (int, string, string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "day.csv")
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	var out, errs bytes.Buffer
	status := run(t.Context(), append([]string{"scenario", "pallets", file}, args...), streams{nil, &out, &errs})
	return status, out.String(), errs.String()
}

func TestADaysTotalsBecomePallets(t *testing.T) {
	status, out, errs := convert(t, day, "--gtin-column", "GTIN")
	require.Equal(t, 0, status, errs)
	assert.Contains(t, out, "3 pallets, 2000218 units, from 4 rows; left out: 1 return, 0 bad rows")
	steps, err := scenarios.Parse("out", strings.NewReader(out), nil)
	require.NoError(t, err)
	var scans []string
	for _, s := range steps {
		if s.Verb == "scan" {
			scans = append(scans, s.Args[1])
		}
	}
	assert.Equal(t, []string{
		"DF:QTY 216", "82582", "BANK CHARGES",
		"(01)04006381333931(30)1000000", "(01)04006381333931(30)1000000", "(01)04006381333931(30)1",
	}, scans)
}

func TestBadRowsAreNamedAndNothingIsMade(t *testing.T) {
	text := "StockCode,Quantity\n1,many\n,3\n2\n3,4\n"
	status, out, errs := convert(t, text)
	assert.Equal(t, 2, status)
	assert.Empty(t, out)
	for _, want := range []string{
		`day.csv:2: the quantity "many" is no whole number`, "day.csv:3: the code is empty",
		"day.csv:4: the row has only 1 column", "3 bad rows: mend that, or leave it out with --skip-bad",
	} {
		assert.Contains(t, errs, want)
	}
	status, out, _ = convert(t, text, "--skip-bad")
	assert.Equal(t, 0, status)
	assert.Contains(t, out, "1 pallet, 4 units")
}

func TestAMissingColumnIsNamedWithThoseThatAreThere(t *testing.T) {
	status, _, errs := convert(t, "sku,qty\n")
	assert.Equal(t, 3, status)
	assert.Contains(t, errs, `has no column "StockCode"; it has sku, qty`)
}

func TestSamplesAreListedAndShown(t *testing.T) {
	var out bytes.Buffer
	require.Equal(t, 0, run(t.Context(), []string{"scenario", "list"}, streams{nil, &out, &out}))
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	column := strings.Index(lines[0], "What a dock scans")
	require.Positive(t, column)
	for _, line := range lines {
		name, about := line[:column], line[column:]
		assert.Equal(t, "  ", name[column-2:], "%s: the column is kept", line)
		assert.Regexp(t, `^\S+ +$`, name, "%s: the column is kept", line)
		assert.Regexp(t, `^\S.*[.]$`, about, "a whole sentence")
	}
	assert.Contains(t, out.String(), "it is told tones and lights by messages, and each scan ends with CR LF.\n")
	out.Reset()
	require.Equal(t, 0, run(t.Context(), []string{"scenario", "show", "first-pallet"}, streams{nil, &out, &out}))
	assert.Contains(t, out.String(), "scan dock1")
}

func TestCheckDigits(t *testing.T) {
	for _, whole := range []string{"4006381333931", "036000291452", "96385074", "09506000134352", "10614141000415"} {
		last := len(whole) - 1
		assert.Equal(t, whole[last], checkDigit(whole[:last]), whole)
	}
}

// A sample with a mistyped label would teach a newcomer that the product is
// broken.
func TestTheSamplesLabelsHaveRightCheckDigits(t *testing.T) {
	label := regexp.MustCompile(`\((?:00|01)\)(\d+)`)
	names, err := fs.Glob(scenarios.Samples, "*.txt")
	require.NoError(t, err)
	for _, name := range names {
		text, err := fs.ReadFile(scenarios.Samples, name)
		require.NoError(t, err)
		for _, m := range label.FindAllStringSubmatch(string(text), -1) {
			last := len(m[1]) - 1
			assert.Equal(t, string(checkDigit(m[1][:last])), m[1][last:], "%s: %s", name, m[1])
		}
	}
}

// All mistakes of a file are told at once, in their order; a line that nobody
// understands hides none, and nothing that follows from it is one.
func TestAWrongVerbHidesNoOtherMistake(t *testing.T) {
	const text = "let link\n" + // 1
		"devise dock1 ssi link={lnk}\n" + // 2
		"device dock2 ascii link={link}\n" + // 3
		"scan dock1 4006381333931\n" +
		"expect dock2 good\n" + // 5
		"netwrk line listen=:0 to=:1\n" + // 6
		"net line cut\n" +
		"unplug dock2\n" +
		"scan dock2 4006381333931\n" + // 9
		"scan dock3 4006381333931\n" // 10
	var out, errs bytes.Buffer
	status := run(t.Context(), []string{"play", "-"}, streams{strings.NewReader(text), &out, &errs})
	assert.Equal(t, 3, status)
	var lines []string
	for _, m := range regexp.MustCompile(`standard input:(\d+):`).FindAllStringSubmatch(errs.String(), -1) {
		lines = append(lines, m[1])
	}
	assert.Equal(t, []string{"1", "2", "5", "6", "9", "10"}, lines, errs.String())
}
