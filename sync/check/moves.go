package check

import "fmt"

// move is one step of a history.
type move struct{ kind, a, b uint8 }

// Kinds of moves.
const (
	mGrant uint8 = iota
	mPublish
	mResend
	mScan
	mStock
	mUndo
	mHello
	mLate
	mSend
	mSendOld
	mForget
	mDeliver
	mDeliverAnswered // a hello, while the present holder answers
	mRepeat
	mRecall
	mCancelRecall
	mCancel
	mTimeOut
	mAttest
	mCrash
	mStop
	mLayAside
	mPutBack
	mClone
	mDisk
	mBackUp
	mRestore
	mLost
)

// moves calls try with every move that might be made in a state. try says whether it
// was one.
func (m *model) moves(w *world, try func(move)) {
	for i := uint8(0); i < inNet && w.net[i].kind != blank; i++ {
		try(move{mDeliver, i, 0})
		if w.net[i].kind == hello && m.mayAnswer(w, w.net[i]) {
			try(move{mDeliverAnswered, i, 0})
		}
		if w.left[Repeat] > 0 {
			try(move{mRepeat, i, 0})
		}
	}
	for i := uint8(0); i < slots; i++ {
		if w.slots[i].starts > 0 {
			m.siteMoves(w, i, try)
		}
	}
	for s := uint8(0); s < sites; s++ {
		m.centreMoves(w, s, try)
	}
	m.houseMoves(w, try)
}

func (m *model) siteMoves(w *world, i uint8, try func(move)) {
	for l := uint8(0); l < lines; l++ {
		try(move{mScan, i, l})
		try(move{mUndo, i, l})
	}
	for k := mStock; k <= mForget; k++ {
		if k != mUndo && (!m.scope.Mute || k < mLate) {
			try(move{k, i, 0})
		}
	}
	if !m.scope.Mute {
		try(move{mLate, i, 1})
		try(move{mSendOld, i, 1})
	}
	if w.left[Crash] > 0 {
		try(move{mCrash, i, 0})
		try(move{mCrash, i, 1})
	}
	for _, x := range [...]struct {
		fault int
		kind  uint8
	}{{Stop, mStop}, {SiteRestore, mLayAside}, {SiteRestore, mPutBack}, {Disk, mDisk}} {
		if w.left[x.fault] > 0 {
			try(move{x.kind, i, 0})
		}
	}
}

func (m *model) centreMoves(w *world, s uint8, try func(move)) {
	try(move{mPublish, s, 0})
	try(move{mResend, s, 0})
	for l := uint8(0); l < lines; l++ {
		if m.scope.Wanted[l] == 0 {
			continue
		}
		try(move{mGrant, s, l})
		if w.left[Reclaim] > 0 {
			try(move{mRecall, s, l})
		}
		if w.centre.lines[l].wanted < w.centre.lines[l].bound {
			try(move{mCancelRecall, s, l})
		}
		if m.rules.freesByTime {
			try(move{mTimeOut, s, l})
		}
	}
	for n := uint8(1); n <= w.minted[s]; n++ {
		try(move{mAttest, s, n})
	}
	if w.left[Lost] > 0 {
		try(move{mLost, s, 0})
	}
}

func (m *model) houseMoves(w *world, try func(move)) {
	if w.left[CloneSite] > 0 {
		try(move{mClone, 0, 0})
	}
	for l := uint8(0); l < lines && w.left[Cancel] > 0; l++ {
		try(move{mCancel, l, 0})
	}
	if w.left[backups] > 0 {
		try(move{mBackUp, 0, 0})
	}
	for _, f := range [...]uint8{CentreRestore, CentreBare} {
		if w.left[f] > 0 {
			try(move{mRestore, f, 0})
		}
	}
}

// costs is what a move takes of the budget; budgets where it takes nothing.
var costs = map[uint8]int{mGrant: grants, mScan: scans, mStock: stocks, mUndo: undos, mRepeat: Repeat, mRecall: Reclaim,
	mCancel: Cancel, mCrash: Crash, mStop: Stop, mPutBack: SiteRestore, mClone: CloneSite, mDisk: Disk, mBackUp: backups, mResend: resends, mLost: Lost}

