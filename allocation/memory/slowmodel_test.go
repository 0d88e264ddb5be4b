package memory_test

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"dockfill/allocation"
	"dockfill/allocation/scenario"
)

// slow is the second model: the rules of the design said as slowly as possible.
// Each unit is a thing of its own, and after every event all lines of all goods
// are looked at again for each single unit, until nothing can be given. It uses
// nothing of the engine but the names of things.
type slow struct {
	policy   scenario.Policy
	orders   map[allocation.OrderID]*scenario.Order
	lines    map[allocation.LineID]*slowLine
	bySKU    map[allocation.SKU][]*slowLine
	byOrder  map[allocation.OrderID][]*slowLine
	units    map[allocation.SKU][]*slowUnit
	subs     map[allocation.SKU][]allocation.SKU
	inbounds map[allocation.InboundID]*slowInbound
	unnamed  map[allocation.SKU]int64 // what came by no inbound's name in this event
	scans    map[allocation.StationID][]*slowScan
	kept     []*slowScan
	mapped   map[string]slowPack
	today    time.Time
	changed  map[allocation.OrderID]bool
	scanning *slowScan
	air      []*slowUnit             // of this event
	fresh    map[allocation.SKU]bool // came in this event, or is wanted anew; its own lines have not had their turn
	serving  allocation.SKU
	// due is what settle looks at: all goods of a history. In a large run it is what
	// the event touched and, again and again, the other goods of the gated orders
	// that something changed for; then touched is not nil and notes their lines.
	due     map[allocation.SKU]bool
	touched map[*slowLine]bool
}

type slowLine struct {
	id                                    allocation.LineID
	order                                 *scenario.Order
	sku                                   allocation.SKU
	pack                                  int64
	life                                  int
	ordered, cancelled, guaranteed, extra int64
	picked, staged, shipped, right, sunk  int64
	units                                 []*slowUnit // shipped ones included
	worth                                 []string    // by key, in the order of the policy
}

type slowUnit struct {
	sku    allocation.SKU
	lot    string
	expiry allocation.Date
	serial string
	shelf  string // free, damaged, hold, surplus, line
	air    int    // 1 just received, 2 just lost by a line, 3 lies in stock
	lost   allocation.LineID
	po     allocation.InboundID
	line   *slowLine
	bound  bool
	gone   bool // shipped
}

type slowInbound struct {
	id                         allocation.InboundID
	announced, received, loose map[allocation.SKU]int64
	expected                   allocation.Date
	tolerance                  *int64
	closed                     bool
}

type slowPack struct {
	sku allocation.SKU
	qty int64
}

type slowScan struct {
	in      scenario.Scan
	times   int64
	kept    bool
	surplus int64
	to      []*slowLine // one for each unit that a line got
}

func newSlow() *slow {
	return &slow{
		orders: map[allocation.OrderID]*scenario.Order{}, lines: map[allocation.LineID]*slowLine{},
		subs: map[allocation.SKU][]allocation.SKU{}, inbounds: map[allocation.InboundID]*slowInbound{},
		scans: map[allocation.StationID][]*slowScan{}, mapped: map[string]slowPack{}, changed: map[allocation.OrderID]bool{},
		bySKU: map[allocation.SKU][]*slowLine{}, byOrder: map[allocation.OrderID][]*slowLine{}, units: map[allocation.SKU][]*slowUnit{},
		due: map[allocation.SKU]bool{"X": true, "Y": true, "Z": true}, fresh: map[allocation.SKU]bool{}, unnamed: map[allocation.SKU]int64{},
	}
}

func (s *slow) held(l *slowLine) int64 { return int64(len(l.units)) }

func (s *slow) bound(l *slowLine) (n int64) {
	for _, u := range l.units {
		if u.bound {
			n++
		}
	}
	return n
}

func (s *slow) open(l *slowLine) int64 { return l.ordered - l.cancelled - s.held(l) }

// takes: what this site has a right to give.
func (s *slow) takes(l *slowLine) int64 { return max(0, min(s.open(l), l.right)) }

// give and part: a unit comes to a line and leaves it; a right is used, and comes
// back unless it is sunk.
func (s *slow) give(u *slowUnit, l *slowLine) {
	u.shelf, u.line = "line", l
	l.units = append(l.units, u)
	l.right--
	s.mark(l)
}

func (s *slow) part(u *slowUnit) {
	l := u.line
	u.line, u.bound = nil, false
	l.units = slices.DeleteFunc(l.units, func(o *slowUnit) bool { return o == u })
	l.guaranteed = min(l.guaranteed, s.held(l))
	if l.sunk > 0 {
		l.sunk--
	} else {
		l.right++
	}
	s.fresh[l.sku] = true
	s.mark(l)
}

func (s *slow) mark(l *slowLine) {
	if s.touched == nil {
		return
	}
	s.touched[l] = true
	s.look(l.sku)
	for _, o := range s.gate(l) {
		s.due[o.sku] = true
	}
}

// look: something of a SKU changed. In mode skip, gates that wait for it may be
// possible now, so that their other goods can be given.
func (s *slow) look(sku allocation.SKU) {
	s.due[sku] = true
	if s.policy.GateMode != "skip" {
		return
	}
	for _, l := range s.bySKU[sku] {
		for _, o := range s.gate(l) {
			s.due[o.sku] = true
		}
	}
}

