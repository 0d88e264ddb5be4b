package shape

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"time"

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
		return none, []Fault{fault(err)}
	}
	return domain(s)
}

// fault says an error of the decoder, at its field where that is known.
func fault(err error) Fault {
	var wrong *json.UnmarshalTypeError
	switch {
	case errors.As(err, &wrong):
		return Fault{Field: wrong.Field, Reason: Plain(err)}
	case isInstant(err):
		return Fault{Field: "accepted", Reason: Plain(err)}
	}
	return Fault{Reason: Plain(err)}
}

// isInstant reports whether the error is that of a time.Time. The time of
// acceptance is the only one that is read.
func isInstant(err error) bool {
	var when *time.ParseError
	return errors.As(err, &when) || strings.HasPrefix(err.Error(), "Time.UnmarshalJSON")
}

// Plain says a JSON error without the words of the decoder's own types.
func Plain(err error) string {
	var wrong *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &wrong):
		return mistyped(wrong)
	case isInstant(err):
		return notInstant(err)
	case EndsEarly(err):
		return "the JSON ends in the middle"
	case errors.As(err, &syntax):
		return "this is no valid JSON: " + syntax.Error()
	}
	if field, unknown := strings.CutPrefix(err.Error(), "json: unknown field "); unknown {
		return fmt.Sprintf("field %s is not known", field)
	}
	return err.Error()
}

// EndsEarly reports that a JSON text ends in the middle.
func EndsEarly(err error) bool {
	var syntax *json.SyntaxError
	return errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) || errors.As(err, &syntax) && syntax.Error() == endsEarly
}

// endsEarly is how the decoder calls a text that ends in the middle.
const endsEarly = "unexpected end of JSON input"

func mistyped(e *json.UnmarshalTypeError) string {
	field := e.Field
	if field == "" {
		field = "it"
	}
	value, known := values[e.Value]
	if !known {
		value = "the " + e.Value // "number 2.5"
	}
	wanted, known := words[e.Type.Kind()]
	if !known {
		wanted = "something else"
	}
	return fmt.Sprintf("%s is %s, expected is %s", field, value, wanted)
}

func notInstant(err error) string {
	const like = "an instant such as 2026-11-23T09:30:00Z"
	var when *time.ParseError
	if errors.As(err, &when) {
		return fmt.Sprintf("accepted is %.40q, expected is %s", strings.Trim(when.Value, `"`), like)
	}
	return "accepted is no text, expected is " + like
}

// words for people in place of Go's kinds.
var words = map[reflect.Kind]string{reflect.Int: "a whole number", reflect.Int64: "a whole number", reflect.String: "text", reflect.Bool: "true or false",
	reflect.Slice: "a list", reflect.Struct: "an object", reflect.Map: "an object"}

// values are words for people in place of the decoder's.
var values = map[string]string{"array": "a list", "object": "an object", "string": "text", "number": "a number", "bool": "true or false"}
