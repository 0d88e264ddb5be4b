package profile

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/allocation"
	"dockfill/scanner"
)

func TestShippedProfilesAreWhole(t *testing.T) {
	found, err := read(makes, "makes")
	require.NoError(t, err)
	assert.Equal(t, []string{"ascii", "batch", "batch-timed", "datalogic", "datalogic-ack", "datalogic-cordless", "denso", "honeywell",
		"honeywell-hostack", "honeywell-hostack-2020", "mindeo", "newland", "opticon", "ssi"}, Set{}.Names())
	for name, p := range found {
		assert.NotEmpty(t, p.About, name)
		assert.NotNil(t, p.Line, name)
		c, err := Set{}.Complete(scanner.Config{Station: "1", Port: "COM3", Profile: scanner.Profile(name), Beep: p.Verdicts()})
		require.NoError(t, err, name)
		assert.Equal(t, p.Line.Baud, c.Baud, name)
		codec, err := New(c)
		require.NoError(t, err, name)
		codec.Connect(noon)
		codec.Feed(noon, []byte("4006381333931\r\n"))
	}
}

// Whatever the make, a word that is not known never sounds or shines good.
func TestNoMakeSoundsGoodByMistake(t *testing.T) {
	found, err := read(makes, "makes")
	require.NoError(t, err)
	for name, p := range found {
		if !p.Verdicts() {
			continue
		}
		good, razz := p.Tones.toneOf(allocation.Allocated).String(), p.Tones.toneOf(allocation.Stop).String()
		assert.Equal(t, good, p.Tones.toneOf(allocation.Stock).String(), name)
		for _, v := range []allocation.Verdict{"", "allocated", "SPLENDID"} {
			assert.Equal(t, razz, p.Tones.toneOf(v).String(), name)
			assert.Equal(t, p.Lights.lightOf(allocation.Stop), p.Lights.lightOf(v), name)
		}
		different := map[string]bool{good: true, razz: true,
			p.Tones.toneOf(allocation.Held).String(): true, p.Tones.toneOf(allocation.Check).String(): true}
		assert.Len(t, different, 4, name)
	}
}

