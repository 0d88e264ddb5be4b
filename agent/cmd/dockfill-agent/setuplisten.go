package main

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"

	"dockfill/allocation"
	"dockfill/scanner"
	"dockfill/scanner/hid"
	"dockfill/scanner/profile"
)

const (
	// wholeGap is the silence after which a scan is over, whatever its terminator.
	wholeGap = 300 * time.Millisecond
	// giveUpAfter is how long bytes may wait to become a scan: a device that repeats
	// what was not acknowledged does so after 2 s.
	giveUpAfter = 3 * time.Second
	// toldAfter is the silence on the way to the scanner after which it was told all.
	toldAfter = 700 * time.Millisecond
	// settled and settleLimit are how long a scanner is given for its set-up.
	settled     = 300 * time.Millisecond
	settleLimit = 1500 * time.Millisecond
	// pullEvery is how often a trigger is pulled: makers end a reading session after
	// 3 s and more.
	pullEvery = 3 * time.Second
)

// errUnread means that what came is no scan in the settings of this try.
var errUnread = errors.New("what the scanner sent cannot be read")

// listener finds out what the scanner on a port says.
type listener struct {
	*setup
	port  string
	asked bool // for a scan
	// among are the profiles of which it speaks one, where that is all that its ids say.
	among []string
	// mute: it was said that the scanner cannot be told to read.
	mute bool
}

// trial listens with a profile that is known, or that the ids suggest.
func (l *listener) trial(c scanner.Config) (scanner.Config, error) {
	if c.Profile == "" {
		c.Profile = scanner.ASCII
	}
	p, err := l.config.Profiles.Find(string(c.Profile))
	if err != nil {
		return c, usageError(err.Error())
	}
	if !hid.Names(l.port) && p.Engine == profile.ASCIIEngine && p.Memory == nil {
		return l.text(p)
	}
	for s, more := l.speeds(cmp.Or(c.Baud, baudOf(p))), true; more; {
		c.Baud = s.now
		got, came, err := l.try(c, p)
		if !errors.Is(err, errUnread) {
			return got, err
		}
		fmt.Fprintf(l.out, "%v with profile %s at %d baud: %s\n", err, p.Name, s.now, named(came))
		if more = s.next(came); more && p.Answer != nil {
			fmt.Fprintf(l.out, "It may wait up to %d s for an answer before it reads again.\n", p.Answer.LimitMS/1000)
		}
	}
	return c, fmt.Errorf("%w with profile %s at any speed; see `dockfill-agent listen --port %s`. %s", errUnread, p.Name, l.port, advice(p, "serial-mode", ""))
}

// unknown listens to a scanner of which nothing is known.
func (l *listener) unknown() (scanner.Config, error) {
	p, err := l.config.Profiles.Find(string(scanner.ASCII))
	if err != nil {
		return scanner.Config{}, err
	}
	return l.text(p)
}

// undecided listens to a scanner of which the ids name the maker, and not whether it
// waits for an answer to each scan. What it does then, a person sees and hears.
func (l *listener) undecided(among []string) (scanner.Config, error) {
	if l.Yes {
		return scanner.Config{}, usageError("the id does not say whether the scanner waits for an answer to each scan, and --yes asks nothing; say it with --profile: with the wrong one of these it scans again what was counted\n" +
			l.titled(among) + "\nOne that stays silent at a scan and sounds an error some seconds later has Host ACK (ACK/NAK) on")
	}
	l.among = among
	p, err := l.config.Profiles.Find(among[0])
	if err != nil {
		return scanner.Config{}, usageError(err.Error())
	}
	return l.text(p)
}

// text listens without saying anything to the scanner, and tells by what came at
// which speed it speaks, in packets or in plain text, and how a scan ends.
func (l *listener) text(p *profile.Profile) (scanner.Config, error) {
	for s, more := l.speeds(baudOf(p)), true; more; {
		rate := s.now
		came, err := l.hear(rate)
		if err != nil {
			return scanner.Config{}, err
		}
		if l.isPackets(came) {
			fmt.Fprintln(l.out, "It sends packets of Zebra's Simple Serial Interface: profile ssi.")
			return l.trial(scanner.Config{Profile: scanner.SSI, Baud: rate})
		}
		if read := l.readHeader(came); len(read) > 0 {
			return l.headed(read, rate)
		}
		end, content := endOf(came)
		if !isText(content) {
			fmt.Fprintf(l.out, "At %d baud this is no text: %s\n", rate, named(came))
			more = s.next(came)
			continue
		}
		fmt.Fprintf(l.out, "At %d baud it sends plain text: %s\n", rate, named(came))
		if len(l.among) > 0 {
			return l.oneOf(l.among, rate)
		}
		return l.plain(p, rate, end, content)
	}
	return scanner.Config{}, fmt.Errorf("%w at any speed; see `dockfill-agent listen --port %s`", errUnread, l.port)
}

// complete adds what is the port's, and the profile's own settings.
func (l *listener) complete(c scanner.Config, p *profile.Profile) (scanner.Config, error) {
	c.Station, c.Port, c.Beep = "setup", l.port, p.Verdicts()
	c.Unstable = true
	done, err := l.config.Profiles.Complete(c)
	if err != nil {
		return c, usageError(strings.ReplaceAll(err.Error(), "station setup: ", ""))
	}
	return done, nil
}

// askScan asks when the port is open, and again at each further try.
func (l *listener) askScan() {
	if l.asked {
		fmt.Fprintln(l.out, "Scan it again, please.")
		return
	}
	l.asked = true
	fmt.Fprintf(l.out, "%s is open. Scan any barcode now; nothing is saved.\n", l.port)
}

