package profile

import (
	"fmt"
	"slices"
	"strings"

	"dockfill/scanner"
)

// text checks what the engines for plain text need.
func (c *checker) text() {
	if c.need("frame", c.Frame != nil); c.Frame != nil {
		c.oneOf("frame.terminator", c.Frame.Terminator, scanner.Terminators())
		if c.Frame.IdleGapMS != 0 {
			c.within("frame.idle_gap_ms", c.Frame.IdleGapMS, int(scanner.MinIdleGap.Milliseconds()), int(scanner.MaxIdleGap.Milliseconds()))
		}
	}
	if c.SSI != nil {
		c.bad("ssi", "belongs to engine ssi alone")
	}
	for name, given := range map[string]bool{"menu": c.Menu != nil, "header": c.Header != nil} {
		if given && c.Engine != HoneywellEngine {
			c.bad(name, "belongs to engine honeywell alone")
		}
	}
	if c.Reply != nil && c.Engine != DatalogicEngine {
		c.bad("reply", "belongs to engine datalogic alone")
	}
	c.answer()
	c.menu()
	if h := c.Header; h != nil {
		c.within("header.begin", len(h.Begin.raw), 1, 8)
	}
	if r := c.Reply; r != nil && (len(r.Begin.raw) == 0) != (len(r.End.raw) == 0) {
		c.bad("reply", "begin and end go together")
	}
}

func (c *checker) answer() {
	a := c.Answer
	if a == nil {
		return
	}
	c.within("answer.limit_ms", a.LimitMS, 500, 90_000)
	c.within("answer.sends", a.Sends, 1, 10)
	if a.ResendMS != 0 {
		c.within("answer.resend_ms", a.ResendMS, 100, 15_000)
		if a.Sends == 1 {
			c.bad("answer.resend_ms", "says when it sends again, and sends = 1 that it never does")
		}
		if len(a.Ack.raw) == 0 {
			c.bad("answer.resend_ms", "goes with ack; a tone that was lost would not be told from one that was heard")
		}
	}
	if len(a.Ack.raw) == 0 && c.Tones == nil {
		c.bad("answer.ack", "is missing; without tones it is the only answer")
	}
	if len(a.Ack.raw) > 0 && slices.Equal(a.Ack.raw, a.Resend.raw) {
		c.bad("answer.resend", "is the same as ack; a garbled scan would be acknowledged, and lost")
	}
}

func (c *checker) menu() {
	m := c.Menu
	if m == nil {
		return
	}
	c.need("menu.prefix", len(m.Prefix.raw) > 0)
	c.within("menu.wait_ms", m.WaitMS, 100, 30_000)
	c.within("menu.tries", m.Tries, 1, 10)
	for i, command := range m.Commands {
		c.oneOf(fmt.Sprintf("menu.command[%d].storage", i), command.Storage, []string{"!", "."})
		path := fmt.Sprintf("menu.command[%d].tag", i)
		if len(command.Tag) < 6 || strings.ContainsAny(command.Tag, "!.,;\r") {
			c.bad(path, "%q is not one tag, subtag and value, such as BEPBEP0", command.Tag)
		}
	}
}

// packets checks what SSI needs.
func (c *checker) packets() {
	for name, given := range map[string]bool{"frame": c.Frame != nil, "answer": c.Answer != nil, "menu": c.Menu != nil,
		"header": c.Header != nil, "reply": c.Reply != nil, "start": len(c.Start) > 0} {
		if given {
			c.bad(name, "does not go with engine ssi, which speaks in packets")
		}
	}
	s := c.SSI
	if s == nil {
		c.bad("ssi", "is missing: the facts of engine ssi")
		return
	}
	for name, given := range map[string]bool{"packets": s.Packets != nil, "host": s.Host != nil, "scanner": s.Scanner != nil,
		"gap": s.Gap != nil, "repeat": s.Repeat != nil, "ask": s.Ask != nil} {
		c.need("ssi."+name, given)
	}
	if len(c.errs) > 0 {
		return
	}
	c.ssiNumbers(s)
	c.singleBytes()
}