func TestMistakesInADocumentNameTheirPlace(t *testing.T) {
	good := string(must(makes.ReadFile("makes/honeywell-hostack.toml")))
	ssi := string(must(makes.ReadFile("makes/ssi.toml")))
	for want, change := range map[string][3]string{
		`x.toml:4:10: engine: "morse" is none of ssi, honeywell, datalogic, ascii`:       {good, `engine = "honeywell"`, `engine = "morse"`},
		"lights.green: there is no such key; docs/scanners/profiles.md lists them":       {good, "[light.green]", "[lights.green]"},
		"tone.good.source: is missing":                                                   {good, `source = "Host ACK responses, Xenon and Granit user guides: 7 is the good read"`, ""},
		`answer.sure: "certain" is none of vendor, measured, one implementation`:         {good, "user guides: 10 s as delivered, 1 to 90 s\"\nsure = \"vendor\"", "\"\nsure = \"certain\""},
		"tone.razz.send: sounds like tone.good":                                          {good, `send = "<ESC>8,"`, `send = "<ESC>7,"`},
		`tone.question.send: sounds like tone.good; nobody could tell a question`:        {good, `send = "<ESC>5,<ESC>5,"`, `send = "<ESC>7,"`},
		"<ESCAPE> is neither a control character such as <ESC>":                          {good, `"<ESC>8,"`, `"<ESCAPE>8,"`},
		"x.toml:66:8: tone.razz.send: <ZZ> is neither a control character such as <ESC>": {good, `"<ESC>8,"`, `"<ZZ>"`},
		`usb[0].vid: "C2E" is not four hexadecimal digits in capitals`:                   {good, `"0C2E"`, `"C2E"`},
		`usb[0].vid: 0403 is a bridge chip`:                                              {good, `"0C2E"`, `"0403"`},
		"line.baud: 5 is not between 300 and 4000000":                                    {good, "baud = 115200", "baud = 5"},
		"answer.limit_ms: 5 is not between 500 and 90000":                                {good, "limit_ms = 10000", "limit_ms = 5"},
		`menu.command[0].tag: "REV" is not one tag, subtag and value`:                    {good, `"REVINF"`, `"REV"`},
		`ssi.type[0].aim: "A0" is no symbology identifier such as ]C1`:                   {ssi, `"]A0"`, `"A0"`},
		"ssi.type[0].code: 999 is not between 0 and 255":                                 {ssi, "code = 0x01\n", "code = 999\n"},
		`tone.razz.send: "<NAK><NAK>" is not one byte; engine ssi takes a code`:          {ssi, `send = "<15>"`, `send = "<15><15>"`},
		`light.red.off: "" is not one byte; engine ssi takes a code`:                     {ssi, "off = \"<02>\"\n", ""},
		`hold.begin: "" is not one byte; engine ssi takes a code`:                        {ssi, "begin = \"<EA>\"\n", ""},
		"hold.ms: 5 is not between 500 and 30000":                                        {ssi, "ms = 3000", "ms = 5"},
		"ssi.packets.set: 500 is not between 0 and 255":                                  {ssi, "[0x9F, 1]", "[0x9F, 500]"},
		"ssi.packets.set: lacks [0xEE, 1], which has the scanner send packets":           {ssi, "[[0xEE, 1], ", "["},
		"ssi.type[1].code: 0x01 is there twice":                                          {ssi, "code = 0x03\n", "code = 0x01\n"},
		"tone.razz.send: 0x1b is no beep code; they end at 0x1A":                         {ssi, `send = "<15>"`, `send = "<1B>"`},
		"hold.end: is the same as begin":                                                 {ssi, `end = "<E9>"`, `end = "<EA>"`},
		"answer.resend: is the same as ack":                                              {string(must(makes.ReadFile("makes/datalogic-ack.toml"))), `resend = "<NAK>"`, `resend = "<ACK>"`},
		"answer.resend_ms: says when it sends again, and sends = 1":                      {string(must(makes.ReadFile("makes/datalogic-ack.toml"))), `sends = 4`, `sends = 1`},
		"answer.resend_ms: goes with ack":                                                {string(must(makes.ReadFile("makes/datalogic-ack.toml"))), `ack = "<ACK>"`, ``},
		"command: there is no such key":                                                  {good, "[light.green]", "[[command]]\nname = \"x\"\n[light.green]"},
		`setup[0].purpose: "fun" is none of serial-mode, host-ack`:                       {ssi, `purpose = "serial-mode"`, `purpose = "fun"`},
		"frame: does not go with engine ssi, which speaks in packets":                    {ssi, "[light.green]", "[frame]\nterminator = \"CR\"\nsource = \"x\"\nsure = \"vendor\"\n[light.green]"},
		"memory.record: a record is CODE once":                                           {string(must(makes.ReadFile("makes/batch-timed.toml"))), "CODE,YYYYMMDDhhmmss", "CODE,YYYY"},
		"memory.scans: 1 is not between 2 and 1000":                                      {string(must(makes.ReadFile("makes/batch.toml"))), "scans = 3", "scans = 1"},
		`frame.terminator: "EOT" is none of CR, LF, CRLF, CRCR, TAB, STX/ETX, STX/ETX+`:  {good, `terminator = "CR"`, `terminator = "EOT"`},
	} {
		text := strings.Replace(change[0], change[1], change[2], 1)
		require.NotEqual(t, change[0], text, want)
		_, err := Parse("x.toml", []byte(text))
		require.ErrorContains(t, err, want)
		assert.Regexp(t, `^x\.toml:\d+:\d+: `, err.Error())
		if line := 1 + strings.Count(change[0][:strings.Index(change[0], change[1])], "\n"); strings.Contains(want, "[0]") {
			assert.InDelta(t, line, lineOf(err), 1, want)
		}
	}
	for want, text := range map[string]string{"frame: is missing": without(good, "frame"), "ssi.packets: is missing": without(ssi, "ssi.packets")} {
		_, err := Parse("x.toml", []byte(text))
		assert.ErrorContains(t, err, want)
	}
	_, err := Parse("Big Name.toml", []byte(good))
	assert.ErrorContains(t, err, "the file's name is the profile's")
	_, err = Parse("x.toml", []byte("title = \n"))
	assert.Regexp(t, `^x\.toml:1:\d+: `, err.Error())
}

