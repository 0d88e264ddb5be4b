package wire

import (
	"fmt"
	"strings"
)

// Bounds of a process's nonce. A client id has six letters behind it.
const (
	minNonce    = 8
	maxNonce    = 58
	freshLength = 6
)

// CheckNonce reports why s is not the nonce of an agent's process: 8 to 58
// characters of a-z and 0-9.
func CheckNonce(s string) error {
	if len(s) < minNonce || len(s) > maxNonce || !isPlain(s) {
		return fmt.Errorf("nonce %.80q must be %d to %d characters of a-z and 0-9", s, minNonce, maxNonce)
	}
	return nil
}

// SplitClientID takes an MQTT client id apart: the site, a dot, and 8 to 64 of
// a-z and 0-9, which are the nonce and letters that are fresh for a connection.
// The site is not checked.
func SplitClientID(id string) (site string, ok bool) {
	site, rest, found := strings.Cut(id, ".")
	return site, found && len(rest) >= minNonce && len(rest) <= maxNonce+freshLength && isPlain(rest)
}

func isPlain(s string) bool {
	return strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789") == ""
}
