package profile

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"dockfill/scanner"
)

// Said is for a person: what bytes mean that went over the port and are no scan, such
// as "acknowledged, good tone". fromDevice tells which way they went; "" is for what the
// profile does not know.
func (p *Profile) Said(fromDevice bool, b []byte) string {
	if p.Engine == SSIEngine {
		return p.packetWords(b)
	}
	read := p.commandAt
	if fromDevice {
		read = p.answerAt
	}
	var all []string
	known := false
	for len(b) > 0 {
		says, n := read(b)
		if n == 0 {
			for n = 1; n < len(b); n++ {
				if _, found := read(b[n:]); found > 0 {
					break
				}
			}
			says = Bytes{b[:n]}.String()
		} else {
			known = true
		}
		all, b = append(all, says), b[n:]
	}
	if !known {
		return ""
	}
	return strings.Join(all, ", ")
}

// word is what some bytes to a device mean.
type word struct {
	send []byte
	says string
}

// commandAt gives the longest command that b begins with.
func (p *Profile) commandAt(b []byte) (says string, size int) {
	for _, w := range p.commands() {
		if len(w.send) > size && bytes.HasPrefix(b, w.send) {
			says, size = w.says, len(w.send)
		}
	}
	return says, size
}

// commands are all that the host may say by this profile.
func (p *Profile) commands() (all []word) {
	add := func(says string, b ...Bytes) {
		for _, b := range b {
			all = append(all, word{b.raw, says})
		}
	}
	if a := p.Answer; a != nil {
		add("acknowledged", a.Ack)
		add("asked to send it again", a.Resend)
	}
	if t := p.Tones; t != nil {
		add("good tone", t.Good.Send)
		add("long tone: HOLD", t.Long.Send)
		add("question tone: CHECK", t.Question.Send)
		add("razz: STOP", t.Razz.Send)
	}
	if l := p.Lights; l != nil {
		for name, light := range map[string]*Light{"green": l.Green, "red": l.Red} {
			if light != nil {
				add(name+" light on", light.On)
				add(name+" light off", light.Off)
			}
		}
	}
	if h := p.Hold; h != nil {
		add("scanning held", h.Begin)
		add("scanning let go", h.End)
	}
	if t := p.Trigger; t != nil {
		add("trigger pulled", t.Begin)
		add("trigger let go", t.End)
	}
	for _, s := range p.Start {
		add("at the start: "+s.Why, s.Send)
	}
	if m := p.Menu; m != nil {
		for _, c := range m.Commands {
			add(fmt.Sprintf("menu command %s: %s", c.Tag, c.Why), Bytes{append(bytes.Clone(m.Prefix.raw), c.Tag+c.Storage...)})
		}
	}
	return all
}

// answerAt reads what a device says beside scans.
func (p *Profile) answerAt(b []byte) (says string, size int) {
	if says, size = p.menuAnswerAt(b); size > 0 {
		return says, size
	}
	if n := p.headerAt(b); n > 0 {
		return headerWords(b[:n]), n
	}
	r := p.Reply
	switch {
	case r == nil:
	case len(r.Done.raw) > 0 && bytes.HasPrefix(b, r.Done.raw):
		return "command done", len(r.Done.raw)
	case len(r.Bad.raw) > 0 && bytes.HasPrefix(b, r.Bad.raw):
		return "command refused", len(r.Bad.raw)
	case len(r.Begin.raw) > 0 && bytes.HasPrefix(b, r.Begin.raw):
		from := len(r.Begin.raw)
		if end := bytes.Index(b[from:], r.End.raw); end >= 0 {
			return "answer: " + Bytes{b[from : from+end]}.String(), from + end + len(r.End.raw)
		}
	}
	return "", 0
}

// menuAnswerAt reads a setting that comes back with its status.
func (p *Profile) menuAnswerAt(b []byte) (says string, size int) {
	if p.Menu == nil {
		return "", 0
	}
	for _, c := range p.Menu.Commands {
		n := len(c.Tag)
		if len(b) < n || !bytes.EqualFold(b[:n], []byte(c.Tag)) {
			continue
		}
		end := bytes.IndexFunc(b[n:], func(r rune) bool { return r == ack || r == enq || r == nak })
		if end < 0 || n+end+1 >= len(b) || b[n+end+1] != c.Storage[0] {
			continue
		}
		says = fmt.Sprintf("menu answer to %s: %s", c.Tag, map[byte]string{ack: "done", enq: "no such setting", nak: "value out of range"}[b[n+end]])
		for line := range bytes.FieldsFuncSeq(b[n:n+end], func(r rune) bool { return r == '\r' || r == '\n' }) {
			says += ", " + Bytes{line}.String()
		}
		return says, n + end + 2
	}
	return "", 0
}

