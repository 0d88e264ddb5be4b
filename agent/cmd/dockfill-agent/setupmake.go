package main

import (
	"fmt"
	"strings"

	"dockfill/scanner"
	"dockfill/scanner/profile"
)

// plain settles a scanner that sends text. Which make it is cannot be seen, so a
// person is asked where another profile would do more.
func (l *listener) plain(p *profile.Profile, rate int, end scanner.Terminator, content []byte) (scanner.Config, error) {
	if end == scanner.Idle {
		fmt.Fprintf(l.out, "Nothing marks the end of a scan but silence. Better: %s\n", advice(p, "terminator", "set the scanner to send CR behind each scan"))
	}
	if content[0] != ']' {
		fmt.Fprintf(l.out, "It sends no symbology identifier, so some codes can be read in two ways. Better: %s\n", advice(p, "identifiers", "turn on AIM identifiers in the scanner"))
	}
	if l.Profile == "" {
		name, err := l.askMake()
		if err != nil {
			return scanner.Config{}, err
		}
		if name = strings.ToLower(name); name != string(scanner.ASCII) {
			return l.trial(scanner.Config{Profile: scanner.Profile(name), Baud: rate})
		}
	}
	l.tellVerdict(p)
	c := scanner.Config{Profile: scanner.Profile(p.Name), Baud: rate, Terminator: end}
	return l.complete(c, p)
}

// tellVerdict says who gives the verdict. Where nobody chose the profile, the make
// is not known, nor what the scanner could do.
func (l *listener) tellVerdict(p *profile.Profile) {
	if l.Yes || l.Profile != "" {
		defer l.tellWaiting()
	}
	quiet := "Its own beep at decoding says nothing; " + advice(p, "quiet", "turn it off if the scanner can")
	if !l.Yes || l.Profile != "" {
		fmt.Fprintf(l.out, "With profile %s it hears no verdict: the station's screen and speaker give it. %s\n", p.Name, quiet)
		return
	}
	fmt.Fprintf(l.out, "Its make is not known, so profile %s is taken, with which the station's screen and speaker give the verdict. %s\n", p.Name, quiet)
	fmt.Fprintf(l.out, "If it is of one of these makes it may be able to sound the verdict itself: run this again with --profile and the name.\n%s\n", l.talking())
}

// tellWaiting says what nobody was asked: whether the scanner waits for an answer. With
// this profile it gets none.
func (l *listener) tellWaiting() {
	fmt.Fprintf(l.out, "Did it stay silent at this scan and sound an error some seconds later? Then Host ACK is on, and units count twice, as each is scanned again: run `dockfill-agent setup --port %s --profile NAME` with the name that fits:\n%s\n",
		l.port, l.titled(l.profiles(func(p *profile.Profile) bool { return p.Answer != nil })))
}

// headed settles a scanner that puts Honeywell's data header before each scan.
func (l *listener) headed(read []*profile.Profile, rate int) (scanner.Config, error) {
	var among []string
	for _, p := range read {
		among = append(among, p.Name)
	}
	fmt.Fprintf(l.out, "At %d baud it sends a data header of Honeywell before each scan. These profiles read it:\n", rate)
	return l.oneOf(among, rate)
}

// waitsSign is what a person sees of a scanner that waits for an answer that nobody
// gives.
const waitsSign = "Did it stay silent at this scan and sound an error some seconds later? Then Host ACK (ACK/NAK) is on, and it needs the profile that answers it."

// oneOf has a person choose among profiles, of which some answer each scan.
func (l *listener) oneOf(among []string, rate int) (scanner.Config, error) {
	fmt.Fprintln(l.out, l.titled(among))
	name := among[0]
	if len(among) > 1 {
		fmt.Fprintln(l.out, waitsSign)
		var err error
		if name, err = l.ask.text("Profile", "", "--profile: with the wrong one of these a scanner in Host ACK mode complains of scans that were saved"); err != nil {
			return scanner.Config{}, err
		}
	}
	return l.trial(scanner.Config{Profile: scanner.Profile(strings.ToLower(name)), Baud: rate})
}

// askMake asks whether the scanner waits for an answer, and offers the profiles that can
// sound the verdict.
func (l *listener) askMake() (string, error) {
	if l.Yes {
		return string(scanner.ASCII), nil
	}
	waits, err := l.ask.yes("Did it stay silent at this scan and sound an error some seconds later?")
	if err != nil {
		return "", err
	}
	if waits {
		fmt.Fprintf(l.out, "Then it waits for an answer to each scan (Host ACK, ACK/NAK), and without one what was counted is scanned again. These profiles answer it:\n%s\n",
			l.titled(l.profiles(func(p *profile.Profile) bool { return p.Answer != nil })))
		return l.ask.text("Profile", "", "--profile")
	}
	fmt.Fprintf(l.out, "Any make can send this. These can also sound the verdict, if the scanner is set up for it:\n%s\n", l.talking())
	return l.ask.text("Profile", string(scanner.ASCII), "")
}

// talking lists the profiles that can sound the verdict, a line each.
func (l *listener) talking() string { return l.titled(l.profiles((*profile.Profile).Verdicts)) }

// profiles names those for which want holds.
func (l *listener) profiles(want func(*profile.Profile) bool) (all []string) {
	for _, name := range l.config.Profiles.Names() {
		if p, err := l.config.Profiles.Find(name); err == nil && want(p) {
			all = append(all, name)
		}
	}
	return all
}

// titled writes profiles with their titles, a line each.
func (l *listener) titled(names []string) string {
	var lines []string
	for _, name := range names {
		if p, err := l.config.Profiles.Find(name); err == nil {
			lines = append(lines, fmt.Sprintf("  %s: %s", name, p.Title))
		}
	}
	return strings.Join(lines, "\n")
}
