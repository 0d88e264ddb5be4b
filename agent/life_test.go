package agent

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/allocation"
	"dockfill/sync/outbox"
	"dockfill/sync/wire"
)

const nextLife = "centre-1.leeds.2"

// replace gives the house another life; the centre holds all of its log.
func (h *house) replace() {
	h.t.Helper()
	require.NoError(h.t, siteLog{h.Agent}.Adopt(h.t.Context(), outbox.NewLife{Incarnation: nextLife, Centre: testCentre, Instead: testLife, Kept: h.head()}))
}

func (h *house) sendNext(first int64, cmds ...wire.Command) {
	h.t.Helper()
	require.NoError(h.t, commands{h.Agent}.Apply(h.t.Context(), nextLife, testCentre, first, cmds))
}

func nextGrant(id string, total int64) wire.Command {
	return wire.Command{Grant: &wire.Grant{Line: allocation.LineID(id + "/1"), Incarnation: nextLife, Total: total}}
}

// What an earlier life gave stays given; it has no rights here, and frees none.
func TestANewLifeKeepsTheGoodsAndBeginsWithoutRights(t *testing.T) {
	h := newHouse(t)
	h.items()
	h.order("A", 1, "X", 3)
	serial := "]C101" + eachGTIN + "21S1"
	require.Equal(t, allocation.Allocated, h.scan(serial).Verdict)
	require.Equal(t, allocation.Held, h.scan("what is this").Verdict)
	old := h.head()
	require.Error(t, siteLog{h.Agent}.Adopt(t.Context(), outbox.NewLife{Incarnation: nextLife, Centre: testCentre, Instead: testLife, Kept: wire.Cursor{Seq: old.Seq - 1}}))
	require.Equal(t, old, h.head(), "more was logged than the centre has")
	h.replace()
	for range 2 {
		l := h.line("A/1")
		assert.EqualValues(t, 1, l.Allocated)
		assert.Zero(t, l.Rights)
		assert.Equal(t, wire.Cursor{Hash: wire.Genesis("leeds", nextLife)}, h.head())
		p, err := siteLog{h.Agent}.Position(t.Context())
		require.NoError(t, err)
		assert.Equal(t, nextLife, p.Incarnation)
		assert.Empty(t, p.Fence)
		require.Len(t, p.Earlier, 1)
		assert.Equal(t, old, p.Earlier[0].Head)
		h.restart()
	}
	log, err := siteLog{h.Agent}.ReadLife(t.Context(), testLife, 0, 1<<20, 1<<30)
	require.NoError(t, err)
	require.Len(t, log, int(old.Seq))
	assert.Equal(t, old.Hash, log[len(log)-1].Hash)

	assert.Equal(t, allocation.WhyDuplicate, h.scan(serial).Why)
	assert.Equal(t, allocation.WhyNothing, h.scan("DF:UNDO").Why)
	assert.Equal(t, allocation.Stock, h.scan(eachGTIN).Verdict, "no right yet")
	h.sendNext(1, orderCommand("A", 1, 1, "X", 3), nextGrant("A", 1))
	assert.EqualValues(t, 2, h.line("A/1").Allocated)
	h.sendNext(3, wire.Command{Map: &wire.Map{Code: []byte("what is this"), SKU: "X", Qty: 1}})
	assert.EqualValues(t, 1, h.free("X"), "what was kept then is received now")
	events := h.events()
	last := events[len(events)-1]
	for _, e := range events {
		if e.Scan != nil && string(e.Scan.Code) == "what is this" {
			assert.Zero(t, e.Scan.Kept)
		}
	}
	require.NotNil(t, last.Applied)

	h.sendNext(4, orderCommand("A", 2, 1, "X", 0)) // both units are taken back
	l := h.line("A/1")
	assert.Zero(t, l.Allocated)
	assert.EqualValues(t, 1, l.Rights.Undone, "the unit of this life alone")
	assert.EqualValues(t, 1, l.Rights.Returned)
	assert.Zero(t, l.Rights.Balance())
	require.NoError(t, siteLog{h.Agent}.AcknowledgeLife(t.Context(), testLife, old, old))
	require.NoError(t, h.forget(t.Context()))
	log, err = siteLog{h.Agent}.ReadLife(t.Context(), testLife, 0, 1<<20, 1<<30)
	require.NoError(t, err)
	assert.Len(t, log, int(old.Seq), "a centre that is put back to a copy asks for it")
	h.Agent.config.Retention = -time.Hour
	require.NoError(t, h.forget(t.Context()))
	log, err = siteLog{h.Agent}.ReadLife(t.Context(), testLife, 0, 1<<20, 1<<30)
	require.NoError(t, err)
	assert.Empty(t, log, "it is safe, and the retention is over")
}

func TestAReclaimStandsUntilItIsReached(t *testing.T) {
	h := newHouse(t)
	h.items()
	h.order("A", 1, "X", 3)
	h.scan(eachGTIN)
	reclaim := func(total int64) wire.Command {
		return wire.Command{Reclaim: &wire.Reclaim{Line: "A/1", Incarnation: testLife, Total: total}}
	}
	h.send(reclaim(3), wire.Command{Reclaim: &wire.Reclaim{Line: "A/1", Incarnation: "another", Total: 9}})
	l := h.line("A/1")
	assert.EqualValues(t, 2, l.Rights.Returned, "what is unspent goes back at once")
	all := h.events()
	assert.Equal(t, []wire.Right{{Line: "A/1", Qty: 2}}, all[len(all)-1].Applied.Returned)
	h.restart()
	h.scan("DF:UNDO")
	l = h.line("A/1")
	assert.EqualValues(t, 3, l.Rights.Returned, "and what becomes unspent")
	assert.Zero(t, l.Rights.Balance())
	assert.Equal(t, allocation.Stock, h.scan(eachGTIN).Verdict)
}
