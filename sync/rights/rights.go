// Package rights keeps the promise that no two sites fill the same unit of
// demand, whatever happens to the messages between them. It is escrow with
// monotone totals: the centre grants a site the right to allocate n units of a
// line, and only the site's own events ever give a right back.
//
// Everything here is pure. The agent, the centre and the simulations run the
// same code.
package rights

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"dockfill/allocation"
)

// Registers are the totals of one line at one site in one incarnation, in base
// units. They only grow.
type Registers struct {
	Granted  int64 // written by the centre
	Used     int64 // written by the site, as are the next two
	Undone   int64
	Returned int64
	// Attested is written by the centre: rights of a life that is lost, of which a
	// person has said with name and reason that no unit was given by them. No site
	// knows of it.
	Attested int64
}

// ErrNoRight says that a site wanted to spend a right that it does not hold.
var ErrNoRight = errors.New("the site holds no right for this")

// Balance is what the site may still allocate.
func (r Registers) Balance() int64 { return r.Granted - r.Returned - r.Used + r.Undone }

// Outstanding is what the line must count as committed to this site: what may
// yet be used, or what was used, whichever is more. It is the same for a life that
// ended: nobody knows what it did before it fell silent.
func (r Registers) Outstanding() int64 {
	return max(r.Granted-r.Returned-r.Attested, r.Used-r.Undone)
}

// Change is what one event does to the registers of a line in all. Nothing in it
// is below 0, as registers only grow.
type Change struct {
	Used     int64 // units that came to the line
	Undone   int64 // units that it lost: the rights to them are unspent again
	Returned int64 // unspent rights that the site gives back, for the centre to grant again
}

// Apply takes in what one event did: site rule S. Only what the event comes to
// counts, so a right that it frees it may spend or give back as well. It fails with
// ErrNoRight and changes nothing where more would be undone than is in use, or more
// be spent and given back than is held.
func (r *Registers) Apply(c Change) error {
	next := *r
	next.Used += c.Used
	next.Undone += c.Undone
	next.Returned += c.Returned
	switch {
	case c.Used < 0 || c.Undone < 0 || c.Returned < 0:
		return fmt.Errorf("%w: registers only grow, and not by %d, %d and %d", ErrNoRight, c.Used, c.Undone, c.Returned)
	case next.Used < next.Undone:
		return fmt.Errorf("%w: %d to undo, %d in use", ErrNoRight, c.Undone, r.Used-r.Undone)
	case next.Balance() < 0:
		return fmt.Errorf("%w: %d wanted, %d held", ErrNoRight, c.Used+c.Returned, r.Balance()+c.Undone)
	}
	*r = next
	return nil
}

// Fact takes in what one event did where it is not asked whether it was allowed: a
// site that was granted more than the centre remembers tells the truth all the same.
func (r *Registers) Fact(c Change) {
	r.Used, r.Undone, r.Returned = r.Used+c.Used, r.Undone+c.Undone, r.Returned+c.Returned
}

// Grant raises Granted to total. A total that was seen before, or an older one,
// changes nothing.
func (r *Registers) Grant(total int64) { r.Granted = max(r.Granted, total) }

// TakeBack is what a site's registers change by where n units leave the line. Units
// that an earlier life of its database gave to the line free no right in this one.
func (r Registers) TakeBack(n int64) Change { return Change{Undone: min(n, r.Used-r.Undone)} }

// Attest frees what a lost life can no longer spend: a person has counted that it
// gave used units to the line. It fails, and changes nothing, where the life's own
// events say more.
func (r *Registers) Attest(used int64) error {
	if told := r.Used - r.Undone; used < told {
		return fmt.Errorf("%d units were counted, but events of that site tell of %d: the events stand", used, told)
	}
	r.Attested = max(r.Attested, r.Granted-r.Returned-used)
	return nil
}

// MayGrant is centre rule C: after raising the grant of one of the lives of a
// line to total, the sum of what all lives hold, dead ones included, must stay
// within the line's effective quantity. It returns the largest total that may
// stand in place of the one asked for, never less than what is granted now.
func MayGrant(effective int64, granting Registers, others []Registers, total int64) int64 {
	room := effective
	for _, o := range others {
		room -= o.Outstanding()
	}
	return max(granting.Granted, min(total, room+granting.Returned))
}

// Settled is what is left of a line when a cancel brings it down to wanted: no
// less than what the sites still hold of it. The cancel is pending as long as
// the result is more than wanted.
func Settled(wanted int64, lives []Registers) int64 {
	var held int64
	for _, r := range lives {
		held += r.Outstanding()
	}
	return max(wanted, held)
}

// Digest folds the registers of a site's lines, fed in the order of their ids,
// into one hash that both sides compare.
type Digest struct{ sum [sha256.Size]byte }

// Add folds one line in.
func (d *Digest) Add(line allocation.LineID, r Registers) {
	b := make([]byte, 0, len(d.sum)+len(line)+40)
	b = append(b, d.sum[:]...)
	for _, n := range []int64{int64(len(line)), r.Granted, r.Used, r.Undone, r.Returned} {
		b = binary.BigEndian.AppendUint64(b, uint64(n))
	}
	d.sum = sha256.Sum256(append(b, line...))
}

// Sum is the digest of all lines added so far.
func (d *Digest) Sum() [sha256.Size]byte { return d.sum }