// hear gives the bytes of one scan as they came, at a speed.
func (l *listener) hear(rate int) (came []byte, err error) {
	w := &tap{most: mostHeld}
	c := scanner.Config{Station: "setup", Port: l.port, Unstable: true, Baud: rate, Terminator: scanner.Idle, IdleGap: wholeGap, Tap: w.hear}
	err = attend(l.ctx, c, func(from scanner.Source, scans <-chan scanner.Scan) error {
		return l.wait(from, scans, w, func(scanner.Scan) bool {
			came = w.take()
			return len(came) > 0
		})
	})
	return came, err
}

// try listens with a profile's own conversation for a scan that it can read, and
// tests the verdict's sound on it.
func (l *listener) try(c scanner.Config, p *profile.Profile) (done scanner.Config, came []byte, err error) {
	c, err = l.complete(c, p)
	if err != nil {
		return c, nil, err
	}
	w := &tap{most: mostHeld}
	heard := c
	heard.Tap = w.hear
	err = attend(l.ctx, heard, func(from scanner.Source, scans <-chan scanner.Scan) error {
		var good scanner.Scan
		if err := l.wait(from, scans, w, func(s scanner.Scan) bool {
			if s.Fault != nil || !isText(s.Raw) {
				s.Answer(allocation.Stop)
				return false
			}
			good = s
			return true
		}); err != nil {
			return err
		}
		fmt.Fprintf(l.out, "Read with profile %s: %s\n", p.Name, named(good.Raw))
		var err error
		c.Beep, err = l.testBeep(p, w, good)
		if says := from.Status().Revision; says != "" {
			fmt.Fprintf(l.out, "It says of itself: %s\n", named([]byte(says)))
		}
		return err
	})
	return c, w.take(), err
}

// wait asks for a scan once the port is open and the scanner has heard its set-up,
// and takes scans until done is content, or nothing more is to be hoped for.
func (l *listener) wait(from scanner.Source, scans <-chan scanner.Scan, w *tap, done func(scanner.Scan) bool) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	over := time.After(l.Wait)
	var opened, pulled time.Time
	defer func() {
		if !pulled.IsZero() {
			_ = from.(scanner.Puller).Pull(false) // it lets go by itself in the end
		}
	}()
	for asked := false; ; {
		select {
		case s := <-scans:
			if !asked || errors.Is(s.Fault, scanner.ErrStale) {
				s.Answer(allocation.Check) // of the time before anybody was asked to scan
				continue
			}
			if done(s) {
				return nil
			}
		case <-tick.C:
			st := from.Status()
			if hopeless(st.LastError) {
				return st.LastError
			}
			if opened.IsZero() && st.State == scanner.Connected {
				opened = time.Now()
			}
			if !asked && !opened.IsZero() && (w.told(settled) || time.Since(opened) > settleLimit) {
				asked = true
				w.take() // answers to the set-up
				l.askScan()
			}
			if asked && l.Trigger && time.Since(pulled) > pullEvery && l.pull(from) {
				pulled = time.Now()
			}
			if asked && w.idle(giveUpAfter) {
				return errUnread
			}
		case <-over:
			if w.idle(0) {
				return errUnread
			}
			return fmt.Errorf("%w: no scan came within %v (%s); see `dockfill-agent listen --port %s`", errDeclined, l.Wait, portLine(from.Status()), l.port)
		case <-l.ctx.Done():
			return errDeclined
		}
	}
}

// pull has the scanner read. One that cannot be told so is said once.
func (l *listener) pull(from scanner.Source) bool {
	err := scanner.ErrNoTrigger
	if p, can := from.(scanner.Puller); can {
		err = p.Pull(true)
	}
	if errors.Is(err, scanner.ErrNoTrigger) && !l.mute {
		l.mute = true
		words := "With this profile the scanner cannot be told to read: pull its trigger, or name its make with --profile."
		if l.Profile != "" {
			words = fmt.Sprintf("With profile %s the scanner cannot be told to read: pull its trigger.", strings.ToLower(l.Profile))
		}
		fmt.Fprintln(l.out, words)
	}
	return err == nil
}

// hopeless tells the troubles that waiting does not mend.
func hopeless(err error) bool {
	for _, e := range []error{scanner.ErrHeld, scanner.ErrNoPermission, scanner.ErrKeyboard} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// testBeep plays the good beep and asks whether it was heard.
func (l *listener) testBeep(p *profile.Profile, w *tap, s scanner.Scan) (beep bool, err error) {
	if p.Memory != nil {
		// A good answer would have it clear its memory of scans that nobody saved.
		s.Answer(allocation.Check)
		fmt.Fprintln(l.out, "It sends its memory, which is kept: nothing was saved here.")
		return p.Verdicts(), nil
	}
	before := w.praised(p)
	s.Answer(allocation.Allocated)
	if !p.Verdicts() {
		fmt.Fprintln(l.out, "It hears no verdict: the station's screen and speaker give it.")
		return false, nil
	}
	for began := time.Now(); (w.praised(p) == before || !w.told(toldAfter)) && time.Since(began) < giveUpAfter; {
		time.Sleep(20 * time.Millisecond)
	}
	if w.praised(p) == before {
		fmt.Fprintln(l.out, "The scanner was not told to sound the good beep: it had stopped waiting, or takes no command. Run this again to try it.")
		return true, nil
	}
	fmt.Fprintln(l.out, "The scanner was told to sound the good beep, as a test: nothing was saved.")
	heard, err := l.ask.yes("Did the scanner itself sound it?")
	if err != nil || heard {
		return heard, err
	}
	fmt.Fprintf(l.out, "Then the station's screen and speaker give the verdict (beep = false). To have the scanner sound it: %s\n", advice(p, "host-ack", "see its guide"))
	return false, nil
}