func (s *slow) fly(u *slowUnit, from int) {
	u.shelf, u.air = "free", from
	s.air = append(s.air, u)
}

func (s *slow) movable(l *slowLine) int64 { return s.held(l) - max(s.bound(l), l.guaranteed) }

// worth gives a number to compare by a key; smaller is better.
func worth(k allocation.Key, l *slowLine) string {
	n := func(n int) string {
		if n == 0 {
			return "none"
		}
		return fmt.Sprintf("%09d", n)
	}
	o := l.order
	switch k {
	case allocation.ByOverride:
		return n(o.Override)
	case allocation.ByContract:
		return n(o.Contract)
	case allocation.ByTier:
		return n(o.Tier)
	case allocation.ByClass:
		return fmt.Sprint(slices.Index([]allocation.Class{"win", "gain", "redistribute", "fill", "lose"}, classOf(l)))
	case allocation.ByPromised:
		return cmp.Or(string(o.Promised), string(o.Requested), "none")
	case allocation.ByAccepted:
		if o.Accepted.IsZero() {
			return "none"
		}
		return o.Accepted.UTC().Format(time.RFC3339)
	case allocation.ByOrder:
		return counted(string(o.ID))
	}
	return counted(strings.TrimPrefix(string(l.id), string(o.ID)+"/"))
}

// counted writes names so that those of digits compare as numbers, before others.
func counted(name string) string {
	if strings.Trim(name, "0123456789") != "" {
		return "text " + name
	}
	return "number " + strings.Repeat("0", allocation.MaxIDBytes-len(name)) + name + " " + name
}

func classOf(l *slowLine) allocation.Class { return cmp.Or(l.order.Class, "redistribute") }

var allKeys = []allocation.Key{"override", "class", "contract", "tier", "promised", "accepted", "order", "line"}

func (s *slow) keys() []allocation.Key {
	if len(s.policy.Rank) == 0 {
		return allKeys
	}
	return append(slices.Clone(s.policy.Rank), "order", "line")
}

func (s *slow) worths(l *slowLine) []string {
	if l.worth == nil {
		for _, k := range s.keys() {
			l.worth = append(l.worth, worth(k, l))
		}
	}
	return l.worth
}

func (s *slow) byRank(a, b *slowLine) int { return slices.Compare(s.worths(a), s.worths(b)) }

func (s *slow) byBand(a, b *slowLine) int {
	for i, k := range s.keys() {
		if slices.Contains([]allocation.Key{"override", "class", "contract", "tier"}, k) {
			if c := cmp.Compare(s.worths(a)[i], s.worths(b)[i]); c != 0 {
				return c
			}
		}
	}
	return 0
}

func (s *slow) fair() bool { return s.policy.Share == "fair" }

// byTurn: who is served first.
func (s *slow) byTurn(a, b *slowLine) int {
	if !s.fair() {
		return s.byRank(a, b)
	}
	if c := s.byBand(a, b); c != 0 {
		return c
	}
	wa, ga, wb, gb := a.ordered-a.cancelled, s.held(a), b.ordered-b.cancelled, s.held(b)
	if c := cmp.Compare(wb*(2*ga+1), wa*(2*gb+1)); c != 0 {
		return c
	}
	return s.byRank(a, b)
}

// above: who may take from whom as far as rank goes; standing orders holders.
func (s *slow) above(a, b *slowLine) bool {
	if s.fair() {
		return s.byBand(a, b) < 0
	}
	return s.byRank(a, b) < 0
}

func (s *slow) standing(a, b *slowLine) int {
	if s.fair() {
		if c := s.byBand(a, b); c != 0 {
			return c
		}
	}
	return s.byRank(a, b)
}

func (s *slow) linesOf(sku allocation.SKU) []*slowLine { return slices.Clone(s.bySKU[sku]) }

func (s *slow) lasts(u *slowUnit, l *slowLine) bool {
	return s.good(u, l.life)
}

// good: on its last day too, and so many days later.
func (s *slow) good(u *slowUnit, days int) bool {
	e, _ := time.Parse(time.DateOnly, string(u.expiry))
	return u.expiry == "" || !e.Before(s.today.AddDate(0, 0, days))
}

func byUse(a, b *slowUnit) int {
	none := func(d allocation.Date) string { return cmp.Or(string(d), "none") }
	return cmp.Or(cmp.Compare(none(a.expiry), none(b.expiry)), cmp.Compare(a.sku, b.sku), cmp.Compare(a.lot, b.lot),
		cmp.Compare(a.serial, b.serial), cmp.Compare(a.air, b.air), cmp.Compare(a.lost, b.lost))
}

func pick(from []*slowUnit, fits func(*slowUnit) bool) (all []*slowUnit) {
	for _, u := range from {
		if fits(u) {
			all = append(all, u)
		}
	}
	slices.SortStableFunc(all, byUse)
	return all
}

func (s *slow) freeFor(sku allocation.SKU, l *slowLine) []*slowUnit {
	return pick(s.units[sku], func(u *slowUnit) bool { return u.shelf == "free" && s.lasts(u, l) })
}

