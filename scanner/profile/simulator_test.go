//go:build linux

package profile_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/allocation"
	"dockfill/firmware-sim/device"
	"dockfill/scanner"
	"dockfill/scanner/profile"
	"dockfill/scanner/serial"
)

const patience = 30 * time.Second

// station is a source on a pretend scanner's port, and the scans that it gave.
type station struct {
	*device.Device
	scanner.Source
	ctx   context.Context
	scans chan scanner.Scan
	late  chan struct{}
}

// attend plugs a pretend scanner in and answers its scans: a code names its own
// verdict behind the last hyphen.
func attend(t *testing.T, d device.Config) *station { return attendBy(t, d, profile.Set{}) }

// attendBy is attend with a site's own profiles.
func attendBy(t *testing.T, d device.Config, set profile.Set) *station {
	dev, source := wired(t, d, set)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	s := &station{dev, source, ctx, make(chan scanner.Scan, 4096), make(chan struct{})}
	out := make(chan scanner.Scan)
	ended := make(chan struct{}, 2)
	go func() { defer func() { ended <- struct{}{} }(); _ = source.Run(ctx, out) }()
	go func() {
		defer func() { ended <- struct{}{} }()
		for {
			select {
			case scan := <-out:
				s.scans <- scan
				if strings.HasPrefix(string(scan.Raw), "LATE") && scan.Fault == nil {
					time.AfterFunc(1500*time.Millisecond, func() { scan.Answer(verdictOf(scan)); close(s.late) })
					continue
				}
				scan.Answer(verdictOf(scan))
			case <-ctx.Done():
				return
			}
		}
	}()
	t.Cleanup(func() { cancel(); <-ended; <-ended })
	require.NoError(t, dev.Ready(ctx))
	require.Eventually(t, func() bool { return source.Status().State == scanner.Connected }, patience, 5*time.Millisecond)
	return s
}

// wired is a pretend scanner and the source on its port, which does not run yet.
func wired(t *testing.T, d device.Config, set profile.Set) (*device.Device, scanner.Source) {
	if d.Listen == "" {
		d.Link = filepath.Join(t.TempDir(), "scanner")
	}
	d.ToneWait = patience
	dev, err := device.Open(d)
	require.NoError(t, err)
	t.Cleanup(dev.Close)
	p, err := set.Find(string(d.Profile))
	require.NoError(t, err)
	port := dev.Address()
	if d.Listen != "" {
		port = "tcp://" + port
	}
	c, err := set.Complete(scanner.Config{Station: "1", Port: port, Profile: scanner.Profile(p.Name), Beep: p.Verdicts()})
	require.NoError(t, err)
	source, err := serial.New(c)
	require.NoError(t, err)
	return dev, source
}

func verdictOf(s scanner.Scan) allocation.Verdict {
	switch {
	case errors.Is(s.Fault, scanner.ErrDoubtfulRepeat):
		return allocation.Check
	case s.Fault != nil:
		return allocation.Stop
	}
	_, word, _ := strings.Cut(string(s.Raw), "-")
	return allocation.Verdict(word)
}

func (s *station) take(t *testing.T) scanner.Scan {
	select {
	case scan := <-s.scans:
		return scan
	case <-s.ctx.Done():
		t.Fatal("no scan came")
		return scanner.Scan{}
	}
}

// The simulator was written from the makers' facts by another hand, and is not
// this decoder read backwards.
func TestEveryMakeGivesTheVerdict(t *testing.T) {
	for name, d := range map[string]device.Config{
		"ssi as it comes":   {Profile: device.SSI},
		"ssi":               {Profile: device.SSI, Packets: true, AIM: true},
		"honeywell-hostack": {Profile: device.HoneywellHostAck},
		"hostack, header":   {Profile: device.HoneywellHostAck, Header: true},
		"datalogic":         {Profile: device.Datalogic, NeedsEnable: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := attend(t, d)
			for _, x := range []struct {
				word string
				tone device.Tone
			}{{"ALLOCATED", device.Good}, {"STOCK", device.Good}, {"HOLD", device.Hold}, {"CHECK", device.Check}, {"STOP", device.Stop}, {"WONDERFUL", device.Stop}} {
				a, err := s.Scan(s.ctx, device.MustLabel("X-"+x.word))
				require.NoError(t, err, x.word)
				assert.Equal(t, x.tone, a.Tone, x.word)
				assert.False(t, a.GaveUp, x.word)
				scan := s.take(t)
				assert.NoError(t, scan.Fault)
				assert.Equal(t, "X-"+x.word, strings.TrimPrefix(string(scan.Raw), "]C0"))
			}
		})
	}
}

// The scanner gave up with its error tone; the unit was saved all the same. A good
// tone now would be the next scan's, and the same code again may be the same unit.
func TestLateVerdictIsNotHeardAndTheNextScanIsAsked(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("makes/honeywell-hostack.toml")
	require.NoError(t, err)
	text = []byte(strings.Replace(string(text), "limit_ms = 10000", "limit_ms = 1000", 1))
	set, err := profile.Load(fstest.MapFS{"honeywell-hostack.toml": {Data: text}})
	require.NoError(t, err)
	s := attendBy(t, device.Config{Profile: device.HoneywellHostAck, HostWait: time.Second}, set)
	a, err := s.Scan(s.ctx, device.MustLabel("LATE-STOCK"))
	require.NoError(t, err)
	assert.True(t, a.GaveUp)
	assert.Equal(t, device.None, a.Tone)
	<-s.late
	a, err = s.Scan(s.ctx, device.MustLabel("LATE-STOCK"))
	require.NoError(t, err)
	assert.Equal(t, device.Check, a.Tone)
	a, err = s.Scan(s.ctx, device.MustLabel("X-STOCK"))
	require.NoError(t, err)
	assert.Equal(t, device.Good, a.Tone)
	assert.EqualValues(t, 1, s.Status().Counts.LostAnswers)
}

