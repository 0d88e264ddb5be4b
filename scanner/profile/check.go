package profile

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

var (
	allSure     = []Sure{Vendor, Measured, OneProgram, Unverified}
	allEngines  = []Engine{SSIEngine, HoneywellEngine, DatalogicEngine, ASCIIEngine}
	allModes    = []Mode{Serial, Keyboard, HIDPOS, OtherUSB, AnyUSB}
	allPurposes = []string{"serial-mode", "host-ack", "terminator", "quiet", "identifiers", "leave-keyboard", "memory"}
	usbID       = regexp.MustCompile(`^[0-9A-F]{4}$`)
	fileName    = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,39}$`)
	aimID       = regexp.MustCompile(`^\][A-Za-z][0-9A-Za-z]$`)
)

// checker collects what is wrong with a document.
type checker struct {
	*Profile
	errs []mistake
}

type mistake struct {
	at   place
	text string
}

// check gives every mistake of a document with its place.
func (p *Profile) check() error {
	c := &checker{Profile: p}
	if !fileName.MatchString(p.Name) {
		c.bad("", "the file's name is the profile's: a-z, 0-9 and -, then .toml")
	}
	c.oneOf("engine", p.Engine, allEngines)
	if p.Title == "" {
		c.bad("title", "title is missing: say what these devices are called")
	}
	c.evidence("", reflect.ValueOf(p).Elem())
	c.usb()
	c.line()
	c.voice()
	c.memory()
	for i, s := range p.Setup {
		c.oneOf(fmt.Sprintf("setup[%d].purpose", i), s.Purpose, allPurposes)
		c.need(fmt.Sprintf("setup[%d].words", i), s.Words != "")
	}
	if p.Engine == SSIEngine {
		c.packets()
	} else {
		c.text()
	}
	return told(c.file, c.errs)
}

// told gives mistakes in the order of the document, a line for each.
func told(file string, wrong []mistake) error {
	slices.SortStableFunc(wrong, func(a, b mistake) int {
		return cmp.Or(cmp.Compare(a.at.line, b.at.line), cmp.Compare(a.at.column, b.at.column), cmp.Compare(a.text, b.text))
	})
	var errs []error
	for _, m := range wrong {
		errs = append(errs, fmt.Errorf("%s:%d:%d: %s", file, m.at.line, m.at.column, m.text))
	}
	return errors.Join(errs...)
}

func (c *checker) bad(path, format string, args ...any) {
	at := c.places.of(path)
	if path != "" {
		path += ": "
	}
	c.errs = append(c.errs, mistake{at, path + fmt.Sprintf(format, args...)})
}

func (c *checker) need(path string, given bool) {
	if !given {
		c.bad(path, "is missing")
	}
}

func (c *checker) within(path string, n, least, most int) {
	if n < least || n > most {
		c.bad(path, "%d is not between %d and %d", n, least, most)
	}
}

// oneOf refuses a word that is not in the list.
func (c *checker) oneOf(path string, word, list any) {
	values := reflect.ValueOf(list)
	var words []string
	for i := range values.Len() {
		words = append(words, values.Index(i).String())
	}
	if got := reflect.ValueOf(word).String(); !slices.Contains(words, got) {
		c.bad(path, "%q is none of %s", got, strings.Join(words, ", "))
	}
}

// evidence walks the document: every fact says where it is from.
func (c *checker) evidence(path string, v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			c.evidence(path, v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			c.evidence(fmt.Sprintf("%s[%d]", path, i), v.Index(i))
		}
	case reflect.Struct:
		if e, ok := v.Interface().(Evidence); ok {
			c.need(path+".source", e.Source != "")
			c.oneOf(path+".sure", e.Sure, allSure)
			return
		}
		for i := range v.NumField() {
			field := v.Type().Field(i)
			tag := field.Tag.Get("toml")
			switch {
			case field.Anonymous:
				c.evidence(path, v.Field(i))
			case tag != "" && tag != "-":
				c.evidence(under(path, tag), v.Field(i))
			}
		}
	}
}

func (c *checker) usb() {
	for i, u := range c.USB {
		path := fmt.Sprintf("usb[%d]", i)
		if !usbID.MatchString(u.VID) {
			c.bad(path+".vid", "%q is not four hexadecimal digits in capitals", u.VID)
		}
		if u.PID != "" && !usbID.MatchString(u.PID) {
			c.bad(path+".pid", "%q is not four hexadecimal digits in capitals", u.PID)
		}
		c.oneOf(path+".mode", u.Mode, allModes)
		if slices.Contains(bridges, u.VID) {
			c.bad(path+".vid", "%s is a bridge chip that stands before scanners of all makes", u.VID)
		}
	}
}

func (c *checker) line() {
	if l := c.Line; l != nil {
		c.within("line.baud", l.Baud, 300, 4_000_000)
		c.within("line.data_bits", l.DataBits, 7, 8)
		c.oneOf("line.parity", l.Parity, []string{"none", "odd", "even"})
		c.within("line.stop_bits", l.StopBits, 1, 2)
	}
}

// voice checks how verdicts are given.
func (c *checker) voice() {
	if t := c.Tones; t != nil {
		for name, tone := range map[string]Tone{"good": t.Good, "long": t.Long, "question": t.Question, "razz": t.Razz} {
			c.need("tone."+name+".send", len(tone.Send.raw) > 0)
		}
		if slices.Equal(t.Good.Send.raw, t.Razz.Send.raw) {
			c.bad("tone.razz.send", "sounds like tone.good; nobody could tell a stop")
		}
		if slices.Equal(t.Good.Send.raw, t.Question.Send.raw) {
			c.bad("tone.question.send", "sounds like tone.good; nobody could tell a question")
		}
	}
	if (c.Lights != nil || c.Hold != nil) && c.Tones == nil {
		c.bad("tone", "is missing; lights and hold go with the tones")
	}
	if l := c.Lights; l != nil {
		for name, light := range map[string]*Light{"green": l.Green, "red": l.Red} {
			if light != nil {
				c.need("light."+name+".on", len(light.On.raw) > 0)
				c.within("light."+name+".ms", light.MS, 0, 60_000)
			}
		}
	}
	if h := c.Hold; h != nil {
		c.need("hold.end", len(h.End.raw) > 0)
		if slices.Equal(h.Begin.raw, h.End.raw) {
			c.bad("hold.end", "is the same as begin; the scanner would not be let go")
		}
		c.within("hold.ms", h.MS, 500, 30_000)
	}
	if t := c.Trigger; t != nil {
		c.need("trigger.begin", len(t.Begin.raw) > 0)
		c.need("trigger.end", len(t.End.raw) > 0)
	}
	for i, s := range c.Start {
		c.need(fmt.Sprintf("start[%d].send", i), len(s.Send.raw) > 0)
	}
}

func (c *checker) memory() {
	if m := c.Memory; m != nil {
		c.within("memory.scans", m.Scans, 2, 1000)
		c.within("memory.end_ms", m.EndMS, 100, 10_000)
		if _, err := newRecord(m.Record); err != nil {
			c.bad("memory.record", "%v", err)
		}
		if c.Answer != nil || c.Engine == SSIEngine {
			c.bad("memory", "does not go with a scanner that waits for an answer to each scan: nothing more would come")
		}
	}
}