// Who writes a document knows scanners, and not the program's types.
func TestAValueOfAnotherKindIsToldInTheTradesWords(t *testing.T) {
	ssi := string(must(makes.ReadFile("makes/ssi.toml")))
	host := string(must(makes.ReadFile("makes/honeywell-hostack.toml")))
	for want, change := range map[string][3]string{
		`line.baud: must be a whole number, "9600" is text in quotes`:                {ssi, "baud = 9600", `baud = "9600"`},
		`line.baud: must be a whole number, 9600.5 is a number with a fraction`:      {ssi, "baud = 9600", `baud = 9600.5`},
		`x.toml:10:7: usb.vid: must be text in quotes, 1504 is a whole number`:       {ssi, `vid = "05E0"`, "vid = 1504"},
		`ssi.ask.flush: must be true or false, 0 is a whole number`:                  {ssi, "flush = false", "flush = 0"},
		`ssi.packets.set: must be pairs of a parameter and its value`:                {ssi, "[0x9F, 1]", "[0x9F]"},
		`ssi.packets.set: must be pairs of a parameter and its value, such as`:       {ssi, "[0x9F, 1]", "[0x9F, 1, 2]"},
		`set: must be pairs of a parameter and its value, such as [[0xEE, 1], `:      {ssi, "[0x9F, 1]", `["9F", 1]`},
		`ssi.packets.set: must be a list of pairs such as [[0xEE, 1], [0x9F, 1]], 5`: {ssi, "set = [[0xEE, 1], [0x9F, 1]]", "set = 5"},
		`ssi.type.code: must be a whole number, 2026-01-01 is a date or a time`:      {ssi, "code = 0x01", "code = 2026-01-01"},
		`engine: must be text in quotes, true is true or false`:                      {ssi, `engine = "ssi"`, "engine = true"},
		`line: there is one of it: write [line]`:                                     {ssi, "[line]", "[[line]]"},
		`usb: there may be several: write [[usb]]`:                                   {ssi, "[[usb]]", "[usb]"},
		`title: is no table: write it as a key with its value, which must be text`:   {ssi, "[line]", "[title]"},
		`line: must be a table, 3 is a whole number`:                                 {ssi, "title = ", "line = 3\ntitle = "},
		`tone.razz.send: must be text in quotes, 27 is a whole number`:               {host, `send = "<ESC>8,"`, "send = 27"},
		`tone.razz.send: must be text in quotes, this is a list`:                     {host, `send = "<ESC>8,"`, "send = [27]"},
		`light.green.ms: must be a whole number, "5" is text in quotes`:              {ssi, "[light.green]", "[light]\ngreen = { on = \"<01>\", off = \"<01>\", ms = \"5\" }\n[light.grey]"},
		`this is no TOML: unexpected character U+0073 's' at start of value; text`:   {ssi, `engine = "ssi"`, "engine = ssi"},
		`this is no TOML: key baud is already defined`:                               {ssi, "baud = 9600", "baud = 9600\nbaud = 5"},
	} {
		text := strings.Replace(change[0], change[1], change[2], 1)
		require.NotEqual(t, change[0], text, want)
		_, err := Parse("x.toml", []byte(text))
		require.ErrorContains(t, err, want)
		line := 1 + strings.Count(change[0][:strings.Index(change[0], change[1])], "\n")
		assert.InDelta(t, line, lineOf(err), 1, "%v", err)
		assert.NotRegexp(t, `struct|profile\.|decode|type int`, err.Error())
	}
	two := strings.NewReplacer("baud = 9600", `baud = "fast"`, "flush = false", "flush = 7").Replace(ssi)
	_, err := Parse("x.toml", []byte(two))
	assert.Len(t, strings.Split(err.Error(), "\n"), 2, "all of them at once: %v", err)
}