// settle gives one pack after the other until nothing can be given.
func (s *slow) settle() {
	s.nameless()
	for _, u := range s.air {
		s.fresh[u.sku] = s.fresh[u.sku] || u.shelf == "free"
	}
again:
	for {
		skus := slices.Sorted(maps.Keys(s.due))
		for _, sku := range skus { // what just came goes first
			if s.fresh[sku] && s.giveOwn(sku) {
				continue again
			}
		}
		for _, one := range []func(allocation.SKU) bool{s.giveOwn, s.giveStandIn, s.takeAll} {
			for _, sku := range skus {
				if one(sku) {
					continue again
				}
			}
		}
		break
	}
	for _, u := range s.air {
		u.air, u.lost = 3, ""
	}
	s.air, s.changed, s.scanning = nil, map[allocation.OrderID]bool{}, nil
}

func (s *slow) giveOwn(sku allocation.SKU) bool {
	own := s.linesOf(sku)
	s.serving = sku
	gave := s.giveAmong(sku, own, true) || s.giveAmong(sku, own, false)
	s.serving = ""
	if !gave && s.fresh[sku] { // its lines had their turn: gates may count on the rest
		delete(s.fresh, sku)
		return true
	}
	return gave
}

func (s *slow) giveStandIn(sku allocation.SKU) bool {
	var others []*slowLine
	for x, by := range s.subs {
		if slices.Contains(by, sku) {
			others = append(others, s.linesOf(x)...)
		}
	}
	return s.giveAmong(sku, others, true) || s.giveAmong(sku, others, false)
}

func (s *slow) giveAmong(sku allocation.SKU, lines []*slowLine, guaranteed bool) bool {
	if !s.anyFree(sku) {
		return false
	}
	lines = slices.DeleteFunc(slices.Clone(lines), func(l *slowLine) bool { return s.takes(l) < max(1, l.pack) })
	slices.SortFunc(lines, s.byTurn)
	for _, l := range lines {
		n := max(1, l.pack)
		if guaranteed && s.guaranteeLeft(l) < n {
			continue
		}
		can := s.freeFor(sku, l)
		// In mode skip a gate's lines take all they can at once, if that leaves the
		// rest of it possible.
		if all := min(s.takes(l), int64(len(can))) / n * n; all > n && s.policy.GateMode == "skip" && s.gate(l) != nil {
			if guaranteed {
				all = min(all, s.guaranteeLeft(l)/n*n)
			}
			if _, allows := s.gateAllows(l, can[:all], guaranteed); allows {
				n = all
			}
		}
		if int64(len(can)) < n {
			continue
		}
		parts, allows := s.gateAllows(l, can[:n], guaranteed)
		if !allows {
			continue
		}
		s.hand(parts)
		if guaranteed {
			l.guaranteed += n
		}
		return true
	}
	return false
}

// slowPart is free units that a line of a gate counts on.
type slowPart struct {
	l     *slowLine
	units []*slowUnit
}

// hand gives lines what they count on and still can take, in whole packs, and notes
// whose scan brought it.
func (s *slow) hand(parts []slowPart) {
	for _, p := range parts {
		n := min(s.takes(p.l), int64(len(p.units)))
		for _, u := range p.units[:n-n%max(1, p.l.pack)] {
			if u.air == 1 && s.scanning != nil {
				s.scanning.to = append(s.scanning.to, p.l)
			}
			s.give(u, p.l)
		}
	}
}

func (s *slow) guaranteeLeft(l *slowLine) int64 {
	for _, g := range s.policy.Guarantees {
		if g.Segment == l.order.Segment {
			left := g.Qty
			for _, o := range s.linesOf(l.sku) {
				if o.order.Segment == g.Segment {
					left -= o.guaranteed
				}
			}
			return left
		}
	}
	return 0
}

func (s *slow) orderOf(l *slowLine) []*slowLine { return slices.Clone(s.byOrder[l.order.ID]) }

func (s *slow) gate(l *slowLine) []*slowLine {
	switch l.order.Ship {
	case "line":
		return []*slowLine{l}
	case "order":
		return s.orderOf(l)
	}
	return nil
}

func (s *slow) gateOpen(l *slowLine) bool {
	for _, o := range s.gate(l) {
		if s.open(o) > 0 {
			return false
		}
	}
	return true
}

