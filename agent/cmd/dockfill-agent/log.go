package main

import (
	"io"
	"log/slog"
	"os"
	"time"

	"github.com/lmittmann/tint"
	"golang.org/x/term"

	"dockfill/agent/dock"
)

// newLog writes text in colour on a terminal and JSON elsewhere. Text out of
// barcodes cannot move the cursor or forge a line: it is made visible.
func newLog(w io.Writer, level slog.Level) *slog.Logger {
	f, ok := w.(*os.File)
	if ok && term.IsTerminal(int(f.Fd())) {
		return slog.New(tint.NewTextHandler(w, &tint.Options{Level: level, TimeFormat: time.TimeOnly, ReplaceAttr: visible}))
	}
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level, ReplaceAttr: visible}))
}

func visible(_ []string, a slog.Attr) slog.Attr {
	switch v := a.Value.Any().(type) {
	case string:
		a.Value = slog.StringValue(dock.Visible(v))
	case error:
		a.Value = slog.StringValue(dock.Visible(v.Error()))
	}
	return a
}
