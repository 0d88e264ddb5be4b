package profile

import (
	"fmt"
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
	if len(a.Ack.raw) == 0 && c.Tones == nil {
		c.bad("answer.ack", "is missing; without tones it is the only answer")
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
			c.within("ssi."+name+".set", pair[0], 0, 0xFE)
			c.within("ssi."+name+".set", pair[1], 0, 0xFF)
		}
	}
	for i, t := range s.Types {
		c.within(fmt.Sprintf("ssi.type[%d].code", i), t.Code, 0, 0xFF)
		if !aimID.MatchString(t.AIM) {
			c.bad(fmt.Sprintf("ssi.type[%d].aim", i), "%q is no symbology identifier such as ]C1", t.AIM)
		}
	}
}

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
	if h := c.Hold; h != nil {
		one("hold.begin", h.Begin)
		one("hold.end", h.End)
	}
}
