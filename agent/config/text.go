package config

import (
	"fmt"
	"net"
	"regexp"
	"strings"

	"dockfill/allocation"
	"dockfill/scanner"
	"dockfill/scanner/barcode"
)

// Text types, each with what it may hold. They are structs because the TOML
// library asks only those to read themselves.
type (
	siteName    struct{ text string }
	stationName struct{ text string }
	address     struct{ text string }
	brokerURL   struct{ text string }
	terminator  struct{ text string }
	substitute  struct{ text string }
	codeKind    struct{ text string }
)

func (v *siteName) UnmarshalText(text []byte) error {
	v.text = string(text)
	return allocation.CheckSite(string(text))
}

func (v *stationName) UnmarshalText(text []byte) error {
	v.text = string(text)
	if err := allocation.CheckID("id", v.text); err != nil {
		return err
	}
	if !stationID.MatchString(v.text) {
		return fmt.Errorf("id %q must be of letters A to Z, digits, - and _: it stands in names of variables such as DOCKFILL_STATION_<id>_PORT", v.text)
	}
	return nil
}

// stationID is what a shell can have in the name of a variable, and -, which
// stands there as _.
var stationID = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

func (v *address) UnmarshalText(text []byte) error {
	v.text = string(text)
	if len(text) == 0 {
		return nil
	}
	if _, _, err := net.SplitHostPort(string(text)); err != nil {
		return fmt.Errorf("%q is not an address such as %s", text, DefaultHTTP)
	}
	return nil
}

func (v *brokerURL) UnmarshalText(text []byte) error {
	v.text = string(text)
	scheme, rest, found := strings.Cut(string(text), "://")
	_, port, err := net.SplitHostPort(rest)
	if len(text) > 0 && (!found || scheme != "tcp" && scheme != "tls" || err != nil || port == "") {
		return fmt.Errorf("%q is not a broker such as tcp://127.0.0.1:1883", text)
	}
	return nil
}

func (v *substitute) UnmarshalText(text []byte) error {
	v.text = string(text)
	if len(text) == 0 {
		return nil
	}
	return barcode.CheckSubstitute(string(text))
}

func (v *codeKind) UnmarshalText(text []byte) error {
	v.text = string(text)
	_, err := barcode.ParseKind(string(text))
	return err
}

func (v codeKind) kind() barcode.Kind {
	kind, _ := barcode.ParseKind(v.text) // was checked when it was read
	return kind
}

var terminators = map[string]scanner.Terminator{
	"cr": scanner.CR, "lf": scanner.LF, "crlf": scanner.CRLF, "crcr": scanner.CRCR,
	"tab": scanner.TAB, "stx-etx": scanner.STXETX, "stx/etx": scanner.STXETX, "stx-etx-lrc": scanner.STXETXLRC, "idle": scanner.Idle,
}

func (v *terminator) UnmarshalText(text []byte) error {
	t, ok := terminators[strings.ToLower(string(text))]
	if !ok {
		return fmt.Errorf("terminator %q is none of cr, lf, crlf, crcr, tab, stx-etx, stx-etx-lrc, idle", text)
	}
	v.text = string(t)
	return nil
}