// The acknowledgement is given and lost on the wire, and the scanner sends the carton
// again when a hand might have the next one: a person is asked, and nothing counts twice.
func TestACartonWhoseAcknowledgementWasLostIsAskedAbout(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("makes/datalogic-ack.toml")
	require.NoError(t, err)
	text = []byte(strings.Replace(string(text), "resend_ms = 200", "resend_ms = 1000", 1))
	set, err := profile.Load(fstest.MapFS{"datalogic.toml": {Data: text}})
	require.NoError(t, err)
	s := attendBy(t, device.Config{Profile: device.Datalogic, AckNak: true, AckWait: time.Second}, set)
	a, err := s.ScanBadly(s.ctx, device.MustLabel("X-STOCK"), device.LostAck)
	require.NoError(t, err)
	assert.True(t, a.Acked, "the second sending")
	assert.NoError(t, s.take(t).Fault)
	assert.ErrorIs(t, s.take(t).Fault, scanner.ErrDoubtfulRepeat)
	a, err = s.Scan(s.ctx, device.MustLabel("Y-STOCK"))
	require.NoError(t, err)
	assert.Equal(t, device.Good, a.Tone)
	assert.NoError(t, s.take(t).Fault)
}

// The agent stands still behind a scan that it has read. The scanner's further tries lie
// in the port until it goes on, and the worker, who heard the scanner complain, scans the
// unit again: it counts once, and is asked about.
func TestAStandstillMakesNoSecondUnit(t *testing.T) {
	text, err := os.ReadFile("makes/ssi.toml")
	require.NoError(t, err)
	text = []byte(strings.NewReplacer("[ssi.scanner]\nwait_ms = 2000", "[ssi.scanner]\nwait_ms = 500", "ms = 10000", "ms = 1000").Replace(string(text)))
	set, err := profile.Load(fstest.MapFS{"ssi.toml": {Data: text}})
	require.NoError(t, err)
	for name, listen := range map[string]string{"pseudo-terminal": "", "device server": "127.0.0.1:0"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dev, source := wired(t, device.Config{Profile: device.SSI, Packets: true, AckWait: 500 * time.Millisecond, Listen: listen}, set)
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			out, ended := make(chan scanner.Scan), make(chan struct{})
			go func() { defer close(ended); _ = source.Run(ctx, out) }()
			t.Cleanup(func() { cancel(); <-ended })
			require.NoError(t, dev.Ready(ctx))
			a, err := dev.Scan(ctx, device.MustLabel("X-STOCK"))
			require.NoError(t, err)
			require.True(t, a.GaveUp, "nobody took the scan, so nobody read on")

			first := <-out
			require.NoError(t, first.Fault)
			first.Answer(allocation.Stock)
			require.Eventually(t, func() bool { return source.Status().Counts.Repeats == 2 }, patience, 5*time.Millisecond)
			tone := make(chan device.Tone, 1)
			go func() {
				a, _ := dev.Scan(ctx, device.MustLabel("X-STOCK"))
				tone <- a.Tone
			}()
			again := <-out
			assert.ErrorIs(t, again.Fault, scanner.ErrDoubtfulRepeat)
			again.Answer(allocation.Check)
			assert.Equal(t, device.Check, <-tone)
		})
	}
}

func TestHoneywellTakesItsMenuSettings(t *testing.T) {
	t.Parallel()
	told := make(chan device.Event, 64)
	s := attend(t, device.Config{Profile: device.Honeywell, OnEvent: func(e device.Event) { told <- e }})
	require.Eventually(t, func() bool { return s.Status().Revision != "" }, patience, 5*time.Millisecond, "%v", s.Status().LastError)
	assert.NoError(t, s.Status().LastError)
	_, err := s.Scan(s.ctx, device.MustLabel("X-STOCK"))
	require.NoError(t, err)
	scan := s.take(t)
	assert.NoError(t, scan.Fault)
	assert.Equal(t, "X-STOCK", string(scan.Raw))
	assert.NotEmpty(t, scan.Code.Symbology, "the header came with it")
}

func TestSSIScannerSaysWhatItIs(t *testing.T) {
	t.Parallel()
	s := attend(t, device.Config{Profile: device.SSI, Packets: true})
	require.Eventually(t, func() bool { return s.Status().Revision != "" }, patience, 20*time.Millisecond)
	assert.NoError(t, s.Status().LastError)
}

func TestMemorySentTwiceHasTheSameRecords(t *testing.T) {
	t.Parallel()
	s := attend(t, device.Config{Profile: device.Batch})
	s.Unplug()
	const kept = 300
	for range kept {
		a, err := s.Scan(s.ctx, device.MustLabel("X-STOCK"))
		require.NoError(t, err)
		require.True(t, a.Kept)
	}
	require.NoError(t, s.Replug())
	require.NoError(t, s.Ready(s.ctx))
	var sent [2][]scanner.Record
	for round := range sent {
		n, err := s.Upload(s.ctx, 0)
		require.NoError(t, err)
		require.Equal(t, kept, n)
		for i := range kept {
			scan := s.take(t)
			require.NoError(t, scan.Fault)
			require.Equal(t, i+1, scan.Batch.N)
			require.Equal(t, kept, scan.Batch.Of())
			require.True(t, scan.Late)
			sent[round] = scan.Batch.Upload.Records
		}
	}
	assert.Equal(t, sent[0], sent[1])
}
