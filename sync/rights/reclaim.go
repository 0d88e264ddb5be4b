package rights

// Held is what a site holds of one line: its registers, and how far the centre
// wants rights back. The centre's wish is a target and not an amount, so that it
// may be repeated; and it stands, so that it reaches rights that are spent now and
// free later.
type Held struct {
	Registers
	Target int64 // Returned shall reach it; 0: nothing was ever asked for
}

// Owing is how many of the unspent rights go back with the next event.
func (h Held) Owing() int64 { return max(0, min(h.Target-h.Returned, h.Balance())) }

// Spendable is what may be allocated: the balance, less what goes back first.
func (h Held) Spendable() int64 { return h.Balance() - h.Owing() }

// Reclaim raises the target to total and gives what goes back because of it, for
// the event that says so. An older target changes nothing.
func (h *Held) Reclaim(total int64) Change {
	h.Target = max(h.Target, total)
	return h.burn()
}

// Grant raises Granted to total and gives what goes back at once, as a target still
// stands.
func (h *Held) Grant(total int64) Change {
	h.Registers.Grant(total)
	return h.burn()
}

// Apply takes in what one event did, by site rule S, and gives all that the event
// must tell: what it frees goes back first, up to the target, and only the rest may
// be spent by it. It fails with ErrNoRight and changes nothing.
func (h *Held) Apply(c Change) (Change, error) {
	next := *h
	c.Returned += max(0, min(h.Target-h.Returned-c.Returned, h.Balance()+c.Undone-c.Returned))
	if err := next.Registers.Apply(c); err != nil {
		return Change{}, err
	}
	*h = next
	return c, nil
}

func (h *Held) burn() (c Change) {
	c.Returned = h.Owing()
	h.Returned += c.Returned
	return c
}

// Recall is the target by which n rights come back from a life, as far as it was
// ever granted so many. A target that stands is not lowered.
func Recall(r Registers, standing, n int64) (target int64) {
	return max(standing, min(r.Granted, r.Returned+n))
}
