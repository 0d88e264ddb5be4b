package check

// The size of the house.
const (
	sites = 2
	slots = 3 // machines: one for each site, and one for a clone of the first
	lines = 2
	lives = 5 // of one site, from 1
	marks = 6 // events that one machine may log, in one history
	inNet = 6 // messages under way
	queue = 5 // commands for one site
)

// world is one state. It is made of bytes alone, so that it has no gaps and can be
// hashed as it lies.
type world struct {
	slots  [slots]slot
	centre base
	copy   base // the centre's backup
	copied uint8
	noted  witness
	net    [inNet]msg // sorted; blank ones last

	left   [budgets]uint8
	minted [sites]uint8 // lives ever given to a site
	eras   uint8        // lives that the centre ever had

	// What nobody in the house knows: the truth.
	wanted  [lines]uint8               // as the order system has it
	bounds  [lines]uint8               // effective quantity: wanted, or what a pending cancel still waits for
	given   [lines]mask                // units ever given to a line
	by      [sites][lives][lines]uint8 // units that a life has given to a line and not taken back
	exposed [lines]uint8               // what copies that nothing noticed may give again: rights unspent and units held when they were made
	undone  mask
	good    mask // scans that had a good tone
	gone    mask // events on disks that were destroyed or written over
	doubled uint8
	rolled  uint8 // the centre is an older copy, and nobody has noticed
}

// mask is a set of events, one bit each.
type mask [3]uint8

func (m mask) or(o mask) mask  { return mask{m[0] | o[0], m[1] | o[1], m[2] | o[2]} }
func (m mask) and(o mask) mask { return mask{m[0] & o[0], m[1] & o[1], m[2] & o[2]} }
func (m mask) less(o mask) mask {
	return mask{m[0] &^ o[0], m[1] &^ o[1], m[2] &^ o[2]}
}
func (m mask) none() bool { return m == mask{} }

func bit(slot, n uint8) (m mask) {
	i := slot*marks + n
	m[i/8] = 1 << (i % 8)
	return m
}

// ref names an event by all that was logged before it; see history.go.
type ref [3]uint8

func (r ref) int() int { return int(r[0])<<16 | int(r[1])<<8 | int(r[2]) }

// slot is a machine of a site.
type slot struct {
	site    uint8
	machine uint8 // what it is known by
	file    uint8 // identity of the database's file
	files   uint8 // identities ever used here
	made    uint8 // events ever logged here
	starts  uint8 // processes ever started here
	db      db
	anchor  anchor
	proc    proc
	old     db // a copy of the database, laid aside
	hasOld  uint8
}

// db is a site's database.
type db struct {
	life   uint8
	run    uint8
	head   ref
	stored ref
	safe   ref
	forgot ref // all up to here is deleted
	era    uint8
	n      uint8 // commands of that era applied
	lines  [lines]held
	units  mask // that its lines hold
	before [2]earlier
}

// earlier is the log of a life that the database left.
type earlier struct {
	life   uint8
	head   ref
	stored ref
}

type held struct{ granted, used, undone, returned, target uint8 }

type anchor struct {
	there, life, run, floor, ceiling, stopped uint8
	head                                      ref
	file, machine                             uint8
}

// proc is the agent's process.
type proc struct {
	nonce    uint8 // 0: none runs
	state    uint8
	doubt    uint8
	welcomed uint8
	era      uint8 // of the centre that it follows
}

// The states of a process.
const (
	unverified uint8 = iota
	active
	capture
)

// base is the centre's database.
type base struct {
	era   uint8
	past  uint8 // eras that it knows of, a bit each
	sites [sites]record
	lives [sites][lives]life // from 1
	aside mask               // quarantined
	lines [lines]wish
	waits [sites]uint8 // lives that must report before anything is granted
}

type wish struct{ wanted, bound uint8 }

type record struct {
	life, instead, run, nonce uint8
	open                      uint8 // a hello came under the life: it may be granted rights
	barred                    uint8 // nonce that was fenced as a clone
	told                      uint8 // commands sent to the present process
	written                   uint8 // commands there are
	commands                  [queue]command
}

type command struct{ kind, line, total uint8 }

// Kinds of commands.
const (
	granting uint8 = iota + 1
	recalling
	cancelling // a recall that takes units back as well
)

type life struct {
	known  uint8
	stored ref
	lines  [lines]claim
}

type claim struct{ granted, used, undone, returned, attested, target uint8 }

// witness is the file outside the centre's database.
type witness struct {
	present [sites]uint8
	known   [sites][lives]uint8
	lines   [sites][lives][lines]struct{ granted, attested uint8 }
	bounds  [lines]uint8
}

// msg is one message under way.
type msg struct {
	kind  uint8
	site  uint8
	nonce uint8
	life  uint8
	era   uint8 // of the centre: the one that speaks, or the one that the site follows
	n     uint8 // command; of a welcome, the era that the hello followed
	flags uint8
	run   uint8 // or the life that a new one replaces
	at    ref   // head, cursor or end of a batch
	from  ref   // acknowledged, safe, or where a batch begins
	line  uint8
	total [lines]uint8 // of a command, or as a hello reports
}

// Kinds of messages.
const (
	blank uint8 = iota
	hello
	events
	welcome
	ack
	order
	fence
)

// Flags.
const (
	doubtful uint8 = 1 << iota
	late
	minted
	facts
	answers // the present holder answered when it was asked
	takes   // the command takes units back
)

func isDown(kind uint8) bool { return kind >= welcome }

// send adds a message; it reports false where the net is full. A message that is under
// way already stays one.
func (w *world) send(m msg) bool {
	at := 0
	for ; at < inNet && w.net[at].kind != blank; at++ {
		if w.net[at] == m {
			return true
		}
	}
	if at == inNet {
		return false
	}
	w.net[at] = m
	return true
}

func (w *world) drop(i int) {
	copy(w.net[i:], w.net[i+1:])
	w.net[inNet-1] = msg{}
}
