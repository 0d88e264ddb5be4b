package web

import (
	"context"
	"fmt"
	"strings"
	"time"

	"dockfill/allocation"
	"dockfill/cloud/store"
	"dockfill/sync/wire"
)

// view is the page's data, already in words.
type view struct {
	Title   string
	Now     time.Time
	Empty   *empty // set where nothing was imported yet
	Figures []figure
	Owed    owed
	Bands   bands
	Sites   sites
	Short   shorts
	Aside   aside
	Live    []event
	Totals  []total
}

// empty is what a newcomer is told.
type empty struct {
	Broker string
	Sites  sites
}

// figure is one of the five numbers, with the age of what it is made of.
type figure struct {
	ID, Label, Value, Unit, Age string
	Link                        string // to what it counts; "" where there is none
	Stale                       bool
}

// total is one running number.
type total struct{ ID, Label, Value string }

// parts are the templates that a listener is sent again, with their data.
func (v view) parts() map[string]any {
	if v.Empty != nil {
		return nil
	}
	return map[string]any{"figures": v.Figures, "bands": v.Bands, "sites": v.Sites, "short": v.Short, "aside": v.Aside, "live": v.Live, "totals": v.Totals}
}

const liveRows = 30

// view reads everything that the page shows.
func (s *Server) view(ctx context.Context, q store.OwedQuery) (view, error) {
	v := view{Title: "Dockfill: what is owed", Now: s.Now()}
	totals, err := s.Reads.Totals(ctx)
	if err != nil {
		return v, fmt.Errorf("totals: %w", err)
	}
	rows, err := s.Reads.Sites(ctx)
	if err != nil {
		return v, fmt.Errorf("sites: %w", err)
	}
	held, err := s.Reads.Held(ctx)
	if err != nil {
		return v, fmt.Errorf("units set aside: %w", err)
	}
	v.Sites, v.Totals = s.sites(rows, held, v.Now), showTotals(totals)
	if w := s.witness(); w.Fault != nil {
		v.Sites.Frozen = WitnessText(w.Name, w.Since)
	}
	if totals.Lines == 0 && totals.Scans == 0 {
		v.Empty = &empty{Broker: s.Broker, Sites: v.Sites}
		return v, nil
	}
	if v.Aside, err = s.aside(ctx, held, v.Now); err != nil {
		return v, fmt.Errorf("units set aside: %w", err)
	}
	if v.Short, err = s.shortLines(ctx); err != nil {
		return v, fmt.Errorf("lines to be filled whole: %w", err)
	}
	return v, s.fill(ctx, &v, q)
}

func (s *Server) fill(ctx context.Context, v *view, q store.OwedQuery) error {
	sum, err := s.Reads.Summary(ctx)
	if err != nil {
		return fmt.Errorf("summary: %w", err)
	}
	s.outlook.ask()
	v.Figures = append(figures(sum, v.Sites, v.Now), promiseFigure(s.outlook.latest()))
	split, err := s.Reads.Waiting(ctx, edges(v.Now))
	if err != nil {
		return fmt.Errorf("waiting: %w", err)
	}
	v.Bands = showBands(split, v.Sites.Stale != "")
	if err := s.narrow(ctx, &q); err != nil {
		return fmt.Errorf("promises: %w", err)
	}
	lines, n, err := s.Reads.Owed(ctx, q)
	if err != nil {
		return fmt.Errorf("owed: %w", err)
	}
	comes, err := s.outlook.comes(ctx, lines)
	if err != nil {
		return fmt.Errorf("when it comes: %w", err)
	}
	v.Owed = showOwed(q, lines, n, comes, v.Sites, v.Now)
	live, err := s.Reads.Live(ctx, "", liveRows)
	if err != nil {
		return fmt.Errorf("live: %w", err)
	}
	for _, r := range live {
		v.Live = append(v.Live, showEvent(r))
	}
	return nil
}

func figures(sum store.Summary, on sites, now time.Time) []figure {
	oldest, unit := "none", ""
	if !sum.OldestAccepted.IsZero() {
		oldest, unit = wait(sum.OldestAccepted, now)
	}
	f := []figure{
		{ID: "units", Label: "Units owed", Value: number(sum.UnitsOwed)},
		{ID: "customers", Label: "Customers waiting", Value: number(sum.CustomersWaiting)},
		{ID: "oldest", Label: "Oldest wait", Value: oldest, Unit: unit},
		{ID: "lines", Label: "Lines open", Value: number(sum.LinesOpen), Unit: "of " + count(sum.OrdersOpen, "order")},
	}
	for i := range f {
		f[i].Stale, f[i].Age = on.Stale != "", on.Age
	}
	return f
}