// gateAllows: in mode skip, is there enough for all that the gate lacks? Units
// are reserved one by one, for the line that demands the most days first; those that
// the line is about to get count as its own. Those beside them are for others first in
// the turn of guarantees.
func (s *slow) gateAllows(l *slowLine, got []*slowUnit, guaranteed bool) (parts []slowPart, allows bool) {
	parts = []slowPart{{l, got}}
	if s.policy.GateMode != "skip" || s.gate(l) == nil {
		return parts, true
	}
	lines := s.gate(l)
	slices.SortFunc(lines, func(a, b *slowLine) int { return cmp.Or(cmp.Compare(b.life, a.life), cmp.Compare(a.id, b.id)) })
	used := map[*slowUnit]bool{}
	lacks, later := map[*slowLine]int64{}, map[allocation.SKU]int64{}
	for _, o := range lines {
		if s.open(o)%max(1, o.pack) != 0 || s.takes(o) < s.open(o) {
			return nil, false
		}
		if lacks[o] = max(0, s.open(o)); o == l {
			lacks[o] -= int64(len(got))
		}
		if lacks[o] > 0 && s.announced(o.sku) == 0 && !s.anyFree(o.sku) && !slices.ContainsFunc(s.subs[o.sku], s.anyFree) {
			return nil, false
		}
	}
	for _, o := range lines {
		if s.open(o) > 0 {
			later[o.sku] = s.announcedFor(o.sku, lines)
		}
	}
	for _, u := range got {
		used[u] = true
		for _, o := range s.units[u.sku] {
			used[o] = used[o] || guaranteed
		}
	}
	reserve := func(o *slowLine, sku allocation.SKU) {
		part := slowPart{l: o}
		for _, u := range s.freeFor(sku, o) {
			if lacks[o] > 0 && !used[u] {
				used[u] = true
				lacks[o]--
				part.units = append(part.units, u)
			}
		}
		parts = append(parts, part)
	}
	packed := func(o *slowLine) { // what makes no whole pack of one SKU is none
		for lacks[o]%max(1, o.pack) != 0 {
			lacks[o]++
		}
	}
	s.leaveToOthers(lines, used)
	for _, o := range lines { // its own goods
		reserve(o, o.sku)
	}
	for _, o := range lines { // what is announced
		for lacks[o] > 0 && later[o.sku] > 0 {
			lacks[o]--
			later[o.sku]--
		}
	}
	for _, o := range lines { // what stands in for them
		packed(o)
		for _, sku := range s.subs[o.sku] {
			reserve(o, sku)
			packed(o)
		}
		if lacks[o] > 0 {
			return nil, false
		}
	}
	return parts, true
}

// leaveToOthers takes out what may go to guarantees or better lines of other goods that
// just came or are wanted anew: the units that last longest, which any of them can use.
func (s *slow) leaveToOthers(gate []*slowLine, used map[*slowUnit]bool) {
	for sku := range s.fresh {
		if !s.fresh[sku] || sku == s.serving {
			continue
		}
		n := s.ahead(sku, gate)
		for _, g := range s.policy.Guarantees {
			left := g.Qty
			for _, o := range s.linesOf(sku) {
				if o.order.Segment == g.Segment {
					left -= o.guaranteed
				}
			}
			n += max(0, left)
		}
		if s.fair() || !slices.ContainsFunc(gate, func(l *slowLine) bool { return l.sku == sku && s.open(l) > 0 }) {
			n = 1 << 40
		}
		for _, u := range slices.Backward(pick(s.units[sku], func(u *slowUnit) bool { return u.shelf == "free" })) {
			if n > 0 {
				used[u] = true
				n--
			}
		}
	}
}

func (s *slow) anyFree(sku allocation.SKU) bool {
	return slices.ContainsFunc(s.units[sku], func(u *slowUnit) bool { return u.shelf == "free" })
}

func (s *slow) announced(sku allocation.SKU) (n int64) {
	for _, in := range s.inbounds {
		if !in.closed {
			n += max(0, in.left(sku))
		}
	}
	return n
}

func (in *slowInbound) left(sku allocation.SKU) int64 {
	return in.announced[sku] - in.received[sku] - in.loose[sku]
}

// nameless: units that came by no inbound's name count as come by the one that is
// expected first, one by one; those that leave as come by the last one that had any.
func (s *slow) nameless() {
	all := slices.Collect(maps.Values(s.inbounds))
	slices.SortFunc(all, func(a, b *slowInbound) int {
		return cmp.Or(cmp.Compare(cmp.Or(a.expected, "none"), cmp.Or(b.expected, "none")), cmp.Compare(a.id, b.id))
	})
	for sku, n := range s.unnamed {
		waits := func(in *slowInbound) bool { return !in.closed && in.announced[sku] > in.received[sku] }
		for ; n > 0; n-- {
			if i := slices.IndexFunc(all, func(in *slowInbound) bool { return waits(in) && in.left(sku) > 0 }); i >= 0 {
				all[i].loose[sku]++
			}
		}
		for ; n < 0; n++ {
			for _, in := range slices.Backward(all) {
				if waits(in) && in.loose[sku] > 0 {
					in.loose[sku]--
					break
				}
			}
		}
	}
	clear(s.unnamed)
}

func (s *slow) announcedFor(sku allocation.SKU, gate []*slowLine) int64 {
	return max(0, s.announced(sku)-s.ahead(sku, gate))
}

// ahead sums what lines will take, one after the other, that stand before the first of the gate's.
func (s *slow) ahead(sku allocation.SKU, gate []*slowLine) (n int64) {
	var first *slowLine
	for _, l := range gate {
		if l.sku == sku && s.open(l) > 0 && (first == nil || s.standing(l, first) < 0) {
			first = l
		}
	}
	all := s.linesOf(sku)
	slices.SortFunc(all, s.standing)
	for _, o := range all {
		if first != nil && s.standing(o, first) < 0 {
			n += s.willTake(o, s.reach(sku)-n)
		}
	}
	return n
}

// willTake: whole packs; a gate in mode skip takes all that it lacks, or nothing where
// so much is not left.
func (s *slow) willTake(l *slowLine, left int64) int64 {
	n := s.takes(l) / max(1, l.pack) * max(1, l.pack)
	if s.policy.GateMode == "skip" && s.gate(l) != nil && (n < s.open(l) || n > left) {
		return 0
	}
	return n
}

// reach: what is announced and free of a SKU, and free of what stands in for it.
func (s *slow) reach(sku allocation.SKU) int64 {
	n := s.announced(sku)
	for _, of := range append([]allocation.SKU{sku}, s.subs[sku]...) {
		n += int64(len(pick(s.units[of], func(u *slowUnit) bool { return u.shelf == "free" && s.good(u, 0) })))
	}
	return n
}

