package broker

import (
	"context"
	"errors"
	"log/slog"
	"strings"

	"github.com/mochi-mqtt/server/v2/packets"
)

// brief passes on what the library warns of, without the packets that it would
// write out whole, payload included. The end of a connection, which it reports
// without a word, is no warning, and what a client did wrong access tells in our words.
type brief struct{ next slog.Handler }

func (b brief) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelWarn && b.next.Enabled(ctx, l)
}

func (b brief) Handle(ctx context.Context, r slog.Record) error {
	switch {
	case r.Message == "error processing packet":
		return nil
	case r.Message == "" && !misspoke(r):
		return nil
	case r.Message == "":
		r.Message = "a connection ended before it was introduced"
	}
	short := slog.NewRecord(r.Time, r.Level, "broker: "+r.Message, r.PC)
	r.Attrs(func(a slog.Attr) bool {
		if a.Key != "pk" && a.Key != "packet" {
			short.AddAttrs(a)
		}
		return true
	})
	return b.next.Handle(ctx, short)
}

// misspoke tells a client that said something else than CONNECT, or too much of it,
// from one that went away.
func misspoke(r slog.Record) (yes bool) {
	r.Attrs(func(a slog.Attr) bool {
		err, _ := a.Value.Any().(error)
		var code packets.Code
		yes = yes || err != nil && strings.HasPrefix(err.Error(), "read connection: ") && errors.As(err, &code)
		return !yes
	})
	return yes
}

func (b brief) WithAttrs(as []slog.Attr) slog.Handler { return brief{b.next.WithAttrs(as)} }

func (b brief) WithGroup(name string) slog.Handler { return brief{b.next.WithGroup(name)} }