func showTotals(t store.Totals) []total {
	all := []total{
		{"lines", "Lines imported", number(t.Lines)},
		{"orders", "Orders imported", number(t.Orders)},
		{"scans", "Scans stored", number(t.Scans)},
		{"scanned", "Units scanned", number(t.UnitsScanned)},
		{"allocated", "Units allocated", number(t.UnitsAllocated)},
		{"completed", "Orders completed", number(t.OrdersCompleted)},
		{"open", "Units still owed", number(t.UnitsOpen)},
	}
	if t.Poison > 0 {
		all = append(all, total{"poison", "Events that wait for people", number(t.Poison)})
	}
	return all
}

// sites is what is known of every site, and how old it is.
type sites struct {
	Frozen string // why nothing is granted at all; "" where it is
	Rows   []site
	Names  []allocation.SiteID
	Age    string // one sentence on the age of all figures
	Stale  string // the names of sites that are not current, "" where all are
	bad    map[allocation.SiteID]bool
}

// site is one site's card. Health is good, late, stopped or expected.
type site struct {
	Site, Health, State, Sentence string
	Scans, Units, Unsent, Behind  string
	Aside, InDoubt                string // "" where there are none
}

func (s *Server) sites(rows []store.SiteRow, held []store.HeldSum, now time.Time) sites {
	all := sites{bad: map[allocation.SiteID]bool{}}
	var stale, silent []string
	var oldest time.Duration
	heard := 0
	for _, r := range rows {
		card := s.site(r, now)
		card.Aside = heldAt(held, r.Site)
		all.Rows = append(all.Rows, card)
		all.Names = append(all.Names, r.Site)
		if card.Health == "expected" {
			silent = append(silent, string(r.Site))
			continue
		}
		heard++
		oldest = max(oldest, now.Sub(r.LastSeen))
		if card.Health != "good" {
			all.bad[r.Site] = true
			stale = append(stale, string(r.Site))
		}
	}
	all.Stale, all.Age = strings.Join(stale, ", "), ageOf(stale, silent, heard, oldest)
	return all
}

// ageOf says how old the figures are: as old as the site that was silent for
// the longest. Of a site that has never called, silent names it, they hold
// nothing but what was imported.
func ageOf(stale, silent []string, heard int, oldest time.Duration) string {
	if heard == 0 {
		return "From imports alone; no site has called yet"
	}
	var said []string
	switch {
	case len(stale) == 1:
		said = append(said, fmt.Sprintf("%s is not current: %s old", stale[0], ago(oldest)))
	case len(stale) > 1:
		said = append(said, fmt.Sprintf("%d sites are not current: up to %s old", len(stale), ago(oldest)))
	case len(silent) == 0:
		said = append(said, fmt.Sprintf("All sites heard within %s", ago(oldest+time.Second)))
	}
	switch {
	case len(silent) == 1:
		said = append(said, silent[0]+" has not called yet")
	case len(silent) > 1:
		said = append(said, fmt.Sprintf("%d sites have not called yet", len(silent)))
	}
	return strings.Join(said, "; ")
}

