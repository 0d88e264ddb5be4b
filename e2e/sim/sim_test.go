package sim

import (
	"fmt"
	"maps"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"testing/cryptotest"
	"time"

	"dockfill/agent/store"
	"dockfill/sync/wire"
)

// DOCKFILL_SIM_HOURS and DOCKFILL_SIM_SEED say how far and which; DOCKFILL_SIM_HOUSE plays
// one house alone, DOCKFILL_SIM_FAULTS gives it some classes of faults, and
// DOCKFILL_SIM_VERBOSE tells of all that happens in it. With DOCKFILL_SIM_DISK the files lie
// on a disk, and a start finds there what lay there at the moment of the kill.
func TestSim(t *testing.T) {
	runtime.GOMAXPROCS(1)
	hours, seed := number("DOCKFILL_SIM_HOURS", 60), number("DOCKFILL_SIM_SEED", 1)
	only := number("DOCKFILL_SIM_HOUSE", -1)
	warm()
	all := &tally{rare: map[string]int{}}
	began, cpu := time.Now(), cpuTime()
	var trace uint64
	for house := 0; all.hours < float64(hours) && !t.Failed(); house++ {
		if only >= 0 && house != only {
			if house > only {
				break
			}
			continue
		}
		p := draw(uint64(seed), house, folder(), faultNames())
		if p.disk = os.Getenv("DOCKFILL_SIM_DISK") != ""; p.disk {
			p.folder = ""
		}
		p.verbose = os.Getenv("DOCKFILL_SIM_VERBOSE") != ""
		cryptotest.SetGlobalRandom(t, p.dice("secrets").Uint64())
		trace = trace*31 + play(t, p, all)
	}
	used := cpuTime() - cpu
	fmt.Printf("%.0f s, %.0f s of CPU, %.0f site-hours per CPU-minute, trace %016x\n", time.Since(began).Seconds(), used.Seconds(), all.hours/used.Minutes(), trace)
	fmt.Printf("seed %d, %.0f site-hours, %d faults, %d scans, %d tones, %d lost, %d doubled, %d over-allocated, %d unconverged, %d strange, rare states %d of %d %v\n",
		seed, all.hours, all.faults, all.scans, all.tones, all.lost, all.doubled, all.over, all.apart, all.strange, len(all.rare), rareStates, all.rare)
}

// faultNames are all classes, or those that DOCKFILL_SIM_FAULTS names. A short run among the
// other tests goes without copies that are put back.
func faultNames() []string {
	if only, set := os.LookupEnv("DOCKFILL_SIM_FAULTS"); set {
		return strings.Split(only, ",")
	}
	names := slices.Sorted(maps.Keys(classes))
	if os.Getenv("DOCKFILL_SIM_HOURS") == "" {
		names = slices.DeleteFunc(names, func(name string) bool { return strings.Contains(name, "restore") })
	}
	return names
}

// rareStates is how many the houses can visit.
const rareStates = 10

// warm makes what lives longer than a house outside of its bubble.
func warm() {
	_, _ = store.Pack([]wire.Command{{Item: &wire.Item{SKU: "X"}}})
	b, err := wire.Encode(&wire.Hello{Head: wire.Head{Site: "x", Nonce: "aaaaaaaaaaaaaaaa"}, Program: "warm warm warm warm warm warm warm warm warm warm warm warm warm warm"})
	if err == nil {
		_, _ = wire.Decode(b)
	}
}

func number(name string, or int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return or
}

// folder is in memory where the system has such a one.
func folder() string {
	const shm = "/dev/shm"
	if i, err := os.Stat(shm); err == nil && i.IsDir() {
		return shm
	}
	return ""
}

func cpuTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
