package dock

import (
	"context"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// metrics serves the site's figures and the process's own. Each handler has a
// registry of its own, so that many agents can live in one test.
func (s *server) metrics() http.Handler {
	r := prometheus.NewRegistry()
	r.MustRegister(siteCollector{s}, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return promhttp.HandlerFor(r, promhttp.HandlerOpts{})
}

// siteCollector reads the status once per scrape.
type siteCollector struct{ *server }

// metric is one figure out of a Status.
type metric struct {
	desc   *prometheus.Desc
	kind   prometheus.ValueType
	value  func(Status, time.Time) float64
	stored bool              // it stands in the database
	known  func(Status) bool // nil: always, where the database can be read
}

func figure(name, help string, kind prometheus.ValueType, value func(Status, time.Time) float64) metric {
	return metric{prometheus.NewDesc("dockfill_"+name, help, nil, nil), kind, value, true, nil}
}

// bare is a figure that is known without the database.
func (m metric) bare() metric {
	m.stored = false
	return m
}

// where is a figure that is told only where known says so.
func (m metric) where(known func(Status) bool) metric {
	m.known = known
	return m
}

// stationCount is one figure out of a scanner's Counts.
type stationCount struct {
	desc  *prometheus.Desc
	value func(Counts) int64
}

func count(name, help string, value func(Counts) int64) stationCount {
	return stationCount{prometheus.NewDesc("dockfill_station_"+name+"_total", help+" Since the agent's start.", []string{"station"}, nil), value}
}

var (
	stationUp = prometheus.NewDesc("dockfill_station_connected", "1 while the station's scanner is connected.", []string{"station"}, nil)
	siteInfo  = prometheus.NewDesc("dockfill_site_info", "1; names the site, its state and the agent's version.", []string{"site", "state", "version", "policy"}, nil)
	unitsHeld = prometheus.NewDesc("dockfill_units_held", "Units set aside until people decide; of unknown codes and pallets, as often as they were scanned.", []string{"why"}, nil)
	heldSince = prometheus.NewDesc("dockfill_held_oldest_seconds", "How long the oldest of the units set aside waits; 0 where none does.", []string{"why"}, nil)
	// stationCounts are those of each scanner.
	stationCounts = []stationCount{
		count("scans", "Frames that the station's scanner sent without fault.", func(c Counts) int64 { return c.Scans }),
		count("faults", "Frames that could not be read.", func(c Counts) int64 { return c.Faults }),
		count("repeats", "Retransmissions, and records of a memory, that came again and were not counted.", func(c Counts) int64 { return c.Repeats }),
		count("connects", "Times that the scanner's port was opened.", func(c Counts) int64 { return c.Connects }),
		count("lost_answers", "Verdicts that found no scanner to show them.", func(c Counts) int64 { return c.LostAnswers }),
		count("late", "Scans that came out of a memory or faster than a hand scans: the scanner had kept them.", func(c Counts) int64 { return c.Late }),
	}
	counter = prometheus.CounterValue
	gauge   = prometheus.GaugeValue
	metrics = []metric{
		figure("events_saved_total", "Events in the site's log.", counter, func(s Status, _ time.Time) float64 { return float64(s.Head) }),
		figure("events_confirmed_total", "Events that the centre has stored.", counter, func(s Status, _ time.Time) float64 { return float64(s.Stored) }),
		figure("events_safe_total", "Events safe at the centre; those confirmed, where it keeps no second copy.", counter, func(s Status, _ time.Time) float64 { return float64(s.Safe) }),
		figure("oldest_unsent_seconds", "Age of the oldest event that the centre has not stored.", gauge, oldestUnsent),
		figure("link_up", "1 while there is a line to the centre.", gauge, func(s Status, _ time.Time) float64 { return flag(s.Link.Up) }).bare(),
		figure("link_dropped_total", "Messages from the centre that could not be read, or found a queue full; it sends them again.", counter, func(s Status, _ time.Time) float64 { return float64(s.Link.Dropped) }).bare(),
		figure("scans_total", "Scans in the log.", counter, func(s Status, _ time.Time) float64 { return float64(s.Totals.Scans) }),
		figure("units_received", "Good units received and not undone.", gauge, func(s Status, _ time.Time) float64 { return float64(s.Totals.Units) }),
		figure("units_allocated", "Units that lines hold now.", gauge, func(s Status, _ time.Time) float64 { return float64(s.Totals.Allocated) }),
		figure("units_free", "Good units that no line took.", gauge, func(s Status, _ time.Time) float64 { return float64(s.Totals.Free) }),
		figure("units_owed", "Open units of the lines known here.", gauge, func(s Status, _ time.Time) float64 { return float64(s.Owed.Units) }),
		figure("lines_open", "Lines with open units.", gauge, func(s Status, _ time.Time) float64 { return float64(s.Owed.Lines) }),
		figure("lines_short", "Lines of class win that are to be filled whole and lack units.", gauge, func(s Status, _ time.Time) float64 { return float64(s.ShortLines) }),
		figure("orders_complete", "Orders filled to the last unit.", gauge, func(s Status, _ time.Time) float64 { return float64(s.Totals.OrdersComplete) }),
		figure("tasks_open", "Tasks that wait for a person.", gauge, func(s Status, _ time.Time) float64 { return float64(s.Tasks) }),
		figure("database_bytes", "Size of the database.", gauge, func(s Status, _ time.Time) float64 { return float64(s.DatabaseBytes) }),
		figure("scans_captured", "Scans set aside until the site may allocate.", gauge, func(s Status, _ time.Time) float64 { return float64(s.Captured.Scans) }).bare(),
		figure("disk_full", "1 while scans are refused for want of room.", gauge, func(s Status, _ time.Time) float64 { return flag(s.DiskFull) }).bare(),
		figure("disk_free_bytes", "Room left on the database's disk.", gauge, func(s Status, _ time.Time) float64 { return float64(s.DiskFreeBytes) }).bare().where(func(s Status) bool { return s.DiskFreeBytes != UnknownBytes }),
	}
)

// Describe implements prometheus.Collector.
func (c siteCollector) Describe(out chan<- *prometheus.Desc) {
	out <- stationUp
	out <- siteInfo
	out <- unitsHeld
	out <- heldSince
	for _, c := range stationCounts {
		out <- c.desc
	}
	for _, m := range metrics {
		out <- m.desc
	}
}

// Collect implements prometheus.Collector.
func (c siteCollector) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	st, err := c.site.Status(ctx)
	if err != nil {
		out <- prometheus.NewInvalidMetric(siteInfo, err)
		return
	}
	now := c.now()
	out <- prometheus.MustNewConstMetric(siteInfo, gauge, 1, string(st.Site), st.State, st.Version, st.Policy)
	for _, m := range metrics {
		if st.Unread && m.stored || m.known != nil && !m.known(st) {
			continue // a figure that nobody knows is absent, not 0
		}
		out <- prometheus.MustNewConstMetric(m.desc, m.kind, m.value(st, now))
	}
	if !st.Unread {
		collectHeld(out, st, now)
	}
	for _, x := range st.Stations {
		if x.State == StationBare {
			continue // there is no scanner that could be away
		}
		out <- prometheus.MustNewConstMetric(stationUp, gauge, flag(x.State == StationConnected), string(x.ID))
		for _, c := range stationCounts {
			out <- prometheus.MustNewConstMetric(c.desc, counter, float64(c.value(x.Counts)), string(x.ID))
		}
	}
}

// collectHeld tells of each reason, also where nothing waits for it: an alarm
// that clears needs the 0.
func collectHeld(out chan<- prometheus.Metric, st Status, now time.Time) {
	for _, why := range heldReasons {
		units, age := 0.0, 0.0
		for _, h := range st.Held {
			if h.Why == why {
				units, age = float64(h.Units), now.Sub(h.Since).Seconds()
			}
		}
		out <- prometheus.MustNewConstMetric(unitsHeld, gauge, units, string(why))
		out <- prometheus.MustNewConstMetric(heldSince, gauge, max(0, age), string(why))
	}
}

func oldestUnsent(s Status, now time.Time) float64 {
	if s.OldestUnsent.IsZero() {
		return 0
	}
	return now.Sub(s.OldestUnsent).Seconds()
}

func flag(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
