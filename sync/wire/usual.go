package wire

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"dockfill/allocation"
)

// While a backlog drains, the centre would spend most of its time on reading
// JSON by reflection, each byte several times. So what sites send by the hundred
// thousand, batches and scans, is read here as this program writes it: every
// field in its place and nothing between. That takes a quarter of the time. All
// else is odd and is left to encoding/json; a fuzz test holds the two together.

// usualText is JSON that is read from its front. Once something is odd, nothing
// that was read counts.
type usualText struct {
	bytes []byte
	chars string // bytes once more: what is cut out of it needs no memory
	at    int
	odd   bool
}

func newUsual(json []byte) *usualText { return &usualText{bytes: json, chars: string(json)} }

// readUsual reads a batch, or leaves m alone and reports false. The events share
// the memory of text.
func (m *Events) readUsual(text []byte) bool {
	t := newUsual(text)
	read := Events{Head: Head{V: Version, Type: m.kind()}}
	t.must(usual)
	t.must(`events","site":`)
	read.Site = allocation.SiteID(t.word())
	t.must(`,"nonce":`)
	read.Nonce = t.word()
	t.must(`,"incarnation":`)
	read.Incarnation = t.word()
	t.must(`,"first":`)
	read.First = t.number()
	t.must(`,"prev":`)
	read.Prev = t.hash()
	t.must(`,"last":`)
	read.Last = t.hash()
	t.must(`,"events":[`)
	read.Events = t.values()
	t.must(`]}`)
	if !t.whole() {
		return false
	}
	*m = read
	return true
}

// readUsualScan reads the event of a scan, or reports false.
func readUsualScan(stored []byte) (Event, bool) {
	t := newUsual(stored)
	var e Event
	t.must(`{"seq":`)
	e.Seq = t.number()
	t.must(`,"nonce":`)
	e.Nonce = t.word()
	t.must(`,"at":`)
	e.At = t.time()
	t.must(`,"scan":`)
	e.Scan = t.scan()
	t.must(`}`)
	return e, t.whole()
}

func (t *usualText) scan() *Scan {
	s := &Scan{}
	t.must(`{"station":`)
	s.Station = allocation.StationID(t.word())
	t.must(`,"code":`)
	s.Code = t.base64()
	if t.may(`,"at":`) {
		at := t.time()
		s.At = &at
	}
	t.mayWord(`,"sscc":`, &s.SSCC)
	t.mayWord(`,"worker":`, &s.Worker)
	t.must(`,"verdict":`)
	s.Verdict = allocation.Verdict(t.word())
	t.must(`,"why":`)
	s.Why = allocation.WhyCode(t.word())
	t.mayWord(`,"policy":`, &s.Policy)
	if t.may(`,"receipts":[`) {
		s.Receipts = list(t, (*usualText).receipt)
	}
	if t.may(`,"passed":[`) {
		s.Passed = list(t, (*usualText).passed)
	}
	s.More = t.may(`,"more":true`)
	s.Staged = t.may(`,"staged":true`)
	s.Part = int(t.mayNumber(`,"part":`))
	s.Parts = int(t.mayNumber(`,"parts":`))
	s.Late = t.may(`,"late":true`)
	if t.may(`,"device_at":`) {
		at := t.time()
		s.DeviceAt = &at
	}
	t.must(`}`)
	return s
}

func (t *usualText) receipt() (r Receipt) {
	t.must(`{"sku":`)
	r.SKU = allocation.SKU(t.word())
	t.must(`,"qty":`)
	r.Qty = t.number()
	t.mayWord(`,"disposition":`, (*string)(&r.Disposition))
	t.mayWord(`,"lot":`, &r.Lot)
	t.mayWord(`,"expiry":`, (*string)(&r.Expiry))
	t.mayWord(`,"serial":`, &r.Serial)
	t.mayWord(`,"gtin":`, &r.GTIN)
	t.mayWord(`,"inbound":`, (*string)(&r.Inbound))
	if t.may(`,"allocations":[`) {
		r.Allocations = list(t, (*usualText).allocation)
	}
	r.Free = t.mayNumber(`,"free":`)
	r.Surplus = t.mayNumber(`,"surplus":`)
	t.must(`}`)
	return r
}

func (t *usualText) passed() (p Passed) {
	t.must(`{"line":`)
	p.Line = allocation.LineID(t.word())
	t.must(`,"lacks":`)
	p.Lacks = allocation.WhyCode(t.word())
	t.must(`}`)
	return p
}

func (t *usualText) allocation() (a Allocation) {
	t.must(`{"line":`)
	a.Line = allocation.LineID(t.word())
	t.must(`,"qty":`)
	a.Qty = t.number()
	t.mayWord(`,"by":`, (*string)(&a.By))
	t.mayWord(`,"over":`, (*string)(&a.Over))
	t.must(`}`)
	return a
}

