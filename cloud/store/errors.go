package store

import (
	"errors"
	"fmt"
)

// ErrNotFound says that the record asked for is not known here.
var ErrNotFound = errors.New("not found")

// RefusedError carries every record of an import that could not be applied.
type RefusedError struct{ Refused []Refusal }

func (e *RefusedError) Error() string {
	if len(e.Refused) == 0 {
		return "nothing was imported"
	}
	r := e.Refused[0]
	s := fmt.Sprintf("nothing was imported: %s %s: %s", r.Kind, r.ID, r.Reason)
	if more := len(e.Refused) - 1; more > 0 {
		s += fmt.Sprintf(" (and %d more)", more)
	}
	return s
}