func (s *Server) site(r store.SiteRow, now time.Time) site {
	c := site{Site: string(r.Site), Scans: number(r.Scans), Units: number(r.Units), Unsent: number(r.Unsent), Behind: number(r.Behind)}
	silent := now.Sub(r.LastSeen)
	switch {
	case r.State == store.SiteFenced:
		c.Health, c.State, c.Sentence = "stopped", "Stopped", visible(r.FencedText)
	case r.State == store.SiteExpected || r.LastSeen.IsZero():
		c.Health, c.State, c.Unsent = "expected", "Expected", "not known"
		c.Sentence = "Imported data names this site; its agent has not called yet"
	case silent >= s.StaleAfter:
		c.Health, c.State = "late", "Not current"
		c.Sentence = fmt.Sprintf("%s last heard %s ago; %s", r.Site, ago(silent), missingHere(r.Unsent))
		c.Unsent = atLeast(r.Unsent)
	default:
		c.Health, c.State, c.Sentence = "good", "Current", fmt.Sprintf("Last heard %s ago", ago(silent))
	}
	if r.ClockOff != 0 {
		c.Sentence += "; " + clockText(r.ClockOff)
	}
	if r.Poison > 0 {
		c.Sentence += fmt.Sprintf("; %s could not be applied and waits for people", count(r.Poison, "event"))
	}
	for _, u := range r.Unreported {
		c.Health = "stopped"
		c.Sentence += "; " + UnreportedText(string(r.Site), u.Since)
	}
	if r.Quarantined > 0 {
		c.Sentence += "; " + QuarantinedText(r.Quarantined)
	}
	for _, clone := range r.Clones {
		c.Health = "stopped"
		c.Sentence += "; " + CloneText(string(r.Site), clone.Nonce)
	}
	if r.InDoubt > 0 {
		c.InDoubt = number(r.InDoubt)
		c.Sentence += "; " + InDoubtText(r.InDoubt)
	}
	return c
}

// clockText says that the times from a site are not to be believed.
func clockText(off time.Duration) string {
	way := "ahead of"
	if off < 0 {
		way = "behind"
	}
	return fmt.Sprintf("its clock is %s %s the centre's: set it, the times of its scans are wrong", ago(off.Abs()), way)
}

// UnreportedText says what the centre waits for, and what to do.
func UnreportedText(site string, since time.Time) string {
	return fmt.Sprintf("no site is granted anything since %s: this centre was put back to an older copy and waits for this site to report what it was granted. Connect it", since.Format("2 Jan 15:04 UTC"))
}

// WitnessText says what a rights witness that takes nothing holds up.
func WitnessText(place string, since time.Time) string {
	return fmt.Sprintf("No right is granted and no cancel settles since %s: the rights witness %s takes nothing. See that its volume is there and has room", since.UTC().Format("2 Jan 15:04 UTC"), visible(place))
}

// QuarantinedText says what it means that events of a site are quarantined.
func QuarantinedText(events int64) string {
	return count(events, "event") + " of another history kept in quarantine: a copy of its database was at work. Their scans count nowhere: count the goods and adjust"
}

// CloneText says that a process was kept out, and what to do.
func CloneText(site, nonce string) string {
	return fmt.Sprintf("another process is kept out (%s), a copy of this site's database or one of another centre: stop it, or let it take the site's place by dockfill-cloud site admit %s %s", nonce, site, nonce)
}

// InDoubtText says what it means that a site has units in doubt.
func InDoubtText(units int64) string {
	return count(units, "unit") + " in doubt: granted to an earlier database of this site that was lost"
}

// missingHere says what a silent site may hold, as far as it was told: what it
// has scanned since, nobody here can know.
func missingHere(unsent int64) string {
	if unsent == 0 {
		return "what it scanned since is not here yet"
	}
	return fmt.Sprintf("at least %s not here yet", count(unsent, "event"))
}

func atLeast(n int64) string {
	if n == 0 {
		return "not known"
	}
	return "at least " + number(n)
}

// event is a row of the live list.
type event struct {
	Key, Class, Verdict, Qty, SKU, Where, To string
	Why                                      string // link
	At                                       time.Time
}

func showEvent(r store.LiveRow) event {
	e := event{Key: fmt.Sprintf("%s/%s/%d", r.Site, r.Incarnation, r.Seq), Verdict: string(r.Verdict), Class: strings.ToLower(string(r.Verdict)),
		Why: aboutEvent(r), At: r.At, Qty: number(r.Qty), SKU: visible(string(r.SKU)), Where: string(r.Site), To: destination(r)}
	switch {
	case r.Why == allocation.WhyUndone:
		e.Verdict, e.Class, e.Qty, e.SKU = "UNDONE", "undone", number(-r.Qty), "units"
	case r.Deed != "":
		e.Verdict, e.Class = deedWords[r.Deed], "deed"
	case e.Verdict == "" && fromStock(r.Moves):
		e.Verdict, e.Class, e.Qty = "FROM STOCK", "allocated", ""
	case e.Verdict == "":
		e.Verdict, e.Class, e.Qty = "MOVED", "allocated", ""
	}
	if r.Qty == 0 {
		e.Qty, e.SKU = "", visible(string(r.SKU))
	}
	if len(r.Code) > 0 {
		e.SKU = visible(string(r.Code))
	}
	if e.SKU == "" && r.Qty != 0 {
		e.SKU = "of several items"
	}
	if r.Line != "" {
		e.SKU = "of " + visible(string(r.Line))
	}
	if r.Inbound != "" {
		e.SKU = "of inbound " + visible(string(r.Inbound))
	}
	if r.Station != "" {
		e.Where += ", station " + visible(string(r.Station))
	}
	return e
}

