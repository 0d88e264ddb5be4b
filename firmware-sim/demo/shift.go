package demo

import (
	"fmt"
	"math/rand/v2"
)

// step is one pull of the trigger: the label, in the notation of
// device.ParseLabel, and what it is in words.
type step struct {
	code, what string
	card       bool
	wait       float64 // rest before it, in paces
}

// shift is the work that comes to one station, without end.
type shift struct {
	items   []item
	pallets []inbound // still to come
	rand    *rand.Rand
	n       int // errands so far
	serial  string
}

// newShift is the work of station k of n at a site. The pallets are shared out
// among the stations.
func newShift(w world, site string, k, n int) *shift {
	s := &shift{items: w.items[:len(w.items)-1], serial: fmt.Sprintf("%.1s%d-", site, k+1)}
	for i, p := range w.arriving(site) {
		if i%n == k {
			s.pallets = append(s.pallets, p)
		}
	}
	var seed uint64
	for _, c := range site {
		seed = 31*seed + uint64(c)
	}
	s.rand = rand.New(rand.NewPCG(seed, uint64(k)))
	return s
}

// next is the next errand. A pallet comes first and then after every ten
// errands; the rare things come at fixed places, so that a minute shows them
// all.
func (s *shift) next() []step {
	n := s.n
	s.n++
	it := s.items[s.rand.IntN(len(s.items))]
	switch {
	case n%10 == 0 && len(s.pallets) > 0:
		return s.pallet()
	case n%10 == 4:
		return []step{{code: fmt.Sprintf("(01)0%s(21)%s%d", it.each, s.serial, n), what: "one " + it.description + " with a serial number", wait: 1}}
	case n%20 == 7:
		return []step{{code: "DF:DAMAGED", what: "card DAMAGED: the next scan is broken goods", card: true, wait: 1},
			{code: it.each, what: "one " + it.description + ", damaged", wait: 0.7}}
	case n%20 == 12:
		return []step{{code: sealed(fmt.Sprintf("%s9%04d", prefix, s.rand.IntN(10000))), what: "a carton that nobody knows", wait: 1}}
	case n%20 == 2:
		return []step{cartonOf(s.items[len(s.items)-1])} // nobody waits for it
	case s.rand.IntN(3) == 0:
		return []step{{code: it.each, what: "one " + it.description, wait: 0.6}}
	}
	return []step{cartonOf(it)}
}

func (s *shift) pallet() []step {
	p := s.pallets[0]
	s.pallets = s.pallets[1:]
	units := 0
	for _, c := range p.contents {
		units += c.qty
	}
	return []step{{code: "(00)" + p.sscc, what: fmt.Sprintf("pallet of %s from %s", count(int64(units), "unit"), p.supplier), wait: 1.5}}
}

func cartonOf(it item) step {
	return step{code: it.carton, what: fmt.Sprintf("carton of %d %s", it.pack, it.description), wait: 1}
}

// badScan is a label that reads with a wrong check digit, and the same label
// again after it was wiped.
func (s *shift) badScan() []step {
	it := s.items[s.rand.IntN(len(s.items))]
	good, bad := cartonOf(it), cartonOf(it)
	bad.code, bad.what, bad.wait = smudged(it.carton), "a smudged label, its check digit is wrong", 0.3
	good.what, good.wait = "the label wiped and scanned again: "+good.what, 2
	return []step{bad, good}
}

// undo takes back the station's last scan.
func (s *shift) undo() []step {
	return []step{{code: "DF:UNDO", what: "card UNDO: the last scan is taken back", card: true, wait: 0.3}}
}
