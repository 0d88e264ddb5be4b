package outbox_test

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/allocation"
	"dockfill/sync/inbox"
	"dockfill/sync/mqtt"
	"dockfill/sync/mqtttest"
	"dockfill/sync/outbox"
	"dockfill/sync/session"
	"dockfill/sync/wire"
)

// both is a site and a centre that talk over a broker.
type both struct {
	site    *mqtttest.Site
	session *outbox.Session
	centre  *mqtttest.Centre
	broker  *mqtttest.Broker
}

func connect(t *testing.T, id allocation.SiteID) *both {
	b := &both{site: mqtttest.NewSite(id), broker: mqtttest.Start(t)}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	t.Cleanup(func() { cancel(); running.Wait() })
	b.runCentre(ctx, t, &running)
	b.runSite(ctx, t, &running)
	return b
}

func (b *both) runCentre(ctx context.Context, t *testing.T, running *sync.WaitGroup) {
	var client *mqtt.Client
	b.centre = mqtttest.NewCentre("c1", func(topic string, payload []byte) { _ = client.Publish(ctx, topic, payload) })
	client, err := mqtt.New(mqtt.Options{
		URL:        b.broker.URL(),
		ClientID:   func() string { return "centre." + outbox.NewNonce() },
		Subscribe:  []string{wire.AllUp()},
		Handle:     b.centre.Handle,
		RetryFirst: 20 * time.Millisecond, RetryMax: 50 * time.Millisecond,
	})
	require.NoError(t, err)
	running.Go(func() { _ = client.Run(ctx) })
	running.Go(func() {
		for tick := time.NewTicker(100 * time.Millisecond); ; {
			select {
			case <-ctx.Done():
				tick.Stop()
				return
			case <-tick.C:
				b.centre.Repeat()
			}
		}
	})
}

func (b *both) runSite(ctx context.Context, t *testing.T, running *sync.WaitGroup) {
	nonce := outbox.NewNonce()
	in := inbox.New(b.site, nil)
	var err error
	var client *mqtt.Client
	b.session, err = outbox.New(ctx, outbox.Options{
		Site: b.site.ID, Nonce: nonce, Log: b.site, Commands: in.Deliver,
		Carrier:     carrier(func(ctx context.Context, topic string, p []byte) error { return client.Publish(ctx, topic, p) }),
		BatchEvents: 5, Window: 8, Flush: time.Millisecond, Silence: 50 * time.Millisecond, HelloFirst: 20 * time.Millisecond,
	})
	require.NoError(t, err)
	b.site.Grown = b.session.Wake
	client, err = mqtt.New(mqtt.Options{
		URL:        b.broker.URL(),
		ClientID:   func() string { return outbox.ClientID(b.site.ID, nonce) },
		Subscribe:  []string{wire.Down(b.site.ID)},
		Handle:     b.session.Deliver,
		OnState:    b.session.Link,
		RetryFirst: 20 * time.Millisecond, RetryMax: 50 * time.Millisecond,
	})
	require.NoError(t, err)
	running.Go(func() { _ = client.Run(ctx) })
	running.Go(func() { _ = b.session.Run(ctx) })
	running.Go(func() { _ = in.Run(ctx) })
}

type carrier func(ctx context.Context, topic string, payload []byte) error

func (c carrier) Publish(ctx context.Context, topic string, payload []byte) error {
	return c(ctx, topic, payload)
}

func (b *both) scan(t *testing.T, from, to int) {
	for i := from; i < to; i++ {
		_, err := b.site.Scan(fmt.Sprintf("pallet %d", i))
		require.NoError(t, err)
	}
}

func (b *both) active(t *testing.T) {
	require.Eventually(t, func() bool { st := b.session.Status(); return st.Welcomed && st.State == session.Active }, 20*time.Second, time.Millisecond)
}

// equal waits until the centre holds the site's log byte for byte and the site
// has applied every command once, in order.
func (b *both) equal(t *testing.T, commands int) {
	require.Eventually(t, func() bool {
		log := b.site.Log()
		return b.centre.Stored(b.site.ID) == int64(len(log)) && len(b.site.Commands()) == commands && b.session.Status().Stored == int64(len(log))
	}, 40*time.Second, 5*time.Millisecond)
	log := b.site.Log()
	require.Equal(t, log, b.centre.Events(b.site.ID))
	for i, c := range b.site.Commands() {
		require.Equal(t, command(i), c)
	}
}

func command(i int) wire.Command {
	return wire.Command{Grant: &wire.Grant{Line: "O1/1", Incarnation: "c1-1", Total: int64(i)}}
}

func TestASiteWithoutALifeIsGivenOneAndItsScansArrive(t *testing.T) {
	b := connect(t, "leeds")
	b.active(t)
	b.scan(t, 0, 100)
	for i := range 10 {
		b.centre.Command("leeds", command(i))
	}
	b.equal(t, 10)
	assert.Equal(t, 1, b.centre.Minted())
	assert.False(t, b.session.Status().LastAck.IsZero())
}

func TestEveryEventArrivesOnceAndInOrderOverABadNetwork(t *testing.T) {
	b := connect(t, "leeds")
	b.active(t)
	for seed := range uint64(3) {
		b.broker.SetFaults(mqtttest.Faults{Drop: 0.2, Repeat: 0.2, Delay: 0.2, MaxDelay: 30 * time.Millisecond, Seed: seed})
		from := int(seed) * 20
		for i := from; i < from+20; i++ {
			b.scan(t, 50*i, 50*i+50)
			b.centre.Command("leeds", command(i))
			if i%5 == 4 {
				reached := b.centre.Stored("leeds")
				require.Eventually(t, func() bool { return b.centre.Stored("leeds") > reached+20 }, 20*time.Second, time.Millisecond)
				b.broker.Cut()
			}
		}
		b.broker.Stop()
		b.broker.SetFaults(mqtttest.Faults{})
		b.broker.Resume()
		b.equal(t, from+20)
	}
	dropped, repeated, delayed := b.broker.Misdeeds()
	t.Logf("dropped %d, repeated %d, delayed %d messages; %d batches sent again", dropped, repeated, delayed, b.session.Status().Resends)
	assert.Equal(t, session.Active, b.session.Status().State, b.session.Status().Text)
	assert.Equal(t, 1, b.centre.Minted())
}

func TestScansMadeWithoutALineArriveWhenItComesBack(t *testing.T) {
	b := connect(t, "leeds")
	b.active(t)
	b.broker.Stop()
	require.Eventually(t, func() bool { return !b.session.Status().Up }, 10*time.Second, time.Millisecond)
	require.Eventually(t, func() bool { return b.session.Status().Problem != "" }, 10*time.Second, time.Millisecond)
	b.scan(t, 0, 1000)
	b.broker.Resume()
	b.equal(t, 0)
}

func TestStoredBytesTravelUnchanged(t *testing.T) {
	b := connect(t, "leeds")
	b.active(t)
	b.scan(t, 0, 1)
	_, err := b.site.Scan("\x1d<script>\u2028&=1+1")
	require.NoError(t, err)
	b.equal(t, 0)
	assert.True(t, json.Valid(b.centre.Events("leeds")[1].Body))
}
