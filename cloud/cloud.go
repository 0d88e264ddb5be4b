// Package cloud is the centre's program as a library: New opens everything that
// can be refused, Run joins the rooms until the first of them stops.
package cloud

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/prometheus/client_golang/prometheus"

	"dockfill/cloud/broker"
	"dockfill/cloud/ingest"
	"dockfill/cloud/store"
	"dockfill/cloud/store/witness"
	"dockfill/cloud/web"
	"dockfill/sync/mqtt"
	"dockfill/sync/wire"
)

// Config says where the centre keeps, serves and listens.
type Config struct {
	HTTP      string   // host:port of the pages and the API; port 0 picks a free one
	HTTPNames []string // names by which a proxy on this machine asks for the pages
	Data      string   // folder of the SQLite file; made where it is missing
	Database  string   // postgres://...; "" keeps everything in Data
	// Witness is where the rights witness is kept: a file on another volume or machine, or
	// postgres:// of a second database; "" keeps none, NoWitness goes on without the one
	// that was kept.
	Witness string

	BrokerListen string // host:port of the embedded broker; port 0 picks a free one
	Broker       string // tcp://host:port or tls://host:port of another broker; "" embeds one
	BrokerUser   string // only with Broker
	BrokerSecret string // only with Broker

	Version string
	Log     *slog.Logger // nil: slog.Default()
}

// NoWitness as Config.Witness leaves a witness that is lost, for good.
const NoWitness = "none"

// databaseFile is the name of the SQLite file in Config.Data.
const databaseFile = "centre.db"

// Centre is opened by New and works in Run.
type Centre struct {
	log      *slog.Logger
	store    *store.Store
	witness  witness.Witness // nil where none is kept
	listener net.Listener
	broker   *broker.Broker // nil where another one is used
	client   *mqtt.Client
	ingest   *ingest.Ingest
	web      *web.Server
	link     link
	url      string // of the broker, as sites are told
}

// New opens the database, then the ports. The database goes first: a site that
// found an open port and no database behind it would be told nothing useful.
// On an error everything opened so far is closed again; the error says what
// happened and what to do.
func New(ctx context.Context, c Config) (_ *Centre, err error) {
	if c.Log == nil {
		c.Log = slog.Default()
	}
	centre := &Centre{log: c.Log}
	defer func() {
		if err != nil {
			centre.close()
		}
	}()
	if centre.store, err = openStore(ctx, c); err != nil {
		return nil, err
	}
	if centre.listener, err = listen(c.HTTP); err != nil {
		return nil, err
	}
	centre.ingest = ingest.New(ingest.Config{Store: centre.store, Log: c.Log.With("room", "ingest")})
	if err = centre.begin(ctx, c.Witness); err != nil {
		return nil, err
	}
	if err = centre.connect(c); err != nil {
		return nil, err
	}
	centre.web = web.New(centre.webOptions(c))
	return centre, nil
}

// begin opens the rights witness and brings the database up to it.
func (c *Centre) begin(ctx context.Context, where string) error {
	if where == "" || where == NoWitness {
		return c.ingest.Begin(ctx, nil, where == NoWitness)
	}
	var err error
	if c.witness, err = witness.Open(ctx, where, c.store.House()); err != nil {
		return err
	}
	if err := c.ingest.Begin(ctx, c.witness, false); err != nil {
		return fmt.Errorf("rights witness %s: %w", c.witness.Name(), err)
	}
	return nil
}

func openStore(ctx context.Context, c Config) (*store.Store, error) {
	if c.Database != "" {
		s, err := store.Open(ctx, store.Options{URL: c.Database})
		if errors.Is(err, store.ErrInUse) {
			return nil, err
		}
		if err != nil {
			return nil, fmt.Errorf("%w\nSee that PostgreSQL runs there, that user, password and database are right in --database, and start again", err)
		}
		return s, nil
	}
	if err := prepare(c.Data); err != nil {
		return nil, err
	}
	return store.Open(ctx, store.Options{Path: filepath.Join(c.Data, databaseFile), Log: c.Log})
}

