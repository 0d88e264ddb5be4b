// Package wire is the contract between a site and the centre: the messages, the
// topics they travel on, and the hash chain of a site's log. Both sides, every
// test and every simulation use these types and no others.
//
// A message is one JSON object with a version, a type and the site it belongs
// to. MQTT carries it as a datagram that may be lost, repeated or reordered;
// nothing here trusts the carrier. Unknown fields are ignored, so that a newer
// peer can add some; an unknown version or type is refused.
package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"dockfill/allocation"
)

// Version is the protocol's version; it stands in every message and topic.
const Version = 1

// Limits, in bytes, before and after compression. A reader refuses more before
// it takes memory for it.
const (
	MaxMessage = 256 << 10
	MaxEvent   = 64 << 10
)

// The ways in which a payload can be refused. Decode wraps one of them.
var (
	ErrTooLarge = errors.New("message is too large")
	ErrFormat   = errors.New("message is not well formed")
	ErrVersion  = errors.New("message has a version that this program does not speak")
	ErrType     = errors.New("message has an unknown type")
)

// Head begins every message.
type Head struct {
	V           int               `json:"v"`
	Type        string            `json:"type"`
	Site        allocation.SiteID `json:"site"`
	Nonce       string            `json:"nonce"`       // of the agent's process that sends, or is meant
	Incarnation string            `json:"incarnation"` // of the site's database; "" where it has none
}

// Header gives the head of any message.
func (h Head) Header() Head { return h }

// Message is one of Hello, Events, Report, Welcome, Ack, Commands, Fence, Probe.
type Message interface {
	Header() Head
	// kind is the word that stands in Head.Type.
	kind() string
}

// Cursor is a place in a site's log: the last sequence number and the chain's
// hash there. Seq 0 stands before the first event; its hash is Genesis.
type Cursor struct {
	Seq  int64 `json:"seq"`
	Hash Hash  `json:"hash"`
}

// Decode reads a payload as Encode wrote it. The result is a pointer to one of
// the message types, and may share the payload's memory. Errors wrap ErrTooLarge, ErrFormat, ErrVersion or ErrType.
func Decode(payload []byte) (Message, error) {
	text, err := expand(payload)
	if err != nil {
		return nil, err
	}
	kind, err := kindOf(text)
	if err != nil {
		return nil, err
	}
	m := blank(kind)
	if m == nil {
		return nil, fmt.Errorf("%w: %.40q", ErrType, kind)
	}
	if err := read(text, m); err != nil {
		return nil, fmt.Errorf("%w: %s: %v", ErrFormat, kind, err)
	}
	if h := m.Header(); h.V != Version || h.Type != kind {
		return nil, fmt.Errorf("%w: its version or type stands in it twice", ErrFormat)
	}
	if err := allocation.CheckSite(string(m.Header().Site)); err != nil {
		return nil, fmt.Errorf("%w: %v", ErrFormat, err)
	}
	if err := check(m); err != nil {
		return nil, fmt.Errorf("%w: %s: %v", ErrFormat, kind, err)
	}
	return m, nil
}

func read(text []byte, m Message) error {
	if e, ok := m.(*Events); ok && e.readUsual(text) {
		return nil
	}
	return json.Unmarshal(text, m)
}

// usual is how every message begins that this program writes.
var usual = fmt.Sprintf(`{"v":%d,"type":"`, Version)

// kindOf finds the type. It spares reading a large batch twice where the message
// begins as usual.
func kindOf(text []byte) (string, error) {
	if rest, ok := bytes.CutPrefix(text, []byte(usual)); ok {
		kind, _, _ := bytes.Cut(rest[:min(len(rest), 20)], []byte{'"'})
		if blank(string(kind)) != nil {
			return string(kind), nil
		}
	}
	var head Head
	if err := json.Unmarshal(text, &head); err != nil {
		return "", fmt.Errorf("%w: %v", ErrFormat, err)
	}
	if head.V != Version {
		return "", fmt.Errorf("%w: %d, spoken here is %d", ErrVersion, head.V, Version)
	}
	return head.Type, nil
}

func blank(kind string) Message {
	for _, m := range []Message{&Hello{}, &Events{}, &Welcome{}, &Ack{}, &Commands{}, &Fence{}, &Report{}, &Probe{}} {
		if m.kind() == kind {
			return m
		}
	}
	return nil
}

// check holds a message to the rules that its JSON types cannot say.
func check(m Message) error {
	switch m := m.(type) {
	case *Events:
		return m.check()
	case *Commands:
		return m.check()
	case *Report:
		return m.check()
	}
	return nil
}

// Encode writes a message as JSON, compressed where that is smaller, with the
// version and type filled in. It fails with ErrTooLarge where the JSON passes
// MaxMessage: the sender then sends less at a time.
func Encode(m Message) ([]byte, error) {
	text, err := marshal(m)
	if err != nil {
		return nil, err
	}
	if len(text) > MaxMessage {
		return nil, fmt.Errorf("%w: %s of %d bytes, at most %d are allowed", ErrTooLarge, m.kind(), len(text), MaxMessage)
	}
	return compress(text), nil
}

func marshal(m Message) ([]byte, error) {
	if e, ok := m.(*Events); ok {
		return e.marshal()
	}
	fill(m)
	return json.Marshal(m)
}

func fill(m Message) {
	switch m := m.(type) {
	case *Hello:
		m.V, m.Type = Version, m.kind()
	case *Events:
		m.V, m.Type = Version, m.kind()
	case *Welcome:
		m.V, m.Type = Version, m.kind()
	case *Ack:
		m.V, m.Type = Version, m.kind()
	case *Commands:
		m.V, m.Type = Version, m.kind()
	case *Fence:
		m.V, m.Type = Version, m.kind()
	case *Report:
		m.V, m.Type = Version, m.kind()
	case *Probe:
		m.V, m.Type = Version, m.kind()
	}
}
