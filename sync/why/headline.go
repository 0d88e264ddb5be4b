package why

import (
	"fmt"
	"strings"

	"dockfill/allocation"
	"dockfill/sync/wire"
)

// Headline says an event in one sentence.
func Headline(e wire.Event) string {
	switch {
	case e.Scan != nil:
		return scanHeadline(e.Scan)
	case e.Undo != nil:
		return "A station's last scan was taken back"
	case e.Applied != nil:
		return appliedHeadline(e.Applied)
	case e.Deed != nil:
		return deedHeadline(e.Deed)
	}
	return "An event of a kind that this program does not know"
}

// scanHeadline is about the first line that got units of the scan, or else about
// those that no line got; and about those set aside beside them.
func scanHeadline(s *wire.Scan) string {
	text := mainHeadline(s)
	var given, put, aside int64
	for _, r := range s.Receipts {
		put, aside = put+r.Free, aside+r.Surplus
		for _, a := range r.Allocations {
			given += a.Qty
		}
	}
	switch {
	case aside == 0 || given+put == 0:
		return text
	case given > 0:
		return fmt.Sprintf("%s; %d set aside: more came than was announced", text, aside)
	}
	return fmt.Sprintf("%d put away, %d set aside: more came than was announced", put, aside)
}

func mainHeadline(s *wire.Scan) string {
	why := allocation.Why{Code: s.Why}
	for _, r := range s.Receipts {
		for _, a := range r.Allocations {
			return why.Sentence(allocation.Move{To: allocation.At(a.Line), By: a.By, Over: a.Over})
		}
	}
	switch {
	case why.Code != allocation.WhyRanked:
	case s.Verdict == allocation.Held:
		why.Code = allocation.WhySurplus
	case len(s.Passed) > 0:
		why.Code = allocation.WhyPassed
	default:
		why.Code = allocation.WhyNoDemand
	}
	return why.Sentence(allocation.Move{})
}

func appliedHeadline(a *wire.Applied) string {
	if len(a.Moves) == 0 {
		return fmt.Sprintf("Commands of the centre were applied, up to %d; no unit moved", a.Through.N)
	}
	return fmt.Sprintf("Units moved because of the centre's commands, applied up to %d", a.Through.N)
}

var deedDone = map[wire.DeedKind]string{
	wire.DeedPick: "picked", wire.DeedStage: "staged", wire.DeedShip: "shipped", wire.DeedReturn: "brought back",
}

func deedHeadline(d *wire.Deed) string {
	switch d.Kind {
	case wire.DeedRegrade:
		return fmt.Sprintf("%d of %s are %s now, not %s", d.Qty, d.SKU, d.To, d.From)
	case wire.DeedAdjust:
		return fmt.Sprintf("The count of free %s was corrected by %+d", d.SKU, d.Qty)
	case wire.DeedApprove:
		return fmt.Sprintf("Up to %d above what %s announced were approved", d.Qty, d.Inbound)
	}
	done := deedDone[d.Kind]
	if done == "" {
		done = strings.TrimSpace(string(d.Kind))
	}
	return fmt.Sprintf("%d of line %s were %s", d.Qty, d.Line, done)
}
