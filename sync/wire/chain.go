package wire

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"dockfill/allocation"
)

// Hash is a link of a site's chain, written as 64 hex digits.
type Hash [sha256.Size]byte

// Genesis is the hash before the first event of an incarnation. It binds the
// chain to the site and to that one life of its database.
func Genesis(site allocation.SiteID, incarnation string) Hash {
	return sha256.Sum256([]byte("dockfill/1\x00" + string(site) + "\x00" + incarnation))
}

// Next is the hash of an event's stored bytes behind the hash before it. The
// bytes are hashed as they were stored and are never marshalled again.
func (h Hash) Next(body []byte) Hash {
	d := sha256.New()
	d.Write(h[:])
	d.Write(body)
	var next Hash
	d.Sum(next[:0])
	return next
}

func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// MarshalText writes the hash as hex.
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText reads 64 hex digits; nothing at all stands for a zero hash.
func (h *Hash) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*h = Hash{}
		return nil
	}
	if len(text) != 2*len(h) {
		return fmt.Errorf("hash has %d characters instead of %d", len(text), 2*len(h))
	}
	_, err := hex.Decode(h[:], text)
	return err
}
