package link

import (
	"bytes"
	"cmp"
	"fmt"
	"math"
	"math/bits"
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
	if trouble, text = g.judge(c); text && g.endless() {
		trouble = g.disguised(c)
	}
	return trouble, text && trouble == nil
}

// dubious says that what came looks like another rate's, before enough is known to
// name it: every tenth byte is no text, or a label would hardly hold it.
func (g *garbage) dubious(c scanner.Config) bool {
	odd := 0
	for _, b := range g.bytes {
		if !textual(b) {
			odd++
		}
	}
	return odd*10 > len(g.bytes) || g.endless() && g.disguised(c) != nil
}

// judge looks at what is known, whether the last burst has ended or not.
func (g *garbage) judge(c scanner.Config) (trouble error, text bool) {
	odd := 0
	for _, b := range g.bytes {
		if !textual(b) {
			odd++
		}
	}
	if odd == 0 {
		return nil, len(g.bytes) >= garbageLeast
	}
	if parity := parityOf(g.bytes); parity != "" && c.DataBits == 8 && len(g.bytes) >= garbageLeast {
		return g.trouble(odd, fmt.Sprintf("it looks like 7 data bits with %s parity: try data_bits = 7, parity = %q", parity, parity)), false
	}
	rates, gain := likelyRates(g.bursts(), c.Baud)
	if gain < max(clearGain, clearByte*float64(len(g.bytes))) {
		return nil, false
	}
	return g.trouble(odd, tryRates(rates, c.Baud)), false
}

func (g *garbage) trouble(odd int, advice string) error {
	return fmt.Errorf("%w: %d of its last %d bytes are none; %s", scanner.ErrWrongRate, odd, len(g.bytes), advice)
}

// disguised doubts bursts that are text by chance: at half the scanner's rate digits
// become letters. It says so for the status alone, and only where no scan has an end.
func (g *garbage) disguised(c scanner.Config) error {
	rates, gain := likelyRates(g.bursts(), c.Baud)
	if gain < max(2*clearGain, clearByte*float64(len(g.bytes))) {
		return nil
	}
	return fmt.Errorf("%w that a label would hold, and has no end; %s", scanner.ErrWrongRate, tryRates(rates, c.Baud))
}

// endless says that hardly a burst has one of the ends that scanners send.
func (g *garbage) endless() bool {
	ended := 0
	for _, burst := range g.bursts() {
		if bytes.ContainsAny(burst[len(burst)-1:], "\r\n\t\x03") {
			ended++
		}
	}
	return 4*ended < len(g.runs)
}

// bursts are the newest ones, each by itself.
func (g *garbage) bursts() (all [][]byte) {
	rest := g.bytes
	for _, n := range g.runs {
		if n > 0 {
			all = append(all, rest[:n])
		}
		rest = rest[n:]
	}
	return all
}

func (g *garbage) good() { *g = garbage{} }

// textual is what scanners send: printable characters and the controls that frame
// and separate them.
func textual(b byte) bool {
	return b >= ' ' && b < 0x7F || bytes.IndexByte([]byte("\t\r\n\x02\x03\x04\x05\x06\x15\x16\x1b\x1c\x1d\x1e\x1f"), b) >= 0
}

// tryRates says what to change. The agent changes nothing by itself: a rate that
// happens to give text is not yet the right one.
func tryRates(rates []int, ours int) string {
	return fmt.Sprintf("it looks like %d baud, and the station is set to %d: try baud = %d, then %d, %d", rates[0], ours, rates[0], rates[1], rates[2])
}

// clearGain is by how much bursts must be more likely at another rate than as text,
// as a logarithm, and clearByte by how much each of their bytes.
const clearGain, clearByte = 8.0, 0.3

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
// at each of them is heard as these bursts; gain is how much more likely they are at
// the first of them than as text at our rate, as a logarithm for all of them.
func likelyRates(bursts [][]byte, ours int) (rates []int, gain float64) {
	score := map[int]float64{}
	for _, rate := range usualRates {
		if rate == ours {
			continue
		}
		rates = append(rates, rate)
		score[rate] = math.Inf(-1)
		for _, chip := range heardAs(rate, ours) {
			score[rate] = max(score[rate], chip.likelihood(bursts))
		}
	}
	slices.SortStableFunc(rates, func(a, b int) int { return cmp.Compare(score[b], score[a]) })
	return rates, score[rates[0]] - asText(bursts)
}
