// Package ledger keeps what pretend workers heard, as the oracle of crash
// tests: a line is on disk before the worker's next scan, so a good tone in the
// ledger was really given, whatever was killed afterwards.
package ledger

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"
)

// Entry is one scan and its tone. The file has one JSON object a line:
//
//	{"at":"2027-01-31T08:00:00.123456Z","station":"dock1","code":"...","tone":"good"}
type Entry struct {
	At      time.Time `json:"at"`      // when the tone was heard, UTC
	Station string    `json:"station"` // the device's name
	Code    string    `json:"code"`    // the data as the device sent it
	Tone    string    `json:"tone"`    // good, hold, check, stop, other, or none for silence
}

// Ledger appends entries to a file. Append may be called from several
// goroutines; entries that wait at the same moment share one flush.
type Ledger struct {
	file    *os.File
	mu      sync.Mutex
	waiting *batch // nil when nobody waits
	flush   sync.Mutex
}

// batch is entries that will be written and flushed together.
type batch struct {
	lines []byte
	done  chan struct{}
	err   error
}

// Open opens a ledger for appending, and makes it if there is none. An
// unfinished last line, which a crash leaves, is cut off.
func Open(path string) (*Ledger, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := cutUnfinished(f); err != nil {
		f.Close()
		return nil, err
	}
	return &Ledger{file: f}, nil
}

// cutUnfinished leaves f at the end of its last whole line.
func cutUnfinished(f *os.File) error {
	all, err := os.ReadFile(f.Name())
	if err != nil {
		return err
	}
	whole := int64(bytes.LastIndexByte(all, '\n') + 1)
	if err := f.Truncate(whole); err != nil {
		return err
	}
	_, err = f.Seek(whole, 0)
	return err
}

// Append returns when the entry is flushed to the disk.
func (l *Ledger) Append(e Entry) error {
	e.At = e.At.UTC()
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	b, first := l.join(append(line, '\n'))
	if first {
		l.write(b)
	}
	<-b.done
	return b.err
}

// join adds a line to the batch that waits. The first in it has to write it.
func (l *Ledger) join(line []byte) (b *batch, first bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.waiting == nil {
		l.waiting, first = &batch{done: make(chan struct{})}, true
	}
	l.waiting.lines = append(l.waiting.lines, line...)
	return l.waiting, first
}

// write flushes a batch, after the flush before it has ended; until then others
// join.
func (l *Ledger) write(b *batch) {
	l.flush.Lock()
	defer l.flush.Unlock()
	l.mu.Lock()
	l.waiting = nil
	l.mu.Unlock()
	_, err := l.file.Write(b.lines)
	b.err = errors.Join(err, l.file.Sync())
	close(b.done)
}

// Close closes the file. Every Append has returned before.
func (l *Ledger) Close() error { return l.file.Close() }

// Read gives back a ledger's entries in order. An unfinished last line is left
// out: its tone was heard by nobody who went on. Any other broken line is an
// error that names the line.
func Read(path string) ([]Entry, error) {
	all, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	whole := all[:bytes.LastIndexByte(all, '\n')+1]
	var entries []Entry
	lines := bufio.NewScanner(bytes.NewReader(whole))
	lines.Buffer(nil, 4<<20)
	for n := 1; lines.Scan(); n++ {
		var e Entry
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, n, err)
		}
		entries = append(entries, e)
	}
	return entries, lines.Err()
}
