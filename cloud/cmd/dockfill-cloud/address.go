package main

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strings"
)

// checkAddresses refuses what no port can be opened by, before anything is made
// on the disk. Whether the address is this machine's is known when it is opened.
func (s serveCmd) checkAddresses() error {
	errs := []error{checkListen("--http", s.HTTP, "127.0.0.1:8080")}
	for _, name := range s.HTTPName {
		errs = append(errs, checkName(name))
	}
	if s.BrokerListen != nil {
		errs = append(errs, checkListen("--broker-listen", *s.BrokerListen, "127.0.0.1:1883"))
	}
	if s.Broker != nil {
		errs = append(errs, checkBroker(*s.Broker))
	}
	return errors.Join(errs...)
}

// checkListen takes host:port with a number or a service's name as the port, and
// no host for every address of this machine.
func checkListen(flag, address, example string) error {
	host, port, err := net.SplitHostPort(address)
	if err == nil && !strings.ContainsAny(host, " \t/") {
		_, err = net.LookupPort("tcp", port)
	}
	if err == nil && !strings.ContainsAny(host, " \t/") {
		return nil
	}
	return fmt.Errorf("%s %q is no HOST:PORT such as %s; the port is a number up to 65535, and 0 takes a free one", flag, address, example)
}

func checkBroker(address string) error {
	u, err := url.Parse(address)
	if err == nil && (u.Scheme == "tcp" || u.Scheme == "tls") && u.Hostname() != "" && u.Port() != "" {
		if _, err = net.LookupPort("tcp", u.Port()); err == nil {
			return nil
		}
	}
	return errors.New("--broker is no tcp://HOST:PORT or tls://HOST:PORT, such as tls://broker.example:8883; user and password go to --broker-user and --broker-secret")
}

// hostName is what a browser can send as the name of a machine.
var hostName = regexp.MustCompile(`^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$`)

func checkName(name string) error {
	if hostName.MatchString(name) {
		return nil
	}
	return fmt.Errorf("--http-name %q is no name of a machine such as dockfill.example, without scheme and port", name)
}