// cost likewise, by kind.
var cost = func() (all [mLost + 1]int) {
	for k := range all {
		all[k] = budgets
		if c, ok := costs[uint8(k)]; ok {
			all[k] = c
		}
	}
	return all
}()

// do makes a move; false where it is none in this state.
func (m *model) do(w *world, x move) bool {
	if c := cost[x.kind]; c < budgets {
		w.left[c]--
	}
	switch x.kind {
	case mDeliver, mDeliverAnswered, mRepeat:
		return m.deliver(w, x)
	case mAttest, mGrant, mPublish, mResend, mRecall, mCancelRecall, mTimeOut, mLost, mCancel, mBackUp, mRestore, mClone:
		return m.doCentre(w, x)
	}
	return m.doSite(w, x)
}

func (m *model) deliver(w *world, x move) bool {
	it := w.net[x.a]
	if x.kind != mRepeat {
		w.drop(int(x.a))
	}
	if x.kind == mDeliverAnswered {
		it.flags |= answers
	}
	if isDown(it.kind) {
		m.hear(w, it)
		return true
	}
	return m.heard(w, it)
}

func (m *model) doCentre(w *world, x move) bool {
	switch x.kind {
	case mGrant:
		return m.grant(w, x.a, x.b)
	case mPublish:
		return m.publish(w, x.a)
	case mResend:
		r := &w.centre.sites[x.a]
		if r.told == 0 {
			return false
		}
		r.told--
		return m.publish(w, x.a)
	case mRecall:
		return m.recall(w, x.a, x.b, false)
	case mCancelRecall:
		return m.recall(w, x.a, x.b, true)
	case mTimeOut:
		return m.timeOut(w, x.a, x.b)
	case mAttest:
		return m.attest(w, x.a, x.b)
	case mLost:
		return m.declareLost(w, x.a)
	case mCancel:
		return m.cancel(w, x.a)
	case mBackUp:
		return m.backUp(w)
	case mClone:
		return m.copyMachine(w)
	}
	w.left[x.a]--
	return m.restore(w, x.a == CentreRestore)
}

func (m *model) doSite(w *world, x move) bool {
	s := &w.slots[x.a]
	switch x.kind {
	case mScan:
		return m.scan(w, x.a, x.b)
	case mStock:
		return m.stock(w, x.a)
	case mUndo:
		return m.undo(w, x.a, x.b)
	case mHello:
		return m.asks(w, s) && m.sayHello(w, x.a)
	case mLate:
		e := s.db.before[x.b]
		return e.life != 0 && e.stored != e.head && s.proc.welcomed == 1 && m.sayLate(w, x.a, e)
	case mSend:
		return m.sendEvents(w, x.a, s.db.life, s.db.stored, s.db.head)
	case mSendOld:
		e := s.db.before[x.b]
		return e.life != 0 && m.sendEvents(w, x.a, e.life, e.stored, e.head)
	case mForget:
		return m.forget(w, x.a)
	case mCrash:
		return m.crash(w, x.a, x.b == 1)
	case mStop:
		return m.stop(w, x.a)
	case mLayAside:
		return m.layAside(w, x.a)
	case mPutBack:
		return m.putBack(w, x.a)
	}
	return m.loseDisk(w, x.a)
}

// asks reports whether a process has a reason to say hello: it was not welcomed, or may
// not allocate; a doubt is coming, as the centre does not answer it as before; or a hello that is due
// now and then will tell the centre what it waits for.
func (m *model) asks(w *world, s *slot) bool {
	r := &w.centre.sites[s.site]
	return s.proc.welcomed == 0 || s.proc.state != active || w.rolled == 1 || s.db.life != 0 && w.centre.waits[s.site] == s.db.life || s.proc.era != w.centre.era || r.nonce != s.proc.nonce || r.life != s.db.life
}

var slotNames = [slots]string{"leeds", "york", "the clone"}

