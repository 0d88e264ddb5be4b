package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/sync/mqtttest"
	"dockfill/sync/outbox"
	"dockfill/sync/session"
	"dockfill/sync/wire"
)

// desk is a session in virtual time whose carrier notes what is sent, and at
// which the test plays the centre.
type desk struct {
	*outbox.Session
	t     *testing.T
	site  *mqtttest.Site
	began time.Time

	mu       sync.Mutex
	sent     []wire.Message
	sentAt   []time.Duration
	fail     error
	commands []*wire.Commands
	changes  []session.State
	beats    []time.Duration // hellos that say only that the site is there
}

// sit runs f in a bubble with a session over site; life is adopted before, or
// none where it is "".
func sit(t *testing.T, life string, f func(d *desk)) {
	synctest.Test(t, func(t *testing.T) {
		d := &desk{t: t, site: mqtttest.NewSite("leeds"), began: time.Now()}
		if life != "" {
			require.NoError(t, d.site.Adopt(t.Context(), outbox.NewLife{Incarnation: life, Centre: "c1"}))
		}
		var err error
		d.Session, err = outbox.New(t.Context(), outbox.Options{
			Site: "leeds", Nonce: "n1", Log: d.site, Carrier: d,
			Commands: func(m *wire.Commands) { d.commands = append(d.commands, m) },
			OnChange: func(s outbox.Status) { d.changes = append(d.changes, s.State) },
		})
		require.NoError(t, err)
		d.site.Grown = d.Wake
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- d.Run(ctx) }()
		f(d)
		cancel()
		assert.ErrorIs(t, <-ended, context.Canceled)
	})
}

// Publish serves outbox.Carrier.
func (d *desk) Publish(_ context.Context, topic string, payload []byte) error {
	assert.Equal(d.t, wire.Up("leeds"), topic)
	m, err := wire.Decode(payload)
	require.NoError(d.t, err)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fail != nil {
		return d.fail
	}
	if h, ok := m.(*wire.Hello); ok && h.Welcomed {
		d.beats = append(d.beats, time.Since(d.began))
		return nil
	}
	d.sent = append(d.sent, m)
	d.sentAt = append(d.sentAt, time.Since(d.began))
	return nil
}

// take gives what was sent since the last call, when all is quiet.
func (d *desk) take() []wire.Message {
	synctest.Wait()
	d.mu.Lock()
	defer d.mu.Unlock()
	sent := d.sent
	d.sent, d.sentAt = nil, nil
	return sent
}

// after lets time pass.
func (d *desk) after(wait time.Duration) []wire.Message {
	time.Sleep(wait)
	return d.take()
}

// beatsFor lets time pass and gives the beats of that time.
func (d *desk) beatsFor(wait time.Duration) []time.Duration {
	d.mu.Lock()
	d.beats = nil
	d.mu.Unlock()
	d.after(wait)
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.beats
}

func (d *desk) say(m wire.Message) {
	payload, err := wire.Encode(m)
	require.NoError(d.t, err)
	d.Deliver(wire.Down("leeds"), payload)
	synctest.Wait()
}

func (d *desk) head() wire.Head {
	pos, _ := d.site.Position(d.t.Context())
	return wire.Head{Site: "leeds", Nonce: "n1", Incarnation: pos.Incarnation}
}

func (d *desk) at(seq int64) wire.Cursor {
	h, _ := d.site.HashAt(d.t.Context(), seq)
	return wire.Cursor{Seq: seq, Hash: h}
}

func (d *desk) welcome(seq int64) {
	d.say(&wire.Welcome{Head: d.head(), Centre: "c1", Followed: "c1", Stored: d.at(seq), Safe: d.at(seq)})
}

func (d *desk) ack(seq int64) {
	d.say(&wire.Ack{Head: d.head(), Centre: "c1", Stored: d.at(seq), Safe: d.at(seq)})
}

func (d *desk) scan(n int) {
	for i := range n {
		_, err := d.site.Scan(fmt.Sprint(i))
		require.NoError(d.t, err)
	}
}

