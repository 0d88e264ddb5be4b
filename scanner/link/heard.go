package link

import (
	"bytes"
	"math"
	"math/rand/v2"
	"sync"
	"unicode/utf8"
)

// heard is what codes become on the way: how likely each byte is, at the start of a
// burst and behind another byte.
type heard struct {
	first, any map[byte]float64
	next       map[byte]map[byte]float64
	starts, n  float64
	behind     map[byte]float64
}

func newHeard() *heard {
	return &heard{first: map[byte]float64{}, any: map[byte]float64{}, next: map[byte]map[byte]float64{}, behind: map[byte]float64{}}
}

// learn takes one burst.
func (h *heard) learn(burst []byte) {
	for i, b := range burst {
		h.any[b]++
		h.n++
		if i == 0 {
			h.first[b]++
			h.starts++
			continue
		}
		a := burst[i-1]
		if h.next[a] == nil {
			h.next[a] = map[byte]float64{}
		}
		h.next[a][b]++
		h.behind[a]++
	}
}

// backing is how many bytes' worth the shares of all bytes count beside what was
// seen behind one byte, and backed how much of what was seen more: typical codes do
// not show every pair.
const backing, backed = 8, 0.15

// likelihood is the logarithm of how likely a burst is.
func (h *heard) likelihood(burst []byte) (sum float64) {
	for i, b := range burst {
		seen, of := h.first[b], h.starts
		if i > 0 {
			seen, of = h.next[burst[i-1]][b], h.behind[burst[i-1]]
		}
		// Lines are noisy, and codes not typical: a little is left for every byte.
		share := 0.98*h.any[b]/h.n + 0.02/256
		weight := backing + backed*of
		sum += math.Log((seen + weight*share) / (of + weight))
	}
	return sum
}

// chip is a receiver of one manufacture: what it makes of each kind of code.
type chip []*heard

// likelihood takes each burst for the kind of code that fits it best.
func (c chip) likelihood(bursts [][]byte) (sum float64) {
	for _, burst := range bursts {
		best := math.Inf(-1)
		for _, kind := range c {
			best = max(best, kind.likelihood(burst))
		}
		sum += best
	}
	return sum
}

// way is from a scanner's rate to ours.
type way struct{ sent, heard int }

// ways are worked out once, in some milliseconds each.
var ways sync.Map // of way to [2]chip

// heardAs works out what typical codes look like that are sent at one rate and
// heard at another, by chips that wait for an edge and by others.
func heardAs(sent, at int) [2]chip {
	w := way{sent, at}
	if known, ok := ways.Load(w); ok {
		return known.([2]chip)
	}
	var chips [2]chip
	random := rand.New(rand.NewPCG(1, 1)) // the same each time
	for _, kind := range kinds {
		waits, goesOn := newHeard(), newHeard()
		for range typicalCodes {
			code, ratio := kind(random), (1+(2*random.Float64()-1)*clockError)*float64(at)/float64(sent)
			lag := random.Float64() * startLag
			waits.learn(listen(code, ratio, lag, false))
			goesOn.learn(listen(code, ratio, lag, true))
		}
		chips[0], chips[1] = append(chips[0], waits), append(chips[1], goesOn)
	}
	ways.Store(w, chips)
	return chips
}

const (
	typicalCodes = 300
	// clockError is by how much the clocks of two devices may differ.
	clockError = 0.01
	// startLag is how late a chip that looks sixteen times a bit sees the start bit,
	// at most.
	startLag = 1.0 / 16
)

// kinds are codes such as docks see: product codes, GS1 element strings, a house's
// own letters and digits.
var kinds = []func(*rand.Rand) []byte{
	func(r *rand.Rand) []byte {
		return []byte([]string{"", "", "", "]E0"}[r.IntN(4)] + some(r, digits, 12+r.IntN(2)) + end(r))
	},
	func(r *rand.Rand) []byte {
		return []byte("]C101" + some(r, digits, 14) + "21" + some(r, letters, 6) + end(r))
	},
	func(r *rand.Rand) []byte { return []byte(some(r, letters, 5+r.IntN(12)) + end(r)) },
}

const digits, letters = "0123456789", "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-"

func some(r *rand.Rand, alphabet string, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[r.IntN(len(alphabet))]
	}
	return string(b)
}

func end(r *rand.Rand) string { return []string{"\r", "\r\n"}[r.IntN(2)] }

// listen gives the bytes that a receiver hears of text sent back to back as 8N1: it
// samples the line from the edge of the start bit, in the middle of each of its own
// bits. ratio is the receiver's rate over the sender's, lag how late it sees the
// edge, in its own bits. Where a stop bit is missing, some chips take that for the
// next start bit, and others wait for an edge.
func listen(text []byte, ratio, lag float64, resync bool) (heard []byte) {
	line := wave(text)
	level := func(t float64) bool { i := int(t); return i >= len(line) || line[i] }
	bit := 1 / ratio // of the receiver, in bits of the sender
	for start := edge(line, 0) + lag*bit; start < float64(len(line)); {
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
			start = edge(line, end) + lag*bit
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

// alphabet is text of which nothing is known but what it is made of: a share of its
// bytes for each set of characters, evenly within it.
type alphabet []part

type part struct {
	share float64
	holds func(byte) bool
}

// alphabets are those that codes are written in at the right rate. A house's own may
// hold any character, and some beyond ASCII in one byte or, in UTF-8, in several.
var alphabets = func() (all [][256]float64) {
	digit := func(b byte) bool { return b >= '0' && b <= '9' }
	upper := func(b byte) bool { return digit(b) || b >= 'A' && b <= 'Z' || b == '-' }
	lower := func(b byte) bool { return digit(b) || b >= 'a' && b <= 'z' }
	latin := func(b byte) bool { return b >= 0xA0 }
	for _, a := range []alphabet{{{1, textual}}, {{1, digit}}, {{1, upper}}, {{1, lower}}, {{0.8, textual}, {0.2, latin}}} {
		all = append(all, a.shares())
	}
	return all
}()

// utf8Text is text with characters of several bytes.
var utf8Text = alphabet{{0.4, textual}, {0.6, func(b byte) bool { return b >= 0x80 }}}.shares()

// shares leaves a little for every byte: what ends and frames a code, and noise.
func (a alphabet) shares() (s [256]float64) {
	add := func(p part) {
		n := 0.0
		for b := range s {
			if p.holds(byte(b)) {
				n++
			}
		}
		for b := range s {
			if p.holds(byte(b)) {
				s[b] += p.share / n
			}
		}
	}
	for _, p := range a {
		add(part{0.94 * p.share, p.holds})
	}
	add(part{0.03, textual})
	add(part{0.03, func(byte) bool { return true }})
	return s
}

// asText is the logarithm of how likely these bursts are as text at our rate.
func asText(bursts [][]byte) float64 {
	said := bytes.Join(bursts, nil)
	best := math.Inf(-1)
	for _, shares := range alphabets {
		best = max(best, likelihood(said, shares))
	}
	// What is forgotten may be the first bytes of a character.
	if utf8.Valid(bytes.TrimLeftFunc(said, func(r rune) bool { return r == utf8.RuneError })) {
		best = max(best, likelihood(said, utf8Text))
	}
	return best
}

func likelihood(said []byte, shares [256]float64) (sum float64) {
	for _, b := range said {
		sum += math.Log(shares[b])
	}
	return sum
}
