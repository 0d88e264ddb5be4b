package capture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
)

// frameHead is mark, length and checksum, 4 bytes each, the numbers little-endian.
const frameHead = 12

// maxContent bounds what a damaged length may ask for: the upload of a large memory is
// far below.
const maxContent = 16 << 20

var (
	mark       = []byte{0xdc, 'k', 'c', 1}
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
	errFrame   = errors.New("no whole frame")
)

func frame(content []byte) []byte {
	b := make([]byte, frameHead, frameHead+len(content))
	copy(b, mark)
	binary.LittleEndian.PutUint32(b[4:], uint32(len(content)))
	binary.LittleEndian.PutUint32(b[8:], framesum(b[4:8], content))
	return append(b, content...)
}

func framesum(length, content []byte) uint32 {
	return crc32.Update(crc32.Checksum(length, castagnoli), castagnoli, content)
}

func checksum(content []byte) uint32 { return crc32.Checksum(content, castagnoli) }

// readFrame gives the content of the frame at an offset of a file of that size. The
// error is errFrame where none stands there whole, or that of the file system.
func readFrame(r io.ReaderAt, offset, size int64) ([]byte, error) {
	head := make([]byte, frameHead)
	if size-offset < frameHead {
		return nil, errFrame
	}
	if _, err := r.ReadAt(head, offset); err != nil {
		return nil, err
	}
	length := int64(binary.LittleEndian.Uint32(head[4:]))
	if !bytes.Equal(head[:4], mark) || length == 0 || length > maxContent || length > size-offset-frameHead {
		return nil, errFrame
	}
	content := make([]byte, length)
	if _, err := r.ReadAt(content, offset+frameHead); err != nil {
		return nil, err
	}
	if framesum(head[4:8], content) != binary.LittleEndian.Uint32(head[8:]) {
		return nil, errFrame
	}
	return content, nil
}

// findFrame gives the first whole frame from an offset on. The error is errFrame where
// there is none, or that of the file system.
func findFrame(r io.ReaderAt, from, size int64) ([]byte, place, error) {
	content, err := readFrame(r, from, size)
	if !errors.Is(err, errFrame) {
		return content, place{from, int32(len(content))}, err
	}
	const window = 1 << 20
	buffer := make([]byte, min(window, size-from))
	for from++; from < size; from += max(1, int64(len(buffer)-len(mark)+1)) { // a mark may stand across two windows
		n, err := r.ReadAt(buffer, from)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, place{}, err
		}
		content, at, err := markedFrame(r, buffer[:n], from, size)
		if !errors.Is(err, errFrame) {
			return content, at, err
		}
	}
	return nil, place{}, errFrame
}

// markedFrame tries each mark of a window.
func markedFrame(r io.ReaderAt, window []byte, from, size int64) ([]byte, place, error) {
	for i := 0; ; i++ {
		j := bytes.Index(window[i:], mark)
		if j < 0 {
			return nil, place{}, errFrame
		}
		i += j
		content, err := readFrame(r, from+int64(i), size)
		if !errors.Is(err, errFrame) {
			return content, place{from + int64(i), int32(len(content))}, err
		}
	}
}
