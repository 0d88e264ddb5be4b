package main

import (
	"encoding/json"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/agent/config"
	"dockfill/firmware-sim/device"
	"dockfill/scanner"
	"dockfill/scanner/profile"
)

// sender is a device server whose scanner sends bytes once.
func sender(t *testing.T, bytes string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		_, _ = io.WriteString(c, bytes)
		_, _ = io.Copy(io.Discard, c)
	}()
	return "tcp://" + l.Addr().String()
}

// What a scanner sends is shown whole, and the scanner hears no good beep for it.
func TestListenShowsBytesAndMeaning(t *testing.T) {
	_, url := twinServer(t)
	port := sender(t, "]C1010400638133393110A\x1d21B\r\n<\x07>\r\n")
	code, out, errs := say(t, "", "listen", "--agent", url, "--port", port, "--terminator", "crlf", "--count", "2")
	require.Equal(t, exitGood, code, errs)
	for _, want := range []string{
		"  bytes  5D 43 31 30 31", "  named  ]C1010400638133393110A<GS>21B<CR><LF>", `  text   ]C1010400638133393110A\x1d21B`, "  symbology  ]C1\n",
		"  means  code of 26 bytes, CR LF ends it\n", "  (01) 04006381333931  GTIN\n", "  (10) A  BATCH/LOT\n", "  (21) B  SERIAL\n", "  accepted by its form\n",
		"  named  ", "<BEL>", "  refused (STOP) at byte 2: ", "stands on no label",
	} {
		assert.Contains(t, out, want)
	}
}

func TestListenToldForPrograms(t *testing.T) {
	_, url := twinServer(t)
	port := sender(t, "\x024006381333931\x03]E04006381333932\x03\x024006381333932\x03")
	code, out, errs := say(t, "", "listen", "--agent", url, "--port", port, "--terminator", "stx-etx", "--count", "3", "--json")
	require.Equal(t, exitGood, code, errs)
	lines := strings.Split(strings.TrimSpace(out), "\n")
	require.Len(t, lines, 3)
	var said struct {
		Schema    int
		Wire, Raw string
		Form      struct {
			Accepted               bool
			Verdict, Code, Message string
			At                     *int
		}
		Decoded *struct{ GTIN string }
	}
	require.NoError(t, json.Unmarshal([]byte(lines[0]), &said))
	assert.Equal(t, 1, said.Schema)
	assert.True(t, said.Form.Accepted)
	assert.Equal(t, "04006381333931", said.Decoded.GTIN)
	assert.Equal(t, hexOf([]byte("\x024006381333931\x03")), said.Wire, "its framing, and nothing of the next scan")
	assert.Contains(t, lines[1], `"wire":"`+hexOf([]byte("]E04006381333932\x03"))+`"`)
	assert.Contains(t, lines[2], `"wire":"`+hexOf([]byte("\x024006381333932\x03"))+`"`)
	assert.Equal(t, hexOf([]byte("4006381333931")), said.Raw)
	assert.Contains(t, lines[1], `"code":"frame"`)
	assert.Contains(t, lines[1], `"decoded":null`)
	assert.Contains(t, lines[2], `"verdict":"STOP","code":"check-digit"`)
	assert.Contains(t, lines[2], `"at":12`)
}

// A scan in packets is shown, acknowledged without a good tone, and recorded in
// the form that plays back.
func TestListenToPacketsAndRecord(t *testing.T) {
	dir := t.TempDir()
	d, err := device.Open(device.Config{Link: filepath.Join(dir, "scanner"), Profile: device.SSI})
	require.NoError(t, err)
	t.Cleanup(d.Close)
	tone := make(chan device.Tone, 1)
	go func() {
		if d.Ready(t.Context()) == nil {
			a, _ := d.Scan(t.Context(), device.MustLabel("(01)04006381333931(21)B"))
			tone <- a.Tone
		}
	}()
	_, url := twinServer(t)
	file := filepath.Join(dir, "tape")
	code, out, errs := say(t, "", "listen", "--agent", url, "--port", filepath.Join(dir, "scanner"), "--profile", "SSI", "--count", "1", "--record", file)
	require.Equal(t, exitGood, code, errs)
	assert.Contains(t, out, "  (21) B  SERIAL\n")
	assert.Contains(t, out, "accepted by its form")
	assert.NotEqual(t, device.Good, <-tone, "nothing was saved")
	assert.Contains(t, errs, "connected ", "also where the first scan is the last")
	assert.Contains(t, out, "code type 0F (]C1)")
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Regexp(t, `(?m)^> \d+\.\d{6}s "`, string(text))
	assert.Regexp(t, `(?m)^< \d+\.\d{6}s "`, string(text))
	steps, err := device.ReadRecording("tape", strings.NewReader(string(text)))
	require.NoError(t, err, "the simulator can play it")
	assert.NotEmpty(t, steps)
}

