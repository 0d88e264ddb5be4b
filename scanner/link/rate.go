package link

import (
	"bytes"
	"cmp"
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"

	"dockfill/scanner"
)

// garbage watches whether what comes over the line is text at all. At a wrong
// rate each scan is a burst of odd bytes, nearly always without an end.
type garbage struct {
	bytes []byte // the newest bursts since the last good scan
	runs  []int  // how many bytes each of them has
	count int    // of bursts since then
	open  bool   // the last of them is under way
}

const (
	garbageBytes = 256
	garbageRuns  = 3  // one burst may be noise
	garbageNew   = 8  // bursts, after which another rate's are forgotten
	garbageLeast = 12 // bytes, below which nothing can be told
)

func (g *garbage) feed(p []byte) {
	if !g.open {
		g.runs, g.open = append(g.runs, 0), true
		g.count++
	}
	g.bytes = append(g.bytes, p...)
	g.runs[len(g.runs)-1] += len(p)
	g.forget()
}

// forget leaves the newest bursts, so that the advice follows a scanner whose rate
// is changed: eight, or more where they are of a byte or two.
func (g *garbage) forget() {
	for len(g.runs) > garbageNew && len(g.bytes)-g.runs[0] >= 2*garbageLeast {
		g.bytes, g.runs = g.bytes[g.runs[0]:], g.runs[1:]
	}
	if over := len(g.bytes) - garbageBytes; over > 0 {
		g.bytes = slices.Clone(g.bytes[over:])
		for ; over > 0 && over >= g.runs[0]; g.runs = g.runs[1:] {
			over -= g.runs[0]
		}
		g.runs[0] -= over
	}
}

// silence ends a burst and gives the trouble where there is one; text says that a
// burst ended and all that is known is text.
func (g *garbage) silence(c scanner.Config) (trouble error, text bool) {
	if !g.open {
		return nil, false
	}
	g.open = false
	if g.count < garbageRuns {
		return nil, false
	}
	return g.judge(c)
}

// judge looks at what is known, whether the last burst has ended or not.
func (g *garbage) judge(c scanner.Config) (trouble error, text bool) {
	if len(g.bytes) < garbageLeast {
		return nil, false
	}
	odd := 0
	for _, b := range g.bytes {
		if !textual(b) {
			odd++
		}
	}
	if odd == 0 {
		return nil, true
	}
	advice := advise(g.bytes, c)
	if advice == "" {
		return nil, false
	}
	return fmt.Errorf("%w: %d of its last %d bytes are none; %s", scanner.ErrWrongRate, odd, len(g.bytes), advice), false
}

func (g *garbage) good() { *g = garbage{} }

// textual is what scanners send: printable characters and the controls that frame
// and separate them.
func textual(b byte) bool {
	return b >= ' ' && b < 0x7F || bytes.IndexByte([]byte("\t\r\n\x02\x03\x04\x05\x06\x15\x16\x1b\x1c\x1d\x1e\x1f"), b) >= 0
}

// advise says what to change, "" where no other setting fits better. The agent changes nothing by itself: a rate that
// happens to give text is not yet the right one.
func advise(p []byte, c scanner.Config) string {
	if parity := parityOf(p); parity != "" && c.DataBits == 8 {
		return fmt.Sprintf("it looks like 7 data bits with %s parity: try data_bits = 7, parity = %q", parity, parity)
	}
	rates, gain := likelyRates(p, c.Baud)
	if gain < clearGain {
		return ""
	}
	return fmt.Sprintf("it looks like %d baud, and the station is set to %d: try baud = %d, then %d, %d", rates[0], c.Baud, rates[0], rates[1], rates[2])
}

// clearGain is by how much a byte must be more likely at another rate than as
// text, as a logarithm. Codes at every wrong rate give from 1.2 on, text below 0.
const clearGain = 0.7

// parityOf tells text whose eighth bit is a parity bit.
func parityOf(p []byte) string {
	counts := [2]int{}
	for _, b := range p {
		if !textual(b & 0x7F) {
			return ""
		}
		counts[bits.OnesCount8(b)%2]++
	}
	switch {
	case counts[1] == 0:
		return "even"
	case counts[0] == 0:
		return "odd"
	}
	return ""
}

