package e2e

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// said is what `dockfill-agent decode` answers.
type said struct {
	Format, GTIN, SSCC, Lot, Serial, Expiry, Card string
	Quantity                                      int64
	AddOn                                         string `json:"add_on"`
	Error                                         *struct{ Code, Message string }
}

// label is one that zint draws: its symbology, the data in zint's notation, and
// what the picture must say in the end.
type label struct {
	name, symbology, data string
	want                  said
	readers               []reader
}

// reader is an outside decoder of pictures. It gives what a scanner would send,
// with the escapes that decode takes.
type reader struct {
	name, debian string
	read         func(t *testing.T, program, picture string) string
}

var (
	// zxing tells the symbology identifier; zbar does not, and so is a scanner
	// that was left as it came out of the box.
	zxing = reader{"ZXingReader", "zxing-cpp-tools", readZXing}
	zbar  = reader{"zbarimg", "zbar-tools", readZBar}
	both  = []reader{zxing, zbar}
)

func gs1Label(gtin, lot, serial, expiry string, quantity int64) said {
	return said{Format: "gs1", GTIN: gtin, Lot: lot, Serial: serial, Expiry: expiry, Quantity: quantity}
}

// withAddOn is a product code and the small code beside it.
func withAddOn(gtin, addOn string) said {
	s := product(gtin)
	s.AddOn = addOn
	return s
}

// plainText is what only a house could know.
var plainText = said{Format: "unknown", Quantity: 1}

func product(gtin string) said { return said{Format: "gtin", GTIN: gtin, Quantity: 1} }

// ZXing-C++ 1.4 sends DataBar without its AI (01), and zbar 0.23 misreads the
// digits behind a separator in DataBar Expanded, so each has its own there. zbar
// says nothing of EAN-8, which is ambiguous then, knows no DataMatrix and leaves
// add-ons out. Of a composite label ZXing reads the linear code alone. Neither reads
// DotCode or the component of a composite, and none sends ]I1, ]I3, ]E1 or ]E2.
func labels() []label {
	carton := gs1Label("09501101530003", "LOT7A", "S-0042", "2027-01-31", 1)
	const cartonData = "[01]09501101530003[17]270131[10]LOT7A[21]S-0042"
	const link = "https://id.gs1.org/01/09501101530003/10/LOT7A/21/S-0042?17=270131"
	linked := carton
	linked.Format = "digital-link"
	counted := gs1Label("09501101530003", "L/7-A", "", "2027-12-31", 24)
	all := []label{
		{"GS1-128", "GS1_128", cartonData, carton, both},
		{"GS1-128 with a count", "GS1_128", "[01]09501101530003[30]24[10]L/7-A[17]271231", counted, both},
		{"SSCC", "GS1_128", "[00]106141411234567897", said{Format: "gs1", SSCC: "106141411234567897", Quantity: 1}, both},
		{"SSCC with contents", "GS1_128", "[00]106141411234567897[02]09501101530003[37]24", said{Format: "gs1", SSCC: "106141411234567897", Quantity: 24}, []reader{zxing}},
		{"GS1 DataMatrix", "DATAMATRIX", cartonData, carton, []reader{zxing}},
		{"GS1 QR", "QRCODE", cartonData, carton, both},
		{"Digital Link QR", "QRCODE", link, linked, both},
		{"Digital Link DataMatrix", "DATAMATRIX", link, linked, []reader{zxing}},
		{"DataBar", "DBAR_OMN", "0950110153000", gs1Label("09501101530003", "", "", "", 1), []reader{zbar}},
		{"DataBar Expanded", "DBAR_EXP", "[01]09501101530003[17]271231[10]L/7-A[30]24", counted, []reader{zxing}},
		{"EAN-13", "EANX", "400638133393", product("04006381333931"), both},
		{"EAN-8", "EANX", "9638507", product("00000096385074"), []reader{zxing}},
		{"UPC-A", "UPCA", "03600029145", product("00036000291452"), both},
		{"UPC-E", "UPCE", "0425261", product("00042100005264"), both},
		{"UPC-E ending in 0", "UPCE", "0123450", product("00012000003455"), both},
		{"UPC-E ending in 3", "UPCE", "0123453", product("00012300000451"), both},
		{"UPC-E ending in 4", "UPCE", "0123454", product("00012340000053"), both},
		{"UPC-E ending in 7", "UPCE", "0123457", product("00012345000072"), both},
		{"EAN-13 with an add-on of 2", "EANX", "400638133393+12", withAddOn("04006381333931", "12"), []reader{zxing}},
		{"EAN-13 with an add-on of 5", "EANX", "400638133393+51234", withAddOn("04006381333931", "51234"), []reader{zxing}},
		{"UPC-A with an add-on of 2", "UPCA", "03600029145+12", withAddOn("00036000291452", "12"), []reader{zxing}},
		{"EAN-8 with an add-on of 5", "EANX", "9638507+51234", withAddOn("00000096385074", "51234"), []reader{zxing}},
		{"DataBar stacked", "DBAR_STK", "0950110153000", gs1Label("09501101530003", "", "", "", 1), []reader{zbar}},
		{"DataBar Expanded stacked", "DBAR_EXPSTK", "[01]09501101530003[10]LOT", gs1Label("09501101530003", "LOT", "", "", 1), []reader{zbar}},
		{"interleaved 2 of 5 of another length", "C25INTER", "0012345670", plainText, both},
		{"Code 39", "CODE39", "BIN-42", plainText, both},
		{"Code 93", "CODE93", "BIN-42", plainText, both},
		{"Micro QR", "MICROQR", "12345", plainText, []reader{zxing}},
		{"control card in Aztec", "AZTEC", "DF:UNDO", said{Format: "control", Card: "UNDO"}, []reader{zxing}},
		{"control card in PDF417", "PDF417", "DF:UNDO", said{Format: "control", Card: "UNDO"}, []reader{zxing}},
		{"ITF-14", "ITF14", "1540014128876", product("15400141288763"), both},
		{"control card", "CODE128", "DF:QTY 12", said{Format: "control", Card: "QTY 12", Quantity: 12}, both},
	}
	random := rand.New(rand.NewPCG(1, 2))
	for _, symbology := range []string{"GS1_128", "DATAMATRIX", "QRCODE"} {
		for i := range 4 {
			lot, serial := value(random), value(random)
			all = append(all, label{fmt.Sprintf("%s with any characters, %d", symbology, i+1), symbology,
				"[10]" + lot + "[21]" + serial + "[01]09501101530003", gs1Label("09501101530003", lot, serial, "", 1), []reader{zxing}})
		}
	}
	return all
}