// runs writes messages as text: "hello", or the events' range.
func runs(ms []wire.Message) (out []string) {
	for _, m := range ms {
		if e, ok := m.(*wire.Events); ok {
			out = append(out, fmt.Sprintf("%d-%d", e.First, e.First+int64(len(e.Events))-1))
		} else {
			out = append(out, strings.TrimPrefix(fmt.Sprintf("%T", m), "*wire."))
		}
	}
	return out
}

var hello = []string{"Hello"}

func TestNothingIsSentBeforeAWelcome(t *testing.T) {
	sit(t, "i1", func(d *desk) {
		d.scan(3)
		assert.Empty(t, d.after(time.Minute), "not without a connection")
		d.Link(true, "")
		assert.Equal(t, hello, runs(d.take()))
		sent := runs(d.after(10 * time.Minute))
		assert.GreaterOrEqual(t, len(sent), 12)
		assert.LessOrEqual(t, len(sent), 20, "with growing pauses")
		assert.NotContains(t, sent, "1-3")
		d.welcome(0)
		assert.Equal(t, []string{"1-3"}, runs(d.take()))
		assert.Empty(t, d.after(time.Second), "and no hello after it")
		assert.True(t, d.Status().Welcomed)
	})
}

func TestTheHelloTellsWhereTheSiteStands(t *testing.T) {
	sit(t, "i1", func(d *desk) {
		d.scan(5)
		require.NoError(t, d.site.Acknowledge(t.Context(), d.at(3), d.at(2)))
		d.Link(true, "")
		h := d.take()[0].(*wire.Hello)
		assert.Equal(t, d.at(5), h.HeadAt)
		assert.Equal(t, d.at(3), h.Stored)
		assert.Equal(t, d.at(2), h.Safe)
		assert.Equal(t, "c1", h.Commands.Centre)
		assert.Equal(t, "i1", h.Incarnation)
		assert.EqualValues(t, 1, h.Run)
	})
}

func TestALoneScanWaitsAMomentForCompany(t *testing.T) {
	sit(t, "i1", func(d *desk) {
		d.Link(true, "")
		d.welcome(0)
		d.take()
		d.scan(1)
		assert.Empty(t, d.after(49*time.Millisecond))
		d.scan(1)
		assert.Equal(t, []string{"1-2"}, runs(d.after(time.Millisecond)))
	})
}

func TestTheWindowIsCountedToTheCentresOwnAcknowledgement(t *testing.T) {
	sit(t, "i1", func(d *desk) {
		d.scan(500*32 + 1200)
		d.Link(true, "")
		d.take()
		d.welcome(0)
		sent := runs(d.take())
		require.Len(t, sent, 32)
		assert.Equal(t, "1-500", sent[0])
		assert.Empty(t, d.after(time.Second))
		d.ack(500)
		assert.Equal(t, []string{"16001-16500"}, runs(d.take()))
		d.ack(1700) // in the midst of a batch: only whole ones make room
		assert.Equal(t, []string{"16501-17000", "17001-17200"}, runs(d.take()))
		pos, _ := d.site.Position(t.Context())
		assert.EqualValues(t, 1700, pos.Stored.Seq)
		assert.EqualValues(t, 1700, pos.Safe.Seq)
	})
}

func TestABatchOfLargeEventsStaysWithinAMessage(t *testing.T) {
	sit(t, "i1", func(d *desk) {
		for range 20 {
			_, err := d.site.Scan(strings.Repeat("x", 40000))
			require.NoError(t, err)
		}
		d.Link(true, "")
		d.take()
		d.welcome(0)
		sent := d.take()
		require.Len(t, sent, 5)
		for _, m := range sent {
			_, ok := m.(*wire.Events).Verify()
			assert.True(t, ok)
		}
	})
}

