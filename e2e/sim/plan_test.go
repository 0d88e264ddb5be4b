package sim

import (
	"hash/fnv"
	"log/slog"
	"math/rand/v2"
	"os"
	"time"
)

// plan is what a house is, drawn from the seed and its number.
type plan struct {
	seed    uint64
	house   int
	folder  string // where its files lie
	verbose bool
	disk    bool // what lies on the disk at a kill is what the next start finds

	sites, stations int
	hours           time.Duration
	scanEvery       time.Duration // of a station
	orderEvery      time.Duration // of the house
	healEvery       time.Duration
	faultEvery      time.Duration // of a site
	classes         map[string]bool
	sins            sins
}

// dice are a source of chance of its own for each purpose.
func (p plan) dice(purpose string) *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(purpose))
	return rand.New(rand.NewPCG(p.seed<<20+uint64(p.house), h.Sum64()))
}

func (p plan) log() *slog.Logger {
	if !p.verbose {
		return slog.New(slog.DiscardHandler)
	}
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelInfo}))
}

// draw makes the plan of a house: how large it is, and which classes of faults it has.
func draw(seed uint64, house int, folder string, classes []string) plan {
	p := plan{seed: seed, house: house, folder: folder, classes: map[string]bool{}}
	d := p.dice("plan")
	p.sites = 1 + min(d.IntN(6), d.IntN(6))
	if d.IntN(8) == 0 {
		p.sites = 7 + d.IntN(14)
	}
	p.stations = 1 + d.IntN(4)
	p.hours = time.Duration(24+d.IntN(49)) * time.Hour
	p.scanEvery = time.Duration(5+d.IntN(40)) * time.Minute
	p.orderEvery = time.Duration(20+d.IntN(100)) * time.Minute / time.Duration(p.sites)
	p.healEvery = time.Duration(6+d.IntN(13)) * time.Hour
	p.faultEvery = 72 * time.Minute // twenty a day
	for _, c := range classes {
		p.classes[c] = d.IntN(3) > 0
	}
	p.sins = sins{
		drop:   []float64{0, 0.01, 0.05, 0.2}[d.IntN(4)],
		repeat: []float64{0, 0.01, 0.05, 0.2}[d.IntN(4)],
		late:   []float64{0, 0.01, 0.1}[d.IntN(3)],
	}
	return p
}