// What the scanner says to its set-up and to commands is no part of a scan.
func TestListenShowsTheBytesOfTheScanAlone(t *testing.T) {
	for _, c := range []struct {
		profile string
		device  device.Config
	}{
		{"honeywell", device.Config{Profile: device.Honeywell}},
		{"ssi", device.Config{Profile: device.SSI}},
	} {
		t.Run(c.profile, func(t *testing.T) {
			c.device.Link = filepath.Join(t.TempDir(), "scanner")
			d, err := device.Open(c.device)
			require.NoError(t, err)
			t.Cleanup(d.Close)
			go func() {
				for range 2 {
					if d.Ready(t.Context()) == nil {
						_, _ = d.Scan(t.Context(), device.MustLabel("(01)04006381333931(21)B"))
					}
				}
			}()
			_, url := twinServer(t)
			code, out, errs := say(t, "", "listen", "--agent", url, "--port", c.device.Link, "--profile", c.profile, "--count", "2", "--json")
			require.Equal(t, exitGood, code, errs)
			for line := range strings.Lines(out) {
				var said struct{ Wire, Raw string }
				require.NoError(t, json.Unmarshal([]byte(line), &said))
				before, behind, found := strings.Cut(said.Wire, said.Raw)
				require.True(t, found, line)
				if c.profile == "ssi" {
					assert.Len(t, before, 2*5, "length, opcode, source, status, code type")
					assert.Len(t, behind, 2*2, "checksum")
					continue
				}
				assert.Regexp(t, "^16fe..0000000d4d5347474554", before)
				assert.Equal(t, "0d", behind)
			}
		})
	}
}

// A memory is silent for two seconds before its scans are there: each still has its own
// bytes, and what they mean.
func TestListenShowsEachRecordOfAMemoryWithItsBytes(t *testing.T) {
	_, url := twinServer(t)
	port := sender(t, "4006381333931,20270131103000\r]C1010400638133393121B,20270131103105\rHELLO,20270131103200\r")
	code, out, errs := say(t, "", "listen", "--agent", url, "--port", port, "--profile", "batch-timed", "--count", "3")
	require.Equal(t, exitGood, code, errs)
	for _, want := range []string{
		", 1 of 3 of an upload\n", "  named  4006381333931,20270131103000<CR>\n", "  means  code of 13 bytes, the device's time 2027-01-31 10:30:00, CR ends it\n",
		"  named  ]C1010400638133393121B,20270131103105<CR>\n", "  named  HELLO,20270131103200<CR>\n",
	} {
		assert.Contains(t, out, want)
	}
	assert.NotContains(t, out, "  0 bytes")
}

// The bytes before a scan are shown by themselves, in their order.
func TestBytesThatAreNoScanAreSetAside(t *testing.T) {
	c, err := portConfig(config.Config{}, scanner.Config{Station: "listen", Port: "tcp://h:1", Profile: "honeywell"})
	require.NoError(t, err)
	w := &tap{most: mostHeld}
	w.hear(true, []byte("BEPBEP0\x06!DECHDR1\x05!4006381333931\r\n40063"))
	scan := scanner.Scan{Raw: []byte("4006381333931"), Code: c.Rules.Parse("", []byte("4006381333931"), 2026)}
	assert.Equal(t, "4006381333931\r\n", string(w.frame(c, scan)))
	var out strings.Builder
	w.printRest(&out)
	assert.Equal(t, "< 42 45 50 42 45 50 30 06 21 44 45 43 48 44 52 31 05 21  BEPBEP0<ACK>!DECHDR1<ENQ>!\n", out.String())
	w.speech = c.Speech.(*profile.Profile)
	w.hear(true, []byte("DECHDR1\x05!"))
	w.hear(false, []byte("\x16T\r"))
	w.at = w.at.Add(-restAfter)
	out.Reset()
	w.printRest(&out)
	assert.Contains(t, out.String(), "<SYN>T<CR>  trigger pulled\n")
	assert.Contains(t, out.String(), "40063DECHDR1<ENQ>!  40063, menu answer to DECHDR1: no such setting\n")
	w.speech = nil
	w.hear(true, []byte("40063"))
	w.hear(true, []byte("81333931\r"))
	assert.Equal(t, "4006381333931\r", string(w.frame(c, scan)))
	w.hear(true, []byte("\x01\x02"))
	assert.Equal(t, "\x01\x02", string(w.frame(c, scanner.Scan{Fault: scanner.ErrGarbled})), "what cannot be told apart is shown whole")

	c, err = portConfig(config.Config{}, scanner.Config{Station: "listen", Port: "tcp://h:1", Terminator: scanner.Idle})
	require.NoError(t, err)
	w.hear(true, []byte("4006381333931"))
	assert.Equal(t, "4006381333931", string(w.frame(c, scan)))
}

