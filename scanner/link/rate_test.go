package link

import (
	"fmt"
	"math/bits"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/scanner"
)

// uart is a receiver as chips are built: it samples the line sixteen times a bit,
// its clock and the sender's stand anyhow to each other, and after a missing stop
// bit it goes on with whatever falls next. It shares nothing with what is tested.
func uart(text string, sent, heard int, phase float64, resync bool) (out []byte) {
	period := float64(sent) / float64(16*heard) // of a sample, in bits of the sender
	level := func(sample int) int {
		at := float64(sample)*period - phase
		n := int(at)
		if at < 0 || n/10 >= len(text) {
			return 1
		}
		switch bit := n % 10; bit {
		case 0:
			return 0
		case 9:
			return 1
		default:
			return int(text[n/10]>>(bit-1)) & 1
		}
	}
	end := int((float64(10*len(text))+phase)/period) + 16
	for s := 1; s < end; s++ {
		if level(s) == 1 || level(s-1) == 0 {
			continue
		}
		for {
			b := 0
			for k := range 8 {
				b |= level(s+24+16*k) << k
			}
			out = append(out, byte(b))
			s += 152
			if level(s) == 1 || !resync {
				break
			}
			s -= 8 // the missing stop bit was the next start bit
		}
	}
	return out
}

func TestAUARTAtTheRightRateHearsWhatWasSent(t *testing.T) {
	assert.Equal(t, "4006381333931\r", string(uart("4006381333931\r", 9600, 9600, 0.4, true)))
}

// Whatever codes a worker scans, and however the chip gets over missing stop bits,
// the rate that the scanner speaks at is proposed first.
func TestWrongBaudProposesTheRate(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	for _, c := range []struct{ sent, heard int }{
		{115200, 9600}, {9600, 115200}, {9600, 19200}, {19200, 9600}, {4800, 9600}, {38400, 9600}, {57600, 9600},
		{9600, 38400}, {9600, 57600}, {2400, 9600}, {1200, 9600}, {115200, 57600}, {57600, 115200},
	} {
		for _, resync := range []bool{false, true} {
			t.Run(fmt.Sprint(c.sent, "heard at ", c.heard, resync), func(t *testing.T) {
				first, named := 0, 0
				const tries = 6
				for range tries {
					var g garbage
					var trouble error
					for range 8 {
						code := fmt.Sprintf("]C10109506000%06d21SN%05d\r", r.IntN(1e6), r.IntN(1e5))
						if r.IntN(2) == 0 {
							code = fmt.Sprintf("40063%08d\r", r.IntN(1e8))
						}
						g.feed(uart(code, c.sent, c.heard, r.Float64(), resync))
						trouble, _ = g.silence(scanner.Config{Baud: c.heard, DataBits: 8})
					}
					if trouble == nil {
						continue
					}
					named++
					if strings.Contains(trouble.Error(), fmt.Sprintf("try baud = %d,", c.sent)) {
						first++
					}
				}
				t.Logf("noticed %d of %d, right rate first %d", named, tries, first)
				require.Equal(t, tries, named, "every wrong rate is noticed")
				assert.GreaterOrEqual(t, first, tries-1, "right rate proposed")
			})
		}
	}
}

// every is each kind of code that a dock sees bare, with no identifier before it.
var every = map[string]func(*rand.Rand) string{
	"EAN-13":              func(r *rand.Rand) string { return fmt.Sprintf("40063%08d\r", r.IntN(1e8)) },
	"the same EAN-13":     func(*rand.Rand) string { return "4006381333931\r" },
	"UPC-A":               func(r *rand.Rand) string { return fmt.Sprintf("0360002%05d\r", r.IntN(1e5)) },
	"Code 128 of a house": func(r *rand.Rand) string { return some(r, letters, 6+r.IntN(10)) + "\r" },
}

