package ledger

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func open(t *testing.T, path string) *Ledger {
	t.Helper()
	l, err := Open(path)
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	return l
}

func TestAnEntryCanBeReadAsSoonAsAppendReturns(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tones.jsonl")
	l := open(t, path)
	e := Entry{At: time.Date(2027, 1, 31, 8, 0, 0, 123456000, time.UTC), Station: "dock1", Code: "01\x1d<&>", Tone: "good"}
	require.NoError(t, l.Append(e))
	got, err := Read(path)
	require.NoError(t, err)
	assert.Equal(t, []Entry{e}, got)
}

func TestEntriesOfManyStationsAreAllKeptInEachStationsOrder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tones.jsonl")
	l := open(t, path)
	var wg sync.WaitGroup
	for s := range 8 {
		wg.Go(func() {
			for n := range 50 {
				assert.NoError(t, l.Append(Entry{Station: fmt.Sprint(s), Code: fmt.Sprint(n), Tone: "good"}))
			}
		})
	}
	wg.Wait()
	got, err := Read(path)
	require.NoError(t, err)
	require.Len(t, got, 400)
	next := map[string]int{}
	for _, e := range got {
		assert.Equal(t, fmt.Sprint(next[e.Station]), e.Code)
		next[e.Station]++
	}
}

func TestAnUnfinishedLineIsLeftOutAndCutOff(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tones.jsonl")
	require.NoError(t, open(t, path).Append(Entry{Code: "1", Tone: "good"}))
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	f.WriteString(`{"at":"20`)
	f.Close()

	got, err := Read(path)
	require.NoError(t, err)
	require.Len(t, got, 1)
	require.NoError(t, open(t, path).Append(Entry{Code: "2", Tone: "hold"}))
	got, err = Read(path)
	require.NoError(t, err)
	require.Len(t, got, 2)
	assert.Equal(t, "2", got[1].Code)
}

func TestABrokenLineIsNamed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tones.jsonl")
	require.NoError(t, os.WriteFile(path, []byte("{}\nnonsense\n{}\n"), 0o600))
	_, err := Read(path)
	require.ErrorContains(t, err, "tones.jsonl:2:")
}
