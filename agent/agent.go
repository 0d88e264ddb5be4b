// Package agent is the site's program as a library: scanners in, one writer to
// one database, verdicts out, and the talk with the centre beside it.
//
// station.go hears the scanners, receive.go is the story of one scan, writer.go
// the way of its transaction, apply.go what the centre's commands do. Nothing
// beeps before the commit.
package agent

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"dockfill/agent/capture"
	"dockfill/agent/config"
	"dockfill/agent/dock"
	"dockfill/agent/store"
	"dockfill/scanner"
	"dockfill/scanner/source"
	"dockfill/sync/inbox"
	"dockfill/sync/mqtt"
	"dockfill/sync/outbox"
)

// Carrier takes messages to the centre while Run holds a connection.
type Carrier interface {
	outbox.Carrier
	// Run returns when ctx ends.
	Run(ctx context.Context) error
}

// Deps are what tests put in the place of the world. The zero value is the world.
type Deps struct {
	Log     *slog.Logger
	Version string // of the program, for people
	Now     func() time.Time
	// Source attaches a station's scanner; nil opens its port.
	Source func(scanner.Config) (scanner.Source, error)
	// Carrier connects to the centre; nil speaks MQTT to Config.Centre.Broker. It
	// hands what arrives to handle and tells state of its connection; neither
	// blocks.
	Carrier func(handle func(topic string, payload []byte), state func(up bool, problem string)) (Carrier, error)
	// Beat is the time between hellos while all is well; 0 is the outbox's own.
	Beat time.Duration
	// Commit stands around every commit, so that a test can make it fail.
	Commit func(commit func() error) error
	// Flush brings the capture file to the disk; nil is the system's call.
	Flush func(*os.File) error
	// Space gives the free bytes and the size of a folder's disk; nil asks the system.
	Space func(dir string) (free, total int64)
}

// Agent is one site. It implements dock.Site.
type Agent struct {
	config  config.Config
	deps    Deps
	log     *slog.Logger
	started time.Time
	nonce   string // of this process

	desk *desk
	hub  *hub

	// store and what lives on it are nil where the database was damaged at the start.
	store  *store.Store
	lock   *os.File // in place of the store's own
	harm   harm
	writer *writer
	aside  *aside // what is set aside while nothing may be allocated
	// changed holds one token while the state may have changed; since is when it did.
	changed chan struct{}
	since   stateSince
	reserve *reserve
	fatal   chan error // ends Run
	moor    *moor      // its own record of the database, outside of it
	// checkpoints are nil where the database is damaged, too.
	checkpoints *checkpoints

	session *outbox.Session
	inbox   *inbox.Inbox
	carrier Carrier

	stations []station
	listener net.Listener
}

var _ dock.Site = (*Agent)(nil)

// New opens the database and takes the HTTP address, so that what is wrong with
// either is known at once. A damaged database is no error: the agent then runs,
// says so, and sets every scan aside. Other errors of the database are those of
// store.Open, and of the capture file those of capture.Open.
func New(c config.Config, deps Deps) (*Agent, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	a := &Agent{
		config: c, deps: deps.withDefaults(), nonce: outbox.NewNonce(), hub: newHub(),
		changed: make(chan struct{}, 1), fatal: make(chan error, 1),
	}
	a.log, a.started = a.deps.Log, a.deps.Now()
	a.desk = &desk{rules: c.Rules, now: a.deps.Now, nonce: eventNonce}
	if err := a.attach(); err != nil {
		return nil, err
	}
	a.reserve = newReserve(c.Data, func() (int64, int64) { return a.deps.Space(c.Data) }, a.log)
	if err := a.openStore(); err != nil {
		return nil, errors.Join(err, a.close())
	}
	if err := a.openAside(); err != nil {
		return nil, errors.Join(err, a.close())
	}
	a.standing()
	if err := a.listen(); err != nil {
		return nil, errors.Join(err, a.close())
	}
	return a, nil
}