func TestSilenceIsADoubtAndTheWelcomeSaysWhereToGoOn(t *testing.T) {
	sit(t, "i1", func(d *desk) {
		d.scan(1500)
		d.Link(true, "")
		d.take()
		d.welcome(0)
		require.Equal(t, []string{"1-500", "501-1000", "1001-1500"}, runs(d.take()))
		d.ack(500)
		assert.Empty(t, d.after(14900*time.Millisecond))
		assert.Equal(t, hello, runs(d.after(200*time.Millisecond)))
		d.welcome(1000)
		assert.Equal(t, []string{"1001-1500"}, runs(d.take()))
		assert.EqualValues(t, 1, d.Status().Resends)
		assert.Empty(t, d.after(14900*time.Millisecond))
		d.ack(1500)
		assert.Empty(t, d.after(time.Hour), "all is acknowledged: nothing more to say")
	})
}

func TestAWelcomedSiteSaysAtEveryBeatThatItIsThere(t *testing.T) {
	sit(t, "i1", func(d *desk) {
		d.Link(true, "")
		d.take()
		assert.Empty(t, d.beatsFor(2*time.Minute), "nobody has welcomed it")
		d.welcome(0)
		assert.Len(t, d.beatsFor(time.Minute), 4)
		d.Link(false, "cut")
		assert.Empty(t, d.beatsFor(time.Minute))
	})
}

func TestSilencesGrowLongerUntilTheMarkMoves(t *testing.T) {
	sit(t, "i1", func(d *desk) {
		d.scan(2)
		d.Link(true, "")
		for _, silence := range []time.Duration{15, 30, 60, 60} {
			d.take()
			d.welcome(0)
			assert.Equal(t, []string{"1-2"}, runs(d.take()))
			assert.Empty(t, d.after(silence*time.Second-time.Millisecond))
			assert.Equal(t, hello, runs(d.after(time.Millisecond)))
		}
		d.welcome(1)
		d.take()
		assert.Equal(t, hello, runs(d.after(15*time.Second)), "the mark moved")
	})
}

func TestALateCopyOfAWelcomeSendsNothingAgain(t *testing.T) {
	sit(t, "i1", func(d *desk) {
		d.scan(2)
		d.Link(true, "")
		d.take()
		d.welcome(0)
		d.take()
		d.welcome(0)
		assert.Empty(t, d.take())
	})
}

func TestAnAcknowledgementThatMovesNothingTwiceMeansAGap(t *testing.T) {
	sit(t, "i1", func(d *desk) {
		d.scan(1500)
		d.Link(true, "")
		d.take()
		d.welcome(0)
		d.take()
		d.ack(500)
		d.ack(500)
		assert.Empty(t, d.take(), "the carrier may repeat one")
		d.ack(500)
		assert.Equal(t, []string{"501-1000", "1001-1500"}, runs(d.take()))
		d.ack(500)
		d.ack(500)
		assert.Empty(t, d.take(), "once for each mark")
	})
}

func TestAReconnectReadsAgainFromTheAcknowledgedMark(t *testing.T) {
	sit(t, "i1", func(d *desk) {
		d.scan(1000)
		d.Link(true, "")
		d.take()
		d.welcome(0)
		d.take()
		d.Link(false, "cable")
		d.scan(200)
		assert.Empty(t, d.after(time.Hour))
		assert.Equal(t, "cable", d.Status().Problem)
		assert.False(t, d.Status().Welcomed)
		d.Link(true, "")
		require.Equal(t, hello, runs(d.take()))
		d.welcome(500)
		assert.Equal(t, []string{"501-1000", "1001-1200"}, runs(d.take()))
	})
}

func TestAReconnectTooQuickToBeSeenIsAReconnect(t *testing.T) {
	sit(t, "i1", func(d *desk) {
		d.Link(true, "")
		d.take()
		d.welcome(0)
		d.Link(false, "")
		d.Link(true, "")
		assert.Equal(t, hello, runs(d.take()))
	})
}

