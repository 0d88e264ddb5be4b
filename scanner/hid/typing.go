package hid

import (
	"encoding/binary"
	"io"
	"strconv"
)

// What evdev sends: a time of two words, then type, code and value. Source:
// linux/input.h.
const (
	eventHead = 2 * strconv.IntSize / 8
	eventSize = eventHead + 8

	evSyn      = 0
	evKey      = 1
	synReport  = 0
	synDropped = 3
)

// The values of a key event. A key that is held also repeats, with 2, which is not
// typing.
const (
	released = 0
	pressed  = 1
)

// typing is a keyboard as a reader of text: UTF-8, with a mark where a key gave no
// character or events were lost.
type typing struct {
	device  io.ReadCloser
	typist  *typist
	buf     [64 * eventSize]byte
	have    int    // bytes of events in buf
	text    []byte // typed and not read yet
	missing bool   // between SYN_DROPPED and the next SYN_REPORT
}

func newTyping(device io.ReadCloser, l keyLayout) *typing {
	return &typing{device: device, typist: newTypist(l)}
}

// Read waits for text.
func (t *typing) Read(p []byte) (int, error) {
	for len(t.text) == 0 {
		n, err := t.device.Read(t.buf[t.have:])
		t.have += n
		t.events()
		if err != nil && len(t.text) == 0 {
			return 0, err
		}
	}
	n := copy(p, t.text)
	t.text = t.text[n:]
	return n, nil
}

// Close closes the keyboard.
func (t *typing) Close() error { return t.device.Close() }

// events takes the whole events in buf.
func (t *typing) events() {
	b := t.buf[:t.have]
	for ; len(b) >= eventSize; b = b[eventSize:] {
		e := b[eventHead:]
		t.text = append(t.text, t.event(binary.NativeEndian.Uint16(e), binary.NativeEndian.Uint16(e[2:]), binary.NativeEndian.Uint32(e[4:]))...)
	}
	t.have = copy(t.buf[:], b)
}

func (t *typing) event(kind, code uint16, value uint32) string {
	switch {
	case kind == evSyn && code == synDropped:
		t.missing = true
		t.typist.forget()
		return marked(dropped)
	case kind == evSyn && code == synReport:
		t.missing = false
	case kind != evKey || t.missing:
	case value == pressed:
		return t.typist.press(code)
	case value == released:
		return t.typist.release(code)
	}
	return ""
}