func (d Deps) withDefaults() Deps {
	if d.Log == nil {
		d.Log = slog.New(slog.DiscardHandler)
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.Space == nil {
		d.Space = diskSpace
	}
	if d.Source == nil {
		d.Source = source.New
	}
	return d
}

// eventNonce makes an event unlike any other, even one of a copy of the database.
func eventNonce() string {
	var b [8]byte
	rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// openStore opens the database and what lives on it.
func (a *Agent) openStore() error {
	ctx := context.Background()
	path := a.databasePath()
	var err error
	if a.moor, err = newMoor(a.config.AnchorDir(), path, a.log); err != nil {
		return err
	}
	a.store, err = a.openDatabase(ctx, path)
	if err == nil {
		err = a.inhabit(ctx)
	}
	if errors.Is(err, store.ErrDamaged) {
		return a.leave(path, err)
	}
	return err
}

// inhabit makes what lives on the database.
func (a *Agent) inhabit(ctx context.Context) error {
	if err := a.moor.start(ctx, a.store); err != nil {
		return err
	}
	a.writer = newWriter(a.store, a.moor, a.log, a.grown)
	a.writer.dead, a.writer.reserve = a.damage, a.reserve
	a.checkpoints = newCheckpoints(a)
	if err := a.openLink(ctx); err != nil {
		return err
	}
	return a.store.View(ctx, func(tx *store.Tx) error {
		before, err := remember(tx)
		for _, f := range before {
			a.hub.publish(f)
		}
		return err
	})
}

// leave lets go of a database that was found damaged at the start, and keeps others off it.
func (a *Agent) leave(path string, damage error) (err error) {
	a.damaged(damage)
	if a.store != nil {
		err = a.store.Close()
	}
	a.store, a.writer, a.checkpoints, a.session, a.inbox, a.carrier = nil, nil, nil, nil, nil, nil
	if err != nil {
		a.log.Warn("the damaged database was not closed cleanly", "error", err)
	}
	a.lock, err = store.Lock(path)
	return err
}

func (a *Agent) databasePath() string { return filepath.Join(a.config.Data, "agent.db") }

// openDatabase opens the database, unless it is known to be damaged.
func (a *Agent) openDatabase(ctx context.Context, path string) (*store.Store, error) {
	if err := knownDamage(path); err != nil {
		return nil, err
	}
	return store.Open(ctx, store.Options{Path: path, Site: a.config.Site, Commit: a.deps.Commit, Damaged: a.damaged})
}

// openAside takes up what was set aside before this start.
func (a *Agent) openAside() (err error) {
	o := capture.Options{Path: filepath.Join(a.config.Data, captureName), Site: a.config.Site, Flush: a.deps.Flush}
	a.aside, err = openAside(o, a.desk, a.log)
	return err
}

// openLink makes the two halves of the talk with the centre, and their carrier.
func (a *Agent) openLink(ctx context.Context) error {
	a.inbox = inbox.New(commands{a}, a.log)
	carrier := &lateCarrier{}
	var err error
	a.session, err = outbox.New(ctx, outbox.Options{
		Site: a.config.Site, Nonce: a.nonce, Program: a.deps.Version,
		Log: siteLog{a}, Carrier: carrier, Commands: a.inbox.Deliver, Slog: a.log, Beat: a.deps.Beat,
		OnChange: func(outbox.Status) { a.standing() },
	})
	if err != nil {
		return err
	}
	if a.carrier, err = a.newCarrier(); err != nil {
		return err
	}
	carrier.Carrier = a.carrier
	return nil
}

// lateCarrier is there before the carrier is: the session and the carrier need
// each other, and neither acts before Run.
type lateCarrier struct{ outbox.Carrier }

// newCarrier is nil where no centre is configured: the site then works alone.
func (a *Agent) newCarrier() (Carrier, error) {
	if a.deps.Carrier != nil {
		return a.deps.Carrier(a.session.Deliver, a.session.Link)
	}
	if a.config.Centre.Broker == "" {
		a.session.Link(false, "no broker is configured: set centre.broker")
		return nil, nil
	}
	return mqtt.New(mqtt.Options{
		URL: a.config.Centre.Broker, Username: a.config.Centre.Username, Password: a.config.Centre.Password,
		ClientID:  func() string { return outbox.ClientID(a.config.Site, a.nonce) },
		Subscribe: []string{downTopic(a.config.Site)},
		Handle:    a.session.Deliver, OnState: a.session.Link, Log: a.log,
	})
}

func (a *Agent) listen() error {
	if a.config.HTTP == "" {
		return nil
	}
	l, err := net.Listen("tcp", a.config.HTTP)
	if err != nil {
		return fmt.Errorf("http %s: %w; choose another address, or stop the program that uses it", a.config.HTTP, err)
	}
	a.listener = l
	return nil
}

// Addr is where the pages are served, nil where they are not.
func (a *Agent) Addr() net.Addr {
	if a.listener == nil {
		return nil
	}
	return a.listener.Addr()
}

// Run receives until ctx ends, and then nil is returned; or until one of its
// parts fails, and then its error: ErrUnsaved after a commit that failed, which
// a new process must look into. It may be called once.
//
// Start: the writer first, as all others hand their work to it; then the talk
// with the centre and the pages; the scanners last, when there is somebody to
// take what they read. Stop is the reverse: no more scans, then pages and talk
// end, then the writer writes what still waits, answers it, and the database is
// closed.
func (a *Agent) Run(ctx context.Context) (err error) {
	defer func() { err = errors.Join(err, a.close()) }()
	inner, fail := context.WithCancelCause(context.WithoutCancel(ctx))
	defer fail(nil)
	stopWriter := a.startWriter(fail)
	stopFront := a.startFront(inner, fail)
	stopScanners := a.startScanners(inner)
	select {
	case <-ctx.Done():
	case <-inner.Done():
	case err := <-a.fatal:
		fail(err)
	}
	stopScanners()
	stopFront()
	unsaved := stopWriter()
	if a.store != nil && unsaved == nil && a.damage() == nil {
		a.moor.stop(a.store)
	}
	if why := context.Cause(inner); !errors.Is(unsaved, why) {
		return errors.Join(why, unsaved)
	}
	return unsaved
}

// startWriter runs the writer until the returned function is called, which gives
// its error, also one that ended the agent.
func (a *Agent) startWriter(fail context.CancelCauseFunc) (stop func() error) {
	if a.writer == nil {
		return func() error { return nil }
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		err := a.writer.run(ctx)
		if err != nil {
			fail(err)
		}
		done <- err
	}()
	return func() error {
		cancel()
		return <-done
	}
}

// startFront runs the talk with the centre, the pages and the housekeeping. The
// first of them to fail ends the agent.
func (a *Agent) startFront(ctx context.Context, fail context.CancelCauseFunc) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	group, ctx := errgroup.WithContext(ctx)
	part := func(name string, run func(context.Context) error) {
		group.Go(func() error {
			if err := run(ctx); err != nil && ctx.Err() == nil {
				err = fmt.Errorf("%s: %w", name, err)
				fail(err)
				return err
			}
			return nil
		})
	}
	if a.store != nil {
		part("outbox", a.session.Run)
		part("inbox", a.inbox.Run)
		part("housekeeping", a.keepHouse)
		part("capture", a.keepTakingIn)
	}
	part("reserve", a.keepReserve)
	if a.carrier != nil {
		part("carrier", a.carrier.Run)
	}
	if a.listener != nil {
		part("http", a.servePages)
	}
	return func() {
		cancel()
		a.hub.close()
		group.Wait() // the error was told to fail
	}
}

func (a *Agent) servePages(ctx context.Context) error {
	return dock.Serve(ctx, a.listener, dock.Handler(a, dock.Options{Hosts: a.config.Hosts, Log: a.log, Now: a.deps.Now}))
}

// close ends what New opened.
func (a *Agent) close() error {
	var errs []error
	if a.listener != nil {
		if err := a.listener.Close(); !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	if a.aside != nil {
		errs = append(errs, a.aside.close())
	}
	if a.store != nil {
		errs = append(errs, a.store.Close())
	}
	if a.lock != nil {
		errs = append(errs, a.lock.Close())
	}
	return errors.Join(errs...)
}
