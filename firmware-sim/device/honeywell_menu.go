package device

import (
	"fmt"
	"maps"
	"strconv"
	"strings"
	"sync"
	"time"
)

// menu is a Honeywell scanner's settings by tag and subtag, three letters each.
// The syntax and the three answers are the user guides'; that Host ACK's tags
// are HSTACK and HSTCDT is from memory of their setup barcodes and not confirmed.
type menu struct {
	mu      sync.Mutex
	initial map[string]string // as it came
	flash   map[string]string // what outlasts the power
	now     map[string]string
}

// settings are those that the device knows, with the range of their numbers;
// without a range the data is text, or none.
var settings = map[string]struct {
	low, high int
	initial   string
}{
	"HSTACK": {0, 1, "0"}, "HSTCDT": {1, 90, "10"}, "BEPBEP": {0, 1, "1"}, "BEPLVL": {0, 3, "3"}, "DECHDR": {0, 1, "0"},
	"232BAD": {0, 9, "5"}, "TERMID": {0, 999, "0"}, "TRGMOD": {0, 9, "0"},
	"SUFBK2": {}, "PREBK2": {}, "SUFCA2": {}, "PRECA2": {}, "VSUFCR": {}, "DEFALT": {}, "REVINF": {},
}

// honeywellRevision is what REVINF tells.
const honeywellRevision = "Product Name: Pretend Scanner\r\nSoftware Revision: DOCKSIM01\r\nSerial Number: SIM0001\r\n"

func (m *menu) factory(c Config) {
	m.initial = map[string]string{}
	for tag, s := range settings {
		m.initial[tag] = s.initial
	}
	if c.Profile == HoneywellHostAck {
		m.initial["HSTACK"] = "1"
	}
	if c.Header {
		m.initial["DECHDR"] = "1"
	}
	if c.HostWait > 0 {
		m.initial["HSTCDT"] = strconv.Itoa(max(1, int(c.HostWait/time.Second)))
	}
	m.flash = maps.Clone(m.initial)
	m.now = maps.Clone(m.initial)
}

// powerUp forgets what was set with an exclamation mark.
func (m *menu) powerUp() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now = maps.Clone(m.flash)
}

func (m *menu) on(tag string) bool { return m.get(tag) == "1" }

func (m *menu) get(tag string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.now[tag]
}

// hostWait is how long the scanner stays suspended.
func (m *menu) hostWait() time.Duration {
	seconds, _ := strconv.Atoi(m.get("HSTCDT"))
	return time.Duration(seconds) * time.Second
}

// obey does what stands between SYN M CR and the storage mark, that included,
// and gives the answer: the commands again, each with ACK, ENQ (no such setting)
// or NAK (out of range) before its punctuation.
func (m *menu) obey(text string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	storage := text[len(text)-1]
	var out strings.Builder
	out.WriteString(cordless(&text))
	tag := ""
	for text != "" {
		end := strings.IndexAny(text, ",;!.")
		command, mark := text[:end], text[end]
		text = text[end+1:]
		out.WriteString(m.one(&tag, strings.ToUpper(command), storage == '.'))
		out.WriteByte(mark)
		if mark == ';' {
			tag = ""
		}
	}
	return out.String()
}

// cordless takes the name of a cordless scanner, ":Name:", off the text.
func cordless(text *string) string {
	if !strings.HasPrefix(*text, ":") {
		return ""
	}
	end := strings.IndexByte((*text)[1:], ':') + 2
	name := (*text)[:end]
	*text = (*text)[end:]
	return name
}

// one does one command and echoes it. After a comma the tag of the command
// before holds on.
func (m *menu) one(tag *string, command string, keep bool) string {
	name, data := *tag+command, ""
	if len(name) >= 6 {
		name, data, *tag = name[:6], name[6:], name[:3]
	}
	s, known := settings[name]
	switch value, err := strconv.Atoi(data); {
	case !known:
		return command + string(rune(enq))
	case strings.HasSuffix(data, "?"):
		return strings.TrimSuffix(command, "?") + m.now[name] + string(rune(ack))
	case strings.HasSuffix(data, "^"):
		return strings.TrimSuffix(command, "^") + m.initial[name] + string(rune(ack))
	case strings.HasSuffix(data, "*"):
		return strings.TrimSuffix(command, "*") + fmt.Sprintf("%d-%d", s.low, s.high) + string(rune(ack))
	case name == "REVINF":
		return command + honeywellRevision + string(rune(ack))
	case name == "DEFALT":
		m.now = maps.Clone(m.initial)
	case s.high > 0 && (err != nil || value < s.low || value > s.high):
		return command + string(rune(nak))
	default:
		m.now[name] = data
		if keep {
			m.flash[name] = data
		}
	}
	return command + string(rune(ack))
}
