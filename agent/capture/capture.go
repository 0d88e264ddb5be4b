// Package capture is the file beside a site's database that scans are set aside in
// while nothing may be allocated: flushed before any tone, without a number of the
// log, and taken into the log once, when the site may allocate again.
//
// A file is a row of frames: a mark, the length, a CRC-32C over length and content,
// and the content, which is JSON for people who must read it one day. The first frame
// names the site and the file; each other holds a Record. What a crash tore off at the
// end was never answered with a tone and is cut away; what is damaged before a frame
// that is whole was, and is counted as lost.
package capture

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"dockfill/allocation"
	"dockfill/scanner"
)

// The ways in which a file can fail.
var (
	// ErrForeign: the file belongs to another site.
	ErrForeign = errors.New("the capture file belongs to another site")
	// ErrNotSaved: nothing of the record is in the file; it may be tried again.
	ErrNotSaved = errors.New("the scan could not be set aside")
	// ErrUncertain: it is not known what the file holds. A new process must look.
	ErrUncertain = errors.New("the capture file could not be flushed")
	// ErrLost: the record was damaged in the file.
	ErrLost = errors.New("the record is damaged")
)

// Record is one reading that was set aside, or what was said of earlier ones.
type Record struct {
	N         int64 // from 1, without a gap
	Station   allocation.StationID
	Code      []byte    // as read; empty where Withdraws or Given is all
	Symbology string    // as the device told it
	At        time.Time // of this machine, at the port
	Late      bool      // the device kept it
	DeviceAt  time.Time // by the device's clock; zero where it has none
	// Upload is what the device's memory sent, with the first of its records; Of is the
	// number of the record that has it, and Place the place in it from 1.
	Upload    *scanner.Upload
	Of, Place int64
	// Withdraws is the record that the worker took back; 0 for none.
	Withdraws int64
	// Given is, of some stations, the newest record whose tone is known to have been given.
	Given map[allocation.StationID]int64
}

// header is the first frame.
type header struct {
	Site allocation.SiteID
	ID   string
}

// Options say whose file it is.
type Options struct {
	Path string
	Site allocation.SiteID
	// Flush brings what was written to the disk; nil is the system's own call.
	Flush func(*os.File) error
}

// File is a capture file, which exists from its first record on. Its methods are
// called by one goroutine at a time.
type File struct {
	o    Options
	file *os.File // nil while there is none
	id   string
	at   []place // of record N at N-1
	end  int64
	torn int64
	bad  error // after it nothing more is appended
}

// place is where a frame stands; size is 0 where it was lost.
type place struct {
	offset int64
	size   int32
}

// Open reads the file where there is one, and hands each record to each in its order.
// The error wraps ErrForeign or is that of the file system.
func Open(o Options, each func(Record)) (*File, error) {
	if o.Flush == nil {
		o.Flush = flush
	}
	f := &File{o: o}
	file, err := os.OpenFile(o.Path, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return f, nil
	}
	if err != nil {
		return nil, f.explain(err)
	}
	f.file = file
	if err := f.load(each); err != nil {
		return nil, errors.Join(f.explain(err), file.Close())
	}
	return f, nil
}

func (f *File) explain(err error) error { return fmt.Errorf("capture file %s: %w", f.o.Path, err) }

// load walks over the frames and cuts off a torn end. Without a whole header there was
// no whole record, unless the header was damaged later.
func (f *File) load(each func(Record)) error {
	size, err := f.file.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	for f.end < size {
		content, at, err := findFrame(f.file, f.end, size)
		if errors.Is(err, errFrame) {
			break
		}
		if err == nil {
			err = f.take(content, at, each)
		}
		if err != nil {
			return err
		}
	}
	if f.torn = size - f.end; f.torn > 0 {
		if err := f.file.Truncate(f.end); err != nil {
			return err
		}
	}
	if f.end == 0 { // the first start of it was broken off
		return f.drop()
	}
	if f.torn > 0 {
		return f.o.Flush(f.file)
	}
	return nil
}

func (f *File) take(content []byte, p place, each func(Record)) error {
	most := f.Last() + 1 + (p.offset-f.end)/frameHead // as many as could stand in what is damaged
	f.end = p.offset + frameHead + int64(p.size)
	var h header
	if f.id == "" && json.Unmarshal(content, &h) == nil && h.ID != "" {
		if h.Site != f.o.Site {
			return fmt.Errorf("%w: it is of site %s", ErrForeign, h.Site)
		}
		f.id = h.ID
		return nil
	}
	var r Record
	if json.Unmarshal(content, &r) != nil || r.N <= f.Last() || r.N > most {
		return nil // no program of ours has written it
	}
	if f.id == "" { // the header alone was damaged; its records are taken in under this name
		f.id = fmt.Sprintf("%08x", checksum(content))
	}
	for f.Last() < r.N-1 {
		f.at = append(f.at, place{})
	}
	f.at = append(f.at, p)
	each(r)
	return nil
}

