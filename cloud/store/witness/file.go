package witness

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// headWord begins the first line of a file, before the house that it belongs to.
const headWord = "dockfill-witness 1 "

// foldFrom is from how many records on a file is folded when it is opened: half of
// them may repeat others by then.
const foldFrom = 1000

// file is a witness in a file.
type file struct {
	path, house string

	mu   sync.Mutex
	f    *os.File
	end  int64 // behind the last whole record
	last int64
	torn bool // something may stand behind end
}

// openFile opens the file or makes it. Its folder must be there: one that is made by
// itself where a volume is not mounted would be a witness of nothing.
func openFile(path, house string) (_ *file, err error) {
	w := &file{path: path, house: house}
	if err := w.open(); err != nil {
		return nil, explain(w.Name(), err)
	}
	defer func() {
		if err != nil {
			_ = w.Close()
		}
	}()
	records, err := w.scan(func(int64, []byte) error { return nil })
	if err != nil {
		return nil, explain(w.Name(), err)
	}
	if records >= foldFrom {
		err = w.fold()
	} else if w.torn {
		err = w.cut()
	}
	if err != nil {
		return nil, explain(w.Name(), plain(err))
	}
	return w, nil
}

// plain takes the path out of an error that is told beside it.
func plain(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

func (w *file) open() error {
	var err error
	if w.f, err = os.OpenFile(w.path, os.O_RDWR|os.O_CREATE, 0o640); err != nil {
		return fmt.Errorf("it cannot be written: %w; see that the volume is there and that this user may write it, or name another place with --witness", plain(err))
	}
	if err := lockFile(w.f); err != nil {
		return errors.Join(err, w.f.Close())
	}
	info, err := w.f.Stat()
	if err == nil && info.Size() == 0 {
		err = w.begin(w.f)
	}
	if err != nil {
		err = errors.Join(plain(err), w.f.Close())
	}
	return err
}

// begin makes an empty witness of an empty file.
func (w *file) begin(f *os.File) error {
	if _, err := f.WriteString(headWord + w.house + "\n"); err != nil {
		return err
	}
	return errors.Join(f.Sync(), syncFolder(w.path))
}

// scan reads the file and notes where its last whole record ends. What stands behind
// that is a torn tail, unless a whole record follows it.
func (w *file) scan(each func(n int64, body []byte) error) (records int, err error) {
	if _, err := w.f.Seek(0, io.SeekStart); err != nil {
		return 0, err
	}
	r := bufio.NewReaderSize(w.f, 1<<20)
	head, err := r.ReadBytes('\n')
	if err := w.checkHead(string(head), err); err != nil {
		return 0, err
	}
	w.end, w.last, w.torn = int64(len(head)), 0, false
	for {
		text, err := r.ReadBytes('\n')
		if len(text) == 0 {
			return records, eof(err)
		}
		n, body, bad := parseLine(bytes.TrimSuffix(text, []byte("\n")))
		switch {
		case err != nil && !errors.Is(err, io.EOF):
			return records, err
		case bad != nil || err != nil:
			w.torn = true
			continue
		case w.torn || w.last > 0 && n != w.last+1:
			return records, fmt.Errorf("%w: what stands before record %d is not whole. Put a good copy of it back; where there is none, start once with --witness none, and then with another one", ErrDamaged, n)
		}
		w.end, w.last, records = w.end+int64(len(text)), n, records+1
		if err := each(n, body); err != nil {
			return records, err
		}
	}
}

func eof(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

func (w *file) checkHead(head string, err error) error {
	house, ours := strings.CutPrefix(strings.TrimSuffix(head, "\n"), headWord)
	switch {
	case err != nil && eof(err) == nil || !ours:
		return errors.New("it is no rights witness: name another file with --witness")
	case err != nil:
		return plain(err)
	case house != w.house:
		return fmt.Errorf("%w: name this centre's own with --witness", ErrForeign)
	}
	return nil
}

// fold writes all that the file tells anew, each thing once, and puts that in its
// place. The number of the last record stays.
func (w *file) fold() error {
	state := NewState()
	if _, err := w.scan(func(_ int64, body []byte) error { return eachEntry(body, state.Take) }); err != nil {
		return err
	}
	name := w.path + ".new"
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o640)
	if err != nil {
		return err
	}
	if err := errors.Join(w.writeFolded(f, state), f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(name))
	}
	if err := w.replace(name); err != nil {
		return err
	}
	_, err = w.scan(func(int64, []byte) error { return nil })
	return err
}

