package wire

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/klauspost/compress/zstd"
)

// zstdMagic begins every zstd frame; JSON begins with a brace.
var zstdMagic = []byte{0x28, 0xb5, 0x2f, 0xfd}

var (
	encoder = must(zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedDefault)))
	decoder = must(zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(MaxMessage), zstd.WithDecoderMaxWindow(1<<20)))
)

// must is for the two codecs above, whose options are constants.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func compress(text []byte) []byte {
	if packed := encoder.EncodeAll(text, make([]byte, 0, len(text)/4+64)); len(packed) < len(text) {
		return packed
	}
	return text
}

// expand undoes compress, refusing what is too large before taking memory.
func expand(payload []byte) ([]byte, error) {
	if len(payload) > MaxMessage {
		return nil, fmt.Errorf("%w: %d bytes, at most %d are allowed", ErrTooLarge, len(payload), MaxMessage)
	}
	if !bytes.HasPrefix(payload, zstdMagic) {
		return payload, nil
	}
	text, err := decoder.DecodeAll(payload, nil)
	switch {
	case errors.Is(err, zstd.ErrDecoderSizeExceeded), errors.Is(err, zstd.ErrWindowSizeExceeded), len(text) > MaxMessage:
		return nil, fmt.Errorf("%w: it expands to more than %d bytes", ErrTooLarge, MaxMessage)
	case err != nil:
		return nil, fmt.Errorf("%w: zstd: %v", ErrFormat, err)
	}
	return text, nil
}