var deedWords = map[wire.DeedKind]string{wire.DeedPick: "PICKED", wire.DeedStage: "STAGED", wire.DeedShip: "SHIPPED", wire.DeedReturn: "RETURNED",
	wire.DeedRegrade: "REGRADED", wire.DeedAdjust: "COUNT CORRECTED", wire.DeedApprove: "APPROVED"}

// fromStock reports whether all that moved came to lines out of free stock.
func fromStock(moves []store.LiveMove) bool {
	for _, m := range moves {
		if m.From != string(allocation.Free) || !strings.Contains(m.To, "/") {
			return false
		}
	}
	return true
}

const destinations = 4 // named in a row; the rest is counted

// destination says where the units went and why, or why they went nowhere.
func destination(r store.LiveRow) string {
	var to []string
	for _, a := range r.Allocations {
		to = append(to, fmt.Sprintf("%s to %s", number(a.Qty), visible(string(a.Line))))
	}
	for _, m := range r.Moves {
		to = append(to, moveWords(m, r.SKU))
	}
	if more := len(to) - destinations; more > 0 {
		to = append(to[:destinations], fmt.Sprintf("%d more", more))
	}
	to = append(to, restWords(r)...)
	if len(to) == 0 {
		return nothingMoved(r)
	}
	text := "· " + strings.Join(to, ", ")
	if why := whyFirst(r); why != "" {
		text += ". " + visible(why)
	}
	return text
}

// restWords say what of a scan went to no line, and what else is to be known of it.
func restWords(r store.LiveRow) (rest []string) {
	if r.Staged {
		rest = append(rest, "staged at once")
	}
	if r.Free > 0 && len(r.Allocations)+len(r.Moves)+int(r.Surplus) > 0 {
		rest = append(rest, number(r.Free)+" put away")
	}
	if r.Surplus > 0 {
		rest = append(rest, number(r.Surplus)+" set aside, for more came than was announced")
	}
	if r.Kept > 0 {
		rest = append(rest, "its code was set aside until it was known")
	}
	if r.From != "" || r.To != "" {
		rest = append(rest, fmt.Sprintf("%s units are %s now", visible(string(r.From)), visible(string(r.To))))
	}
	if r.Reason != "" {
		rest = append(rest, visible(r.Reason))
	}
	return rest
}

// nothingMoved is what a row says that moved nothing: why, where it was a scan.
func nothingMoved(r store.LiveRow) string {
	if r.Deed != "" {
		return ""
	}
	return "· " + allocation.Why{Code: r.Why}.Sentence(allocation.Move{})
}

// whyFirst says why the first of the lines came before the next one.
func whyFirst(r store.LiveRow) string {
	ranked := allocation.Why{Code: allocation.WhyRanked}
	if len(r.Allocations) > 0 {
		if a := r.Allocations[0]; a.Over != "" {
			return ranked.Sentence(allocation.Move{To: allocation.At(a.Line), By: a.By, Over: a.Over})
		}
		return ""
	}
	for _, m := range r.Moves {
		if m.Over != "" {
			return ranked.Sentence(allocation.Move{To: allocation.At(allocation.LineID(m.To)), By: m.By, Over: m.Over})
		}
	}
	return ""
}

// moveWords say one move; of is the SKU that the row names.
func moveWords(m store.LiveMove, of allocation.SKU) string {
	units := number(m.Qty)
	if of != m.SKU {
		units += " " + visible(string(m.SKU))
	}
	switch {
	case m.To == "":
		return units + " taken back from " + placeWords(m.From)
	case m.From == "":
		return units + " found, to " + placeWords(m.To)
	}
	return fmt.Sprintf("%s from %s to %s", units, placeWords(m.From), placeWords(m.To))
}

// placeWords names a line, or a shelf as people call it.
func placeWords(place string) string {
	if place == string(allocation.Free) {
		return "stock"
	}
	return visible(place)
}