// value is what a lot or a serial may be: any of GS1's character set 82.
func value(random *rand.Rand) string {
	const set = `!"%&'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz`
	b := make([]byte, 1+random.IntN(12))
	for i := range b {
		b[i] = set[random.IntN(len(set))]
	}
	return string(b)
}

// A label that is drawn, read from its picture by somebody else's decoder, and
// decoded by ours says what was put on it.
func TestDrawnLabelsSayWhatWasPutOnThem(t *testing.T) {
	t.Parallel()
	whole(t)
	zint := labelTool(t, "zint", "zint")
	for _, r := range both {
		labelTool(t, r.debian, r.name)
	}
	for i, l := range labels() {
		t.Run(l.name, func(t *testing.T) {
			picture := filepath.Join(t.TempDir(), fmt.Sprintf("%d.png", i))
			args := []string{"-b", l.symbology, "--scale", "2", "--quietzones", "-o", picture, "-d", l.data}
			if strings.HasPrefix(l.data, "[") {
				args = append(args, "--gs1")
			}
			out, err := exec.Command(zint, args...).CombinedOutput()
			require.NoError(t, err, "%s", out)
			for _, r := range l.readers {
				sent := r.read(t, labelTool(t, r.debian, r.name), picture)
				assert.Equal(t, l.want, decoded(t, sent), "%s read %s", r.name, sent)
			}
		})
	}
}

// labelTool finds a program that draws or reads labels. Without it the test is
// skipped, but not under CI=true.
func labelTool(t *testing.T, debian, name string) string {
	t.Helper()
	if os.Getenv("CI") != "true" {
		return program(t, debian, name)
	}
	found, err := exec.LookPath(name)
	require.NoError(t, err, "install Debian's package %s", debian)
	return found
}

// decoded asks the built agent.
func decoded(t *testing.T, scan string) (s said) {
	t.Helper()
	cmd := exec.Command(tool("dockfill-agent"), "decode", "--json")
	cmd.Stdin = strings.NewReader(scan + "\n")
	out, err := cmd.Output()
	require.NoError(t, err, "%s: %s", scan, out)
	require.NoError(t, json.Unmarshal(out, &s))
	return s
}

// readZXing joins the identifier and the bytes that ZXing reports on lines of
// their own.
func readZXing(t *testing.T, program, picture string) string {
	t.Helper()
	out, err := exec.Command(program, picture).Output()
	require.NoError(t, err, "%s", out)
	var identifier string
	var data []byte
	for line := range strings.Lines(string(out)) {
		name, text, _ := strings.Cut(strings.TrimSpace(line), ":")
		switch name {
		case "Identifier":
			identifier = strings.TrimSpace(text)
		case "Bytes":
			data, err = hex.DecodeString(strings.ReplaceAll(text, " ", ""))
			require.NoError(t, err)
		}
	}
	require.NotEmpty(t, data, "%s", out)
	return identifier + escaped(data)
}

func readZBar(t *testing.T, program, picture string) string {
	t.Helper()
	out, err := exec.Command(program, "--quiet", "--raw", "--nodbus", picture).Output()
	require.NoError(t, err, "%s", out)
	return escaped(bytes.TrimSuffix(out, []byte("\n")))
}

// escaped writes control characters and backslashes as decode reads them.
func escaped(data []byte) string {
	quoted := fmt.Sprintf("%q", data)
	return strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
}