// without takes a table out of a document.
func without(text, table string) string {
	before, after, _ := strings.Cut(text, "["+table+"]\n")
	_, rest, _ := strings.Cut(after, "\n\n")
	return before + rest
}

func lineOf(err error) (line int) {
	_, _ = fmt.Sscanf(err.Error(), "x.toml:%d:", &line)
	return line
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestSiteAddsAndReplacesProfiles(t *testing.T) {
	text := string(must(makes.ReadFile("makes/ascii.toml")))
	own := strings.Replace(text, `"CR"`, `"CRLF"`, 1)
	set, err := Load(fstest.MapFS{"ascii.toml": {Data: []byte(own)}, "dock-7.toml": {Data: []byte("\xef\xbb\xbf" + own)}, "README": {Data: []byte("x")}})
	require.NoError(t, err)
	assert.Contains(t, set.Names(), "dock-7")
	for _, name := range []scanner.Profile{"", "ascii", "dock-7"} {
		c, err := set.Complete(scanner.Config{Station: "1", Port: "COM3", Profile: name})
		require.NoError(t, err)
		assert.Equal(t, scanner.CRLF, c.Terminator)
		again, err := Complete(c)
		require.NoError(t, err)
		assert.Equal(t, c, again)
		codec, err := New(c)
		require.NoError(t, err)
		assert.Equal(t, []string{"A\rB"}, frames(codec.Feed(noon, []byte("A\rB\r\n"))))
	}
	_, err = Load(fstest.MapFS{"a.toml": {Data: []byte("x = 1")}, "b.toml": {Data: []byte("y = 1")}})
	assert.ErrorContains(t, err, "a.toml:1:1: x: there is no such key")
	assert.ErrorContains(t, err, "b.toml:1:1: y: there is no such key")
	set, err = LoadDir("/no/such/folder")
	require.NoError(t, err)
	assert.Equal(t, Set{}.Names(), set.Names())
}

func TestConfigurationMustFitItsProfile(t *testing.T) {
	for want, c := range map[string]scanner.Config{
		`station 1: profile "morse" is none of ascii, batch`:    {Profile: "morse"},
		"takes neither terminator nor idle gap":                 {Profile: "ssi", Terminator: scanner.CR},
		"needs 8 data bits":                                     {Profile: "ssi", DataBits: 7},
		"has no way to sound the verdict":                       {Profile: "ascii", Beep: true},
		"waits for the verdict after each scan; beep cannot be": {Profile: "honeywell-hostack"},
		"baud 5 is not between":                                 {Baud: 5},
	} {
		c.Station, c.Port = "1", "COM3"
		_, err := Set{}.Complete(c)
		assert.ErrorContains(t, err, want)
	}
	_, err := New(scanner.Config{Station: "1", Profile: "morse"})
	assert.ErrorContains(t, err, `station 1: profile "morse" is none of`)
	c, err := Complete(scanner.Config{Station: "1", Port: "COM3"})
	require.NoError(t, err)
	assert.Equal(t, scanner.CR, c.Terminator)
	assert.Equal(t, 200*time.Millisecond, c.IdleGap)
}

func TestUSBIdsSuggestAProfile(t *testing.T) {
	first := map[string]string{"05E0": "ssi", "0C2E": "honeywell-hostack", "0536": "honeywell-hostack", "067E": "honeywell-hostack",
		"05F9": "datalogic", "080C": "datalogic", "065A": "opticon", "1EAB": "newland", "27DD": "mindeo", "076D": "denso"}
	for vid, name := range first {
		s := Suggest(strings.ToLower(vid), "ffff")
		require.NotEmpty(t, s, vid)
		assert.Equal(t, name, s[0].Profile, vid)
		assert.Contains(t, s[0].Why, vid)
	}
	for _, bridge := range []string{"0403", "067b", "10C4", "1a86", "9999"} {
		assert.Empty(t, Suggest(bridge, "6001"))
	}
	s := Suggest("05e0", "1200")
	assert.Equal(t, []any{"ssi", Keyboard, "05E0:1200 is Zebra, Symbol or Motorola with SSI, as a keyboard", Vendor}, []any{s[0].Profile, s[0].Mode, s[0].Why, s[0].Sure})
	p, err := Set{}.Find(s[0].Profile)
	require.NoError(t, err)
	assert.Contains(t, p.Setup[2].Words, "HID Keyboard Emulation")
	assert.Equal(t, Serial, Suggest("05E0", "1701")[0].Mode)
	assert.Equal(t, "ascii", Suggest("05E0", "0600")[0].Profile, "simple COM port emulation has no packets")
}

// The maker's number does not say whether Host ACK or ACK/NAK is on.
func TestAnIdThatLeavesOpenWhetherTheScannerWaits(t *testing.T) {
	for vid, want := range map[string][]string{
		"0C2E": {"honeywell-hostack", "honeywell"}, "05F9": {"datalogic", "datalogic-ack", "datalogic-cordless"}, "05E0": nil, "1EAB": nil, "0403": nil,
	} {
		var got []string
		for _, s := range Undecided(Suggest(vid, "ffff")) {
			got = append(got, s.Profile)
		}
		assert.ElementsMatch(t, want, got, vid)
	}
}

func TestTheGoodToneIsKnownInWhatWasSent(t *testing.T) {
	for name, says := range map[string][2]string{
		"ssi": {string(host(opBeep, 0).encode()), string(host(opBeep, 1).encode())}, "honeywell-hostack": {"\x1b7,\x1b2,", "\x1b5,\x1b5,"},
		"datalogic-ack": {"\x06\x01", "F"}, "ascii": {"", "\x07"},
	} {
		p, err := Set{}.Find(name)
		require.NoError(t, err)
		assert.Equal(t, name != "ascii", p.Praises([]byte(says[0])), name)
		assert.False(t, p.Praises([]byte(says[1])), name)
	}
}

func TestBytesAreWrittenAsAPersonReadsThem(t *testing.T) {
	for text, want := range map[string]string{"<ESC>7,": "\x1b7,", "<16>M<0D>": "\x16M\r", "F": "F", "": "", "<3C>x>": "<x>", "<FE>": "\xfe"} {
		var b, back Bytes
		require.NoError(t, b.UnmarshalText([]byte(text)))
		assert.Equal(t, want, string(b.raw))
		require.NoError(t, back.UnmarshalText([]byte(b.String())))
		assert.Equal(t, want, string(back.raw))
	}
	var b Bytes
	for _, bad := range []string{"<", "<ESC", "<1>", "<1BB>", "<esc>", "ä", "\x1b"} {
		assert.Error(t, b.UnmarshalText([]byte(bad)), bad)
	}
}

// A site writes a number of several bytes as its guide prints it.
func TestParameterNumbersOfSeveralBytes(t *testing.T) {
	text := string(must(makes.ReadFile("makes/ssi.toml")))
	text = strings.Replace(text, "[0x9F, 1]", "[0x9F, 1], [0xF04E, 2], [0xF80507, 0]", 1)
	p, err := Parse("x.toml", []byte(text))
	require.NoError(t, err)
	assert.Equal(t, []byte{0xEE, 1, 0x9F, 1, 0xF0, 0x4E, 2, 0xF8, 0x05, 0x07, 0}, p.SSI.Packets.bytes())
	for _, bad := range []string{"0xF0", "0xFF", "0xEE01", "0xF900", "0xF8FF", "0xF70000", "-1"} {
		_, err := Parse("x.toml", []byte(strings.Replace(text, "0xF04E", bad, 1)))
		assert.ErrorContains(t, err, "is no parameter number", bad)
	}
}

// An add-on of 2 digits has 40h more, one of 5 has 80h more.
func TestEveryRetailTypeHasItsAddOns(t *testing.T) {
	p, err := Set{}.Find("ssi")
	require.NoError(t, err)
	aim := map[int]string{}
	for _, s := range p.SSI.Types {
		aim[s.Code] = s.AIM
	}
	for code, want := range map[int]string{0x08: "]E3", 0x09: "]E3", 0x0A: "]E4", 0x0B: "]E3"} {
		assert.Equal(t, want, aim[code+0x40], "%#x", code)
		assert.Equal(t, want, aim[code+0x80], "%#x", code)
	}
}
