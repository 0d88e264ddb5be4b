//go:build linux || darwin

package device

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestASCIIScansArriveInTheirFrames(t *testing.T) {
	t.Parallel()
	// The LRC by hand: 34^30^30^36^33^38^31^33^33^33^39^33^31^03 = 33, a 3.
	want := map[Framing]string{
		CR: "4006381333931\r", LF: "4006381333931\n", CRLF: "4006381333931\r\n",
		Tab: "4006381333931\t", STXETX: "\x024006381333931\x03", NoEnd: "4006381333931",
		CRCR: "4006381333931\r\r", STXETXLRC: "\x024006381333931\x033",
	}
	for framing, bytes := range want {
		t.Run(string(framing), func(t *testing.T) {
			d, link := plugIn(t, Config{Framing: framing})
			h := openHost(t, link)
			a, err := d.Scan(t.Context(), MustLabel("4006381333931"))
			require.NoError(t, err)
			assert.Equal(t, None, a.Tone)
			assert.Equal(t, bytes, string(h.read(len(bytes))))
		})
	}
}

func TestAIMIdentifierPrecedesTheData(t *testing.T) {
	t.Parallel()
	d, link := plugIn(t, Config{AIM: true})
	h := openHost(t, link)
	_, err := d.Scan(t.Context(), MustLabel("(01)09506000134352(10)L1(21)A7"))
	require.NoError(t, err)
	want := "]C1010950600013435210L1\x1d21A7\r"
	assert.Equal(t, want, string(h.read(len(want))))
}

func TestUnplugIsSeenAtOnceAndReplugMovesTheTerminal(t *testing.T) {
	t.Parallel()
	d, link := plugIn(t, Config{})
	before, err := os.Readlink(link)
	require.NoError(t, err)
	h := openHost(t, link)
	d.Unplug()
	h.gone()
	_, err = os.Lstat(link)
	require.ErrorIs(t, err, os.ErrNotExist, "an unplugged device must not be found")
	_, err = d.Scan(t.Context(), MustLabel("1"))
	require.ErrorIs(t, err, ErrUnplugged)

	require.NoError(t, d.Replug())
	after, err := os.Readlink(link)
	require.NoError(t, err)
	assert.NotEqual(t, before, after, "a replugged device must come back elsewhere")
	h = openHost(t, link)
	_, err = d.Scan(t.Context(), MustLabel("2"))
	require.NoError(t, err)
	assert.Equal(t, "2\r", string(h.read(2)))
}

func TestAStaleLinkIsReplacedAndAFileIsNot(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	stale, file := filepath.Join(dir, "stale"), filepath.Join(dir, "file")
	require.NoError(t, os.Symlink("/dev/pts/99999", stale))
	require.NoError(t, os.WriteFile(file, []byte("dear"), 0o600))

	d, err := Open(Config{Link: stale})
	require.NoError(t, err)
	d.Close()
	_, err = Open(Config{Link: file})
	require.ErrorContains(t, err, "is no symlink")
}

func TestAHostThatDoesNotReadIsReported(t *testing.T) {
	t.Parallel()
	d, link := plugIn(t, Config{})
	openHost(t, link)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	_, err := d.ScanBadly(ctx, MustLabel("1"), Junk)
	require.ErrorIs(t, err, ErrBlocked)
}

func TestJunkIsOneMegabyteWithoutEnd(t *testing.T) {
	t.Parallel()
	d, link := plugIn(t, Config{})
	h := openHost(t, link)
	done := scanning(d, "1", Junk)
	got := string(h.read(1 << 20))
	require.NoError(t, await(t, done).err)
	assert.NotContains(t, got, "\r")
	assert.NotContains(t, got, "\n")
}