// writeFolded numbers the records so that the last one keeps its number. There are
// never more than before.
func (w *file) writeFolded(f *os.File, state *State) error {
	if err := w.begin(f); err != nil {
		return err
	}
	out := bufio.NewWriterSize(f, 1<<20)
	parts, err := bodies(state.Entries())
	if err != nil {
		return err
	}
	for i, b := range parts {
		if _, err := out.Write(line(w.last-int64(len(parts)-1-i), b)); err != nil {
			return err
		}
	}
	return out.Flush()
}

// bodies cuts entries into records.
func bodies(entries []Entry) (all [][]byte, err error) {
	for len(entries) > 0 {
		n := min(maxEntries, len(entries))
		b, err := body(entries[:n])
		if err != nil {
			return nil, err
		}
		all, entries = append(all, b), entries[n:]
	}
	return all, nil
}

// replace puts the new file into the place of the old one. Windows takes no file's
// place while that is open.
func (w *file) replace(name string) error {
	if err := w.f.Close(); err != nil {
		return err
	}
	if err := os.Rename(name, w.path); err != nil {
		return err
	}
	var err error
	if w.f, err = os.OpenFile(w.path, os.O_RDWR, 0o640); err != nil {
		return err
	}
	return errors.Join(lockFile(w.f), syncFolder(w.path))
}

// cut takes a torn tail away.
func (w *file) cut() error {
	if err := w.f.Truncate(w.end); err != nil {
		return err
	}
	w.torn = false
	return w.f.Sync()
}

func (w *file) Last() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.last
}

func (w *file) Name() string { return w.path }

// Append writes behind the last whole record. What a failure left there goes first: a
// flush that failed may be called done by the next one, so nothing of it is kept.
func (w *file) Append(_ context.Context, entries []Entry) (int64, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	parts, err := bodies(entries)
	if err != nil || len(parts) == 0 {
		return w.last, explain(w.path, err)
	}
	var text []byte
	for i, b := range parts {
		text = append(text, line(w.last+1+int64(i), b)...)
	}
	if w.torn {
		if err := w.cut(); err != nil {
			return 0, explain(w.path, plain(err))
		}
	}
	if err := w.still(); err != nil {
		return 0, explain(w.path, err)
	}
	w.torn = true
	if _, err := w.f.WriteAt(text, w.end); err != nil {
		return 0, explain(w.path, plain(err))
	}
	if err := w.f.Sync(); err != nil {
		return 0, explain(w.path, plain(err))
	}
	w.torn, w.end, w.last = false, w.end+int64(len(text)), w.last+int64(len(parts))
	return w.last, nil
}

// still reports whether the name leads to the file that is written: one that was taken
// away, or whose volume was, is witness to nobody.
func (w *file) still() error {
	named, err := os.Stat(w.path)
	if err != nil {
		return plain(err)
	}
	mine, err := w.f.Stat()
	if err != nil {
		return plain(err)
	}
	if !os.SameFile(named, mine) {
		return errors.New("another file was put into its place: stop the centre, and put the right one back")
	}
	return nil
}

func (w *file) Each(_ context.Context, tell func(Entry) error) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, err := w.scan(func(_ int64, body []byte) error { return eachEntry(body, tell) })
	return explain(w.path, err)
}

func (w *file) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.f.Close()
}

// syncFolder flushes the name of a file.
func syncFolder(path string) error {
	d, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) && !foldersAreNotSynced {
		return err
	}
	return nil
}
