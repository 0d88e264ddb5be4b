package capture

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func record(i int) *Record {
	return &Record{Station: "1", Code: fmt.Appendf(nil, "code %d", i), At: time.Unix(int64(i), 0).UTC()}
}

func options(t testing.TB) Options {
	return Options{Path: filepath.Join(t.TempDir(), "agent.capture"), Site: "leeds"}
}

// written makes a file of n records and gives its bytes, and where each frame ends.
func written(t testing.TB, o Options, n int) (whole []byte, ends []int64) {
	t.Helper()
	f, err := Open(o, func(Record) { t.Fatal("there is none") })
	require.NoError(t, err)
	for i := range n {
		r := record(i)
		require.NoError(t, f.Append(r))
		require.EqualValues(t, i+1, r.N)
		ends = append(ends, f.end)
	}
	require.NoError(t, f.Close())
	whole, err = os.ReadFile(o.Path)
	require.NoError(t, err)
	return whole, ends
}

func reopened(t testing.TB, o Options) (*File, []Record) {
	t.Helper()
	var all []Record
	f, err := Open(o, func(r Record) { all = append(all, r) })
	require.NoError(t, err)
	t.Cleanup(func() { f.Close() })
	return f, all
}

func TestWhatWasAppendedIsThereAgain(t *testing.T) {
	o := options(t)
	written(t, o, 3)
	f, all := reopened(t, o)
	require.Len(t, all, 3)
	for i, r := range all {
		want := *record(i)
		want.N = int64(i + 1)
		assert.Equal(t, want, r)
		again, err := f.Read(r.N)
		require.NoError(t, err)
		assert.Equal(t, want, again)
	}
	id := f.ID()
	require.NoError(t, f.Append(record(3)))
	assert.Equal(t, id, f.ID())
	require.NoError(t, f.Remove(""))
	assert.NoFileExists(t, o.Path)
	require.NoError(t, f.Append(record(0)))
	assert.NotEqual(t, id, f.ID(), "another file has another name")
	assert.EqualValues(t, 1, f.Last())
	require.NoError(t, f.Remove("kept"))
	assert.FileExists(t, filepath.Join(filepath.Dir(o.Path), "kept"))
}

// A crash tears the file at any byte: what was flushed before stays, what was torn goes.
func TestATornEndIsCutOffAtEveryByte(t *testing.T) {
	o := options(t)
	whole, ends := written(t, o, 3)
	for cut := range int64(len(whole)) {
		require.NoError(t, os.WriteFile(o.Path, whole[:cut], 0o600))
		want := 0
		for _, end := range ends {
			if end <= cut {
				want++
			}
		}
		f, all := reopened(t, o)
		require.Len(t, all, want, "cut at %d", cut)
		assert.Zero(t, f.Lost())
		require.NoError(t, f.Append(record(7)))
		require.NoError(t, f.Close())
		_, all = reopened(t, o)
		require.Len(t, all, want+1, "cut at %d", cut)
		assert.EqualValues(t, want+1, all[want].N)
		require.NoError(t, os.Remove(o.Path))
	}
}

// A torn end may hold anything, where the disk wrote its blocks in another order.
func TestATornEndOfRubbishIsCutOff(t *testing.T) {
	o := options(t)
	whole, ends := written(t, o, 3)
	for at := ends[1]; at < ends[2]; at++ {
		torn := append([]byte(nil), whole...)
		torn[at] ^= 0x40
		require.NoError(t, os.WriteFile(o.Path, torn, 0o600))
		f, all := reopened(t, o)
		require.Len(t, all, 2, "byte %d", at)
		assert.Positive(t, f.Torn())
		require.NoError(t, f.Close())
	}
}

