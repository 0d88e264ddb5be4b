package anchor

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/sync/session"
	"dockfill/sync/wire"
)

func TestAnAnchorIsReadAsItWasWrittenOrNotAtAll(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	f, err := At(dir)
	require.NoError(t, err)
	_, err = f.Read()
	require.ErrorIs(t, err, ErrMissing)
	head := wire.Cursor{Seq: 7, Hash: wire.Genesis("leeds", "i1")}
	want := session.Begin(session.Database{Incarnation: "i1", Run: 3, Head: head, File: "f", Machine: "m"}, 10).Stop(head)
	require.NoError(t, f.Write(want.Stop(wire.Cursor{})))
	require.NoError(t, f.Write(want))
	got, err := f.Read()
	require.NoError(t, err)
	assert.Equal(t, want, got)

	path := filepath.Join(dir, name)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	for what, b := range map[string][]byte{
		"cut off": text[:len(text)/2], "empty": {}, "another number": bytes.Replace(text, []byte(`"Run":3`), []byte(`"Run":4`), 1), "zeros": make([]byte, len(text)),
	} {
		require.NoError(t, os.WriteFile(path, b, 0o600))
		_, err := f.Read()
		assert.ErrorIs(t, err, ErrDamaged, what)
	}
	names, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, names, 1, "nothing is left beside it")
}

func TestAFolderThatCannotBeWrittenIsSaidAtOnce(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err := At(file)
	assert.ErrorContains(t, err, "name another folder as `anchor`")
}

func TestACopyOfAFileIsAnother(t *testing.T) {
	dir := t.TempDir()
	one, two := filepath.Join(dir, "one"), filepath.Join(dir, "two")
	for _, p := range []string{one, two} {
		require.NoError(t, os.WriteFile(p, []byte("same"), 0o600))
	}
	a, err := FileID(one)
	require.NoError(t, err)
	b, err := FileID(two)
	require.NoError(t, err)
	assert.NotEqual(t, a, b)
	require.NoError(t, os.WriteFile(one, []byte("written again"), 0o600))
	again, err := FileID(one)
	require.NoError(t, err)
	assert.Equal(t, a, again)
	require.NoError(t, os.Rename(two, one))
	renamed, err := FileID(one)
	require.NoError(t, err)
	assert.NotEqual(t, a, renamed, "a file that was put in its place")
	assert.Equal(t, Machine(), Machine())
}