func (s *slow) mayTake(t, h *slowLine) bool {
	tc, hc := classOf(t), classOf(h)
	low := hc == "fill" || hc == "lose"
	takes := tc == "win" || tc == "gain" || tc == "redistribute"
	switch {
	case tc == "win" && (low || hc == "redistribute"):
	case takes && low:
	case takes && hc == "redistribute" && (s.changed[t.order.ID] || s.changed[h.order.ID]):
	case s.policy.GateMode != "skip" && !s.gateOpen(h):
	default:
		return false
	}
	return t != h && s.above(t, h)
}

func (s *slow) takeAll(sku allocation.SKU) (took bool) {
	for s.takeOne(sku) {
		took = true
	}
	return took
}

func (s *slow) takeOne(sku allocation.SKU) bool {
	holders := slices.DeleteFunc(s.linesOf(sku), func(l *slowLine) bool { return len(l.units) == 0 })
	takers := slices.DeleteFunc(s.linesOf(sku), func(t *slowLine) bool {
		return s.takes(t) < max(1, t.pack) || !slices.ContainsFunc(holders, func(h *slowLine) bool { return s.mayTake(t, h) })
	})
	slices.SortFunc(takers, s.byTurn)
	slices.SortFunc(holders, func(a, b *slowLine) int { return s.standing(b, a) })
	for _, t := range takers {
		n := int(max(1, t.pack))
		var got []*slowUnit
		for _, h := range holders {
			if !s.mayTake(t, h) {
				continue
			}
			can := pick(h.units, func(u *slowUnit) bool { return !u.bound && s.lasts(u, t) })
			got = append(got, can[:min(len(can), int(max(0, s.movable(h))))]...)
		}
		parts, allows := s.gateAllows(t, nil, false)
		if len(got) < n || !allows {
			continue
		}
		for _, u := range got[:n] {
			s.part(u)
			s.give(u, t)
		}
		s.hand(parts)
		return true
	}
	return false
}

// step does what the replay format has no word for, or a line.
func (s *slow) step(in step) bool {
	ok := false
	switch {
	case in.Pick != nil:
		ok = s.pick(in.Pick)
	case in.Ship != nil:
		ok = s.ship(in.Ship)
	case in.Return != nil:
		ok = s.back(in.Return)
	case in.Rights != nil:
		l := s.lines[in.Rights.Line]
		if ok = l != nil; ok {
			l.right, l.sunk = min(in.Rights.Right, s.open(l)), in.Rights.Sunk
			s.fresh[l.sku] = true
		}
	case in.Pallet != nil:
		ok = s.pallet(in.Pallet)
	default:
		return s.play(in.Line)
	}
	if ok {
		s.settle()
	}
	return ok
}

// play does one line; false where it is refused.
func (s *slow) play(l scenario.Line) bool {
	switch {
	case l.Policy != nil:
		s.policy = *l.Policy
		for sku := range s.due {
			s.fresh[sku] = true
		}
		for id := range s.inbounds {
			s.admit(id)
		}
		for _, l := range s.lines {
			l.worth = nil
		}
	case l.Item != nil:
		s.subs[l.Item.SKU] = l.Item.Substitutes
		s.fresh[l.Item.SKU] = true
	case l.Order != nil:
		s.order(l.Order)
	case l.Cancel != nil:
		if !s.cancel(l.Cancel) {
			return false
		}
	case l.Change != nil:
		if !s.change(l.Change) {
			return false
		}
	case l.Inbound != nil:
		s.inbound(l.Inbound)
	case l.Close != nil:
		in := s.inbounds[l.Close.Inbound]
		if in == nil {
			return false
		}
		in.closed = true
		for sku := range in.announced {
			s.fresh[sku] = true
		}
	case l.Scan != nil:
		if !s.scan(*l.Scan) {
			return false
		}
	case l.Map != nil:
		if !s.mapCode(l.Map) {
			return false
		}
	case l.Approve != nil:
		if s.inbounds[l.Approve.Inbound] == nil {
			return false
		}
		var waits []*slowUnit
		for _, sku := range slices.Sorted(maps.Keys(s.units)) {
			waits = append(waits, pick(s.units[sku], func(u *slowUnit) bool { return u.shelf == "surplus" && u.po == l.Approve.Inbound })...)
		}
		for _, u := range waits[:min(len(waits), int(l.Approve.Qty))] {
			s.fly(u, 2)
		}
	case l.Stage != nil:
		return s.stage(l.Stage)
	case l.Undo != nil:
		if !s.undo(cmp.Or(l.Undo.Station, "1")) {
			return false
		}
	case l.Regrade != nil:
		if !s.regrade(l.Regrade) {
			return false
		}
	case l.Adjust != nil:
		if !s.adjust(l.Adjust) {
			return false
		}
	}
	s.settle()
	return true
}

