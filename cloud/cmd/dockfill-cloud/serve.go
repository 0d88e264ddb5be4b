package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"dockfill/cloud"
	"dockfill/packaging/version"
)

type serveCmd struct {
	HTTP         string   `default:"127.0.0.1:8080" placeholder:"HOST:PORT" help:"Address of the pages and the API; port 0 takes a free one (default ${default})."`
	HTTPName     []string `name:"http-name" placeholder:"NAME" help:"Name under which a proxy on this machine asks for the pages."`
	Data         string   `default:"${data}" placeholder:"DIR" help:"Folder of the database file (default ${default})."`
	Database     string   `placeholder:"URL" help:"Keep everything in PostgreSQL instead: postgres://user:password@host:port/database."`
	Witness      string   `placeholder:"PLACE" help:"Keep a rights witness: a file on another volume or machine, or postgres:// of a second database. A centre that is put back to a copy grants at once by it. \"none\" goes on without one that is lost."`
	BrokerListen *string  `xor:"broker" placeholder:"HOST:PORT" help:"Address of the embedded broker; port 0 takes a free one (default 127.0.0.1:1883)."`
	Broker       *string  `xor:"broker" placeholder:"URL" help:"Use another broker instead: tcp://host:port or tls://host:port."`
	BrokerUser   string   `placeholder:"NAME" help:"User at the other broker."`
	BrokerSecret string   `placeholder:"TEXT" help:"Password at the other broker; better given in the environment."`
	LogLevel     string   `enum:"debug,info,warn,error" default:"info" placeholder:"LEVEL" help:"Least weight of what is logged: debug, info, warn, error (default ${default})."`
}

// Validate is called by the parser.
func (s serveCmd) Validate() error {
	if err := s.checkAddresses(); err != nil {
		return err
	}
	switch {
	case (s.BrokerUser != "" || s.BrokerSecret != "") && s.Broker == nil:
		return errors.New("--broker-user and --broker-secret are for another broker: give its address with --broker, or leave them out")
	case s.Data == "":
		return errors.New("--data is empty: name the folder of the database file, or leave it out")
	}
	if err := s.checkWitness(); err != nil {
		return err
	}
	return s.checkDatabase()
}

// checkWitness does not repeat the address, which may hold a password.
func (s serveCmd) checkWitness() error {
	scheme, _, url := strings.Cut(s.Witness, "://")
	switch {
	case s.Witness != "" && s.Witness == s.Database:
		return errors.New("--witness names the centre's own database, which would be lost together with it: name another one, or a file on another volume")
	case url && scheme != "postgres" && scheme != "postgresql":
		return errors.New("--witness takes a file, postgres://user:password@host:port/database, or none")
	}
	return nil
}

// checkDatabase does not repeat the address, which may hold a password.
func (s serveCmd) checkDatabase() error {
	scheme, _, _ := strings.Cut(s.Database, "://")
	if s.Database != "" && scheme != "postgres" && scheme != "postgresql" {
		return errors.New("--database takes PostgreSQL alone, as postgres://user:password@host:port/database; leave it out to keep everything in a file under --data")
	}
	return nil
}

func (s serveCmd) Run(p *program) error {
	var level slog.Level
	if err := level.UnmarshalText([]byte(s.LogLevel)); err != nil {
		return err
	}
	log := newLog(p.err, level)
	centre, err := cloud.New(p.ctx, cloud.Config{HTTP: s.HTTP, HTTPNames: s.HTTPName, Data: s.Data, Database: s.Database, Witness: s.Witness,
		BrokerListen: given(s.BrokerListen), Broker: given(s.Broker), BrokerUser: s.BrokerUser, BrokerSecret: s.BrokerSecret, Version: version.Text(), Log: log})
	if err != nil {
		return err
	}
	// The first two lines are for programs that let us choose the ports.
	fmt.Fprintf(p.out, "http %s\nbroker %s\n", centre.HTTP(), centre.Broker())
	s.warn(log)
	log.Info("the centre runs", "version", version.Text(), "http", centre.HTTP(), "broker", centre.Broker())
	err = centre.Run(p.ctx)
	log.Info("the centre has stopped")
	return err
}

// given is a flag's text, "" where it was left out.
func given(flag *string) string {
	if flag == nil {
		return ""
	}
	return *flag
}

// warn says what the flags open to the network.
func (s serveCmd) warn(log *slog.Logger) {
	for flag, address := range map[string]string{"--http": s.HTTP, "--broker-listen": given(s.BrokerListen)} {
		host, _, err := net.SplitHostPort(address)
		ip := net.ParseIP(host)
		if err == nil && host != "localhost" && (ip == nil || !ip.IsLoopback()) && (flag == "--http" || s.Broker == nil) {
			log.Warn("this port is open to the network and asks nobody who they are: put it behind a firewall or a proxy", "flag", flag, "address", address)
		}
	}
}

// defaultData is where services keep their data; for a person without that
// right, a folder of their own.
func defaultData() string {
	if runtime.GOOS == "windows" {
		return filepath.Join(os.Getenv("ProgramData"), "Dockfill", "cloud")
	}
	if os.Geteuid() == 0 {
		return "/var/lib/dockfill"
	}
	if dir := os.Getenv("XDG_DATA_HOME"); dir != "" {
		return filepath.Join(dir, "dockfill")
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "/var/lib/dockfill"
	}
	return filepath.Join(home, ".local", "share", "dockfill")
}
