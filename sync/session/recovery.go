package session

import (
	"slices"

	"dockfill/allocation"
	"dockfill/sync/wire"
)

// Life names one life of one site.
type Life struct {
	Site        allocation.SiteID
	Incarnation string
}

// Recovery is what a centre that was put back to an older copy waits for before it
// grants again: nothing where the rights witness told it all that it had granted.
// Else each life that was a site's present one in the copy must report, by a hello
// that follows the centre's new life, so that no older grant can reach it any more.
type Recovery struct{ Waiting []Life }

// Recover begins one. present are the lives as the copy has them.
func Recover(present []Life, witnessed bool) Recovery {
	if witnessed {
		return Recovery{}
	}
	return Recovery{Waiting: slices.Clone(present)}
}

// Report takes in a hello, by which that life's registers were brought up to what the
// site was granted. Another life of the site, or one that the site itself has doubts
// of, does not tell what this one was granted.
func (r *Recovery) Report(centre string, h *wire.Hello) {
	if h.Commands.Centre == centre && h.Doubt == "" && !h.Late {
		r.drop(func(l Life) bool { return l == Life{h.Site, h.Incarnation} })
	}
}

// Attest takes in that a person has counted what the site gave to each line since the
// copy was made; it is what ends the wait for a life that will not report.
func (r *Recovery) Attest(site allocation.SiteID) {
	r.drop(func(l Life) bool { return l.Site == site })
}

func (r *Recovery) drop(gone func(Life) bool) {
	r.Waiting = slices.DeleteFunc(r.Waiting, gone)
}

// MayGrant reports whether grants are free again.
func (r Recovery) MayGrant() bool { return len(r.Waiting) == 0 }
