package rights

// Noted is what the rights witness has of one line in one life. The witness is a
// file outside the centre's database that is only ever appended to. What it has was
// flushed before a site could learn of it, so a centre that is put back to an older
// copy loses no grant.
type Noted struct {
	Granted  int64
	Attested int64
}

// Unnoted reports whether the witness lacks something of the registers. As long as it
// does, no command that follows from them may leave the centre.
func (n Noted) Unnoted(r Registers) bool {
	return r.Granted > n.Granted || r.Attested > n.Attested
}

// Note takes in what the registers say. Entries may come twice and in any order.
func (n *Noted) Note(r Registers) {
	n.Granted, n.Attested = max(n.Granted, r.Granted), max(n.Attested, r.Attested)
}

// Restore brings registers from an older copy of the database up to the witness.
// What sites did since then is not in it: it comes again by their events, and until
// then counts as not done, which is the careful side.
func (n Noted) Restore(r *Registers) {
	r.Granted, r.Attested = max(r.Granted, n.Granted), max(r.Attested, n.Attested)
}

// Reported takes in what a site says that it was granted, where no witness tells.
// Its other registers follow from its events.
func (r *Registers) Reported(granted int64) { r.Granted = max(r.Granted, granted) }