func TestANewLifeIsStoredAndUsedUnderANewHello(t *testing.T) {
	sit(t, "", func(d *desk) {
		assert.Equal(t, session.Unverified, d.Status().State)
		d.Link(true, "")
		h := d.take()[0].(*wire.Hello)
		assert.Empty(t, h.Incarnation)
		d.say(&wire.Welcome{Head: wire.Head{Site: "leeds", Nonce: "n1", Incarnation: "i1"}, Minted: true, Centre: "c1"})
		sent := d.take()
		require.Equal(t, hello, runs(sent))
		assert.Equal(t, "i1", sent[0].(*wire.Hello).Incarnation)
		assert.Equal(t, wire.Genesis("leeds", "i1"), sent[0].(*wire.Hello).HeadAt.Hash)
		assert.Equal(t, []session.State{session.Active}, d.changes)
		d.say(&wire.Welcome{Head: wire.Head{Site: "leeds", Nonce: "n1", Incarnation: "i2"}, Minted: true, Centre: "c1"})
		pos, _ := d.site.Position(t.Context())
		assert.Equal(t, "i1", pos.Incarnation, "a second life is not taken")
		d.welcome(0)
		d.scan(1)
		assert.Equal(t, []string{"1-1"}, runs(d.after(50*time.Millisecond)))
	})
}

func TestAnotherHistoryAtTheCentreStopsTheSite(t *testing.T) {
	sit(t, "i1", func(d *desk) {
		d.scan(3)
		d.Link(true, "")
		d.take()
		d.say(&wire.Welcome{Head: d.head(), Centre: "c1", Followed: "c1", Stored: wire.Cursor{Seq: 2, Hash: wire.Genesis("york", "x")}})
		st := d.Status()
		assert.Equal(t, session.CaptureOnly, st.State)
		assert.Equal(t, "diverged", st.Reason)
		assert.NotEmpty(t, st.Text)
		assert.Equal(t, []session.State{session.CaptureOnly}, d.changes)
		assert.Empty(t, d.after(59*time.Second), "no event leaves it")
		assert.Equal(t, hello, runs(d.after(2*time.Second)))
	})
}

func TestAnAcknowledgementWithAnotherHashIsNotBelieved(t *testing.T) {
	for name, forged := range map[string]wire.Cursor{
		"another hash":   {Seq: 2, Hash: wire.Genesis("york", "x")},
		"beyond the log": {Seq: 4, Hash: wire.Genesis("york", "x")},
	} {
		sit(t, "i1", func(d *desk) {
			d.scan(3)
			d.Link(true, "")
			d.take()
			d.welcome(1)
			d.say(&wire.Ack{Head: d.head(), Centre: "c1", Stored: forged, Safe: forged})
			pos, _ := d.site.Position(t.Context())
			assert.EqualValues(t, 1, pos.Stored.Seq, name)
			assert.Equal(t, session.CaptureOnly, d.Status().State, name)
		})
	}
}

func TestStoredAndSafeAreTwoMarks(t *testing.T) {
	sit(t, "i1", func(d *desk) {
		d.scan(3)
		d.Link(true, "")
		d.take()
		d.welcome(0)
		d.say(&wire.Ack{Head: d.head(), Centre: "c1", Stored: d.at(3), Safe: d.at(1)})
		pos, _ := d.site.Position(t.Context())
		assert.EqualValues(t, 3, pos.Stored.Seq)
		assert.EqualValues(t, 1, pos.Safe.Seq)
		d.say(&wire.Ack{Head: d.head(), Centre: "c1", Stored: d.at(2), Safe: d.at(2)})
		pos, _ = d.site.Position(t.Context())
		assert.EqualValues(t, 3, pos.Stored.Seq, "a late one moves nothing back")
		assert.EqualValues(t, 2, pos.Safe.Seq)
		d.say(&wire.Ack{Head: d.head(), Centre: "c1", Stored: d.at(3), Safe: wire.Cursor{Seq: 3, Hash: wire.Genesis("york", "x")}})
		assert.Equal(t, session.CaptureOnly, d.Status().State)
		pos, _ = d.site.Position(t.Context())
		assert.EqualValues(t, 2, pos.Safe.Seq)
		assert.EqualValues(t, 2, d.Status().Safe, "and what was not believed is forgotten")
	})
}

