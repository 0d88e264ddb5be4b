package inbox_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"dockfill/sync/inbox"
	"dockfill/sync/session"
	"dockfill/sync/wire"
)

// recorder applies commands in memory; Grant.Total stands for the number.
type recorder struct {
	mu      sync.Mutex
	cursor  wire.CommandCursor
	applied []int64
	fail    error
	hold    chan struct{}
}

func (r *recorder) Applied(context.Context) (string, wire.CommandCursor, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return "i1", r.cursor, nil
}

func (r *recorder) Apply(_ context.Context, _, centre string, first int64, cmds []wire.Command) error {
	if r.hold != nil {
		<-r.hold
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fail != nil {
		return r.fail
	}
	r.cursor = wire.CommandCursor{Centre: centre, N: first + int64(len(cmds)) - 1}
	for _, c := range cmds {
		r.applied = append(r.applied, c.Grant.Total)
	}
	return nil
}

func message(first, last int64) *wire.Commands {
	m := &wire.Commands{Head: wire.Head{Incarnation: "i1"}, Centre: "c1", First: first}
	for n := first; n <= last; n++ {
		m.Commands = append(m.Commands, wire.Command{Grant: &wire.Grant{Total: n}})
	}
	return m
}

// running runs an inbox in a bubble of virtual time.
func running(t *testing.T, r *recorder, f func(in *inbox.Inbox)) {
	synctest.Test(t, func(t *testing.T) {
		in := inbox.New(r, nil)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- in.Run(ctx) }()
		f(in)
		cancel()
		require.ErrorIs(t, <-ended, context.Canceled)
	})
}

func TestCommandsAreAppliedOnceAndInOrderWhateverComes(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		const all = 20
		var history []*wire.Commands
		for range rapid.IntRange(0, 30).Draw(rt, "messages") {
			first := rapid.Int64Range(1, all).Draw(rt, "first")
			history = append(history, message(first, min(all, first+rapid.Int64Range(0, 5).Draw(rt, "more"))))
		}
		r := &recorder{cursor: wire.CommandCursor{Centre: "c1"}}
		for _, m := range history {
			if first, cmds := session.Fresh(r.cursor, m); len(cmds) > 0 {
				require.NoError(rt, r.Apply(rt.Context(), "i1", m.Centre, first, cmds))
			}
		}
		for i, n := range r.applied {
			require.EqualValues(rt, i+1, n)
		}
	})
}

func TestAGapMovesNothingAndARepeatIsDropped(t *testing.T) {
	r := &recorder{cursor: wire.CommandCursor{Centre: "c1"}}
	running(t, r, func(in *inbox.Inbox) {
		in.Deliver(message(1, 3))
		in.Deliver(message(5, 6)) // 4 was lost
		in.Deliver(message(1, 3)) // a repeat
		in.Deliver(message(2, 5)) // partly known
		synctest.Wait()
		assert.Equal(t, []int64{1, 2, 3, 4, 5}, r.applied)
	})
}

func TestANewLifeOfTheCentreCountsFromOne(t *testing.T) {
	r := &recorder{cursor: wire.CommandCursor{Centre: "c0", N: 99}}
	running(t, r, func(in *inbox.Inbox) {
		in.Deliver(message(2, 2))
		in.Deliver(message(1, 2))
		synctest.Wait()
		assert.Equal(t, wire.CommandCursor{Centre: "c1", N: 2}, r.cursor)
		assert.Equal(t, []int64{1, 2}, r.applied)
	})
}

func TestAFailureIsLeftForTheCentreToRepeat(t *testing.T) {
	r := &recorder{cursor: wire.CommandCursor{Centre: "c1"}, fail: errors.New("disk full")}
	running(t, r, func(in *inbox.Inbox) {
		in.Deliver(message(1, 3))
		in.Deliver(message(4, 6))
		time.Sleep(time.Minute)
		r.mu.Lock()
		r.fail = nil
		r.mu.Unlock()
		in.Deliver(message(1, 3))
		synctest.Wait()
		assert.Equal(t, []int64{1, 2, 3}, r.applied)
	})
}

func TestASlowSiteNeverBlocksTheCarrier(t *testing.T) {
	r := &recorder{cursor: wire.CommandCursor{Centre: "c1"}, hold: make(chan struct{})}
	running(t, r, func(in *inbox.Inbox) {
		for n := range int64(1000) {
			in.Deliver(message(n+1, n+1))
		}
		assert.GreaterOrEqual(t, in.Dropped(), int64(1000-64-1))
		close(r.hold)
		synctest.Wait()
		for i, n := range r.applied {
			require.EqualValues(t, i+1, n)
		}
		assert.NotEmpty(t, r.applied)
	})
}

// What waits in the queue while the site begins another life counts for the old one.
func TestCommandsToAnEarlierLifeAreDropped(t *testing.T) {
	r := &recorder{cursor: wire.CommandCursor{Centre: "c1"}}
	running(t, r, func(in *inbox.Inbox) {
		m := message(1, 3)
		m.Incarnation = "i0"
		in.Deliver(m)
		synctest.Wait()
		in.Deliver(message(1, 2))
		synctest.Wait()
	})
	assert.Equal(t, []int64{1, 2}, r.applied)
}
