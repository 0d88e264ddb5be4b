package main

import (
	"bytes"
	"errors"
	"time"

	"dockfill/scanner"
	"dockfill/scanner/profile"
)

const (
	// mostBefore and mostBehind bound the framing on either side of a scan's
	// content: a data header, a record's other fields.
	mostBefore = 64
	mostBehind = 64
	// mostTries bounds the search where a content came in parts.
	mostTries = 1024
	// surelySilent is longer than any silence that ends a frame.
	surelySilent = time.Hour
)

// seeker finds the bytes that became a scan: the fewest that the profile's own
// codec reads as that scan.
type seeker struct {
	config  scanner.Config
	scan    scanner.Scan
	packets bool
	memory  bool // its scans come when the line is silent
}

func newSeeker(c scanner.Config, s scanner.Scan) seeker {
	p, _ := c.Speech.(*profile.Profile)
	return seeker{c, s, p != nil && p.Engine == profile.SSIEngine, p != nil && p.Memory != nil}
}

// find gives where the frame stands in what came; all of it where no part alone
// reads as the scan.
func (k seeker) find(came []byte) (from, to int) {
	size := len(k.scan.Raw)
	for at := k.content(came, 0); at >= 0; at = k.content(came, at+1) {
		for from = at; from >= max(0, at-mostBefore); from-- {
			if to = k.reads(came, from, at+size); to > 0 {
				return from, k.withEnd(came, to)
			}
		}
	}
	for from = len(came) - size; size > 0 && from >= max(0, len(came)-size-mostTries); from-- {
		if k.reads(came, from, len(came)) > 0 {
			return from, len(came)
		}
	}
	return 0, len(came)
}

// content is where the scan's content stands from a place on, -1 for nowhere.
func (k seeker) content(came []byte, from int) int {
	if len(k.scan.Raw) == 0 || from > len(came) {
		return -1
	}
	at := bytes.Index(came[from:], k.scan.Raw)
	if at < 0 {
		return -1
	}
	return from + at
}

// reads gives the end of the frame that begins at from and has its content before
// least; 0 where that is not this scan.
func (k seeker) reads(came []byte, from, least int) int {
	if k.endsSilent(came[from:least]) {
		return least
	}
	if k.memory {
		return k.readsRecord(came, from, least)
	}
	codec, err := profile.New(k.config)
	if err != nil {
		return 0
	}
	now := time.Now()
	mine, other := k.among(codec.Feed(now, came[from:least]))
	for to := least; ; to++ {
		switch {
		case mine:
			return to
		case other || to == min(len(came), least+mostBehind):
			return 0
		}
		mine, other = k.among(codec.Feed(now, came[to:to+1]))
	}
}

// readsRecord is reads of one record of a memory, up to the end of its line.
func (k seeker) readsRecord(came []byte, from, least int) int {
	for to := least + 1; to <= min(len(came), least+mostBehind); to++ {
		if bytes.IndexByte([]byte("\r\n\t\x03"), came[to-1]) >= 0 && k.endsSilent(came[from:to]) {
			return to
		}
	}
	return 0
}

// endsSilent reports that the bytes, and a silence behind them, are the scan.
func (k seeker) endsSilent(frame []byte) bool {
	codec, err := profile.New(k.config)
	if err != nil {
		return false
	}
	now := time.Now()
	events := codec.Feed(now, frame)
	mine, _ := k.among(append(events, codec.Silence(now.Add(surelySilent))...))
	return mine
}

// among looks for the scan in what a codec says; other is that there is another
// one.
func (k seeker) among(events []profile.Event) (mine, other bool) {
	for _, e := range events {
		if e.Kind == profile.Deliver {
			mine, other = mine || k.is(e), true
		}
	}
	return mine, other
}

func (k seeker) is(e profile.Event) bool {
	if !bytes.Equal(e.Data, k.scan.Raw) || (e.Fault != nil && !errors.Is(k.scan.Fault, e.Fault)) {
		return false
	}
	if k.scan.Fault != nil {
		return true
	}
	code := k.config.Rules.Parse(e.Symbology, e.Data, k.scan.At.Year())
	return code.Symbology == k.scan.Code.Symbology && e.DeviceTime.Equal(k.scan.DeviceTime)
}

// withEnd takes the rest of an ending of which the profile needs a part alone.
func (k seeker) withEnd(came []byte, to int) int {
	for !k.packets && to < len(came) && (came[to] == '\r' || came[to] == '\n') {
		to++
	}
	return to
}
