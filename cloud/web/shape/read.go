package shape

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"dockfill/cloud/store"
)

// ReadOrder takes the JSON of one order; faults are all that is wrong with it.
func ReadOrder(text []byte) (store.Order, []Fault) { return read(text, Order.Domain) }

// ReadItem takes the JSON of one item; faults are all that is wrong with it.
func ReadItem(text []byte) (store.Item, []Fault) { return read(text, Item.Domain) }

// ReadInbound takes the JSON of one inbound; faults are all that is wrong with it.
func ReadInbound(text []byte) (store.Inbound, []Fault) { return read(text, Inbound.Domain) }

// read refuses a field that is not known, because it is mostly a known one
// misspelt.
func read[S, D any](text []byte, domain func(S) (D, []Fault)) (D, []Fault) {
	var s S
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		var none D
		return none, []Fault{{Reason: Plain(err)}}
	}
	return domain(s)
}

// Plain says a JSON error without the words of the decoder's own types.
func Plain(err error) string {
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrong):
		return fmt.Sprintf("%s is a %s, expected is %s", wrong.Field, wrong.Value, words[wrong.Type.Kind().String()])
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return "the JSON ends in the middle"
	}
	return err.Error()
}

// words for people in place of Go's kinds.
var words = map[string]string{"int": "a whole number", "int64": "a whole number", "string": "text", "slice": "a list", "struct": "an object"}
