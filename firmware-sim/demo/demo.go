// Package demo is a small pretend company on one machine: one centre, a few
// sites, a pretend scanner at each, 200 backorders, a supplier who is late, and
// a network that can be cut. It drives the built programs as a customer would,
// from outside.
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// Options are how a demo runs.
type Options struct {
	// Programs is the folder of dockfill-cloud and dockfill-agent.
	Programs string
	// Dir is an empty folder for all files.
	Dir string
	// Sites are the names of the warehouses; at least one.
	Sites []string
	// Stations is the number of scanners at each site, 1 or more.
	Stations int
	// Pace is how long a worker rests between two scans, on average.
	Pace time.Duration
	// For ends the demo after so much scanning; 0 goes on until it is stopped.
	For time.Duration
	// Auto plays the story by itself.
	Auto bool
	// HTTPPort is the port of the centre's page, the sites follow; 0 takes free ones.
	HTTPPort int
	// TCP has scanners on TCP, where there are no pseudo-terminals.
	TCP bool
	// Keys are what is typed; nil without a keyboard.
	Keys <-chan byte
	// Out takes everything that is said. Live says that it is a terminal of Width
	// columns, on which a status is refreshed in place; Color, that it has colours.
	Out         io.Writer
	Live, Color bool
	Width       func() int
	// Notes are lines about the files for the introduction.
	Notes []string
}

// The keys. They act on the first site.
const (
	keyNetwork = 'n'
	keyBad     = 'b'
	keyUndo    = 'u'
	keyQuit    = 'q'
)

// ErrUnequal is the end of a demo in which site and centre did not come to the
// same.
var ErrUnequal = errors.New("a site and the centre are not equal")

// Run plays the demo to its end. It gives nil where the context or a key ended
// it, ErrUnequal, or what went wrong: a program that is missing, does not start
// or dies is named with the end of its log.
func Run(ctx context.Context, o Options) (err error) {
	h := &house{Options: o, world: newWorld(time.Now(), o.Sites), screen: newScreen(o)}
	defer h.close()
	if err := h.open(ctx); err != nil {
		return ended(ctx, err)
	}
	h.introduce()
	err = ended(ctx, h.play(ctx))
	if ctx.Err() != nil {
		h.screen.say("-- Stopped, without a summary: the key q ends with one.")
	}
	return err
}

// ended forgets errors that only say that somebody stopped the demo.
func ended(ctx context.Context, err error) error {
	if err == nil || ctx.Err() == nil {
		return err
	}
	return nil
}

// introduce tells a newcomer what to open and what to press.
func (h *house) introduce() {
	say := h.screen.say
	say("")
	say("Everything runs on this machine and ends with the demo. Open these pages, the first one first:")
	say("")
	for n, s := range h.sites {
		say("  %d  %-24s%s/?station=1", n+1, "dock display of "+s.name, s.http)
	}
	say("  %d  %-24s%s/", len(h.sites)+1, "the centre", h.centre.http)
	say("")
	say("A dock display shows a worker after each scan where the units go. The centre shows what is owed, to whom, since when.")
	for _, note := range h.Notes {
		say("%s", note)
	}
	if h.Auto {
		say("The story plays by itself: pallets arrive, the network of %s is cut, scanning goes on, a bad label, an undo, the network is back.", h.sites[0].name)
	}
	say("")
}

// legend is the line of keys.
func (h *house) legend() string {
	if h.Keys == nil {
		return ""
	}
	return fmt.Sprintf("Keys: n cut/restore the network  b bad scan  u undo  q quit   (for %s)", h.sites[0].name)
}
