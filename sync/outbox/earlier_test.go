package outbox_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/allocation"
	"dockfill/sync/outbox"
	"dockfill/sync/session"
	"dockfill/sync/wire"
)

// mint answers the last hello with a life in place of the present one.
func (d *desk) mint(life string, kept wire.Cursor) {
	d.say(&wire.Welcome{
		Head: wire.Head{Site: "leeds", Nonce: "n1", Incarnation: life}, Minted: true, Instead: d.head().Incarnation, Kept: kept, Centre: "c1", Followed: "c1",
		Stored: wire.Cursor{Hash: wire.Genesis("leeds", life)}, Safe: wire.Cursor{Hash: wire.Genesis("leeds", life)},
	})
}

func TestALifeInPlaceOfAnotherEndsTheFenceAndTheOldLogIsKept(t *testing.T) {
	sit(t, "i1", func(d *desk) {
		d.scan(3)
		d.Link(true, "")
		d.take()
		d.say(&wire.Fence{Head: d.head(), Reason: "diverged", Message: "Another history."})
		require.Equal(t, session.CaptureOnly, d.Status().State)
		old := d.at(3)
		d.mint("i2", d.at(2))
		assert.Equal(t, session.CaptureOnly, d.Status().State, "the centre does not have all of the log")
		d.mint("i2", old)
		assert.Equal(t, session.Active, d.Status().State)
		pos, _ := d.site.Position(t.Context())
		assert.Zero(t, pos.Fence)
		assert.Equal(t, []outbox.Earlier{{Incarnation: "i1", Head: old, Stored: old}}, clearGenesis(pos.Earlier))
		sent := d.take()
		h := sent[len(sent)-1].(*wire.Hello)
		assert.Equal(t, "i2", h.Incarnation)
		assert.Empty(t, h.Doubt)
		assert.Zero(t, h.HeadAt.Seq)

		// Welcomed in it, the site asks how safe the old log is, until it is.
		d.scan(1)
		d.welcome(0)
		sent = d.take()
		late := sent[0].(*wire.Hello)
		assert.True(t, late.Late)
		assert.Equal(t, "i1", late.Incarnation)
		assert.Equal(t, old, late.HeadAt)
		d.say(&wire.Welcome{Head: wire.Head{Site: "leeds", Nonce: "n1", Incarnation: "i1"}, Facts: true, Centre: "c1", Followed: "c1", Stored: old, Safe: old})
		pos, _ = d.site.Position(t.Context())
		assert.Empty(t, pos.Earlier)
		d.ack(1)
		assert.Empty(t, d.after(20*time.Minute), "and no more is said of it")
		assert.Equal(t, session.Active, d.Status().State)
	})
}

func clearGenesis(all []outbox.Earlier) []outbox.Earlier {
	for i := range all {
		if all[i].Safe.Seq == 0 {
			all[i].Safe = wire.Cursor{}
		}
	}
	return all
}

// A centre that was put back to an older copy is followed, counts its commands from 1,
// and gets what it lacks: of this life, and as facts of the ones before.
func TestAnotherLifeOfTheCentreIsFollowedAndGetsWhatItLacks(t *testing.T) {
	sit(t, "i1", func(d *desk) {
		d.scan(4)
		d.Link(true, "")
		d.take()
		old, middle := d.at(4), d.at(2)
		d.mint("i2", old)
		d.scan(3)
		d.welcome(3)
		require.NoError(t, d.site.Apply(t.Context(), "i2", "c1", 1, []wire.Command{{Grant: &wire.Grant{Line: "A/1", Incarnation: "i2", Total: 5}}}))
		d.take()
		d.Link(false, "")
		d.Link(true, "")
		d.take()
		back := &wire.Welcome{Head: d.head(), Centre: "c2", Followed: "c1", Report: true, Stored: d.at(1), Safe: d.at(1)}
		d.say(back)
		pos, _ := d.site.Position(t.Context())
		assert.Equal(t, wire.CommandCursor{Centre: "c2"}, pos.Commands)
		assert.Equal(t, d.at(1), pos.Stored, "lower than before")
		sent := d.take()
		require.Equal(t, hello, runs(sent))
		assert.Equal(t, "c2", sent[0].(*wire.Hello).Commands.Centre)
		d.say(&wire.Ack{Head: d.head(), Centre: "c1", Stored: d.at(3), Safe: d.at(3)})
		d.say(back)
		assert.Empty(t, d.take(), "what the life before said is late now")

		d.say(&wire.Welcome{Head: d.head(), Centre: "c2", Followed: "c2", Report: true, Stored: d.at(1), Safe: d.at(1)})
		sent = d.take()
		require.Equal(t, []string{"Report", "Hello", "2-4"}, runs(sent))
		assert.Equal(t, []wire.Granted{{Line: "A/1", N: 5}}, sent[0].(*wire.Report).Granted)
		assert.Equal(t, "c2", sent[0].(*wire.Report).Centre)
		assert.True(t, sent[1].(*wire.Hello).Late)
		assert.Zero(t, sent[1].(*wire.Hello).Stored)

		lateHead := wire.Head{Site: "leeds", Nonce: "n1", Incarnation: "i1"}
		d.say(&wire.Welcome{Head: lateHead, Facts: true, Centre: "c2", Followed: "c2", Stored: middle, Safe: middle})
		sent = d.take()
		require.Equal(t, []string{"3-4"}, runs(sent))
		assert.Equal(t, "i1", sent[0].(*wire.Events).Incarnation)
		_, whole := sent[0].(*wire.Events).Verify()
		assert.True(t, whole)
		d.say(&wire.Ack{Head: lateHead, Centre: "c2", Stored: old, Safe: middle})
		d.say(&wire.Ack{Head: lateHead, Centre: "c2", Stored: wire.Cursor{Seq: 4, Hash: middle.Hash}, Safe: wire.Cursor{Seq: 4, Hash: middle.Hash}})
		pos, _ = d.site.Position(t.Context())
		assert.Equal(t, []outbox.Earlier{{Incarnation: "i1", Head: old, Stored: old, Safe: middle}}, pos.Earlier, "what is not this log is not believed")
		assert.Equal(t, session.Active, d.Status().State, "and is no matter of this life")
		d.say(&wire.Ack{Head: lateHead, Centre: "c2", Stored: old, Safe: old})
		pos, _ = d.site.Position(t.Context())
		assert.Empty(t, pos.Earlier)
	})
}