// A person reads a conversation from above: questions before their answers, the answer
// to a scan behind it.
func TestListenShowsTheConversationInItsOrder(t *testing.T) {
	c, err := portConfig(config.Config{}, scanner.Config{Station: "listen", Port: "tcp://h:1", Profile: "honeywell"})
	require.NoError(t, err)
	code := func(s string) scanner.Scan {
		return scanner.Scan{Raw: []byte(s), Code: c.Rules.Parse("", []byte(s), 2026)}
	}
	w := newTap(c)
	w.hear(false, []byte("\x16M\rBEPBEP0!"))
	w.hear(true, []byte("BEPBEP0\x06!"))
	w.hear(false, []byte("\x16M\rDECHDR1!"))
	w.hear(true, []byte("DECHDR1\x06!"))
	w.hear(true, []byte("4006381333931\r"))
	w.hear(false, []byte("\x16T\r"))
	w.hear(true, []byte("96385074\r"))
	w.hear(false, []byte("\x16U\r"))
	var out strings.Builder
	for _, s := range []string{"4006381333931", "96385074"} {
		require.NoError(t, listenCmd{}.print(&program{out: &out}, w, c, code(s)))
	}
	var order []string
	for line := range strings.Lines(out.String()) {
		for _, sign := range []string{"> 16 4D 0D 42", "< 42 45 50", "> 16 4D 0D 44", "< 44 45 43", "named  4006381333931", "> 16 54 0D", "named  96385074", "> 16 55 0D"} {
			if strings.Contains(line, sign) {
				order = append(order, sign)
			}
		}
	}
	assert.Equal(t, []string{"> 16 4D 0D 42", "< 42 45 50", "> 16 4D 0D 44", "< 44 45 43", "named  4006381333931", "> 16 54 0D", "named  96385074", "> 16 55 0D"}, order, out.String())
}

func TestListenRefusesWhatCannotBeSaidTogether(t *testing.T) {
	for args, says := range map[string]string{
		"listen --station 1 --baud 9600":                        "go with --port",
		"listen --port tcp://h:1 --terminator never":            `terminator "never" is none of cr, lf`,
		"listen --port tcp://h:1 --baud 1":                      "baud 1 is not between",
		"listen --port tcp://h:1 --count=-1":                    "cannot be negative",
		"listen --port nowhere":                                 `port "nowhere" is no`,
		"listen --port tcp://h:1 --profile ssi --terminator cr": "takes neither terminator",
	} {
		code, _, errs := say(t, "", strings.Fields(args)...)
		assert.Equal(t, exitUsage, code, args)
		assert.Contains(t, errs, says, args)
		assert.NotContains(t, errs, "station listen", args)
	}
	file := writeConfig(t, "site='leeds'\ndata='/x'\n[[station]]\nid='1'\n")
	code, _, errs := say(t, "", "--config", file, "listen", "--station", "1")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, errs, "station 1 has no port")
	_, url := twinServer(t)
	code, _, errs = say(t, "", "listen", "--agent", url, "--port", "tcp://127.0.0.1:1", "--record", "/nowhere/at/all")
	assert.Equal(t, exitFailed, code)
	assert.Contains(t, errs, "the recording cannot be written")
}

// A recording tells of a cable that was pulled, so that it plays back.
func TestRecordingTellsOfAReplug(t *testing.T) {
	file := filepath.Join(t.TempDir(), "tape")
	f, err := os.Create(file)
	require.NoError(t, err)
	rec := newTape(f)
	for _, in := range []bool{false, true, true, false, true} {
		rec.plugged(in)
	}
	require.NoError(t, rec.close())
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Regexp(t, `^! \d\.\d{6}s unplug\n! \d\.\d{6}s plug\n$`, string(text))
	steps, err := device.ReadRecording("tape", strings.NewReader(string(text)))
	require.NoError(t, err)
	assert.Len(t, steps, 2)
}
