// Package policy reads policy documents: TOML, checked strictly, so that a
// misspelt key is an error with its line and column and not a rule that silently
// does not hold.
//
//	version = "2027-04"
//	rank = ["override", "class", "contract", "tier", "promised", "accepted"]
//	share = "fair"             # or "sequence"
//	gate_mode = "skip"         # or "hold"
//	over_receipt_pct = 10
//	stage_at_beep = true
//
//	[[guarantee]]
//	segment = "web"
//	qty = 4                    # of each SKU
package policy

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"dockfill/allocation"
)

// MaxBytes is the largest document that is read.
const MaxBytes = 64 << 10

// document is a policy as it is written.
type document struct {
	Version     *string     `toml:"version"`
	Rank        []key       `toml:"rank"`
	Share       share       `toml:"share"`
	GateMode    gateMode    `toml:"gate_mode"`
	OverPct     int64       `toml:"over_receipt_pct"`
	StageAtBeep bool        `toml:"stage_at_beep"`
	Guarantees  []guarantee `toml:"guarantee,omitempty"`
}

type guarantee struct {
	Segment string `toml:"segment"`
	Qty     *int64 `toml:"qty"`
}

// These check themselves while they are read, so that the reader knows where.
type (
	key      allocation.Key
	share    allocation.Share
	gateMode allocation.GateMode
)

func (k *key) UnmarshalText(text []byte) error {
	*k = key(text)
	_, err := allocation.NewPolicy("p", allocation.Rules{Rank: []allocation.Key{allocation.Key(text)}})
	return err
}

func (s *share) UnmarshalText(text []byte) error {
	*s = share(text)
	_, err := allocation.NewPolicy("p", allocation.Rules{Share: allocation.Share(text)})
	return err
}

func (g *gateMode) UnmarshalText(text []byte) error {
	*g = gateMode(text)
	_, err := allocation.NewPolicy("p", allocation.Rules{Gate: allocation.GateMode(text)})
	return err
}

// Error is what is wrong in a document, and where. Line and Column count from 1;
// both are 0 where something is missing.
type Error struct {
	Line, Column int
	Message      string
}

func (e *Error) Error() string {
	if e.Line == 0 {
		return e.Message
	}
	return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Message)
}

// Parse reads a document. Every error is an *Error.
func Parse(text []byte) (allocation.Policy, error) {
	if len(text) > MaxBytes {
		return allocation.Policy{}, &Error{Message: fmt.Sprintf("the policy has %d bytes, at most %d are read", len(text), MaxBytes)}
	}
	var doc document
	d := toml.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&doc); err != nil {
		return allocation.Policy{}, positioned(err)
	}
	if err := layout(text); err != nil {
		return allocation.Policy{}, err
	}
	p, err := allocation.NewPolicy(doc.version(""), doc.rules(0))
	if err != nil {
		return allocation.Policy{}, locate(text, err)
	}
	return p, nil
}

// Read reads a document from r.
func Read(r io.Reader) (allocation.Policy, error) {
	text, err := io.ReadAll(io.LimitReader(r, MaxBytes+1))
	if err != nil {
		return allocation.Policy{}, err
	}
	return Parse(text)
}

// Format writes a policy as the document that Parse reads.
func Format(p allocation.Policy) ([]byte, error) {
	r := p.Rules()
	doc := document{Version: &p.Version, Share: share(r.Share), GateMode: gateMode(r.Gate), OverPct: r.OverPct, StageAtBeep: r.StageAtBeep}
	for _, k := range r.Rank {
		doc.Rank = append(doc.Rank, key(k))
	}
	for _, g := range r.Guarantees {
		doc.Guarantees = append(doc.Guarantees, guarantee{g.Segment, &g.Qty})
	}
	return toml.Marshal(doc)
}

// version takes one that is not there for missing.
func (d document) version(missing string) string {
	if d.Version == nil {
		return missing
	}
	return *d.Version
}

// rules takes a quantity that is not there for missing.
func (d document) rules(missing int64) allocation.Rules {
	r := allocation.Rules{
		Share: allocation.Share(d.Share), Gate: allocation.GateMode(d.GateMode), OverPct: d.OverPct, StageAtBeep: d.StageAtBeep,
	}
	for _, k := range d.Rank {
		r.Rank = append(r.Rank, allocation.Key(k))
	}
	for _, g := range d.Guarantees {
		qty := missing
		if g.Qty != nil {
			qty = *g.Qty
		}
		r.Guarantees = append(r.Guarantees, allocation.Guarantee{Segment: g.Segment, Qty: qty})
	}
	return r
}

// kinds says what each key takes, for whoever wrote something else.
var kinds = map[string]string{
	"version": "a text in quotes", "rank": "a list of texts in quotes", "share": "a text in quotes", "gate_mode": "a text in quotes",
	"over_receipt_pct": "a whole number of percent", "stage_at_beep": "true or false, without quotes",
	"guarantee": oneEach, "segment": "a text in quotes", "qty": "a whole number of units",
}

const oneEach = "a list: write [[guarantee]] on a line of its own for each of them"

func unknownKey(key string) string {
	return fmt.Sprintf("%q is no key of a policy; they are version, rank, share, gate_mode, over_receipt_pct, stage_at_beep, and segment and qty of a [[guarantee]]", key)
}

func positioned(err error) error {
	var unknown *toml.StrictMissingError
	if errors.As(err, &unknown) && len(unknown.Errors) > 0 {
		first := unknown.Errors[0]
		line, column := first.Position()
		return &Error{line, column, unknownKey(strings.Join(first.Key(), "."))}
	}
	var bad *toml.DecodeError
	if errors.As(err, &bad) {
		line, column := bad.Position()
		if path := bad.Key(); len(path) > 0 && kinds[path[len(path)-1]] != "" && strings.Contains(bad.Error(), "cannot decode") {
			return &Error{line, column, fmt.Sprintf("%s is %s", strings.Join(path, "."), kinds[path[len(path)-1]])}
		}
		return &Error{line, column, strings.TrimPrefix(bad.Error(), "toml: ")}
	}
	return &Error{Message: strings.TrimPrefix(err.Error(), "toml: ")}
}

// locate finds the value that the rules refused: the text is read again line by
// line, and the first line with which it is refused so holds it. A version that is
// missing stands nowhere.
func locate(text []byte, refused error) error {
	at := &Error{Message: refused.Error()}
	end := 0
	for n := 1; end < len(text); n++ {
		line := text[end:]
		if i := bytes.IndexByte(line, '\n'); i >= 0 {
			line = line[:i+1]
		}
		end += len(line)
		var part document
		if toml.Unmarshal(text[:end], &part) != nil {
			continue // in the middle of a value
		}
		if _, err := allocation.NewPolicy(part.version("p"), part.rules(1)); err != nil && err.Error() == refused.Error() {
			at.Line, at.Column = n, column(line)
			return at
		}
	}
	return at
}

// column is where the value of a line begins, from 1.
func column(line []byte) int {
	i := bytes.IndexByte(line, '=') + 1
	for i < len(line) && (line[i] == ' ' || line[i] == '\t') {
		i++
	}
	return i + 1
}