func TestAnotherLifeOfTheCentreIsToldOfLogsThatTheOneBeforeHadSafely(t *testing.T) {
	sit(t, "i1", func(d *desk) {
		d.scan(2)
		old := d.at(2)
		d.Link(true, "")
		d.take()
		d.mint("i2", old)
		d.welcome(0)
		d.say(&wire.Welcome{Head: wire.Head{Site: "leeds", Nonce: "n1", Incarnation: "i1"}, Facts: true, Centre: "c1", Followed: "c1", Stored: old, Safe: old})
		d.Link(false, "")
		d.Link(true, "")
		d.take()
		d.say(&wire.Welcome{Head: d.head(), Centre: "c2", Followed: "c1", Stored: d.at(0), Safe: d.at(0)})
		d.say(&wire.Welcome{Head: d.head(), Centre: "c2", Followed: "c2", Stored: d.at(0), Safe: d.at(0)})
		sent := d.take()
		late := sent[len(sent)-1].(*wire.Hello)
		assert.True(t, late.Late)
		assert.Equal(t, "i1", late.Incarnation)
	})
}

func TestALateHelloIsRepeatedUntilItIsAnswered(t *testing.T) {
	sit(t, "i1", func(d *desk) {
		d.scan(1)
		d.Link(true, "")
		d.take()
		d.mint("i2", d.at(1))
		d.welcome(0)
		d.take()
		assert.Equal(t, []string{"Hello", "Hello"}, runs(d.after(10*time.Minute+time.Second)))
		d.Link(false, "")
		assert.Empty(t, d.after(time.Hour))
	})
}

func TestAProbeIsAnsweredAtOnce(t *testing.T) {
	sit(t, "i1", func(d *desk) {
		d.Link(true, "")
		d.take()
		d.welcome(0)
		d.take()
		d.beatsFor(time.Second)
		d.say(&wire.Probe{Head: wire.Head{Site: "leeds", Nonce: "other", Incarnation: "i1"}})
		assert.Empty(t, d.beatsFor(time.Nanosecond))
		began := time.Since(d.began)
		d.say(&wire.Probe{Head: d.head(), Word: "mt2m4xq"})
		d.mu.Lock()
		defer d.mu.Unlock()
		assert.Equal(t, []time.Duration{began}, d.beats)
	})
}

func TestAReportGoesOutInParts(t *testing.T) {
	sit(t, "i1", func(d *desk) {
		var cmds []wire.Command
		for i := range wire.ReportLines + 1 {
			cmds = append(cmds, wire.Command{Grant: &wire.Grant{Line: lineID(i), Incarnation: "i1", Total: 1}})
		}
		require.NoError(t, d.site.Apply(t.Context(), "i1", "c1", 1, cmds))
		d.Link(true, "")
		d.take()
		w := &wire.Welcome{Head: d.head(), Centre: "c1", Followed: "c1", Report: true, Stored: d.at(1), Safe: d.at(1)}
		d.say(w)
		sent := d.take()
		require.Equal(t, []string{"Report", "Report"}, runs(sent))
		assert.Len(t, sent[1].(*wire.Report).Granted, 1)
		assert.Equal(t, 2, sent[1].(*wire.Report).Parts)
		d.say(w)
		assert.Equal(t, []string{"Report", "Report"}, runs(d.take()), "it asks until it has all of them")
	})
}

func lineID(i int) allocation.LineID { return allocation.LineID(fmt.Sprintf("O%d/1", i)) }

// The compressor makes its workers at its first use, and a bubble of virtual time may
// not be where they come from.
func init() {
	if _, err := wire.Encode(&wire.Hello{Program: strings.Repeat("a", 4000)}); err != nil {
		panic(err)
	}
}

// A site that may not allocate is given a new life when the centre holds its whole log,
// so it asks as soon as that is so.
func TestASiteAsksForANewLifeWhenAllIsSent(t *testing.T) {
	sit(t, "i1", func(d *desk) {
		d.scan(1)
		d.Link(true, "")
		assert.Equal(t, hello, runs(d.take()))
		pos, err := d.site.Position(t.Context())
		require.NoError(t, err)
		d.say(&wire.Welcome{Head: d.head(), Facts: true, Followed: "c1", Centre: "c1", Stored: wire.Cursor{Hash: wire.Genesis("leeds", "i1")}})
		assert.Equal(t, []string{"1-1"}, runs(d.after(time.Second)))
		assert.Equal(t, session.CaptureOnly, d.Status().State)
		assert.Empty(t, d.beatsFor(time.Nanosecond))
		began := time.Since(d.began)
		for range 2 {
			d.say(&wire.Ack{Head: d.head(), Centre: "c1", Stored: pos.Head})
		}
		d.mu.Lock()
		defer d.mu.Unlock()
		assert.Equal(t, []time.Duration{began}, d.beats, "once")
	})
}