// Append writes a record behind the others, flushed. It gives the record its number.
// The error wraps ErrNotSaved or ErrUncertain.
func (f *File) Append(r *Record) error {
	if f.bad != nil {
		return f.bad
	}
	before := f.end
	r.N = f.Last() + 1
	frames, err := f.frames(r)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrNotSaved, err)
	}
	if err := f.write(frames); err != nil {
		return err
	}
	size := len(frames[len(frames)-1]) - frameHead
	f.at = append(f.at, place{f.end - int64(size) - frameHead, int32(size)})
	if before == 0 {
		if err := flushDir(filepath.Dir(f.o.Path)); err != nil {
			return f.uncertain(err)
		}
	}
	return nil
}

// frames are what is to be written: the header too where it is the first.
func (f *File) frames(r *Record) (all [][]byte, err error) {
	if f.file == nil {
		if f.file, err = os.OpenFile(f.o.Path, os.O_CREATE|os.O_RDWR|os.O_TRUNC, 0o640); err != nil {
			return nil, err
		}
	}
	if f.end == 0 {
		f.id = rand.Text()
		if all, err = appendFrame(all, header{f.o.Site, f.id}); err != nil {
			return nil, err
		}
	}
	return appendFrame(all, r)
}

func appendFrame(all [][]byte, v any) ([][]byte, error) {
	content, err := json.Marshal(v)
	if err == nil && len(content) > maxContent {
		err = fmt.Errorf("it has %d bytes, at most %d are kept", len(content), maxContent)
	}
	if err != nil {
		return nil, err
	}
	return append(all, frame(content)), nil
}

// write puts frames at the end. What was not written whole is taken back; where that
// is not certain either, nothing more is appended by this process.
func (f *File) write(frames [][]byte) error {
	end := f.end
	for _, b := range frames {
		if _, err := f.file.WriteAt(b, end); err != nil {
			if back := errors.Join(f.file.Truncate(f.end), f.o.Flush(f.file)); back != nil {
				return f.uncertain(errors.Join(err, back))
			}
			return fmt.Errorf("%w: %w", ErrNotSaved, err)
		}
		end += int64(len(b))
	}
	if err := f.o.Flush(f.file); err != nil {
		return f.uncertain(err)
	}
	f.end = end
	return nil
}

func (f *File) uncertain(err error) error {
	f.bad = fmt.Errorf("%w: %w", ErrUncertain, err)
	return f.bad
}

// Read gives a record again. The error wraps ErrLost or is that of the file system.
func (f *File) Read(n int64) (r Record, err error) {
	if n < 1 || n > f.Last() {
		return r, fmt.Errorf("the capture file has no record %d", n)
	}
	p := f.at[n-1]
	if p.size == 0 {
		return r, fmt.Errorf("%w: number %d", ErrLost, n)
	}
	content, err := readFrame(f.file, p.offset, f.end)
	if errors.Is(err, errFrame) {
		return r, fmt.Errorf("%w: number %d", ErrLost, n)
	}
	if err != nil {
		return r, err
	}
	return r, json.Unmarshal(content, &r)
}

// Last is the number of the newest record; 0 where there is none.
func (f *File) Last() int64 { return int64(len(f.at)) }

// ID names the file; "" where there is none.
func (f *File) ID() string { return f.id }

// Torn is how many bytes of a record without a tone were cut off at Open.
func (f *File) Torn() int64 { return f.torn }

// Lost counts the records that were damaged.
func (f *File) Lost() (n int64) {
	for _, p := range f.at {
		if p.size == 0 {
			n++
		}
	}
	return n
}

// Remove ends the file, whose records are all in the log by now. Where keep is not ""
// it is kept under that name in its folder, for people.
func (f *File) Remove(keep string) error {
	if f.file == nil {
		return nil
	}
	if keep == "" {
		return f.drop()
	}
	path := f.o.Path
	err := errors.Join(f.forget(), os.Rename(path, filepath.Join(filepath.Dir(path), keep)), flushDir(filepath.Dir(path)))
	return err
}

func (f *File) drop() error {
	return errors.Join(f.forget(), os.Remove(f.o.Path), flushDir(filepath.Dir(f.o.Path)))
}

// forget closes the file before its name changes, as Windows asks for.
func (f *File) forget() error {
	err := f.Close()
	f.id, f.at, f.end, f.bad = "", nil, 0, nil
	return err
}

// Close lets go of the file. It may be called twice.
func (f *File) Close() error {
	if f.file == nil {
		return nil
	}
	err := f.file.Close()
	f.file = nil
	return err
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