// tell says a move in words; w is the state before it.
func (m *model) tell(w *world, x move) string {
	who := slotNames[min(x.a, slots-1)]
	line := func(n uint8) string { return fmt.Sprintf("line %d", n+1) }
	switch x.kind {
	case mDeliver:
		return m.told(w, w.net[x.a]) + " arrives"
	case mDeliverAnswered:
		return m.told(w, w.net[x.a]) + " arrives; the process welcomed before it is asked, and answers"
	case mRepeat:
		return m.told(w, w.net[x.a]) + " arrives, and will once more"
	case mGrant:
		return fmt.Sprintf("the centre grants %s one more of %s", siteNames[x.a], line(x.b))
	case mPublish:
		r := &w.centre.sites[x.a]
		return fmt.Sprintf("the centre sends %s %s", siteNames[x.a], r.commands[r.told])
	case mResend:
		return fmt.Sprintf("the centre sends %s its last command again", siteNames[x.a])
	case mRecall, mCancelRecall:
		return fmt.Sprintf("the centre wants a right to %s back from %s", line(x.b), siteNames[x.a])
	case mTimeOut:
		return fmt.Sprintf("the centre waits no longer for the right to %s that %s was to give back", line(x.b), siteNames[x.a])
	case mAttest:
		return fmt.Sprintf("a person attests what life %d of %s gave to lines", x.b, siteNames[x.a])
	case mLost:
		return fmt.Sprintf("an operator declares %s lost", siteNames[x.a])
	case mCancel:
		return fmt.Sprintf("the customer wants one less of %s", line(x.a))
	case mScan:
		return fmt.Sprintf("%s scans a unit: ALLOCATED, %s", who, line(x.b))
	case mUndo:
		return fmt.Sprintf("%s takes a unit of %s back", who, line(x.b))
	case mRestore:
		return "the centre is put back to its backup" + map[bool]string{true: ", with the witness", false: ", without the witness"}[x.a == CentreRestore]
	case mCrash:
		return who + map[uint8]string{0: " crashes", 1: " crashes before a commit"}[x.b] + " and starts again"
	case mClone:
		return "leeds is cloned, and the clone starts"
	case mBackUp:
		return "the centre is backed up"
	}
	return who + " " + verbs[x.kind]
}

var verbs = map[uint8]string{
	mStock: "scans a unit: STOCK", mHello: "says hello", mLate: "says hello for the log of its earlier life",
	mSend: "sends its events", mSendOld: "sends the events of its earlier life", mForget: "deletes events that it need not keep",
	mStop: "stops cleanly and starts again", mLayAside: "has its database copied", mPutBack: "crashes, its database is put back to the copy, and it starts",
	mDisk: "gets a new disk and starts without a database",
}

func (c command) String() string {
	return fmt.Sprintf("%s %d of line %d", map[uint8]string{granting: "grant: may allocate", recalling: "recall: give back", cancelling: "cancel: give back"}[c.kind], c.total, c.line+1)
}

// told says a message in words.
func (m *model) told(w *world, x msg) string {
	who := slotNames[min(x.nonce>>4, slots-1)]
	at := func(r ref) uint8 { return m.at(r).seq }
	life := ""
	if x.life != 0 {
		life = fmt.Sprintf(" (life %d)", x.life)
	}
	switch x.kind {
	case hello:
		return fmt.Sprintf("a hello of %s%s at event %d", who, life, at(x.at))
	case events:
		return fmt.Sprintf("a batch of %s%s, events %d-%d,", who, life, at(x.from)+1, at(x.at))
	case welcome:
		return fmt.Sprintf("a welcome to %s%s%s", who, life, map[bool]string{true: ", a new life,"}[x.flags&minted != 0])
	case ack:
		return fmt.Sprintf("an acknowledgement to %s%s of event %d", who, life, at(x.at))
	case order:
		return fmt.Sprintf("command %d to %s%s, %s,", x.n, who, life, command{x.from[0], x.line, x.total[0]})
	}
	return "a fence for " + who
}