func (s *slow) order(o *scenario.Order) {
	for _, l := range s.byOrder[o.ID] {
		l.order, l.worth = o, nil
	}
	s.orders[o.ID] = o
	seen := map[allocation.LineID]bool{}
	for _, in := range o.Lines {
		id := allocation.LineID(string(o.ID) + "/" + in.ID)
		seen[id] = true
		l := s.lines[id]
		if l == nil {
			l = &slowLine{id: id, order: o, sku: in.SKU}
			s.lines[id] = l
			s.bySKU[l.sku], s.byOrder[o.ID] = append(s.bySKU[l.sku], l), append(s.byOrder[o.ID], l)
		}
		l.pack, l.life = in.Pack, in.MinLifeDays
		l.right = max(l.right, in.Qty-s.held(l)) // the site has the rights to all
		s.want(l, in.Qty)
	}
	for _, l := range s.byOrder[o.ID] {
		if !seen[l.id] {
			s.want(l, 0)
		}
	}
}

func (s *slow) want(l *slowLine, qty int64) {
	s.mark(l)
	s.fresh[l.sku] = true
	for l.ordered-l.cancelled-l.extra < qty {
		switch {
		case l.extra > 0:
			l.extra--
		case l.cancelled > 0:
			l.cancelled--
		default:
			l.ordered++
		}
	}
	for l.ordered-l.cancelled-l.extra > qty {
		if s.open(l) > 0 {
			l.cancelled++
		} else if loose := pick(l.units, func(u *slowUnit) bool { return !u.bound }); len(loose) > 0 {
			l.cancelled++
			s.part(loose[0])
			s.fly(loose[0], 2)
			loose[0].lost = l.id
		} else {
			l.extra++
		}
		l.right = min(l.right, s.open(l)) // nobody fills what is cancelled
	}
}

func (s *slow) cancel(c *scenario.Cancel) bool {
	l := s.lines[c.Line]
	if l == nil {
		return false
	}
	o := *l.order
	o.Lines = slices.Clone(o.Lines)
	for i := range o.Lines {
		if strings.HasSuffix(string(c.Line), "/"+o.Lines[i].ID) && c.Qty <= o.Lines[i].Qty {
			o.Lines[i].Qty -= c.Qty
			s.order(&o)
			return true
		}
	}
	return false
}

func (s *slow) change(c *scenario.Change) bool {
	had := s.orders[c.Order]
	if had == nil {
		return false
	}
	o := *had
	o.Class = cmp.Or(c.Class, o.Class)
	if c.Tier != nil {
		o.Tier = *c.Tier
	}
	if c.Override != nil {
		o.Override = *c.Override
	}
	was := map[*slowLine][]string{}
	for _, l := range s.byOrder[c.Order] {
		was[l] = s.worths(l)
	}
	s.order(&o)
	for l, before := range was { // ranked anew, or not
		s.changed[c.Order] = s.changed[c.Order] || !slices.Equal(before, s.worths(l))
	}
	return true
}

func (s *slow) inbound(in *scenario.Inbound) {
	now := &slowInbound{
		id: in.ID, announced: map[allocation.SKU]int64{}, received: map[allocation.SKU]int64{}, loose: map[allocation.SKU]int64{},
		expected: in.Expected, tolerance: in.TolerancePct,
	}
	if had := s.inbounds[in.ID]; had != nil {
		now.received, now.loose = had.received, had.loose
		for sku := range had.announced {
			s.fresh[sku] = true
		}
	}
	for _, l := range in.Lines {
		now.announced[l.SKU] += l.Qty
	}
	for _, p := range in.Pallets {
		for _, l := range p.Lines {
			now.announced[l.SKU] += l.Qty
		}
	}
	for sku := range now.announced {
		s.fresh[sku] = true
	}
	s.inbounds[in.ID] = now
	s.admit(in.ID)
}

// admit: only those wait that are above what is announced and tolerated.
func (s *slow) admit(id allocation.InboundID) {
	po := s.inbounds[id]
	if po == nil {
		return
	}
	for sku := range s.units {
		waits := pick(s.units[sku], func(u *slowUnit) bool { return u.shelf == "surplus" && u.po == id })
		for above := s.above100(po, sku); len(waits) > 0 && int64(100*(len(waits)-1)) >= above; waits = waits[1:] {
			s.fly(waits[0], 2)
		}
	}
}

// above100 is by how many hundredths of a unit more came than is announced and
// tolerated.
func (s *slow) above100(po *slowInbound, sku allocation.SKU) int64 {
	pct := s.policy.OverPct
	if po.tolerance != nil {
		pct = *po.tolerance
	}
	return po.received[sku]*100 - po.announced[sku]*(100+pct)
}

func (s *slow) scan(in scenario.Scan) bool {
	if at := in.At.UTC().Truncate(24 * time.Hour); at.After(s.today) {
		s.today = at
	}
	times := int64(1)
	if in.Qty != nil {
		times = *in.Qty
	}
	if in.Serial != "" && times > 1 { // it names one thing
		return false
	}
	rec := &slowScan{in: in, times: times}
	station := cmp.Or(in.Station, "1")
	if in.Code != "" {
		m, known := s.mapped[in.Code]
		if !known {
			rec.kept = true
			s.kept = append(s.kept, rec)
			s.scans[station] = append(s.scans[station], rec)
			return true
		}
		rec.in.SKU, rec.times = m.sku, times*m.qty
	}
	if s.inHouse(rec.in.SKU, in.Serial) {
		return false
	}
	s.scans[station] = append(s.scans[station], rec)
	s.scanning = rec
	s.arrive(rec)
	return true
}