// Damage before a whole record is no torn end: that scan had its tone, and is missed.
func TestADamagedRecordInTheMiddleIsMissedAndTheOthersStay(t *testing.T) {
	o := options(t)
	whole, ends := written(t, o, 3)
	for at := ends[0]; at < ends[1]; at++ {
		bad := append([]byte(nil), whole...)
		bad[at] ^= 0x40
		require.NoError(t, os.WriteFile(o.Path, bad, 0o600))
		f, all := reopened(t, o)
		require.Len(t, all, 2, "byte %d", at)
		assert.EqualValues(t, 3, all[1].N)
		assert.EqualValues(t, 1, f.Lost())
		assert.EqualValues(t, 3, f.Last())
		_, err := f.Read(2)
		require.ErrorIs(t, err, ErrLost)
		require.NoError(t, f.Close())
	}
}

func TestADamagedHeaderLosesNoRecord(t *testing.T) {
	o := options(t)
	whole, _ := written(t, o, 2)
	whole[5] ^= 1
	require.NoError(t, os.WriteFile(o.Path, whole, 0o600))
	f, all := reopened(t, o)
	require.Len(t, all, 2)
	id := f.ID()
	require.NotEmpty(t, id)
	require.NoError(t, f.Close())
	f, _ = reopened(t, o)
	assert.Equal(t, id, f.ID(), "what was taken in is known again")
}

func TestAnotherSitesFileIsRefused(t *testing.T) {
	o := options(t)
	written(t, o, 1)
	o.Site = "york"
	_, err := Open(o, func(Record) {})
	require.ErrorIs(t, err, ErrForeign)
	assert.FileExists(t, o.Path)
}

// After a flush that failed nobody knows what the disk holds.
func TestAfterAFailedFlushNothingIsAppended(t *testing.T) {
	o := options(t)
	broken := errors.New("no flush")
	fails := false
	o.Flush = func(f *os.File) error {
		if fails {
			return broken
		}
		return f.Sync()
	}
	f, err := Open(o, func(Record) {})
	require.NoError(t, err)
	require.NoError(t, f.Append(record(0)))
	fails = true
	err = f.Append(record(1))
	require.ErrorIs(t, err, ErrUncertain)
	require.ErrorIs(t, err, broken)
	fails = false
	require.ErrorIs(t, f.Append(record(1)), ErrUncertain)
	require.NoError(t, f.Close())
	_, all := reopened(t, o)
	assert.NotEmpty(t, all)
}

// Without room nothing of the record stays, and the next one may be tried.
func TestWhatDoesNotFitLeavesNothing(t *testing.T) {
	o := options(t)
	f, err := Open(o, func(Record) {})
	require.NoError(t, err)
	require.NoError(t, f.Append(record(0)))
	real := f.file
	if f.file, err = os.Open(o.Path); err != nil { // writes fail, and so does taking back
		t.Fatal(err)
	}
	require.ErrorIs(t, f.Append(record(1)), ErrUncertain)
	f.file.Close()
	f.file, f.bad = real, nil
	require.ErrorIs(t, f.Append(&Record{Code: make([]byte, maxContent)}), ErrNotSaved)
	require.NoError(t, f.Append(record(1)))
	assert.EqualValues(t, 2, f.Last())
}

func FuzzOpen(f *testing.F) {
	o := options(f)
	whole, _ := written(f, o, 2)
	f.Add(whole)
	f.Add(whole[:len(whole)-3])
	f.Fuzz(func(t *testing.T, content []byte) {
		o := options(t)
		require.NoError(t, os.WriteFile(o.Path, content, 0o600))
		n := int64(0)
		file, err := Open(o, func(r Record) { n++ })
		if err != nil {
			require.ErrorIs(t, err, ErrForeign)
			return
		}
		defer file.Close()
		require.LessOrEqual(t, n, file.Last())
		if file.Last() < 1000 {
			require.NoError(t, file.Append(record(1)))
		}
	})
}

func BenchmarkAppend(b *testing.B) {
	f, err := Open(options(b), func(Record) {})
	require.NoError(b, err)
	defer f.Close()
	for b.Loop() {
		if err := f.Append(record(1)); err != nil {
			b.Fatal(err)
		}
	}
}