func TestAFenceStopsAllocationUntilAPersonHasDecided(t *testing.T) {
	sit(t, "i1", func(d *desk) {
		d.Link(true, "")
		d.take()
		d.say(&wire.Fence{Head: d.head(), Reason: "clone", Message: "Another agent was welcomed."})
		st := d.Status()
		assert.Equal(t, session.CaptureOnly, st.State)
		assert.Equal(t, "Another agent was welcomed.", st.Text)
		assert.Equal(t, hello, runs(d.after(61*time.Second)))
		d.scan(1)
		d.welcome(0)
		assert.Equal(t, session.CaptureOnly, d.Status().State, "a welcome alone does not free it")
		assert.Equal(t, []string{"1-1"}, runs(d.take()), "but its facts are taken")
		d.say(&wire.Commands{Head: d.head(), Centre: "c1", First: 1, Commands: []wire.Command{{}}})
		assert.Empty(t, d.commands)
	})
}

// A process that starts without a network knows why the one before it stopped.
func TestAFenceIsKeptBeforeAnythingElseHappens(t *testing.T) {
	sit(t, "i1", func(d *desk) {
		d.Link(true, "")
		d.take()
		d.say(&wire.Fence{Head: d.head(), Reason: "clone", Message: "Another agent was welcomed."})
		pos, _ := d.site.Position(t.Context())
		want := outbox.Fence{Reason: "clone", Text: "Another agent was welcomed.", Doubt: "clone"}
		assert.Equal(t, want, pos.Fence)
		next, err := outbox.New(t.Context(), outbox.Options{Site: "leeds", Nonce: "n2", Log: d.site, Carrier: d, Commands: func(*wire.Commands) {}})
		require.NoError(t, err)
		assert.Equal(t, session.CaptureOnly, next.Status().State)
		assert.Equal(t, want.Text, next.Status().Text)
	})
	sit(t, "i1", func(d *desk) { // another history at the centre
		d.scan(3)
		d.Link(true, "")
		d.take()
		d.say(&wire.Welcome{Head: d.head(), Centre: "c1", Followed: "c1", Stored: wire.Cursor{Seq: 2, Hash: wire.Genesis("york", "x")}})
		pos, _ := d.site.Position(t.Context())
		assert.Equal(t, "diverged", pos.Fence.Reason)
		assert.Contains(t, pos.Fence.Doubt, "event 2")
	})
}

// What is not vouched for is told, and its log is sent, but nothing is allocated by it.
func TestASiteInDoubtSendsAndDoesNotAllocate(t *testing.T) {
	sit(t, "i1", func(d *desk) {
		d.scan(2)
		d.Link(true, "")
		d.take()
		d.say(&wire.Fence{Head: d.head(), Reason: "doubtful", Message: "it may be an older copy"})
		sent := d.after(2 * time.Minute)
		require.Equal(t, hello, runs(sent)[:1])
		assert.Equal(t, "doubtful", sent[len(sent)-1].(*wire.Hello).Doubt)
		d.say(&wire.Welcome{Head: d.head(), Facts: true, Centre: "c1", Followed: "c1", Stored: d.at(0), Safe: d.at(0)})
		assert.Contains(t, runs(d.take()), "1-2")
		assert.Equal(t, session.CaptureOnly, d.Status().State)
	})
}

// An acknowledgement of the centre before it was put back to an older copy would keep
// events here for ever that it has no more.
func TestAnAcknowledgementOfAnotherLifeOfTheCentreCountsForNothing(t *testing.T) {
	sit(t, "i1", func(d *desk) {
		d.scan(2)
		d.Link(true, "")
		d.take()
		d.welcome(0)
		d.take()
		d.say(&wire.Ack{Head: d.head(), Centre: "c0", Stored: d.at(2), Safe: d.at(2)})
		assert.Zero(t, d.Status().Stored)
		d.ack(2)
		assert.EqualValues(t, 2, d.Status().Stored)
	})
}

