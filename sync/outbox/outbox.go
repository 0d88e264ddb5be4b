// Package outbox is the site's half of the talk with the centre: it says hello,
// waits to be welcomed, sends the events of the site's log in batches and
// notes what the centre acknowledges.
//
// The carrier is taken for a network of datagrams. What the log holds above the
// acknowledged mark is read and sent again after every reconnect and every
// silence, until wire.Ack, and nothing else, moves the mark.
//
// The rules stand in sender.go, which is pure; this file and loop.go give it a
// clock, a log and a carrier.
package outbox

import (
	"context"
	secret "crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"dockfill/allocation"
	"dockfill/sync/session"
	"dockfill/sync/wire"
)

// Log is the site's log as the outbox needs it. All methods may be called while
// the site writes to it.
type Log interface {
	// Position gives where the site stands, read in one transaction.
	Position(ctx context.Context) (Position, error)
	// Read gives the events behind after in order and without a gap: at most
	// maxEvents, and as many as keep the sum of len(Body)+1 within maxBytes, but
	// always one where there is one.
	Read(ctx context.Context, after int64, maxEvents, maxBytes int) ([]Stored, error)
	// HashAt gives the chain's hash behind event seq, wire.Genesis at 0, and the
	// zero hash where the log does not reach or no longer reaches.
	HashAt(ctx context.Context, seq int64) (wire.Hash, error)
	// Acknowledge raises the two marks. A lower mark than the one held changes
	// nothing.
	Acknowledge(ctx context.Context, stored, safe wire.Cursor) error
	// Fence keeps why the site may not allocate, until Adopt.
	Fence(ctx context.Context, f Fence) error
	// Adopt makes a life, minted by the centre, that of this database: with an empty
	// log and no rights. The log of the life that it replaces is kept as one of
	// Position.Earlier. It fails where that one has grown beyond Kept.
	Adopt(ctx context.Context, l NewLife) error
	// Follow notes that another life of the centre is followed: commands count from 1,
	// the marks are these even where they are lower, and of the logs of earlier lives
	// nothing is marked any more.
	Follow(ctx context.Context, centre string, stored, safe wire.Cursor) error
	// Granted gives what the present life was ever granted, line by line.
	Granted(ctx context.Context) ([]wire.Granted, error)

	// ReadLife, LifeHashAt and AcknowledgeLife are the same for the log of a life that
	// was left.
	ReadLife(ctx context.Context, incarnation string, after int64, maxEvents, maxBytes int) ([]Stored, error)
	LifeHashAt(ctx context.Context, incarnation string, seq int64) (wire.Hash, error)
	AcknowledgeLife(ctx context.Context, incarnation string, stored, safe wire.Cursor) error
}

// NewLife is one that the centre minted.
type NewLife struct {
	Incarnation, Centre string
	Instead             string      // the life that it replaces; "" where there is none
	Kept                wire.Cursor // how far the centre holds that one's log
}

// Earlier is a life that the database left, of whose log the centre does not have all
// safely.
type Earlier struct {
	Incarnation        string
	Head, Stored, Safe wire.Cursor
}

// Position is where a site stands, as its hello tells it.
type Position struct {
	Incarnation string // "" where the database has none yet
	Fence       Fence
	Earlier     []Earlier // oldest first
	Run         int64     // starts of this database, this one included, from 1
	Head        wire.Cursor
	Stored      wire.Cursor // highest acknowledgement seen
	Safe        wire.Cursor
	Commands    wire.CommandCursor // last command applied
	Registers   wire.Hash          // digest of the right registers
}

// Fence is why a site may not allocate with its database, as it outlasts the process:
// until the database begins a new life. The zero value is none.
type Fence struct {
	Reason, Text string // a code and a sentence, where it was told to stop
	Doubt        string // why the database is not vouched for, as its hello says
}

// Stored is one event of the log.
type Stored struct {
	Seq  int64
	Hash wire.Hash // behind this event
	Body []byte    // the stored bytes of wire.Event
}

// Carrier takes a message towards the centre. Nil means that the carrier has
// taken it, not that anybody will see it. An error means that it is unknown
// whether anybody will.
type Carrier interface {
	Publish(ctx context.Context, topic string, payload []byte) error
}

// Options say whose outbox it is. The settings below Program have good defaults.
type Options struct {
	Site    allocation.SiteID
	Nonce   string // of this process, from NewNonce; also stands in the MQTT client id
	Program string // version of the agent, shown at the centre
	Log     Log
	Carrier Carrier
	// Commands takes a run of commands that is meant for this process and life.
	// It must not block; what it drops comes again.
	Commands func(*wire.Commands)
	// OnChange is told of every change of State, from the goroutine of Run.
	OnChange func(Status)
	Slog     *slog.Logger

	BatchEvents int           // most events in a message; 500
	Window      int           // most messages without the centre's acknowledgement; 32
	Flush       time.Duration // how long a lone event waits for company; 50 ms
	Silence     time.Duration // without acknowledgement until the site says hello again; 15 s, doubled up to a minute
	HelloFirst  time.Duration // between the first two hellos; 1 s, doubled up to a minute
	Beat        time.Duration // between hellos while all is well; 15 s
}

