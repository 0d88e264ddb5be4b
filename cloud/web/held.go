package web

import (
	"context"
	"strings"
	"time"

	"dockfill/allocation"
	"dockfill/cloud/store"
)

// aside is what is set aside at the sites until people decide.
type aside struct {
	Sums []asideSum
	Rows []asideRow
	More string // rows that are not shown; "" where all are
}

// asideSum is what all sites hold for one reason.
type asideSum struct{ Reason, What, Oldest, Next string }

// asideRow is one code or SKU at one site.
type asideRow struct {
	Name, What, Age string
	Since           time.Time
}

// asideRows is how many codes and SKUs stand on the page.
const asideRows = 12

// reasons are why units are set aside, in the order of the page: in words, what
// is counted beside the units, and what ends the waiting.
var reasons = []struct {
	why                allocation.WhyCode
	reason, noun, next string
}{
	{allocation.WhyUnknown, "Unknown code", "code", "Import the item with this barcode, or say what the code is: then the site takes the units in."},
	{allocation.WhyNotASN, "Pallet not announced", "pallet", "Import the announcement: then the site takes the pallet in."},
	{allocation.WhySurplus, "More than announced", "SKU", "Approve them by their inbound: then orders can get them."},
	{allocation.WhyOnHold, "Set on hold", "SKU", "The site set them aside by a card: decide what becomes of them."},
	{allocation.WhyDamaged, "Damaged", "SKU", "No order gets them: decide what becomes of them."},
}

func reasonOf(why allocation.WhyCode) string {
	for _, r := range reasons {
		if r.why == why {
			return r.reason
		}
	}
	return string(why)
}

// aside reads what is set aside.
func (s *Server) aside(ctx context.Context, sums []store.HeldSum, now time.Time) (aside, error) {
	var a aside
	for _, r := range reasons {
		var units, codes int64
		var since time.Time
		for _, h := range sums {
			if h.Why == r.why {
				units, codes = units+h.Units, codes+h.Codes
				if since.IsZero() || h.Since.Before(since) {
					since = h.Since
				}
			}
		}
		if units > 0 {
			a.Sums = append(a.Sums, asideSum{Reason: r.reason, What: heldWords(r.why, units, codes, r.noun), Oldest: ago(now.Sub(since)), Next: r.next})
		}
	}
	if len(a.Sums) == 0 {
		return a, nil
	}
	rows, total, err := s.Reads.HeldRows(ctx, "", 0, asideRows)
	for _, h := range rows {
		what := reasonOf(h.Why) + " · " + string(h.Site)
		if h.Why != allocation.WhyNotASN {
			what = count(h.Units, "unit") + " · " + what
		}
		if h.Inbound != "" {
			what += " · inbound " + visible(string(h.Inbound))
		}
		a.Rows = append(a.Rows, asideRow{Name: heldName(h), What: what, Age: ago(now.Sub(h.Since)), Since: h.Since})
	}
	if more := total - int64(len(rows)); more > 0 {
		a.More = number(more)
	}
	return a, err
}

// heldWords counts what waits: "24 units of 2 codes"; a pallet is one thing.
func heldWords(why allocation.WhyCode, units, codes int64, noun string) string {
	if why == allocation.WhyNotASN {
		return count(codes, noun)
	}
	return count(units, "unit") + " of " + count(codes, noun)
}

// heldName is the SKU, or the code as people read it.
func heldName(h store.HeldRow) string {
	if h.SKU != "" {
		return visible(string(h.SKU))
	}
	return visible(plainCode(string(h.Code)))
}

// plainCode leaves out the symbology identifier (ISO/IEC 15424) that a scanner
// put in front: "]", a letter, and one more.
func plainCode(code string) string {
	if len(code) > 3 && code[0] == ']' && 'a' <= code[1]|' ' && code[1]|' ' <= 'z' {
		return code[3:]
	}
	return code
}

// heldAt is how many units a site holds, "" for none.
func heldAt(sums []store.HeldSum, site allocation.SiteID) string {
	var units int64
	for _, h := range sums {
		if h.Site == site {
			units += h.Units
		}
	}
	if units == 0 {
		return ""
	}
	return number(units)
}

type heldInput struct {
	Site    string `query:"site" maxLength:"40"`
	Page    int    `query:"page" minimum:"1" maximum:"1000000" default:"1"`
	PerPage int    `query:"per_page" minimum:"1" maximum:"500" default:"100"`
}

type heldJSON struct {
	Sums    []heldSumJSON `json:"sums" doc:"By site and reason, of every site"`
	Total   int64         `json:"total" doc:"Codes and SKUs that match, on all pages"`
	Page    int           `json:"page"`
	PerPage int           `json:"per_page"`
	Rows    []heldRowJSON `json:"rows" doc:"The oldest first"`
}

type heldSumJSON struct {
	Site  string    `json:"site"`
	Why   string    `json:"why" enum:"unknown,no-asn,surplus,on-hold,damaged"`
	Units int64     `json:"units" doc:"Base units; of unknown codes and pallets, as often as they were scanned"`
	Codes int64     `json:"codes" doc:"Different codes, or SKUs"`
	Since time.Time `json:"since" doc:"Of the oldest, by the site's clock"`
}

type heldRowJSON struct {
	Site    string    `json:"site"`
	Why     string    `json:"why" enum:"unknown,no-asn,surplus,on-hold,damaged"`
	SKU     string    `json:"sku,omitempty" doc:"Absent for a code that names none"`
	Code    string    `json:"code,omitempty" doc:"As people read it; control characters as their pictures"`
	Raw     []byte    `json:"raw,omitempty" doc:"The code as it was read, in base64"`
	Inbound string    `json:"inbound,omitempty" doc:"Of units above what was announced: where they wait to be approved"`
	Units   int64     `json:"units"`
	Scans   int64     `json:"scans" doc:"Events that set them aside"`
	Since   time.Time `json:"since"`
}

func (s *Server) getHeld(ctx context.Context, in *heldInput) (*body[heldJSON], error) {
	sums, err := s.Reads.Held(ctx)
	if err != nil {
		return nil, s.unread("held", err)
	}
	rows, total, err := s.Reads.HeldRows(ctx, allocation.SiteID(strings.ReplaceAll(in.Site, "\x00", "")), (in.Page-1)*in.PerPage, in.PerPage)
	if err != nil {
		return nil, s.unread("held", err)
	}
	out := heldJSON{Sums: []heldSumJSON{}, Total: total, Page: in.Page, PerPage: in.PerPage, Rows: []heldRowJSON{}}
	for _, h := range sums {
		out.Sums = append(out.Sums, heldSumJSON{string(h.Site), string(h.Why), h.Units, h.Codes, h.Since.UTC()})
	}
	for _, h := range rows {
		out.Rows = append(out.Rows, heldRowJSON{Site: string(h.Site), Why: string(h.Why), SKU: string(h.SKU), Code: visible(string(h.Code)),
			Raw: h.Code, Inbound: string(h.Inbound), Units: h.Units, Scans: h.Scans, Since: h.Since.UTC()})
	}
	return &body[heldJSON]{out}, nil
}