func TestCommandsPassOnlyFromTheCentreThatWelcomed(t *testing.T) {
	sit(t, "i1", func(d *desk) {
		d.Link(true, "")
		d.take()
		commands := func(centre string) *wire.Commands {
			return &wire.Commands{Head: d.head(), Centre: centre, First: 1, Commands: []wire.Command{{}}}
		}
		d.say(commands("c1"))
		assert.Empty(t, d.commands, "not before a welcome")
		d.welcome(0)
		d.say(commands("c1"))
		assert.Len(t, d.commands, 1)
		d.say(commands("c2"))
		assert.Len(t, d.commands, 1)
		assert.Equal(t, hello, runs(d.take()), "an unknown centre is a doubt")
	})
}

func TestMessagesForOthersAndRubbishChangeNothing(t *testing.T) {
	sit(t, "i1", func(d *desk) {
		d.scan(2)
		d.Link(true, "")
		d.take()
		d.welcome(0)
		d.take()
		for _, h := range []wire.Head{{Site: "leeds", Nonce: "n2", Incarnation: "i1"}, {Site: "leeds", Nonce: "n1", Incarnation: "i0"}, {Site: "york", Nonce: "n1", Incarnation: "i1"}} {
			d.say(&wire.Ack{Head: h, Centre: "c1", Stored: d.at(2)})
			d.say(&wire.Fence{Head: h, Reason: "clone"})
		}
		d.Deliver(wire.Down("york"), []byte("x"))
		d.Deliver(wire.Down("leeds"), []byte("x"))
		synctest.Wait()
		st := d.Status()
		assert.Equal(t, session.Active, st.State)
		assert.Zero(t, st.Stored)
		assert.EqualValues(t, 1, st.Dropped)
	})
}

func TestAFailingCarrierIsTriedAgainAndNotHammered(t *testing.T) {
	sit(t, "i1", func(d *desk) {
		d.scan(1)
		d.Link(true, "")
		d.take()
		d.fail = errors.New("down")
		d.welcome(0)
		assert.Empty(t, d.after(10*time.Second))
		d.mu.Lock()
		d.fail = nil
		d.mu.Unlock()
		assert.Equal(t, []string{"1-1"}, runs(d.after(time.Second)))
	})
}

func TestAQueueThatIsFullDropsAndCounts(t *testing.T) {
	s, err := outbox.New(t.Context(), outbox.Options{Site: "leeds", Nonce: "n", Log: mqtttest.NewSite("leeds"),
		Carrier: carrier(nil), Commands: func(*wire.Commands) {}})
	require.NoError(t, err)
	for range 1000 {
		s.Deliver(wire.Down("leeds"), nil) // nobody runs: it must not block
	}
	assert.EqualValues(t, 1000-128, s.Status().Dropped)
}

func TestOptionsThatAreMissingAreSaid(t *testing.T) {
	_, err := outbox.New(t.Context(), outbox.Options{Site: "leeds"})
	assert.ErrorContains(t, err, "needed")
	_, err = outbox.New(t.Context(), outbox.Options{Site: "Leeds", Nonce: "n", Log: mqtttest.NewSite("x"), Carrier: carrier(nil), Commands: func(*wire.Commands) {}})
	assert.ErrorContains(t, err, "a-z")
}

func TestANonceIsNeverTheSame(t *testing.T) {
	assert.NotEqual(t, outbox.NewNonce(), outbox.NewNonce())
	assert.Regexp(t, `^leeds\.[a-z2-7]{32}$`, outbox.ClientID("leeds", outbox.NewNonce()))
	assert.NotEqual(t, outbox.ClientID("leeds", "n"), outbox.ClientID("leeds", "n"), "each connection has its own")
}
