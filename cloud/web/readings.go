package web

import (
	"context"
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"dockfill/allocation"
	"dockfill/cloud/store"
)

// readings are the metrics that the database knows. A database that does not
// answer leaves them out: dockfill_database_up is then 0.
type readings struct{ s *Server }

const readingTime = 5 * time.Second

func describeMetric(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("dockfill_"+name, help, labels, nil)
}

var (
	databaseUp    = describeMetric("database_up", "1 while the database answers.")
	owedUnits     = describeMetric("owed_units", "Base units owed.")
	owedLines     = describeMetric("owed_lines", "Order lines with open quantity.")
	shortLines    = describeMetric("lines_short", "Order lines of class win, to be filled whole, with open quantity.")
	owedCustomers = describeMetric("owed_customers", "Customers who wait.")
	oldestWait    = describeMetric("oldest_wait_seconds", "Age of the oldest open order; 0 where none is open, or all wait from a later time on.")
	unitsScanned  = describeMetric("units_scanned_total", "Good units received and not undone.")
	unitsGiven    = describeMetric("units_allocated_total", "Units given to lines.")
	poisonEvents  = describeMetric("poison_events", "Events that could not be applied and wait for people.")
	siteSeen      = describeMetric("site_last_seen_timestamp_seconds", "When a site was heard last, Unix time.", "site")
	siteUnsent    = describeMetric("site_unsent_events", "Events saved at the site alone, as it last told.", "site")
	siteBehind    = describeMetric("site_commands_behind", "Commands that a site has not applied yet.", "site")
	heldUnits     = describeMetric("held_units", "Units set aside at a site until people decide; of unknown codes and pallets, as often as they were scanned.", "site", "why")
	heldOldest    = describeMetric("held_oldest_timestamp_seconds", "When the oldest of the units set aside came, Unix time by the site's clock; absent where there are none.", "site", "why")
	siteClock     = describeMetric("site_clock_off_seconds", "By how much a site's clock runs ahead of the centre's; negative: behind; 0: not noticeably.", "site")
	siteForked    = describeMetric("site_quarantined_events", "Events of another history than the stored one, kept in quarantine.", "site")
	siteClones    = describeMetric("site_clones", "Processes that are kept out, as another of the site answers; a person must decide.", "site")
	siteAwaited   = describeMetric("site_unreported", "Lives of a site that must report what they were granted before this centre, put back to an older copy, grants again.", "site")
	witnessKept   = describeMetric("witness_up", "1 while the rights witness takes what is granted; absent where none is kept.")
	siteFenced    = describeMetric("site_fenced", "1 while a site was told to stop allocating.", "site")
)

// Describe names no metric in advance: which sites there are is not known.
func (r *readings) Describe(chan<- *prometheus.Desc) {}

// Collect reads the database once.
func (r *readings) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), readingTime)
	defer cancel()
	sum, err1 := r.s.Reads.Summary(ctx)
	totals, err2 := r.s.Reads.Totals(ctx)
	sites, err3 := r.s.Reads.Sites(ctx)
	held, err4 := r.s.Reads.Held(ctx)
	_, short, err5 := r.s.Reads.Owed(ctx, store.OwedQuery{Short: true, Limit: 1})
	if errors.Join(err1, err2, err3, err4, err5) != nil {
		out <- gauge(databaseUp, 0)
		return
	}
	out <- gauge(databaseUp, 1)
	if w := r.s.witness(); w.Name != "" && w.Fault == nil {
		out <- gauge(witnessKept, 1)
	} else if w.Name != "" {
		out <- gauge(witnessKept, 0)
	}
	out <- gauge(owedUnits, float64(sum.UnitsOwed))
	out <- gauge(owedLines, float64(sum.LinesOpen))
	out <- gauge(shortLines, float64(short))
	out <- gauge(owedCustomers, float64(sum.CustomersWaiting))
	wait := 0.0
	if !sum.OldestAccepted.IsZero() {
		wait = max(0, r.s.Now().Sub(sum.OldestAccepted).Seconds())
	}
	out <- gauge(oldestWait, wait)
	out <- gauge(unitsScanned, float64(totals.UnitsScanned))
	out <- gauge(unitsGiven, float64(totals.UnitsAllocated))
	out <- gauge(poisonEvents, float64(totals.Poison))
	for _, row := range sites {
		siteReadings(out, row)
		heldReadings(out, row.Site, held)
	}
}

func siteReadings(out chan<- prometheus.Metric, row store.SiteRow) {
	name, fenced := string(row.Site), 0.0
	if row.State == store.SiteFenced {
		fenced = 1
	}
	if !row.LastSeen.IsZero() {
		out <- gauge(siteSeen, float64(row.LastSeen.UnixMilli())/1000, name)
	}
	out <- gauge(siteUnsent, float64(row.Unsent), name)
	out <- gauge(siteBehind, float64(row.Behind), name)
	out <- gauge(siteFenced, fenced, name)
	out <- gauge(siteAwaited, float64(len(row.Unreported)), name)
	out <- gauge(siteForked, float64(row.Quarantined), name)
	out <- gauge(siteClones, float64(len(row.Clones)), name)
	out <- gauge(siteClock, row.ClockOff.Seconds(), name)
}

// heldReadings tells of each reason, also where nothing waits for it: an alarm
// that clears needs the 0.
func heldReadings(out chan<- prometheus.Metric, site allocation.SiteID, held []store.HeldSum) {
	for _, r := range reasons {
		units := 0.0
		for _, h := range held {
			if h.Site == site && h.Why == r.why {
				units = float64(h.Units)
				out <- gauge(heldOldest, float64(h.Since.UnixMilli())/1000, string(site), string(r.why))
			}
		}
		out <- gauge(heldUnits, units, string(site), string(r.why))
	}
}

func gauge(d *prometheus.Desc, v float64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
}