func (c *checker) ssiNumbers(s *SSIFacts) {
	for name, t := range map[string]*Tries{"host": s.Host, "scanner": s.Scanner} {
		c.within("ssi."+name+".wait_ms", t.WaitMS, 100, 10_000)
		c.within("ssi."+name+".tries", t.Tries, 1, 10)
	}
	c.within("ssi.gap.ms", s.Gap.MS, 100, 2000)
	c.within("ssi.repeat.ms", s.Repeat.MS, 1000, 60_000)
	c.within("ssi.ask.wait_ms", s.Ask.WaitMS, 100, 10_000)
	for name, list := range map[string]*Parameters{"packets": s.Packets, "quiet": s.Quiet} {
		if list == nil {
			continue
		}
		c.within("ssi."+name+".set", len(list.Set), 1, 50)
		for _, pair := range list.Set {
			if !isParameter(pair[0]) {
				c.bad("ssi."+name+".set", "%#x is no parameter number: 0 to 0xEF, or with the bytes before it 0xF000 to 0xF7FF and 0xF80000 to 0xF8FFFF", pair[0])
			}
			c.within("ssi."+name+".set", pair[1], 0, 0xFF)
		}
	}
	if !slices.Contains(s.Packets.Set, packeted) {
		c.bad("ssi.packets.set", "lacks [0xEE, 1], which has the scanner send packets")
	}
	c.types(s.Types)
}

// packeted is the parameter and value that turn packets on.
var packeted = [2]int{0xEE, 1}

// isParameter tells the numbers that PARAM_SEND takes: F0 to F7 stand before one
// more byte, F8 before two.
func isParameter(n int) bool {
	return n >= 0 && n <= 0xEF || n >= 0xF000 && n <= 0xF7FF || n >= 0xF80000 && n <= 0xF8FFFF
}

func (c *checker) types(types []SSIType) {
	for i, t := range types {
		c.within(fmt.Sprintf("ssi.type[%d].code", i), t.Code, 0, 0xFF)
		if slices.ContainsFunc(types[:i], func(earlier SSIType) bool { return earlier.Code == t.Code }) {
			c.bad(fmt.Sprintf("ssi.type[%d].code", i), "%#02x is there twice; nobody knows which symbology holds", t.Code)
		}
		if !aimID.MatchString(t.AIM) {
			c.bad(fmt.Sprintf("ssi.type[%d].aim", i), "%q is no symbology identifier such as ]C1", t.AIM)
		}
	}
}

// lastTone is the highest code of BEEP.
const lastTone = 0x1A

// singleBytes checks codes, masks and opcodes.
func (c *checker) singleBytes() {
	one := func(path string, b Bytes) {
		if len(b.raw) != 1 {
			c.bad(path, "%q is not one byte; engine ssi takes a code", b.String())
		}
	}
	if t := c.Tones; t != nil {
		for name, tone := range map[string]Tone{"good": t.Good, "long": t.Long, "question": t.Question, "razz": t.Razz} {
			one("tone."+name+".send", tone.Send)
			if b := tone.Send.raw; len(b) == 1 && b[0] > lastTone {
				c.bad("tone."+name+".send", "%#x is no beep code; they end at 0x1A", b[0])
			}
		}
	}
	if l := c.Lights; l != nil {
		for name, light := range map[string]*Light{"green": l.Green, "red": l.Red} {
			if light != nil {
				one("light."+name+".on", light.On)
				one("light."+name+".off", light.Off)
			}
		}
	}
	if t := c.Trigger; t != nil {
		one("trigger.begin", t.Begin)
		one("trigger.end", t.End)
	}
	if h := c.Hold; h != nil {
		one("hold.begin", h.Begin)
		one("hold.end", h.End)
	}
}
