package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/agent/store"
	"dockfill/allocation"
	told "dockfill/sync/wire"
)

// lived makes a site that was admitted and knows an item and two orders, and runs its
// agent. It gives its configuration, its address and what stops it.
func lived(t *testing.T) (file, url string, stop func()) {
	data := t.TempDir()
	s, err := store.Open(t.Context(), store.Options{Path: filepath.Join(data, "agent.db"), Site: "leeds"})
	require.NoError(t, err)
	require.NoError(t, s.Update(t.Context(), func(tx *store.Tx) error {
		if err := tx.Adopt("c.leeds.1", "c"); err != nil {
			return err
		}
		if err := tx.PutItem(&told.Item{SKU: "X", GTINs: []told.ItemGTIN{{GTIN: "04006381333931", Qty: 1}}}); err != nil {
			return err
		}
		for i, id := range []allocation.OrderID{"new", "old"} {
			o := &told.Order{ID: id, Version: 1, Customer: "C", Tier: 1 + i, Accepted: time.Now().AddDate(0, 0, -1-9*i)}
			if err := tx.PutOrder(o); err != nil {
				return err
			}
			line := allocation.MakeLineID(id, "1")
			if err := tx.AddLine(line, id, told.OrderLine{Line: "1", SKU: "X"}); err != nil {
				return err
			}
			d, err := allocation.Decide(tx.Meta().Policy, tx, "2026-11-23", allocation.Demand{Wants: []allocation.Want{{Line: line, Qty: 2}}})
			if err != nil {
				return err
			}
			if _, err := tx.Write(d, nil); err != nil {
				return err
			}
			if _, _, err := tx.Grant(line, 2); err != nil {
				return err
			}
		}
		return nil
	}))
	require.NoError(t, s.Close())
	file = writeConfig(t, "site='leeds'\ndata='"+data+"'\nhttp='127.0.0.1:0'\n[[station]]\nid='1'\n")
	ctx, cancel := context.WithCancel(context.Background())
	r, w := io.Pipe()
	done := make(chan int, 1)
	go func() {
		done <- execute(ctx, []string{"run", "--config", file}, strings.NewReader(""), w, io.Discard)
		_ = w.Close()
	}()
	line, err := bufio.NewReader(r).ReadString('\n')
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		made, _ := filepath.Glob(filepath.Join(data, "checkpoints", "????-??-??.db"))
		return len(made) == 1
	}, 20*time.Second, 5*time.Millisecond)
	ended := false
	stop = func() {
		if !ended {
			ended = true
			cancel()
			assert.Equal(t, exitGood, <-done)
		}
	}
	t.Cleanup(stop)
	return file, strings.TrimSpace(strings.TrimPrefix(line, "http ")), stop
}

func TestAPolicyIsTriedOnTheSitesOwnPast(t *testing.T) {
	file, url, stop := lived(t)
	for _, serial := range []string{"A", "B", "C"} {
		code, out, errs := say(t, "", "scan", "--agent", url, "]C10104006381333931"+"21"+serial)
		require.Equal(t, exitGood, code, out+errs)
	}
	oldest := filepath.Join(t.TempDir(), "oldest.toml")
	require.NoError(t, os.WriteFile(oldest, []byte("version = \"oldest\"\nrank = [\"accepted\"]\n"), 0o600))
	past := func(args ...string) (int, string, string) {
		today := time.Now().Format(time.DateOnly)
		return say(t, "", append([]string{"replay", "--config", file, "--since", today}, args...)...)
	}
	code, out, errs := past("--agent", url, "--policy", oldest)
	require.Equal(t, exitGood, code, errs)
	assert.Contains(t, out, ": 3 events.\nThe site's log was reproduced: 3 of 3 decisions, and its hash. Both end with event 3, hash ")
	assert.Contains(t, out, "\nIn force: default. Tried: oldest.")
	assert.Regexp(t, `orders completed +1 +1 +0`, out)
	assert.Regexp(t, `inversions .* +2 +0 +-2`, out)
	assert.Regexp(t, `new/1 +X +1 +2 +2 +1 +-1`, out)
	assert.Regexp(t, `old/1 +X +2 +2 +1 +2 +\+1`, out)
	stop() // without a running agent it is the same
	code, out, errs = past("--policy", oldest, "--json")
	require.Equal(t, exitGood, code, errs)
	var body pastBody
	require.NoError(t, json.Unmarshal([]byte(out), &body))
	assert.Equal(t, schema, body.Schema)
	assert.EqualValues(t, 3, body.Reproduced)
	assert.True(t, body.Hash)
	require.NotNil(t, body.Shadow)
	assert.EqualValues(t, 2, body.Control.Inversions)
	assert.Zero(t, body.Shadow.Inversions)
	require.Len(t, body.Lines, 2)
	code, out, _ = past()
	assert.Equal(t, exitGood, code)
	assert.NotContains(t, out, "Tried")
	code, out, errs = past("--since", "7d")
	assert.Equal(t, exitGood, code, errs)
	assert.Contains(t, out, "Site leeds is younger than you asked for: it is played from its beginning, its oldest checkpoint.\nSite leeds, from")
	assert.Contains(t, out, "3 of 3 decisions")
}

func TestTheWrongWordsForThePastAreToldBeforeAnythingIsPlayed(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "bad.toml")
	require.NoError(t, os.WriteFile(bad, []byte("version = \"x\"\nshair = \"fair\"\n"), 0o600))
	for _, c := range []struct {
		args, says string
		code       int
	}{
		{"replay", "--since", exitUsage},
		{"replay x.jsonl --since 7d", "exclude each other", exitUsage},
		{"replay x.jsonl --json", "belong to --since", exitUsage},
		{"replay --since yesterday", "7d, 36h, 2026-11-16", exitUsage},
		{"replay --since=-3d", "7d, 36h", exitUsage},
		{"replay --since 7d --policy " + bad, "line 2, column 1", exitFailed},
	} {
		code, out, errs := say(t, "", strings.Fields(c.args)...)
		assert.Equal(t, c.code, code, c.args)
		assert.Empty(t, out, c.args)
		assert.Contains(t, errs, c.says, c.args)
	}
}

func TestAMomentIsSaidAsPeopleSayIt(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.Local)
	for text, want := range map[string]time.Time{
		"7d":                  now.AddDate(0, 0, -7),
		"36h":                 now.Add(-36 * time.Hour),
		"2026-11-16":          time.Date(2026, 11, 17, 0, 0, 0, 0, time.Local).Add(-time.Nanosecond),
		"2026-11-16T14:00":    time.Date(2026, 11, 16, 14, 0, 0, 0, time.Local),
		"2026-11-16T14:00:05": time.Date(2026, 11, 16, 14, 0, 5, 0, time.Local),
	} {
		got, err := moment(text, now)
		require.NoError(t, err)
		assert.True(t, want.Equal(got), "%s: %v", text, got)
	}
	today, err := moment("2026-11-23", now)
	require.NoError(t, err)
	assert.True(t, today.After(now), "the day counts to its end")
	for _, text := range []string{"2026-11-24", "2026-11-23T12:01", "2027-01-01T00:00:00Z"} {
		_, err := moment(text, now)
		assert.ErrorContains(t, err, "is still to come", text)
	}
	assert.Equal(t, "3.2 d", span(77*time.Hour))
	assert.Equal(t, "-45.0 h", longer(-45*time.Hour))
	assert.Equal(t, "+12 min", longer(12*time.Minute))
	assert.Equal(t, "0", longer(0))
}
