package broker

import (
	"context"
	"log/slog"
)

// brief passes on what the library warns of, without the packets that it would
// write out whole, payload included. What a client did wrong access tells in our words.
type brief struct{ next slog.Handler }

func (b brief) Enabled(ctx context.Context, l slog.Level) bool {
	return l >= slog.LevelWarn && b.next.Enabled(ctx, l)
}

func (b brief) Handle(ctx context.Context, r slog.Record) error {
	if r.Message == "error processing packet" {
		return nil
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

func (b brief) WithAttrs(as []slog.Attr) slog.Handler { return brief{b.next.WithAttrs(as)} }

func (b brief) WithGroup(name string) slog.Handler { return brief{b.next.WithGroup(name)} }