// prepare makes the data folder and tries to write there, because SQLite's own
// message would name neither the folder nor the reason.
func prepare(dir string) error {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return fmt.Errorf("data folder %s cannot be made: %w; choose another with --data", dir, reason(err))
	}
	f, err := os.CreateTemp(dir, ".write-*")
	if err != nil {
		return fmt.Errorf("data folder %s cannot be written: %w; give this user the right, free space on the disk, or choose another with --data", dir, reason(err))
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// reason takes the path out of an error that is told beside it.
func reason(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

func listen(address string) (net.Listener, error) {
	ln, err := net.Listen("tcp", address)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("%s is taken by another program, perhaps another dockfill-cloud: stop it, or choose another address with --http", address)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return nil, fmt.Errorf("%s is not an address of this machine: choose another with --http", address)
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("%s may not be opened by this user: ports below 1024 need a right; choose another with --http", address)
	case err != nil:
		return nil, fmt.Errorf("%s cannot be listened on: %w; --http takes HOST:PORT", address, err)
	}
	return ln, nil
}

// connect starts the embedded broker, or takes the other one, and makes the
// centre's own client. The centre reads as any client does, never by a hook in
// the broker, so that both kinds behave alike.
func (c *Centre) connect(o Config) error {
	options := mqtt.Options{URL: o.Broker, ClientID: c.clientID, Username: o.BrokerUser, Password: o.BrokerSecret,
		Subscribe: []string{wire.AllUp()}, Handle: c.ingest.Handle, OnState: c.linked, Log: o.Log.With("room", "mqtt")}
	c.url = o.Broker
	if o.Broker == "" {
		var err error
		if c.broker, err = broker.Start(broker.Options{Listen: o.BrokerListen, Log: o.Log.With("room", "broker")}); err != nil {
			return err
		}
		c.url, options.URL = c.broker.Elsewhere(), c.broker.URL()
		options.ClientID, options.Username, options.Password = c.broker.Centre()
	}
	var err error
	c.client, err = mqtt.New(options)
	return err
}

// clientID is the same for every connection, so that a reconnect takes over
// from a connection that the broker still believes in.
func (c *Centre) clientID() string {
	incarnation, _ := c.store.Centre()
	return "dockfill-centre-" + strings.ReplaceAll(incarnation, ".", "-")
}

func (c *Centre) linked(up bool, problem string) {
	c.link.set(up, problem)
	c.ingest.Link(up, problem)
}

func (c *Centre) webOptions(o Config) web.Options {
	registry := prometheus.NewRegistry()
	registry.MustRegister(&counts{c})
	return web.Options{Reads: c.store, Imports: c.ingest, Acts: c.ingest, Version: o.Version, Broker: c.url, Hosts: o.HTTPNames,
		Ready: c.link.ready, Witness: c.store.Witness, Metrics: registry, Log: o.Log.With("room", "web")}
}

// HTTP is the address of the pages as a browser on this machine takes it, such
// as "http://127.0.0.1:8080".
func (c *Centre) HTTP() string {
	at := *c.listener.Addr().(*net.TCPAddr)
	if at.IP.IsUnspecified() {
		at.IP = net.IPv4(127, 0, 0, 1)
	}
	return "http://" + at.String()
}

// Broker is the address that sites connect to, such as "tcp://127.0.0.1:1883";
// of a broker that is open on every address it has this machine's name.
func (c *Centre) Broker() string { return c.url }

// Run works until ctx ends, which is a clean stop, or until a room stops by
// itself, whose error it returns. Everything is closed when it returns.
func (c *Centre) Run(ctx context.Context) error {
	defer c.close()
	// Each room needs those before it; so they start in this order and stop in
	// the reverse one:
	//   broker  carries; it must be there before anybody connects to it.
	//   client  hears the sites. It outlives ingest by a moment, so that what
	//           was committed last is still acknowledged.
	//   ingest  commits what was heard. What it does not commit any more was
	//           never acknowledged: the sites send it again.
	//   web     shows; it goes first, so that no import begins while the
	//           database is about to close.
	rooms := []room{
		{"MQTT client", ignoreEnd(c.client.Run)},
		{"ingest", func(ctx context.Context) error { return c.ingest.Run(ctx, c.client) }},
		{"web", func(ctx context.Context) error { return c.web.Run(ctx, c.listener) }},
	}
	return runAll(ctx, rooms)
}

// close ends what New opened and no room owns: first the broker, so that no
// site speaks to a centre that is gone, and the database last, because all
// others write to it.
func (c *Centre) close() {
	if c.broker != nil {
		c.broker.Stop()
	}
	if c.listener != nil {
		_ = c.listener.Close() // closed already where web ran
	}
	if c.store != nil {
		if err := c.store.Close(); err != nil {
			c.log.Error("database did not close cleanly", "err", err)
		}
	}
	if c.witness != nil {
		_ = c.witness.Close() // what it has was flushed
	}
}
