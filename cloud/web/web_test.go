package web

import (
	"context"
	"io"
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// serve runs a server over the twin on a free port until the test ends.
func serve(t *testing.T, data *twin) (address string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- newServer(data).Run(ctx, ln) }()
	t.Cleanup(func() {
		stop()
		select {
		case err := <-ended:
			require.NoError(t, err)
		case <-time.After(2 * shutdownTime):
			t.Error("the server does not stop")
		}
	})
	return "http://" + ln.Addr().String()
}

func newServer(data *twin) *Server {
	return New(Options{Reads: data, Imports: data, Acts: data, Version: "1.2.3", Broker: "tcp://10.0.0.5:1883",
		Now: func() time.Time { return noon }, Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
}
