// Package anchor keeps what an agent knows of its database in a flushed file outside
// of it and of every backup, so that a database which was put back, copied or cloned is
// noticed at the next start. The rules are session.Anchor's; this package is the file,
// and what tells a database's file and its machine apart from others.
package anchor

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"dockfill/sync/session"
)

// ErrDamaged says that the file is there and does not hold what was written.
var ErrDamaged = errors.New("the agent's own record of its database is damaged")

// ErrMissing says that there is no file.
var ErrMissing = errors.New("the agent's own record of its database is missing")

// name of the file in its folder.
const name = "anchor.json"

// File is the place of a site's anchor.
type File struct{ dir string }

// At is the file in a folder, which is made where it is missing, and tried. The error
// is that of the file system and says what to do: without an anchor no start would know
// its own database again.
func At(dir string) (File, error) {
	f := File{dir}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return f, f.explain(err)
	}
	probe, err := os.CreateTemp(dir, name+".*.part")
	if err != nil {
		return f, f.explain(err)
	}
	err = errors.Join(probe.Close(), os.Remove(probe.Name()))
	return f, f.explain(err)
}

func (f File) explain(err error) error {
	if err == nil {
		return nil
	}
	advice := "let the agent's user write it, or name another folder as `anchor` in the configuration"
	return fmt.Errorf("anchor %s: %w; %s", f.dir, err, advice)
}

// sealed is what stands in the file: the anchor, and the SHA-256 of its bytes.
type sealed struct {
	Anchor   json.RawMessage
	Checksum string
}

// Read gives the anchor. The error wraps ErrMissing or ErrDamaged, or is that of the
// file system.
func (f File) Read() (a session.Anchor, err error) {
	text, err := os.ReadFile(filepath.Join(f.dir, name))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return a, ErrMissing
	case err != nil:
		return a, f.explain(err)
	}
	var s sealed
	if err := json.Unmarshal(text, &s); err != nil {
		return a, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if sum(s.Anchor) != s.Checksum {
		return a, fmt.Errorf("%w: its checksum is another", ErrDamaged)
	}
	if err := json.Unmarshal(s.Anchor, &a); err != nil {
		return a, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return a, nil
}

func sum(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

// Write puts an anchor in the place of the last one, flushed, whole or not at all.
// Errors are those of At.
func (f File) Write(a session.Anchor) error {
	inner, err := json.Marshal(a)
	if err != nil {
		return err
	}
	text, err := json.Marshal(sealed{inner, sum(inner)})
	if err != nil {
		return err
	}
	return f.explain(f.replace(append(text, '\n')))
}

func (f File) replace(text []byte) error {
	to := filepath.Join(f.dir, name)
	part, err := os.OpenFile(to+".part", os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o640)
	if err != nil {
		return err
	}
	_, err = part.Write(text)
	if err == nil {
		err = part.Sync()
	}
	if err = errors.Join(err, part.Close()); err != nil {
		return err
	}
	if err := os.Rename(part.Name(), to); err != nil {
		return err
	}
	return flushDir(f.dir)
}

// flushDir makes a new name in a folder safe. Windows has no such call, and flushes
// names with its own journal.
func flushDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// ofMachine hides a machine's own id, which others take for a secret.
func ofMachine(id string) string {
	if id == "" {
		return ""
	}
	return sum([]byte("dockfill anchor\x00" + id))[:32]
}
