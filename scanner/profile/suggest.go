package profile

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Suggestion is a profile that may fit a USB device.
type Suggestion struct {
	Profile string
	Mode    Mode
	// Why says so in a sentence.
	Why  string
	Sure Sure

	rank  int  // how well the id fits; less is better
	waits bool // the device waits for an answer to each scan
}

// bridges are chips between USB and a serial line. Scanners of all makes stand
// behind them, so their ids identify nothing: FTDI, Prolific, Silicon Labs, WCH.
var bridges = []string{"0403", "067B", "10C4", "1A86"}

// Suggest names the profiles that fit a vendor and product id, hexadecimal in
// any case, the best first: one that names the product before one that names the
// maker alone, what is surer before what is not, and among equals one whose device
// stays silent until the verdict.
func (s Set) Suggest(vid, pid string) []Suggestion {
	vid, pid = strings.ToUpper(vid), strings.ToUpper(pid)
	if slices.Contains(bridges, vid) {
		return nil
	}
	type match struct {
		USB
		*Profile
	}
	var found []match
	for _, name := range s.Names() {
		p, _ := s.Find(name)
		if u, fits := p.usb(vid, pid); fits {
			found = append(found, match{u, p})
		}
	}
	slices.SortStableFunc(found, func(a, b match) int {
		return cmp.Or(cmp.Compare(a.rank(), b.rank()), cmp.Compare(loud(a.Profile), loud(b.Profile)))
	})
	var out []Suggestion
	for _, m := range found {
		out = append(out, Suggestion{Profile: m.Name, Mode: m.Mode, Sure: m.Sure, Why: m.why(m.Profile), rank: m.rank(), waits: m.Answer != nil})
	}
	return out
}

// Undecided gives, of what Suggest gave, the profiles that fit as well as the first
// where some are for devices that wait for an answer to each scan, and some for others:
// an id cannot tell which a scanner does, and with the wrong one it scans again what was
// counted. Where the first will do it gives none.
func Undecided(fits []Suggestion) []Suggestion {
	var equal []Suggestion
	waits := map[bool]bool{}
	for _, s := range fits {
		if s.rank == fits[0].rank && s.Mode == fits[0].Mode {
			equal, waits[s.waits] = append(equal, s), true
		}
	}
	if len(waits) < 2 {
		return nil
	}
	return equal
}

func loud(p *Profile) int {
	if p.Quiet() {
		return 0
	}
	return 1
}

// Suggest is Set.Suggest of the shipped profiles.
func Suggest(vid, pid string) []Suggestion { return Set{}.Suggest(vid, pid) }

// usb finds the id of p that fits best.
func (p *Profile) usb(vid, pid string) (best USB, fits bool) {
	for _, u := range p.USB {
		if u.VID == vid && (u.PID == "" || u.PID == pid) && (!fits || u.rank() < best.rank()) {
			best, fits = u, true
		}
	}
	return best, fits
}

func (u USB) rank() int {
	rank := slices.Index(allSure, u.Sure)
	if u.PID == "" {
		rank += len(allSure)
	}
	return rank
}

func (u USB) why(p *Profile) string {
	if u.PID == "" {
		return fmt.Sprintf("%s is the maker's number: %s", u.VID, p.Title)
	}
	what := map[Mode]string{
		Serial: ", as a serial port", Keyboard: ", as a keyboard", HIDPOS: ", as a HID point-of-sale scanner", OtherUSB: ", in a mode that cannot be read here",
	}[u.Mode]
	return fmt.Sprintf("%s:%s is %s%s", u.VID, u.PID, p.Title, what)
}