func (s *slow) inHouse(sku allocation.SKU, serial string) bool {
	return serial != "" && len(pick(s.units[sku], func(u *slowUnit) bool { return u.serial == serial && !u.gone })) > 0
}

// pallet receives all or, where a serial is known or stands twice on it, nothing.
func (s *slow) pallet(all []*scenario.Scan) bool {
	seen := map[string]bool{}
	for _, in := range all {
		if in.Serial != "" && (seen[string(in.SKU)+in.Serial] || s.inHouse(in.SKU, in.Serial)) {
			return false
		}
		seen[string(in.SKU)+in.Serial] = true
	}
	for _, in := range all {
		s.arrive(&slowScan{in: *in, times: *in.Qty})
	}
	return true
}

func (s *slow) arrive(rec *slowScan) {
	in := rec.in
	if in.Inbound == "" {
		s.unnamed[in.SKU] += rec.times
	}
	for range rec.times {
		u := &slowUnit{sku: in.SKU, lot: in.Lot, expiry: in.Expiry, serial: in.Serial, shelf: cmp.Or(string(in.Disposition), "good"), air: 1}
		if u.shelf == "good" {
			s.fly(u, 1)
		}
		if po := s.inbounds[in.Inbound]; po != nil {
			po.received[in.SKU]++
			if u.shelf == "free" && s.above100(po, in.SKU) > 0 {
				u.shelf, u.po = "surplus", in.Inbound
				rec.surplus++
			}
		}
		s.units[u.sku] = append(s.units[u.sku], u)
	}
}

func (s *slow) mapCode(m *scenario.Map) bool {
	pack := slowPack{m.SKU, 1}
	if m.Qty != nil {
		pack.qty = *m.Qty
	}
	if pack.qty < 1 {
		return false
	}
	s.mapped[m.Code] = pack
	for _, rec := range s.kept {
		if rec.in.Code == m.Code {
			rec.kept, rec.in.SKU, rec.times = false, pack.sku, rec.times*pack.qty
			s.scanning = rec
			s.arrive(rec)
			s.settle()
		}
	}
	s.kept = slices.DeleteFunc(s.kept, func(r *slowScan) bool { return !r.kept })
	return true
}

// bind: pick, stage and ship take so many loose units more; those bound before
// count first.
func (s *slow) bind(l *slowLine, n int64) {
	for _, u := range pick(l.units, func(u *slowUnit) bool { return !u.bound }) {
		if n > 0 {
			u.bound = true
			n--
		}
	}
}

func (s *slow) loose(l *slowLine) int64 { return s.held(l) - s.bound(l) }

func (s *slow) pick(in *scenario.OnLine) bool {
	l := s.lines[in.Line]
	if l == nil || s.loose(l) < in.Qty {
		return false
	}
	s.bind(l, in.Qty)
	l.picked += in.Qty
	return true
}

func (s *slow) stage(in *scenario.OnLine) bool {
	l := s.lines[in.Line]
	if l == nil || s.loose(l)+l.picked < in.Qty {
		return false
	}
	carried := min(l.picked, in.Qty)
	s.bind(l, in.Qty-carried)
	l.picked -= carried
	l.staged += in.Qty
	return true
}

func (s *slow) ship(in *scenario.OnLine) bool {
	l := s.lines[in.Line]
	if l == nil || s.held(l)-l.shipped < in.Qty || !s.gateOpen(l) {
		return false
	}
	for range in.Qty { // the nearest to the door first
		switch {
		case l.staged > l.shipped:
		case l.picked > 0:
			l.picked--
			l.staged++
		default:
			s.bind(l, 1)
			l.staged++
		}
		l.shipped++
	}
	for _, u := range pick(l.units, func(u *slowUnit) bool { return u.bound && !u.gone })[:in.Qty] {
		u.gone = true
	}
	return true
}

// back: what a line no longer wants is brought back, carried ones first.
func (s *slow) back(in *scenario.OnLine) bool {
	l := s.lines[in.Line]
	if l == nil || min(l.extra, l.picked+l.staged-l.shipped) < in.Qty {
		return false
	}
	for _, u := range pick(l.units, func(u *slowUnit) bool { return u.bound && !u.gone })[:in.Qty] {
		s.part(u)
		s.fly(u, 2)
		u.lost = l.id
		if l.picked > 0 {
			l.picked--
		} else {
			l.staged--
		}
		l.extra--
		l.cancelled++
	}
	l.right = min(l.right, s.open(l))
	return true
}