func TestASCIIFaultsReachTheWire(t *testing.T) {
	t.Parallel()
	want := map[Fault]string{
		Split:    "12345678\r",
		NoTerm:   "12345678",
		Nul:      "1234\x00\x005678\r",
		Control:  "1234\a\x1b\x7f5678\r",
		Double:   "12345678\r12345678\r",
		Stall:    "12345678\r",
		SplitEnd: "12345678\r",
		LostGS:   "12345678\r",
		LostAck:  "12345678\r",
		Noise:    string(noise) + "12345678\r",
	}
	for fault, bytes := range want {
		t.Run(string(fault), func(t *testing.T) {
			d, link := plugIn(t, Config{})
			h := openHost(t, link)
			done := scanning(d, "12345678", fault)
			assert.Equal(t, bytes, string(h.read(len(bytes))))
			require.NoError(t, await(t, done).err)
		})
	}
}

func TestATornFrameEndsInAnUnplug(t *testing.T) {
	t.Parallel()
	for _, profile := range []Profile{ASCII, SSI} {
		d, link := plugIn(t, Config{Profile: profile, Packets: profile == SSI})
		h := openHost(t, link)
		done := scanning(d, "12345678", Torn)
		assert.NotEmpty(t, h.read(4))
		require.ErrorIs(t, await(t, done).err, ErrUnplugged)
		h.gone()
	}
}

func TestTheDeviceListensOnTCP(t *testing.T) {
	t.Parallel()
	d, _ := plugIn(t, Config{Listen: "127.0.0.1:0"})
	address := d.Address()
	_, err := d.Scan(t.Context(), MustLabel("1"))
	require.ErrorIs(t, err, ErrNoHost)

	for range 2 { // the port stays the same after a replug
		conn, err := net.Dial("tcp", address)
		require.NoError(t, err)
		require.NoError(t, d.Ready(t.Context()))
		_, err = d.Scan(t.Context(), MustLabel("12"))
		require.NoError(t, err)
		got := make([]byte, 3)
		conn.SetReadDeadline(time.Now().Add(5 * time.Second))
		_, err = conn.Read(got)
		require.NoError(t, err)
		assert.Equal(t, "12\r", string(got))
		d.Unplug()
		_, err = conn.Read(got)
		require.Error(t, err)
		require.NoError(t, d.Replug())
	}
}

func TestAConfigurationThatCannotWorkIsRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		cfg  Config
		want string
	}{
		{Config{}, "either a link"},
		{Config{Link: "a", Listen: "b"}, "either a link"},
		{Config{Link: "a", Profile: "zebra"}, "none of ascii, ssi, honeywell-hostack"},
		{Config{Link: "a", Framing: "nl"}, "none of cr, lf"},
	} {
		_, err := New(c.cfg)
		require.ErrorContains(t, err, c.want)
	}
}

func TestLabelsAreTakenAsTyped(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]Label{
		"4006381333931":                   {"4006381333931", "]E0", 0x0B},
		"036000291452":                    {"036000291452", "]E0", 0x08},
		"96385074":                        {"96385074", "]E4", 0x0A},
		"10614141000415":                  {"10614141000415", "]I1", 0x06},
		"82582":                           {"82582", "]C0", 0x03},
		"DF:QTY 216":                      {"DF:QTY 216", "]C0", 0x03},
		"]C10109506000134352":             {"0109506000134352", "]C1", 0x0F},
		"]d20109506000134352":             {"0109506000134352", "]d2", 0x1B},
		`10L1\x1d21A7`:                    {"10L1\x1d21A7", "]C0", 0x03},
		`a\\b"c`:                          {`a\b"c`, "]C0", 0x03},
		"(01)09506000134352(37)12(10)L/1": {"01095060001343523712\x1d10L/1", "]C1", 0x0F},
	} {
		got, err := ParseLabel(typed)
		require.NoError(t, err)
		assert.Equal(t, want, got, typed)
	}
	for _, bad := range []string{"", `\q`, `\`} {
		_, err := ParseLabel(bad)
		assert.Error(t, err, "%q", bad)
	}
}

func TestEveryFaultIsExplained(t *testing.T) {
	t.Parallel()
	for _, f := range Faults {
		assert.NotEmpty(t, strings.TrimSpace(f.Meaning), f.Fault)
	}
}
