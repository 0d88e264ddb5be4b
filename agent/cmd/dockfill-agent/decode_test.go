package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/scanner/barcode"
)

// A part of an item names the whole, and does not count.
func TestDecodeOfAPiece(t *testing.T) {
	code, out, errs := say(t, "", "decode", `]C18006095060001343520102\x1d21A`)
	require.Equal(t, exitGood, code, errs)
	assert.Contains(t, out, `"gtin":"09506000134352","sscc":"","quantity":0,`)
	assert.Contains(t, out, `"piece":{"n":1,"of":2}`)
}

func TestDecodeAnswersEveryLine(t *testing.T) {
	in := `]C10104006381333931172701311010\x1d21S"1` + "\n4006381333931\r\n4006381333932\nDF:QTY 12\nbad\\q\n\n"
	code, out, _ := say(t, in, "decode", "--json")
	assert.Equal(t, exitDegraded, code, "some could not be decoded")
	lines := strings.Split(strings.TrimSpace(out), "\n")
	require.Len(t, lines, 6)
	assert.Equal(t, `{"input":"]C10104006381333931172701311010\\x1d21S\"1","symbology":"]C1","format":"gs1","elements":[`+
		`{"ai":"01","value":"04006381333931"},{"ai":"17","value":"270131"},{"ai":"10","value":"10"},{"ai":"21","value":"S\"1"}],`+
		`"gtin":"04006381333931","sscc":"","quantity":1,"lot":"10","serial":"S\"1","expiry":"2027-01-31","error":null,"schema":1}`, lines[0])
	assert.Contains(t, lines[1], `"input":"4006381333931","symbology":"","format":"gtin","elements":[],"gtin":"04006381333931"`)
	assert.Contains(t, lines[2], `"gtin":"","sscc":"","quantity":0,"lot":"","serial":"","expiry":"","error":{"code":"check-digit","message":"GTIN`)
	assert.Contains(t, lines[2], `"at":12}`)
	assert.Contains(t, lines[3], `"format":"control","elements":[],"gtin":"","sscc":"","quantity":12`)
	assert.Contains(t, lines[3], `"card":"QTY 12"`)
	assert.Contains(t, lines[4], `"error":{"code":"escape"`)
	assert.Contains(t, lines[4], `"at":3`)
	assert.Contains(t, lines[5], `"error":{"code":"empty"`)
	_, same, _ := say(t, in, "decode")
	assert.Equal(t, out, same, "a program that reads it gets JSON either way")
	code, _, _ = say(t, "4006381333931\n", "decode")
	assert.Equal(t, exitGood, code)
	_, out, _ = say(t, "", "decode", "--help")
	assert.Contains(t, out, "could not be decoded")
}

func TestDecodeTakesArguments(t *testing.T) {
	code, out, _ := say(t, "never read\n", "decode", `]C110A\x1d0104006381333931`, "df:help")
	assert.Equal(t, exitGood, code)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	require.Len(t, lines, 2)
	assert.Contains(t, lines[0], `"lot":"A"`)
	assert.Contains(t, lines[1], `"card":"HELP"`)
}

// What does not belong together is told, and still shown; a site may accept it.
func TestDecodeGivesElementsBesideAnAssociationFailure(t *testing.T) {
	const label = "]C102040063813339313724"
	elements := `"elements":[{"ai":"02","value":"04006381333931"},{"ai":"37","value":"24"}]`
	code, out, _ := say(t, "", "decode", label)
	assert.Equal(t, exitDegraded, code)
	assert.Contains(t, out, elements)
	assert.Contains(t, out, `"error":{"code":"gs1-association-missing","message":"(37)`)
	assert.Contains(t, out, `"at":19,"ai":"37"}`)
	code, out, _ = say(t, "", "decode", "--accept-associations", label)
	assert.Equal(t, exitGood, code)
	assert.Contains(t, out, elements)
	assert.Contains(t, out, `"quantity":24`)
	assert.Contains(t, out, `"error":null,"contents":"04006381333931","warnings":[{"code":"gs1-association-missing"`)
}

func TestDecodeKnowsTheHouse(t *testing.T) {
	file := writeConfig(t, "site='leeds'\ndata='/var/lib/dockfill'\n[[code]]\nname='own label'\npattern='(?P<sku>[A-Z]{3}\\d{3})\\*(?P<qty>\\d+)'\n")
	code, out, errs := say(t, "ABC123*12\n", "--config", file, "decode")
	assert.Equal(t, exitGood, code, errs)
	assert.Contains(t, out, `"format":"house"`)
	assert.Contains(t, out, `"quantity":12`)
	assert.Contains(t, out, `"pattern":"own label","kind":"other","sku":"ABC123"`)
	code, _, errs = say(t, "ABC123*12\n", "--config", file+"x", "decode")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, errs, file+"x")
}

func TestDecodeFlagsMeanWhatTheySay(t *testing.T) {
	_, out, _ := say(t, "", "decode", "--gs-substitute", "~", "]C110A~0104006381333931")
	assert.Contains(t, out, `"lot":"A"`)
	_, out, _ = say(t, "", "decode", "--gs-substitute", `\x1e`, `]C110A\x1e0104006381333931`)
	assert.Contains(t, out, `"lot":"A"`)
	for _, wrong := range []string{"A", `\q`} {
		code, _, errs := say(t, "", "decode", "--gs-substitute", wrong, "1")
		assert.Equal(t, exitUsage, code)
		assert.Contains(t, errs, "--gs-substitute: ")
	}
	_, out, _ = say(t, "", "decode", "--short-gtin", "https://id.gs1.org/01/4006381333931")
	assert.Contains(t, out, `"format":"digital-link"`)
	assert.Contains(t, out, `"gtin":"04006381333931"`)
}

// What a person sees on a terminal.
func TestDecodeForPeople(t *testing.T) {
	var b bytes.Buffer
	for _, line := range []string{`]C1010400638133393110A\x1d21B`, "]C110A", "]E02012345123458", "4006381333932"} {
		d := decode(barcode.Rules{}, line)
		require.NoError(t, d.print(&b))
	}
	for _, says := range []string{
		"gs1, symbology ]C1\n  (01) 04006381333931\n  (10) A\n  (21) B\n  GTIN 04006381333931\n  lot A\n  serial B\n  quantity 1\n",
		"]C110A\n  cannot be used: (10) needs", "  (10) A\n", "  not a trade item: in-store\n",
		"4006381333932\n  cannot be used: GTIN", "(byte 13)\n",
	} {
		assert.Contains(t, b.String(), says)
	}
}

// Every answer reads back as JSON, whatever came.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{`]C110A\x1d21B`, `\xff`, "\xff", `"`, `\`, "DF:LANG de", "https://id.gs1.org/01/04006381333931"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, line string) {
		var b bytes.Buffer
		d := decode(barcode.Rules{AcceptAssociations: true}, line)
		require.NoError(t, d.printJSON(&b))
		require.Equal(t, 1, strings.Count(b.String(), "\n"))
		var back decoded
		require.NoError(t, json.Unmarshal(b.Bytes(), &back))
		require.NotNil(t, back.Elements)
		require.NoError(t, d.print(&b))
	})
}