// undo looks first at the lines that got the units, then at free stock, then at
// the worst lines that hold such units.
func (s *slow) undo(station allocation.StationID) bool {
	all := s.scans[station]
	if len(all) == 0 {
		return false
	}
	rec := all[len(all)-1]
	if rec.kept {
		s.kept = slices.DeleteFunc(s.kept, func(r *slowScan) bool { return r == rec })
		s.scans[station] = all[:len(all)-1]
		return true
	}
	gone := map[*slowUnit]bool{}
	same := func(u *slowUnit) bool {
		return !gone[u] && u.sku == rec.in.SKU && u.lot == rec.in.Lot && u.expiry == rec.in.Expiry && u.serial == rec.in.Serial && !u.bound
	}
	left := rec.times
	leave := func(n int64, fits func(*slowUnit) bool) (took int64) {
		for _, u := range pick(s.units[rec.in.SKU], func(u *slowUnit) bool { return same(u) && fits(u) }) {
			if n > 0 {
				gone[u] = true
				n--
				left--
				took++
			}
		}
		return took
	}
	if d := string(rec.in.Disposition); d == "damaged" || d == "hold" {
		leave(left, func(u *slowUnit) bool { return u.shelf == d })
	}
	leave(rec.surplus, func(u *slowUnit) bool { return u.shelf == "surplus" && u.po == rec.in.Inbound })
	for _, l := range rec.to {
		if leave(1, func(u *slowUnit) bool { return u.line == l }) == 0 && s.bound(l) > 0 {
			return false
		}
	}
	leave(left, func(u *slowUnit) bool { return u.shelf == "free" })
	for _, l := range s.losers(rec.in.SKU) {
		leave(left, func(u *slowUnit) bool { return u.line == l })
	}
	if left > 0 {
		return false
	}
	for u := range gone {
		if u.line != nil {
			s.part(u)
		}
	}
	s.units[rec.in.SKU] = slices.DeleteFunc(s.units[rec.in.SKU], func(u *slowUnit) bool { return gone[u] })
	if po := s.inbounds[rec.in.Inbound]; po != nil {
		po.received[rec.in.SKU] -= rec.times
	}
	if rec.in.Inbound == "" {
		s.unnamed[rec.in.SKU] -= rec.times
	}
	s.admit(rec.in.Inbound)
	s.scans[station] = all[:len(all)-1]
	return true
}

// losers are the lines that may hold a SKU, who loses first in front.
func (s *slow) losers(sku allocation.SKU) (all []*slowLine) {
	groups := []allocation.SKU{sku}
	for _, x := range slices.Sorted(maps.Keys(s.subs)) {
		if slices.Contains(s.subs[x], sku) {
			groups = append(groups, x)
		}
	}
	for _, g := range groups {
		lines := s.linesOf(g)
		slices.SortFunc(lines, func(a, b *slowLine) int { return s.standing(b, a) })
		all = append(all, lines...)
	}
	return all
}

func (s *slow) regrade(r *scenario.Regrade) bool {
	shelf := map[allocation.Disposition]string{"good": "free", "damaged": "damaged", "hold": "hold"}
	if r.From == r.To {
		return false
	}
	all := pick(s.units[r.SKU], func(u *slowUnit) bool { return u.shelf == shelf[r.From] })
	if r.From == "good" {
		for _, l := range s.losers(r.SKU) {
			all = append(all, pick(l.units, func(u *slowUnit) bool { return u.sku == r.SKU && !u.bound })...)
		}
	}
	if int64(len(all)) < r.Qty {
		return false
	}
	for _, u := range all[:r.Qty] {
		if u.line != nil {
			s.part(u)
		}
		if u.shelf = shelf[r.To]; r.To == allocation.Good {
			s.fly(u, 2)
		}
	}
	return true
}

func (s *slow) adjust(a *scenario.Adjust) bool {
	if a.Qty > 0 {
		for range a.Qty {
			u := &slowUnit{sku: a.SKU}
			s.units[a.SKU] = append(s.units[a.SKU], u)
			s.fly(u, 2)
		}
		return true
	}
	free := pick(s.units[a.SKU], func(u *slowUnit) bool { return u.shelf == "free" })
	if int64(len(free)) < -a.Qty {
		return false
	}
	for _, u := range free[:-a.Qty] {
		s.units[a.SKU] = slices.DeleteFunc(s.units[a.SKU], func(o *slowUnit) bool { return o == u })
	}
	return true
}

func (s *slow) balances() scenario.Balances {
	b := scenario.Balances{
		Lines: map[allocation.LineID]scenario.Balance{}, Free: map[allocation.SKU]int64{},
		Damaged: map[allocation.SKU]int64{}, Hold: map[allocation.SKU]int64{},
	}
	for id, l := range s.lines {
		b.Lines[id] = scenario.Balance{Ordered: l.ordered, Cancelled: l.cancelled, Allocated: s.held(l), Staged: l.staged, Open: s.open(l)}
	}
	for sku, all := range s.units {
		for _, u := range all {
			switch u.shelf {
			case "free":
				b.Free[sku]++
			case "damaged":
				b.Damaged[sku]++
			case "hold", "surplus":
				b.Hold[sku]++
			}
		}
	}
	return b
}

// inHand tells of each line what the balances leave out.
func (s *slow) inHand() (text string) {
	for _, id := range slices.Sorted(maps.Keys(s.lines)) {
		l := s.lines[id]
		text += fmt.Sprintf(" %s%v", id, [...]int64{l.picked, l.shipped, l.guaranteed, l.extra, l.right, l.sunk})
		batches := map[[4]string][2]int64{}
		here := pick(l.units, func(u *slowUnit) bool { return !u.gone })
		for _, u := range here {
			n := batches[u.batch()]
			n[0]++
			if u.bound {
				n[1]++
			}
			batches[u.batch()] = n
		}
		for _, u := range here {
			if n := batches[u.batch()]; n[0] > 0 {
				text += fmt.Sprintf(" %d(%d) %s %s %s %s", n[0], n[1], u.sku, u.expiry, u.lot, u.serial)
				delete(batches, u.batch())
			}
		}
	}
	return text
}

func (u *slowUnit) batch() [4]string {
	return [4]string{string(u.sku), u.lot, string(u.expiry), u.serial}
}
