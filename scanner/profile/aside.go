package profile

import (
	"bytes"
	"errors"
	"strconv"
	"time"

	"dockfill/scanner"
)

// header reads Honeywell's data header: begin, the length of the rest as four
// bytes low first, CR, "MSGGET", the length of the data as four digits, the
// maker's letter for the symbology, two characters of the AIM identifier, GS, the
// data with its suffix. The length in digits counts; the other says the same.
type header struct{ facts *Header }

const (
	headerWord = "\rMSGGET"
	digitsAt   = 4 + len(headerWord) // behind begin
	aimAt      = digitsAt + 4 + 1
	dataAt     = aimAt + 2 + 1
)

// hear implements aside.
func (h header) hear(_ time.Time, said []byte) (heard, []Event) {
	begin := h.facts.Begin.raw
	n := min(len(said), len(begin))
	if !bytes.Equal(said[:n], begin[:n]) {
		return notMine, nil
	}
	rest := said[n:]
	if len(rest) < dataAt {
		return more, nil
	}
	size, err := strconv.ParseUint(string(rest[digitsAt:digitsAt+4]), 10, 16)
	switch {
	case err != nil, string(rest[4:digitsAt]) != headerWord, rest[dataAt-1] != 0x1d:
		return ruined, []Event{{Kind: Deliver, Data: bytes.Clone(said), Fault: scanner.ErrGarbled}}
	case size > scanner.MaxScan:
		return ruined, []Event{{Kind: Deliver, Data: bytes.Clone(said), Fault: scanner.ErrTooLong}}
	case len(rest) < dataAt+int(size):
		return more, nil
	}
	data := bytes.TrimRight(rest[dataAt:], "\r\n")
	if len(data) == 0 {
		return whole, nil
	}
	return whole, []Event{{Kind: Deliver, Data: bytes.Clone(data), Symbology: "]" + string(rest[aimAt:aimAt+2])}}
}

var errRefused = errors.New("the scanner refused a command; choose the profile of its model")

// reply reads what a Datalogic scanner answers to commands.
type reply struct{ facts *Reply }

// hear implements aside.
func (r reply) hear(_ time.Time, said []byte) (heard, []Event) {
	f := r.facts
	switch {
	case len(f.Done.raw) > 0 && bytes.Equal(said, f.Done.raw):
		return whole, nil
	case len(f.Bad.raw) > 0 && bytes.Equal(said, f.Bad.raw):
		return whole, []Event{{Kind: Trouble, Fault: errRefused}}
	}
	n := min(len(said), len(f.Begin.raw))
	switch {
	case n == 0, !bytes.Equal(said[:n], f.Begin.raw[:n]):
		return notMine, nil
	case len(said) >= n+len(f.End.raw) && bytes.HasSuffix(said, f.End.raw):
		return whole, []Event{{Kind: Learned, Data: bytes.Clone(said[n : len(said)-len(f.End.raw)])}}
	}
	return more, nil
}
