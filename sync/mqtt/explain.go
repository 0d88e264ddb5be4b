package mqtt

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// explain says to a person why there is no connection, and what to look at.
func explain(broker string, err error) string {
	host := broker
	if u, perr := url.Parse(broker); perr == nil {
		host = u.Host
	}
	var dns *net.DNSError
	var cert *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	switch {
	case err == nil:
		return "the connection was closed"
	case errors.As(err, &dns):
		return fmt.Sprintf("the broker's name %s does not resolve: check the address, or the name server", dns.Name)
	case isAny(err, refused):
		return fmt.Sprintf("connection refused at %s: is the broker running?", host)
	case isAny(err, unreachable):
		return fmt.Sprintf("no route to %s: is the network up?", host)
	case errors.Is(err, packets.ErrorRefusedNotAuthorised), errors.Is(err, packets.ErrorRefusedBadUsernameOrPassword):
		return fmt.Sprintf("the broker at %s refuses this client: check its credentials and its site id", host)
	case errors.Is(err, packets.ErrorRefusedServerUnavailable):
		return fmt.Sprintf("the broker at %s takes no more clients now", host)
	case errors.As(err, &authority), errors.As(err, &cert):
		return fmt.Sprintf("the certificate of %s is not trusted: %v", host, err)
	case errors.Is(err, errOversized):
		return fmt.Sprintf("%v: something else than the centre writes to this topic at %s", err, host)
	case errors.Is(err, errStalled), errors.Is(err, os.ErrDeadlineExceeded), isTimeout(err):
		return fmt.Sprintf("%s does not answer in time", host)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed), isAny(err, broken):
		return fmt.Sprintf("the broker at %s closed the connection", host)
	}
	return fmt.Sprintf("broker at %s: %v", host, err)
}

func isAny(err error, of []error) bool {
	for _, e := range of {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

func isTimeout(err error) bool {
	var t net.Error
	return errors.As(err, &t) && t.Timeout()
}