// list reads what follows an opening bracket, and the closing one. An empty list
// is odd, for this program writes none.
func list[T any](t *usualText, one func(*usualText) T) []T {
	all := []T{one(t)}
	for t.may(`,`) {
		all = append(all, one(t))
	}
	t.must(`]`)
	return all
}

// whole reports whether all of it was read and nothing was odd.
func (t *usualText) whole() bool { return !t.odd && t.at == len(t.chars) }

// may passes over what may stand next, and reports whether it did.
func (t *usualText) may(next string) bool {
	end := t.at + len(next)
	if t.odd || end > len(t.chars) || t.chars[t.at:end] != next {
		return false
	}
	t.at = end
	return true
}

func (t *usualText) must(next string) { t.odd = !t.may(next) || t.odd }

func (t *usualText) mayWord(field string, to *string) {
	if t.may(field) {
		*to = t.word()
	}
}

func (t *usualText) mayNumber(field string) int64 {
	if t.may(field) {
		return t.number()
	}
	return 0
}

// word reads a string of plain characters, in which nothing is escaped.
func (t *usualText) word() string {
	t.must(`"`)
	for i := t.at; i < len(t.chars); i++ {
		switch c := t.chars[i]; {
		case c == '"':
			word := t.chars[t.at:i]
			t.at = i + 1
			return word
		case c < ' ' || c > '~' || c == '\\':
			t.odd = true
			return ""
		}
	}
	t.odd = true
	return ""
}

// number reads a whole number of at most 18 digits, which no int64 is too small
// for.
func (t *usualText) number() (n int64) {
	negative := t.may(`-`)
	begin := t.at
	for ; t.at < len(t.chars) && isDigit(t.chars[t.at]); t.at++ {
		n = 10*n + int64(t.chars[t.at]-'0')
	}
	digits := t.at - begin
	if digits == 0 || digits > 18 || digits > 1 && t.chars[begin] == '0' {
		t.odd = true
	}
	if negative {
		return -n
	}
	return n
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func (t *usualText) time() (at time.Time) {
	begin := t.at
	t.word()
	if !t.odd {
		t.odd = at.UnmarshalJSON(t.bytes[begin:t.at]) != nil
	}
	return at
}

func (t *usualText) base64() []byte {
	code, err := base64.StdEncoding.DecodeString(t.word())
	t.odd = t.odd || err != nil
	return code
}

func (t *usualText) hash() (h Hash) {
	t.odd = h.UnmarshalText([]byte(t.word())) != nil || t.odd
	return h
}

// values gives the bytes of each value up to the end of an array.
func (t *usualText) values() (all []json.RawMessage) {
	for more := true; more; more = t.may(`,`) {
		begin := t.at
		t.value(0)
		all = append(all, json.RawMessage(t.bytes[begin:t.at:t.at]))
	}
	return all
}

// deepest is how far values may stand in each other; those of an event do not
// come near it.
const deepest = 16

// value passes over one value that encoding/json takes too.
func (t *usualText) value(depth int) {
	switch {
	case t.odd || depth > deepest:
		t.odd = true
	case t.may(`{}`), t.may(`[]`), t.may(`true`), t.may(`false`), t.may(`null`):
	case t.may(`{`):
		for more := true; more && !t.odd; more = t.may(`,`) {
			t.quoted()
			t.must(`:`)
			t.value(depth + 1)
		}
		t.must(`}`)
	case t.may(`[`):
		for more := true; more && !t.odd; more = t.may(`,`) {
			t.value(depth + 1)
		}
		t.must(`]`)
	case t.at < len(t.chars) && t.chars[t.at] == '"':
		t.quoted()
	default:
		t.number()
	}
}

// quoted passes over a string, with what is escaped in it.
func (t *usualText) quoted() {
	t.must(`"`)
	for ; t.at < len(t.chars) && !t.odd; t.at++ {
		switch c := t.chars[t.at]; {
		case c == '"':
			t.at++
			return
		case c < ' ':
			t.odd = true
		case c == '\\':
			t.escape()
		}
	}
	t.odd = true
}

// escape passes over all but the last character of what is escaped.
func (t *usualText) escape() {
	t.at++
	rest := t.chars[t.at:]
	switch {
	case rest == "":
		t.odd = true
	case rest[0] == 'u':
		t.odd = len(rest) < 5 || !isHex(rest[1]) || !isHex(rest[2]) || !isHex(rest[3]) || !isHex(rest[4])
		t.at += 4
	default:
		t.odd = !isOneOf(rest[0], `"\/bfnrt`)
	}
}

func isHex(c byte) bool { return isOneOf(c, "0123456789abcdefABCDEF") }

func isOneOf(c byte, all string) bool { return strings.IndexByte(all, c) >= 0 }