// Status is what a page or a command line shows.
type Status struct {
	State    session.State
	Reason   string // code of why it is CAPTURE-ONLY
	Text     string // the sentence to it
	Up       bool   // the carrier is connected
	Welcomed bool   // the centre answered on this connection
	Problem  string // the carrier's last trouble in words, "" while up
	Since    time.Time
	LastAck  time.Time // when the centre's mark last moved; zero before
	Stored   int64     // sequence number below which the centre holds all
	Safe     int64
	Resends  int64 // batches that were sent again
	Dropped  int64 // messages down that found the queue full or could not be read
}

// Session is a site's side of its talk with the centre, in one process.
type Session struct {
	o        Options
	sender   sender
	tail     wire.Cursor   // of the last batch read
	linkSeen int           // link.count as last told to the sender
	wake     chan struct{} // holds one token while the log may have grown
	inbound  chan []byte   // payloads from the carrier
	relink   chan struct{} // holds one token while link was changed
	dropped  atomic.Int64
	pace     *rand.Rand // of the nonce: no two processes keep the same pauses

	mu     sync.Mutex
	link   link
	status Status
}

// link is what the carrier told last. Count tells a reconnect from no change.
type link struct {
	up      bool
	problem string
	since   time.Time
	count   int
}

// NewNonce makes the nonce of a process: 26 characters of a-z and 2-7.
func NewNonce() string { return strings.ToLower(secret.Text()) }

// ClientID makes an MQTT client id for one connection: site, dot, nonce, and six
// fresh letters. A broker that is still clearing away the last connection under
// the same id may clear away the new one's subscriptions with it (mochi does,
// rarely), and a deaf connection looks alive.
func ClientID(site allocation.SiteID, nonce string) string {
	return string(site) + "." + nonce + NewNonce()[:6]
}

// New reads where the site stands. It fails where the log cannot be read or an
// option is missing.
func New(ctx context.Context, o Options) (*Session, error) {
	if o.Log == nil || o.Carrier == nil || o.Commands == nil || o.Nonce == "" {
		return nil, errors.New("outbox: log, carrier, commands and nonce are needed")
	}
	if err := allocation.CheckSite(string(o.Site)); err != nil {
		return nil, fmt.Errorf("outbox: %w", err)
	}
	pos, err := o.Log.Position(ctx)
	if err != nil {
		return nil, fmt.Errorf("outbox: where the site stands: %w", err)
	}
	o = o.withDefaults()
	s := &Session{
		o:       o,
		sender:  newSender(o, pos),
		wake:    make(chan struct{}, 1),
		inbound: make(chan []byte, inboundQueue),
		relink:  make(chan struct{}, 1),
		pace:    rand.New(rand.NewChaCha8(sha256.Sum256([]byte(o.Nonce)))),
	}
	s.link.since = time.Now()
	s.status = s.sender.status()
	return s, nil
}

// inboundQueue is more than the centre sends ahead: an acknowledgement for each
// batch in the window, and its window of commands.
const inboundQueue = 128

func (o Options) withDefaults() Options {
	o.BatchEvents = orElse(o.BatchEvents, 500)
	o.Window = orElse(o.Window, 32)
	o.Flush = orElse(o.Flush, 50*time.Millisecond)
	// An import is one transaction of the centre, which acknowledges nothing
	// meanwhile: 84,000 lines took 4 to 9 s on a busy machine of two cores.
	o.Silence = orElse(o.Silence, 15*time.Second)
	o.HelloFirst = orElse(o.HelloFirst, time.Second)
	o.Beat = orElse(o.Beat, 15*time.Second)
	if o.Slog == nil {
		o.Slog = slog.New(slog.DiscardHandler)
	}
	if o.OnChange == nil {
		o.OnChange = func(Status) {}
	}
	return o
}

func orElse[T ~int | ~int64](v, def T) T {
	if v > 0 {
		return v
	}
	return def
}

// Wake tells the session that the log has grown. It never blocks.
func (s *Session) Wake() { signal(s.wake) }

// Deliver hands over a payload that came on the site's down topic. It never
// blocks: where the queue is full the payload is dropped, counted, and comes
// again. Any other topic is ignored.
func (s *Session) Deliver(topic string, payload []byte) {
	if topic != wire.Down(s.o.Site) {
		return
	}
	select {
	case s.inbound <- payload:
	default:
		s.dropped.Add(1)
	}
}

// Link tells that the carrier is connected (and subscribed to the down topic),
// or that it is not and why, in words for people. It never blocks.
func (s *Session) Link(up bool, problem string) {
	s.mu.Lock()
	if up != s.link.up {
		s.link.since = time.Now()
	}
	s.link.up, s.link.problem = up, problem
	s.link.count++
	s.mu.Unlock()
	signal(s.relink)
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Status is safe to call from any goroutine.
func (s *Session) Status() Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.status
	st.Up, st.Problem, st.Since = s.link.up, s.link.problem, s.link.since
	st.Welcomed = st.Welcomed && st.Up
	st.Dropped = s.dropped.Load()
	return st
}
