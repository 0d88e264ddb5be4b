package ingest

import (
	"crypto/rand"
	"time"

	"dockfill/allocation"
	"dockfill/sync/session"
	"dockfill/sync/wire"
)

// maxAsks bounds how many hellos wait until another process has answered, or not. One
// that finds no place is dropped: its site says it again.
const maxAsks = 1024

// asks are the hellos of processes that would take the place of another. Both are asked
// whether they live, and answer by the word of the probe: a hello alone may be late, of
// a process that ended. They belong to the goroutine that takes messages.
type asks struct {
	patience time.Duration // for which the other one may be silent
	over     func(asker)   // told when it was, from any goroutine
	waiting  map[asker]*ask
}

// asker is the process that waits.
type asker struct {
	site  allocation.SiteID
	nonce string
}

type ask struct {
	hello  *wire.Hello // the newest one of the asker
	holder string      // the nonce of the process that has the place
	word   string
	lives  bool // the asker answered
	held   bool // the holder did
}

// heard is what is known of a process that was asked whether it lives.
type heard struct {
	nonce  string
	holder session.Holder
}

// of gives what is known of the process that has the site's place now: nothing, where
// it is not the one that was asked.
func (h heard) of(nonce string) session.Holder {
	if h.nonce != nonce {
		return session.Unasked
	}
	return h.holder
}

func newAsks(patience time.Duration, over func(asker)) *asks {
	return &asks{patience: patience, over: over, waiting: map[asker]*ask{}}
}

// put lets a hello wait for the holder, and gives the word that both are asked for; ""
// where there is no room. An asker that waits already goes on waiting, with its newest
// words; the time runs from its first.
func (a *asks) put(h *wire.Hello, holder string) (word string) {
	k := asker{h.Site, h.Nonce}
	if w := a.waiting[k]; w != nil && w.holder == holder {
		w.hello = h
		return w.word
	}
	if len(a.waiting) >= maxAsks {
		return ""
	}
	w := &ask{hello: h, holder: holder, word: rand.Text()}
	a.waiting[k] = w
	time.AfterFunc(a.patience, func() { a.over(k) })
	return w.word
}

// answers notes that a hello answers a probe, and reports whether it is that of the
// asker: it waits for the holder.
func (a *asks) answers(h *wire.Hello) (waits bool) {
	for k, w := range a.waiting {
		switch {
		case h.Word == "" || h.Word != w.word || k.site != h.Site:
		case k.nonce == h.Nonce:
			w.hello, w.lives, waits = h, true, true
		case w.holder == h.Nonce:
			w.held = true
		}
	}
	return waits
}

// answered takes out those of which both processes have answered.
func (a *asks) answered(site allocation.SiteID) (all []*ask) {
	for k, w := range a.waiting {
		if k.site == site && w.lives && w.held {
			all = append(all, w)
			delete(a.waiting, k)
		}
	}
	return all
}

// silent takes out an asker whose time is up; nil where it was answered, or did not
// answer itself.
func (a *asks) silent(k asker) *ask {
	w := a.waiting[k]
	delete(a.waiting, k)
	if w != nil && !w.lives {
		return nil
	}
	return w
}

// silence queues, behind all that came before, that a process which was asked did not
// answer. Where the queue is full it tries again.
func (i *Ingest) silence(k asker) {
	m := &message{ready: make(chan struct{}), silent: &k}
	select {
	case i.queue <- m:
	default:
		time.AfterFunc(pause, func() { i.silence(k) })
	}
}
