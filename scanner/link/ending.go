package link

import (
	"bytes"
	"fmt"

	"dockfill/scanner"
)

// endings are what scanners are set to send behind a code, and what the station's
// setting for each is called. The longest come first.
var endings = []struct {
	bytes string
	is    scanner.Terminator
	key   string
}{
	{"\r\n", scanner.CRLF, "crlf"}, {"\r\r", scanner.CRCR, "crcr"}, {"\r", scanner.CR, "cr"}, {"\n", scanner.LF, "lf"},
	{"\t", scanner.TAB, "tab"}, {"\x03", scanner.STXETX, "stx-etx"},
}

// wrongEnd is the fault of a frame that is known to end in another terminator.
type wrongEnd struct{ error }

func (w wrongEnd) Unwrap() error { return w.error }

// noText is the fault of a frame without its end whose bytes no scanner sends at the
// right rate: nothing can be said of its terminator.
type noText struct{ error }

func (noText) Error() string {
	return "what came is no text; scan again, and if this repeats check the baud rate, the data bits and the parity"
}

func (n noText) Unwrap() error { return n.error }

// unterminated says what the newest bytes of a frame without its end do end in,
// where that is another terminator than the one that the station waits for.
func unterminated(fault error, newest []byte, want scanner.Terminator) error {
	for _, e := range endings {
		if bytes.HasSuffix(newest, []byte(e.bytes)) && e.is != want && want != "" {
			return wrongEnd{fmt.Errorf("%w: it ends in %s and the station waits for %s, so try terminator = %q", fault, e.is, want, e.key)}
		}
	}
	return fault
}

// noEnd says what to set where scan after scan comes without any terminator.
func noEnd(fault error, want scanner.Terminator) error {
	return wrongEnd{fmt.Errorf("%w: no %s comes behind the scans: set the scanner to send %s as its suffix, or the station to terminator = \"idle\"", fault, want, want)}
}
