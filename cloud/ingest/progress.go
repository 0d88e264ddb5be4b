package ingest

// decided is the part of an import's work that is done when all of it is
// decided and nothing is written: about a fifth of the time, by either database.
const decided = 0.2

// progress tells how far an import is: what was decided of its records, then
// what was written of its rows.
type progress struct {
	tell     func(part float64) // nil: nobody asks
	of, done int
	told     float64
}

// decide is told that n of the records are decided, of all.
func (p *progress) decide(n, all int) { p.say(decided * float64(n) / float64(all)) }

// expect is told how many rows are going to be written.
func (p *progress) expect(rows int) { p.of = rows }

func (p *progress) wrote(rows int) {
	if p.done += rows; p.of > 0 {
		p.say(decided + (1-decided)*float64(p.done)/float64(p.of))
	}
}

func (p *progress) say(part float64) {
	part = min(part, 1)
	if p.tell == nil || part < p.told {
		return
	}
	p.told = part
	p.tell(part)
}
