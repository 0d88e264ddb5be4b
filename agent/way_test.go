package agent

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/agent/config"
	"dockfill/agent/dock"
	"dockfill/allocation"
	"dockfill/scanner"
	"dockfill/scanner/barcode"
	"dockfill/sync/mqtt"
	"dockfill/sync/mqtttest"
	"dockfill/sync/wire"
)

// pretend is a scanner that reads what a test tells it.
type pretend struct {
	config scanner.Config
	read   chan string
	tones  chan allocation.Verdict
}

func (p *pretend) Run(ctx context.Context, out chan<- scanner.Scan) error {
	for {
		select {
		case code := <-p.read:
			s := scanner.Scan{Station: p.config.Station, Raw: []byte(code), At: time.Now(), Answer: func(v allocation.Verdict) { p.tones <- v }}
			if s.Code = (barcode.Rules{}).Parse("", s.Raw, 2027); code == "" {
				s.Fault = scanner.ErrUnterminated
			}
			out <- s
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (p *pretend) Status() scanner.Status {
	return scanner.Status{Station: p.config.Station, State: scanner.Connected, Port: p.config.Port}
}

func (p *pretend) scan(code string) allocation.Verdict {
	p.read <- code
	return <-p.tones
}

// The whole way, over a real broker: admitted, told what is wanted, scans with
// the line cut, and all of it at the centre after the heal.
func TestFromTheScannerToTheCentreAndBack(t *testing.T) {
	broker := mqtttest.Start(t)
	centre := listenAsCentre(t, broker)
	p := &pretend{read: make(chan string), tones: make(chan allocation.Verdict)}
	h := &house{t: t, config: config.Config{
		Site: "leeds", Data: t.TempDir(), HTTP: "127.0.0.1:0", Retention: config.DefaultRetention,
		Centre: config.Centre{Broker: broker.URL()}, Stations: []scanner.Config{{Station: "1", Port: "pretend"}},
	}}
	h.deps.Source = func(c scanner.Config) (scanner.Source, error) {
		p.config = c
		return p, nil
	}
	h.start()
	require.Eventually(t, func() bool { return centre.Minted() == 1 && h.status().State == "ACTIVE" }, waitLong, waitStep)
	m, _, err := h.store.State(t.Context())
	require.NoError(t, err)
	centre.Command("leeds",
		wire.Command{Item: &wire.Item{SKU: "X", GTINs: []wire.ItemGTIN{{GTIN: eachGTIN, Qty: 1}}}}, orderCommand("A", 1, 1, "X", 100),
		wire.Command{Grant: &wire.Grant{Line: "A/1", Incarnation: m.Incarnation, Total: 100}})
	require.Eventually(t, func() bool { return h.line("A/1").Rights.Granted == 100 }, waitLong, waitStep)

	assert.Equal(t, allocation.Stop, p.scan(""), "a frame that broke off")
	require.Equal(t, allocation.Allocated, p.scan("]C101"+eachGTIN+"21S0"))
	broker.Stop()
	for i := range 20 {
		require.Equal(t, allocation.Allocated, p.scan(fmt.Sprintf("]C101%s21S%d", eachGTIN, i+1)))
	}
	assert.Equal(t, allocation.Stop, p.scan("]C101"+eachGTIN+"21S7"), "a duplicate")
	broker.Resume()
	require.Eventually(t, func() bool { return centre.Stored("leeds") == h.head().Seq && h.status().Stored == h.head().Seq }, waitLong, waitStep)
	at := centre.Events("leeds")
	require.Len(t, at, int(h.head().Seq))
	assert.Equal(t, h.head().Hash, at[len(at)-1].Hash)
	assert.EqualValues(t, 21, h.status().Totals.Scans)

	answer, err := http.Get("http://" + h.Addr().String() + "/healthz")
	require.NoError(t, err)
	answer.Body.Close()
	assert.Equal(t, http.StatusOK, answer.StatusCode)
	require.NoError(t, h.stop())
}

func (h *house) status() dock.Status {
	h.t.Helper()
	s, err := h.Status(h.t.Context())
	require.NoError(h.t, err)
	return s
}

func listenAsCentre(t *testing.T, broker *mqtttest.Broker) *mqtttest.Centre {
	var client *mqtt.Client
	centre := mqtttest.NewCentre("centre-1", func(topic string, payload []byte) {
		client.Publish(t.Context(), topic, payload) // may be lost, as everything here
	})
	var err error
	client, err = mqtt.New(mqtt.Options{
		URL: broker.URL(), ClientID: func() string { return "centre" }, Subscribe: []string{wire.AllUp()}, Handle: centre.Handle,
	})
	require.NoError(t, err)
	go client.Run(t.Context())
	return centre
}