// headerAt gives the length of the data header that b begins with; 0 for none.
func (p *Profile) headerAt(b []byte) int {
	if p.Header == nil || !bytes.HasPrefix(b, p.Header.Begin.raw) {
		return 0
	}
	n := len(p.Header.Begin.raw) + dataAt
	if len(b) < n || b[n-1] != 0x1d {
		return 0
	}
	return n
}

// headerWords names the fields of a data header.
func headerWords(h []byte) string {
	rest := h[len(h)-dataAt:]
	return fmt.Sprintf("data header: %s bytes follow, symbology ]%s", strings.TrimLeft(Bytes{rest[digitsAt : digitsAt+4]}.String(), "0"), Bytes{rest[aimAt : aimAt+2]})
}

// Parts is for a person: what the parts of one scan's bytes mean, such as "STX, code of
// 13 bytes, ETX, check byte 4A: right"; "" where they cannot be told apart.
func (p *Profile) Parts(c scanner.Config, frame, content []byte) string {
	if p.Engine == SSIEngine {
		return p.packetWords(frame)
	}
	at := bytes.LastIndex(frame, content)
	if at < 0 || len(content) == 0 {
		return ""
	}
	before, behind := frame[:at], frame[at+len(content):]
	var parts []string
	if n := p.headerAt(before); n > 0 {
		parts, before = append(parts, headerWords(before[:n])), before[n:]
	}
	if len(before) > 0 && before[0] == stx {
		parts, before = append(parts, "STX begins it"), before[1:]
	}
	size := fmt.Sprintf("code of %d bytes", len(content))
	if len(content) == 1 {
		size = "code of 1 byte"
	}
	time, before, behind := p.deviceTime(before, content, behind)
	parts = append(parts, words(before)...)
	parts = append(append(parts, size), time...)
	if c.Terminator == scanner.STXETXLRC && len(behind) >= 2 && behind[0] == etx {
		return strings.Join(append(parts, "ETX ends it", checkWords(content, behind[1])), ", ")
	}
	return strings.Join(append(parts, endWords(behind)...), ", ")
}

// deviceTime takes the fields of a memory's record off that stand beside its code.
func (p *Profile) deviceTime(before, content, behind []byte) (says []string, _, _ []byte) {
	if p.Memory == nil {
		return nil, before, behind
	}
	field := bytes.TrimRight(behind, "\r\n")
	r, _ := newRecord(p.Memory.Record) // was checked with the document
	_, at := r.read(slices.Concat(before, content, field), time.Local)
	if at.IsZero() {
		return nil, before, behind
	}
	return []string{"the device's time " + at.Format("2006-01-02 15:04:05")}, nil, behind[len(field):]
}

// endWords names what stands behind a code.
func endWords(b []byte) []string {
	for _, end := range []struct{ bytes, says string }{
		{"\r\n", "CR LF ends it"}, {"\r\r", "CR CR ends it"}, {"\r", "CR ends it"}, {"\n", "LF ends it"}, {"\t", "TAB ends it"}, {"\x03", "ETX ends it"},
	} {
		if rest, found := bytes.CutSuffix(b, []byte(end.bytes)); found {
			return append(words(rest), end.says)
		}
	}
	return append(words(b), "silence ends it")
}

// checkWords judges a check byte: the exclusive or of all behind STX.
func checkWords(content []byte, check byte) string {
	right := byte(etx)
	for _, b := range content {
		right ^= b
	}
	if check == right {
		return fmt.Sprintf("check byte %02X: right", check)
	}
	return fmt.Sprintf("check byte %02X: wrong, these bytes have %02X", check, right)
}

// words are other bytes, if there are any.
func words(b []byte) []string {
	if len(b) == 0 {
		return nil
	}
	return []string{Bytes{b}.String()}
}