// Five scans tell the rate, whichever two of the usual rates the scanner and the
// station have. The one pair that sounds like others is 4800 heard at 115200 by a chip
// that waits for an edge: there the right rate is among the three.
func TestFiveScansOfAnyKindTellTheRate(t *testing.T) {
	rates := []int{4800, 9600, 19200, 38400, 57600, 115200}
	for kind, code := range every {
		r := rand.New(rand.NewPCG(3, 4))
		all, named, first := 0, 0, 0
		for _, sent := range rates {
			for _, heard := range rates {
				for i := 0; sent != heard && i < 4; i++ {
					var g garbage
					var trouble error
					for range 5 {
						g.feed(uart(code(r), sent, heard, r.Float64(), i%2 == 0))
						trouble, _ = g.silence(scanner.Config{Baud: heard, DataBits: 8})
					}
					if all++; trouble == nil {
						continue
					}
					named++
					require.Contains(t, trouble.Error(), fmt.Sprint(sent), "%s heard at %d", kind, heard)
					if strings.Contains(trouble.Error(), fmt.Sprintf("try baud = %d,", sent)) {
						first++
					}
				}
			}
		}
		t.Logf("%s: noticed %d times of %d, the right rate first %d times", kind, named, all, first)
		assert.GreaterOrEqual(t, named, all*98/100, kind)
		assert.GreaterOrEqual(t, first, all*95/100, kind)
	}
}

// Codes at the right rate, without the terminator that the station expects, in any
// alphabet, are no garbage; neither is a single burst of noise.
func TestTextIsNeverTakenForAWrongRate(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 8))
	for _, alphabet := range []string{"0123456789", "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-. $/+%", "abcdefghijklmnopqrstuvwxyz{}|~_", "01\x1d21-A", "ABCDEFGHÄÖÜß0123456789",
		"0123456789abcdef", "01", "AB-", "xyz", "абвгд", "日本語コード", "\xe9\xe8\xe0\xe7 0123456789", "fvnx~`"} {
		for _, baud := range []int{4800, 9600, 19200, 115200, 9600, 9600, 9600, 9600, 9600, 9600} {
			var g garbage
			for range 10 {
				chars, code := characters(alphabet), ""
				for range 4 + r.IntN(30) {
					code += chars[r.IntN(len(chars))]
				}
				g.feed([]byte(code))
				trouble, _ := g.silence(scanner.Config{Baud: baud, DataBits: 8})
				require.NoError(t, trouble, "%q at %d", code, baud)
			}
		}
	}
	var g garbage
	g.feed([]byte("\x00\xff\x80\xf8\x00\xff\x80\xf8\x00\xff\x80\xf8\x00\xff"))
	trouble, _ := g.silence(scanner.Config{Baud: 9600, DataBits: 8})
	assert.NoError(t, trouble)
}

// characters are those of UTF-8, or the bytes of what is none.
func characters(alphabet string) (all []string) {
	if !utf8.ValidString(alphabet) {
		for i := range len(alphabet) {
			all = append(all, alphabet[i:i+1])
		}
		return all
	}
	return strings.Split(alphabet, "")
}

func TestAParityBitIsToldFromAWrongRate(t *testing.T) {
	for _, parity := range []string{"even", "odd"} {
		var g garbage
		var trouble error
		for i := range 4 {
			code := fmt.Appendf(nil, "40063813339%02d\r", i)
			for k, b := range code {
				if ones := bits.OnesCount8(b); ones%2 == 1 && parity == "even" || ones%2 == 0 && parity == "odd" {
					code[k] |= 0x80
				}
			}
			g.feed(code)
			trouble, _ = g.silence(scanner.Config{Baud: 9600, DataBits: 8})
		}
		assert.ErrorContains(t, trouble, fmt.Sprintf("try data_bits = 7, parity = %q", parity))
	}
}

// A scanner whose rate is changed from one wrong one to another.
func TestTheProposalFollowsTheRate(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	for _, rates := range [][2]int{{115200, 19200}, {19200, 115200}, {4800, 38400}, {38400, 4800}, {19200, 4800}} {
		var g garbage
		var trouble error
		for _, sent := range rates {
			for i := range 12 {
				code := fmt.Sprintf("]C10109506000%06d21SN%05d\r", r.IntN(1e6), r.IntN(1e5))
				if i%2 == 0 {
					code = fmt.Sprintf("40063%08d\r", r.IntN(1e8))
				}
				g.feed(uart(code, sent, 9600, r.Float64(), true))
				if now, _ := g.silence(scanner.Config{Baud: 9600, DataBits: 8}); now != nil {
					trouble = now // as in the status
				}
			}
			assert.ErrorContains(t, trouble, fmt.Sprintf("try baud = %d,", sent), "%v", rates)
		}
	}
}
