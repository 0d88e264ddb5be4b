package memory

import (
	"errors"
	"slices"
	"strings"

	"dockfill/allocation"
	"dockfill/allocation/scenario"
)

func (p *Player) scan(in *scenario.Scan) (scenario.Result, error) {
	if (in.Code == "") == (in.SKU == "") {
		return scenario.Result{}, errors.New("a scan names either a code or a sku")
	}
	if err := checkScan(in); err != nil {
		return scenario.Result{}, err
	}
	p.tick(in.At)
	times := int64(1)
	if in.Qty != nil {
		times = *in.Qty
	}
	if err := allocation.CheckQty(times); err != nil {
		return scenario.Result{}, &allocation.Refusal{Code: allocation.WhyQuantity, Text: err.Error() + ": nothing was counted"}
	}
	if on := p.pallets[sscc(in.Code)]; on != nil {
		return p.unload(in, on, times)
	}
	goods, known, err := p.named(in)
	if err != nil {
		return scenario.Result{}, err
	}
	if err := oneSerial(in, times); err != nil {
		return scenario.Result{}, err
	}
	if !known {
		return p.keep(in, times), nil
	}
	return p.receive(station1(in.Station), []allocation.Receipt{receipt(in, goods, times)})
}

// sscc is the pallet that a code of digits names; "" for none.
func sscc(code string) allocation.SSCC {
	digits, is := strings.CutPrefix(code, "00")
	id, err := allocation.ParseSSCC(digits)
	if !is || err != nil {
		return ""
	}
	return id
}

// unload takes the announced contents of a pallet in.
func (p *Player) unload(in *scenario.Scan, on *pallet, times int64) (scenario.Result, error) {
	switch {
	case on.by != nil:
		return scenario.Result{}, &allocation.Refusal{Code: allocation.WhyDuplicate}
	case times > 1:
		return scenario.Result{}, &allocation.Refusal{Code: allocation.WhyQuantity, Text: "a pallet is one thing: nothing was counted"}
	}
	var all []allocation.Receipt
next:
	for _, l := range on.lines {
		for i := range all {
			if all[i].SKU == l.SKU {
				all[i].Qty += l.Qty
				continue next
			}
		}
		all = append(all, allocation.Receipt{Batch: allocation.Batch{SKU: l.SKU}, Qty: l.Qty, Disposition: in.Disposition, Inbound: on.inbound})
	}
	at := station1(in.Station)
	result, err := p.receive(at, all)
	if err == nil {
		on.by = p.scans[at][len(p.scans[at])-1]
	}
	return result, err
}

// oneSerial refuses a count beside a serial, which names one trade item.
func oneSerial(in *scenario.Scan, times int64) error {
	if in.Serial == "" || times == 1 {
		return nil
	}
	return &allocation.Refusal{Code: allocation.WhyQuantity, Text: allocation.OneSerial(in.Serial, times)}
}

func checkScan(in *scenario.Scan) error {
	if _, err := allocation.ParseDisposition(string(in.Disposition)); err != nil {
		return err
	}
	if _, err := allocation.ParseDate(string(in.Expiry)); err != nil {
		return err
	}
	return nil
}

func (p *Player) named(in *scenario.Scan) (goods pack, known bool, err error) {
	if in.SKU != "" {
		return pack{in.SKU, 1}, true, allocation.CheckID("sku", string(in.SKU))
	}
	if goods, known = p.mapped[nameIn(in.Code)]; known {
		return goods, true, nil
	}
	if p.skus[allocation.SKU(in.Code)] {
		return pack{allocation.SKU(in.Code), 1}, true, nil
	}
	digits := !strings.ContainsFunc(in.Code, func(r rune) bool { return r < '0' || r > '9' })
	if !digits || !slices.Contains([]int{8, 12, 13, 14}, len(in.Code)) {
		return pack{}, false, nil
	}
	gtin, err := allocation.ParseGTIN(in.Code)
	if err != nil {
		return pack{}, false, &allocation.Refusal{Code: allocation.WhyUnread, Text: err.Error()}
	}
	goods, known = p.gtins[gtin]
	return goods, known, nil
}

// nameIn gives what of a code names goods: a GTIN is the same with leading zeros.
func nameIn(code string) string {
	if gtin, err := allocation.ParseGTIN(code); err == nil {
		return string(gtin)
	}
	return code
}

func receipt(in *scenario.Scan, goods pack, times int64) allocation.Receipt {
	r := allocation.Receipt{
		Batch: allocation.Batch{SKU: goods.sku, Lot: in.Lot, Expiry: in.Expiry, Serial: in.Serial},
		Qty:   times * goods.qty, Disposition: in.Disposition, Inbound: in.Inbound,
	}
	if in.Serial != "" {
		r.Trade = string(goods.sku)
		if gtin, err := allocation.ParseGTIN(in.Code); err == nil {
			r.Trade = string(gtin)
		}
	}
	return r
}

func (p *Player) keep(in *scenario.Scan, times int64) scenario.Result {
	at := station1(in.Station)
	k := keptScan{of: &scan{kept: true}, scan: *in, times: times}
	p.kept = append(p.kept, k)
	p.scans[at] = append(p.scans[at], k.of)
	return scenario.Result{Verdict: allocation.Held, Why: allocation.Why{Code: allocation.WhyUnknown}.Sentence(allocation.Move{})}
}

func (p *Player) receive(at allocation.StationID, receipts []allocation.Receipt) (scenario.Result, error) {
	d, err := p.State.Decide(allocation.Receive{Receipts: receipts})
	if err != nil {
		return scenario.Result{}, err
	}
	p.scans[at] = append(p.scans[at], &scan{taken: Taken(receipts, d)})
	for _, r := range receipts {
		p.skus[r.SKU] = true
	}
	return scenario.ResultOf(d), nil
}

// Taken tells of receipts where their units went.
func Taken(receipts []allocation.Receipt, d allocation.Decision) (all []allocation.Taken) {
	for _, r := range receipts {
		all = append(all, allocation.Taken{Receipt: r})
	}
	for _, m := range d.Moves {
		i := slices.IndexFunc(all, func(t allocation.Taken) bool { return t.Batch == m.Batch })
		switch {
		case i < 0 || m.From.Shelf != allocation.Dock:
		case m.To.Shelf == allocation.WithLine:
			all[i].Lines = append(all[i].Lines, allocation.Given{Line: m.To.Line, Qty: m.Qty})
		case m.To.Shelf == allocation.Surplus:
			all[i].Surplus += m.Qty
		}
	}
	return all
}

func (p *Player) undo(at allocation.StationID) (scenario.Result, error) {
	all := p.scans[at]
	if len(all) == 0 {
		return scenario.Result{}, &allocation.Refusal{Code: allocation.WhyNothing}
	}
	last := all[len(all)-1]
	result, err := p.decide(allocation.Undo{Receipts: last.taken})
	if err != nil {
		return result, err
	}
	p.kept = slices.DeleteFunc(p.kept, func(k keptScan) bool { return k.of == last })
	for _, on := range p.pallets {
		if on.by == last {
			on.by = nil
		}
	}
	p.scans[at] = all[:len(all)-1]
	return result, nil
}