// usualRates are in the order in which they are met: a receiver that is far too
// fast hears nothing but zeros, whatever the rate.
var usualRates = []int{9600, 115200, 19200, 38400, 57600, 4800, 2400, 1200}

// likelyRates orders the usual rates but ours by how likely a scanner that speaks
// at each of them is heard as p; gain is how much more likely a byte of p is at the
// first of them than as text at our rate. What typical codes look like at a wrong
// rate is worked out from how a receiver samples a line: from the edge of the start
// bit, in the middle of each of its own bits.
func likelyRates(p []byte, ours int) (rates []int, gain float64) {
	score := map[int]float64{}
	for _, rate := range usualRates {
		if rate != ours {
			rates = append(rates, rate)
			score[rate] = max(likelihood(p, heardAs(rate, ours, false)), likelihood(p, heardAs(rate, ours, true)))
		}
	}
	slices.SortStableFunc(rates, func(a, b int) int { return cmp.Compare(score[b], score[a]) })
	return rates, score[rates[0]] - likelihood(p, anyText)
}

// likelihood is the mean logarithm of the bytes' shares.
func likelihood(p []byte, share [256]float64) (sum float64) {
	for _, b := range p {
		sum += math.Log(share[b])
	}
	return sum / float64(len(p))
}

// anyText is text of which nothing else is known: a house's own codes may hold any
// character.
var anyText = func() [256]float64 {
	var counts [256]float64
	for b := range counts {
		if textual(byte(b)) {
			counts[b] = 1
		}
	}
	return shares(counts)
}()

// heardAs is each byte's share in typical codes that are sent at one rate and heard
// at another.
func heardAs(sent, heard int, resync bool) [256]float64 {
	var counts [256]float64
	random := rand.New(rand.NewPCG(1, 1)) // the same each time
	for range 60 {
		for _, b := range listen(typical(random), float64(heard)/float64(sent), resync) {
			counts[b]++
		}
	}
	return shares(counts)
}

// shares leaves a little for every byte: lines are noisy, and codes not typical.
func shares(counts [256]float64) [256]float64 {
	total := 0.0
	for _, n := range counts {
		total += n
	}
	for b := range counts {
		counts[b] = 0.98*counts[b]/total + 0.02/256
	}
	return counts
}

// typical is a code such as docks see: mostly digits.
func typical(r *rand.Rand) []byte {
	digits := func(n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte('0' + r.IntN(10))
		}
		return string(b)
	}
	switch r.IntN(4) {
	case 0:
		return []byte("]E0" + digits(13) + "\r")
	case 1:
		return []byte("]C101" + digits(14) + "21" + digits(6) + "\r\n")
	case 2:
		return []byte(digits(12) + "\r")
	default:
		return []byte(digits(13) + "\r\n")
	}
}

// listen gives the bytes that a receiver hears of text sent back to back as 8N1.
// ratio is the receiver's rate over the sender's. Where a stop bit is missing, some
// chips take that for the next start bit, and others wait for an edge.
func listen(text []byte, ratio float64, resync bool) (heard []byte) {
	line := wave(text)
	level := func(t float64) bool { i := int(t); return i >= len(line) || line[i] }
	bit := 1 / ratio // of the receiver, in bits of the sender
	for start := edge(line, 0); start < float64(len(line)); {
		var b byte
		for k := range 8 {
			if level(start + (float64(k)+1.5)*bit) {
				b |= 1 << k
			}
		}
		heard = append(heard, b)
		if end := start + 9.5*bit; resync && !level(end) {
			start = end - bit/2
		} else {
			start = edge(line, end)
		}
	}
	return heard
}

// edge is the next fall of the line from t on, in bits; the line's end where there
// is none.
func edge(line []bool, t float64) float64 {
	for i := int(t) + 1; i < len(line); i++ {
		if line[i-1] && !line[i] {
			return float64(i)
		}
	}
	return float64(len(line))
}

// wave is the line's level for each bit: idle, then start bit, eight bits from the
// lowest, stop bit, for each byte.
func wave(text []byte) []bool {
	line := []bool{true}
	for _, b := range text {
		line = append(line, false)
		for k := range 8 {
			line = append(line, b>>k&1 == 1)
		}
		line = append(line, true)
	}
	return line
}
