package wire

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"dockfill/allocation"
)

var update = flag.Bool("update", false, "write the golden files anew")

const (
	site  = "leeds"
	life  = "c1-7"
	nonce = "mfrggzdfmztwq2lkmfrggzdf"
)

var at = time.Date(2027, 1, 31, 6, 45, 0, 123456789, time.UTC)

var ten = int64(10)

// bodies are stored bytes of events, one of each kind.
func bodies(t testing.TB) []json.RawMessage {
	later := at.Add(time.Minute)
	events := []Event{
		{Seq: 1, Nonce: "00112233445566ff", At: at, Scan: &Scan{
			Station: "1", Code: []byte("]C1\x1d0109501234600006"), At: &at, SSCC: "395012345000000013", Worker: "w7",
			Verdict: allocation.Allocated, Why: allocation.WhyRanked, Policy: "1", Part: 1, Parts: 2,
			Receipts: []Receipt{{
				SKU: "X-<1>&\u2028", Qty: 5, Disposition: allocation.Good, Lot: "L1", Expiry: "2027-12-31", Serial: "S1",
				GTIN: "09501234600006", Inbound: "PO1", Free: 1, Surplus: 1,
				Allocations: []Allocation{{Line: "O1/1", Qty: 3, By: "promised", Over: "O2/1"}},
			}},
			Passed: []Passed{{Line: "O0/1", Lacks: allocation.WhyPack}}, More: true, Staged: true, Kept: 1, Times: 2,
			Moves: []Move{{SKU: "X", Qty: 1, From: "O1/1", To: "O4/1", By: "tier", Over: "O2/1"}},
		}},
		{Seq: 2, Nonce: "1122334455667700", At: later, Undo: &Undo{
			Station: "1", Seqs: []int64{1}, Policy: "1", Passed: []Passed{{Line: "O0/1", Lacks: allocation.WhyNoRight}}, More: true, Moves: []Move{{SKU: "X", Qty: 3, From: "O1/1", Lot: "L1", Expiry: "2027-12-31", Trade: "09501234600006", Serial: "S1"},
				{SKU: "X", Qty: 1, From: "free"}, {SKU: "X", Qty: 1, From: "surplus", Inbound: "PO1"}},
		}},
		{Seq: 3, Nonce: "2233445566770011", At: later, Applied: &Applied{
			Through: CommandCursor{Centre: "c1", N: 9},
			Policy:  "2", Passed: []Passed{{Line: "O2/1", Lacks: allocation.WhyGate}}, More: true,
			Moves:    []Move{{SKU: "X", Qty: 2, From: "free", To: "O3/1"}, {SKU: "X", Qty: 1, From: "O4/1", To: "free"}},
			Returned: []Right{{Line: "O4/1", Qty: 4}},
			Refused:  []Refused{{N: 8, Message: "command 8 is of a kind that this agent does not know"}},
		}},
		{Seq: 4, Nonce: "3344556677001122", At: later, Deed: &Deed{
			Kind: DeedRegrade, Station: "1", Worker: "w7", Line: "O1/1", SKU: "X", Inbound: "PO1", Qty: 1, From: allocation.Good, To: allocation.Damaged,
			Reason: "wet", Policy: "2", Passed: []Passed{{Line: "O0/1", Lacks: allocation.WhyLife}}, More: true, Moves: []Move{{SKU: "X", Qty: 1, From: "free", To: "damaged"}}, Returned: []Right{{Line: "O1/1", Qty: 1}},
		}},
	}
	var out []json.RawMessage
	for _, e := range events {
		body, err := e.Marshal()
		require.NoError(t, err)
		out = append(out, body)
	}
	return out
}

func head() Head { return Head{Site: site, Nonce: nonce, Incarnation: life} }

func cursor(seq int64) Cursor {
	return Cursor{Seq: seq, Hash: Genesis(site, life).Next([]byte{byte(seq)})}
}

// messages has one of each type with every field set.
func messages(t testing.TB) map[string]Message {
	events := &Events{Head: head(), First: 1, Prev: Genesis(site, life), Events: bodies(t)}
	hashes, _ := events.Verify()
	events.Last = hashes[len(hashes)-1]
	return map[string]Message{
		"hello": &Hello{Head: head(), Run: 3, Welcomed: true, HeadAt: cursor(9), Stored: cursor(7), Safe: cursor(5),
			Commands: CommandCursor{Centre: "c1", N: 9}, Registers: cursor(1).Hash, Doubt: "the database's file was replaced by another", Late: true, Word: "mt2m4xq", Program: "dockfill-agent 1.0"},
		"events":   events,
		"welcome":  &Welcome{Head: head(), Minted: true, Instead: "c1-3", Kept: cursor(6), Followed: "c0", Report: true, Facts: true, Centre: "c1", Stored: cursor(7), Safe: cursor(5)},
		"ack":      &Ack{Head: head(), Centre: "c1", Stored: cursor(7), Safe: cursor(5)},
		"commands": &Commands{Head: head(), Centre: "c1", First: 4, Commands: commands()},
		"report":   &Report{Head: head(), Centre: "c1", Part: 1, Parts: 2, Granted: []Granted{{Line: "O1/1", N: 3}}},
		"probe":    &Probe{Head: head(), Word: "mt2m4xq"},
		"fence":    &Fence{Head: head(), Reason: "centre-behind", Message: "Receiving stops until operations have recovered it."},
	}
}

func commands() []Command {
	return []Command{
		{Item: &Item{SKU: "X", Description: "Tea light holder", Putaway: "A-04", GTINs: []ItemGTIN{{GTIN: "09501234600006", Qty: 12}},
			Substitutes: []allocation.SKU{"Y"}}},
		{Order: &Order{ID: "O1", Version: 2, Customer: "C9", CustomerName: "Smith & Sons", Segment: "B", Ship: allocation.ShipOrder, Changed: true, Override: 1, Class: allocation.Win, Contract: 2, Tier: 3,
			Accepted: at, Promised: "2027-02-01", Requested: "2027-02-02", Door: "12", Lines: []OrderLine{{Line: "1", SKU: "X", Qty: 3, Pack: 3, MinLifeDays: 30}}}},
		{Inbound: &Inbound{ID: "PO1", Version: 1, Supplier: "S", Expected: "2027-01-31", TolerancePct: &ten, Closed: true, Lines: []InboundLine{{SKU: "X", Qty: 10}},
			Pallets: []Pallet{{SSCC: "395012345000000013", Lines: []InboundLine{{SKU: "X", Qty: 10}}}}}},
		{Elsewhere: &Elsewhere{Site: "york", SSCCs: []string{"395012345000000020"}}},
		{Policy: &Policy{Version: "1", Rank: []allocation.Key{"override", "class"}, Share: allocation.Fair, GateMode: allocation.GateSkip,
			OverReceipt: 10, Guarantees: []Guarantee{{Segment: "B", Qty: 4}}, StageAtBeep: true}},
		{Map: &Map{Code: []byte("]C1\x1d1"), SKU: "X", Qty: 12}},
		{Approve: &Approve{Inbound: "PO1", Qty: 3}},
		{Grant: &Grant{Line: "O1/1", Incarnation: life, Total: 3}},
		{Reclaim: &Reclaim{Line: "O1/1", Incarnation: life, Total: 2}},
	}
}

// A backlog drains four times slower where this fails, and nothing else tells.
func TestBatchesOfScansAreReadWithoutReflection(t *testing.T) {
	m := realistic(t, 50)
	text, err := m.marshal()
	require.NoError(t, err)
	var read Events
	require.True(t, read.readUsual(text))
	require.Equal(t, *m, read)
	for _, raw := range read.Events {
		_, ok := readUsualScan(raw)
		require.True(t, ok, "%s", raw)
	}
}

// golden compares with a file that was reviewed: a change here is a change of
// the protocol.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(file, got, 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err, "go test ./sync/wire -update writes it")
	require.Equal(t, string(want), string(got), "the wire format of %s has changed", name)
}

func TestTheFormatOfEveryMessageStands(t *testing.T) {
	for name, m := range messages(t) {
		text, err := marshal(m)
		require.NoError(t, err)
		golden(t, name+".json", append(text, '\n'))
	}
}

func TestEveryMessageIsReadAsItWasWritten(t *testing.T) {
	for name, m := range messages(t) {
		payload, err := Encode(m)
		require.NoError(t, err)
		got, err := Decode(payload)
		require.NoError(t, err, name)
		assert.Equal(t, m, got)
		file, err := os.ReadFile(filepath.Join("testdata", name+".json"))
		require.NoError(t, err)
		plain, err := Decode(file)
		require.NoError(t, err, "uncompressed")
		assert.Equal(t, m, plain)
	}
}

func TestTheChainStands(t *testing.T) {
	type vector struct{ Site, Incarnation, Genesis, Bodies, Hashes any }
	h := Genesis(site, life)
	v := vector{Site: site, Incarnation: life, Genesis: h.String()}
	var texts, hashes []string
	for _, b := range bodies(t) {
		h = h.Next(b)
		texts, hashes = append(texts, string(b)), append(hashes, h.String())
	}
	v.Bodies, v.Hashes = texts, hashes
	text, err := json.MarshalIndent(v, "", "  ")
	require.NoError(t, err)
	golden(t, "chain.json", append(text, '\n'))
}

func TestAnotherSiteOrLifeHasAnotherChain(t *testing.T) {
	assert.NotEqual(t, Genesis("leeds", "a"), Genesis("leeds", "b"))
	assert.NotEqual(t, Genesis("leeds", "a"), Genesis("york", "a"))
	assert.NotEqual(t, Genesis("leeds", ""), Genesis("leed", "s"))
}

func TestABatchThatWasTamperedWithDoesNotVerify(t *testing.T) {
	m := messages(t)["events"].(*Events)
	_, ok := m.Verify()
	require.True(t, ok)
	m.Events[1] = bytes.Replace(m.Events[1], []byte(`"qty":3`), []byte(`"qty":4`), 1)
	_, ok = m.Verify()
	assert.False(t, ok)
	m = messages(t)["events"].(*Events)
	m.Events[0], m.Events[1] = m.Events[1], m.Events[0]
	_, ok = m.Verify()
	assert.False(t, ok)
}

// The bytes of an event are hashed as they were stored. A program that wrote
// them differently, with spaces or another escaping, must be verified too.
func TestStoredBytesTravelExactly(t *testing.T) {
	odd := []json.RawMessage{
		json.RawMessage(`{"seq":1,  "scan" : {"code":"PD48"},"x":"\u003c<&\u2028"}`),
		json.RawMessage("{\"seq\":2,\n\t\"n\":1e3,\"big\":123456789012345678901234567890}"),
		json.RawMessage(`{"seq":3,"a":"]}","b":[{"events":[]}]}`),
	}
	m := &Events{Head: head(), First: 1, Events: odd}
	hashes, _ := m.Verify()
	m.Last = hashes[2]
	payload, err := Encode(m)
	require.NoError(t, err)
	got, err := Decode(payload)
	require.NoError(t, err)
	assert.Equal(t, odd, got.(*Events).Events)
	_, ok := got.(*Events).Verify()
	assert.True(t, ok)
}

func TestTheOrderOfFieldsIsFree(t *testing.T) {
	for _, text := range []string{
		`{"site":"leeds","type":"ack","stored":{"seq":4},"v":1}`,
		` {"v":1,"type":"ack","site":"leeds","stored":{"seq":4}}`,
		`{"v":1,"type":"\u0061ck","site":"leeds","stored":{"seq":4}}`,
	} {
		m, err := Decode([]byte(text))
		require.NoError(t, err, text)
		assert.EqualValues(t, 4, m.(*Ack).Stored.Seq)
	}
}

func TestANewerPeersFieldsAreIgnored(t *testing.T) {
	m, err := Decode([]byte(`{"v":1,"type":"ack","site":"leeds","nonce":"n","incarnation":"i","stored":{"seq":4,"hash":"","more":1},"colour":"blue"}`))
	require.NoError(t, err)
	assert.EqualValues(t, 4, m.(*Ack).Stored.Seq)
	m, err = Decode([]byte(`{"v":1,"type":"commands","site":"leeds","nonce":"n","incarnation":"i","centre":"c","first":1,"commands":[{"dance":{}}]}`))
	require.NoError(t, err, "a command of a newer centre is refused by number, not with its message")
	assert.Equal(t, Command{}, m.(*Commands).Commands[0])
	e, err := ParseEvent([]byte(`{"seq":1,"moon":{}}`))
	require.NoError(t, err)
	assert.Nil(t, e.Scan)
}

func TestWhatIsNotAMessageIsRefusedForItsReason(t *testing.T) {
	for text, want := range map[string]error{
		"":                                      ErrFormat,
		"x":                                     ErrFormat,
		`{"v":1,"type":"ack","site":"leeds"`:    ErrFormat,
		`[]`:                                    ErrFormat,
		`{"v":2,"type":"ack","site":"leeds"}`:   ErrVersion,
		`{"type":"ack","site":"leeds"}`:         ErrVersion,
		`{"v":1,"type":"dance","site":"leeds"}`: ErrType,
		`{"v":1,"type":"ack","site":"Leeds"}`:   ErrFormat,
		`{"v":1,"type":"ack","site":""}`:        ErrFormat,
		`{"v":1,"type":"ack","site":"leeds","stored":{"seq":"4"}}`:                                                         ErrFormat,
		`{"v":1,"type":"ack","site":"leeds","stored":{"hash":"00"}}`:                                                       ErrFormat,
		`{"v":1,"type":"ack","site":"leeds","stored":{"hash":"` + strings.Repeat("zz", 32) + `"}}`:                         ErrFormat,
		`{"v":1,"type":"events","site":"leeds","first":1,"events":[]}`:                                                     ErrFormat,
		`{"v":1,"type":"events","site":"leeds","first":0,"events":[{}]}`:                                                   ErrFormat,
		`{"v":1,"type":"events","site":"leeds","first":1,"events":["` + strings.Repeat("x", MaxEvent) + `"]}`:              ErrFormat,
		`{"v":1,"type":"commands","site":"leeds","first":1,"commands":[{}]}`:                                               ErrFormat,
		`{"v":1,"type":"commands","site":"leeds","centre":"c","first":0,"commands":[{}]}`:                                  ErrFormat,
		`{"v":1,"type":"commands","site":"leeds","centre":"c","first":1,"commands":[]}`:                                    ErrFormat,
		`{"v":1,"type":"commands","site":"leeds","centre":"c","first":1,"commands":[{"item":{},"grant":{"line":"O1/1"}}]}`: ErrFormat,
		`{"v":1,"type":"ack","site":"leeds","v":2}`:                                                                        ErrFormat,
		`{"v":1,"type":"ack","site":"leeds","type":"fence"}`:                                                               ErrFormat,
		`{"site":"leeds","type":"ack","v":2}`:                                                                              ErrVersion,
		"\x28\xb5\x2f\xfdnot zstd":                                                                                         ErrFormat,
		strings.Repeat(" ", MaxMessage+1):                                                                                  ErrTooLarge,
	} {
		_, err := Decode([]byte(text))
		assert.ErrorIs(t, err, want, "%.80q", text)
	}
}

// bomb is a small payload that expands to n bytes.
func bomb(t testing.TB, n int, o ...zstd.EOption) []byte {
	w, err := zstd.NewWriter(nil, o...)
	require.NoError(t, err)
	return w.EncodeAll(bytes.Repeat([]byte{' '}, n), nil)
}

// stream is the same without the size in its header.
func stream(t testing.TB, n int) []byte {
	var out bytes.Buffer
	w, err := zstd.NewWriter(&out, zstd.WithWindowSize(64<<10))
	require.NoError(t, err)
	for range n / (64 << 10) {
		_, err = w.Write(bytes.Repeat([]byte{' '}, 64<<10))
		require.NoError(t, err)
		require.NoError(t, w.Flush())
	}
	require.NoError(t, w.Close())
	return out.Bytes()
}

func TestABombIsRefusedBeforeItTakesMemory(t *testing.T) {
	frame := bomb(t, MaxMessage-1)
	bombs := map[string][]byte{
		"announced":     bomb(t, 64<<20),
		"not announced": stream(t, 64<<20),
		"one too many":  bomb(t, MaxMessage+1),
		"many frames":   bytes.Repeat(frame, 200),
	}
	for name, payload := range bombs {
		require.LessOrEqual(t, len(payload), MaxMessage, name)
		const times = 50
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range times {
			_, err := Decode(payload)
			require.ErrorIs(t, err, ErrTooLarge, name)
		}
		runtime.ReadMemStats(&after)
		assert.Less(t, (after.TotalAlloc-before.TotalAlloc)/times, uint64(8*MaxMessage), name)
	}
}

func TestTooMuchIsRefusedByTheSender(t *testing.T) {
	big := json.RawMessage(`"` + strings.Repeat("x", MaxEvent-10) + `"`)
	m := &Events{Head: head(), First: 1, Events: []json.RawMessage{big, big, big, big, big}}
	_, err := Encode(m)
	assert.ErrorIs(t, err, ErrTooLarge)
	_, err = Event{Seq: 1, Scan: &Scan{Code: make([]byte, MaxEvent)}}.Marshal()
	assert.ErrorIs(t, err, ErrTooLarge)
}

// A sender fills a batch by EventsOverhead and CommandsOverhead; both must hold
// for the longest names.
func TestTheOverheadsHoldForTheLongestNames(t *testing.T) {
	long := Head{Site: allocation.SiteID(strings.Repeat("s", 40)), Nonce: strings.Repeat("n", 64), Incarnation: strings.Repeat("i", 64)}
	events := &Events{Head: long, First: 1 << 62, Events: []json.RawMessage{[]byte("{}")}}
	text, err := marshal(events)
	require.NoError(t, err)
	assert.LessOrEqual(t, len(text), EventsOverhead+3)
	cmd := Command{Grant: &Grant{Line: "O1/1", Incarnation: life, Total: 3}}
	size, err := cmd.Size()
	require.NoError(t, err)
	text, err = marshal(&Commands{Head: long, Centre: strings.Repeat("c", 64), First: 1 << 62, Commands: []Command{cmd, cmd}})
	require.NoError(t, err)
	assert.LessOrEqual(t, len(text), CommandsOverhead+2*size)
}

func TestTopics(t *testing.T) {
	assert.Equal(t, "dockfill/1/d8/leeds/up", Up("leeds"))
	assert.Equal(t, "dockfill/1/d8/leeds/down", Down("leeds"))
	assert.Equal(t, "dockfill/1/+/+/up", AllUp())
	for _, topic := range []string{
		"", "dockfill/1/d8/leeds", "dockfill/1/d8/leeds/down", "dockfill/1/d9/leeds/up", "dockfill/1/D8/leeds/up", "dockfill/1/d8/Leeds/up",
		"dockfill/1/d8/+/up", "dockfill/1/+/leeds/up", "dockfill/1/#", "dockfill/2/d8/leeds/up", "dockfill/1/d8/leeds/up/", "/dockfill/1/d8/leeds/up",
		"dockfill/1/d8/leeds\x00/up", Up("le eds"), Up(""), Up(allocation.SiteID(strings.Repeat("a", 41))), "$share/x/dockfill/1/d8/leeds/up",
	} {
		_, err := SiteOf(topic)
		assert.Error(t, err, topic)
	}
	rapid.Check(t, func(t *rapid.T) {
		id := allocation.SiteID(rapid.StringMatching(`[a-z0-9-]{1,40}`).Draw(t, "site"))
		got, err := SiteOf(Up(id))
		require.NoError(t, err)
		assert.Equal(t, id, got)
	})
}

// What a device kept is one event in hundreds, and many at once where it is not.
func TestLateScansAreReadWithoutReflectionToo(t *testing.T) {
	e := Event{Seq: 1, Nonce: "00112233445566ff", At: at, Scan: &Scan{
		Station: "1", Code: []byte("4006381333931"), At: &at, Verdict: allocation.Stock, Why: allocation.WhyNoDemand, Late: true, DeviceAt: &at,
	}}
	body, err := e.Marshal()
	require.NoError(t, err)
	read, usual := readUsualScan(body)
	require.True(t, usual, "%s", body)
	require.Equal(t, e, read)
	var plain Event
	require.NoError(t, json.Unmarshal(body, &plain))
	require.Equal(t, e, plain)
}

// A nonce stands in client ids and in logs: it has one form everywhere.
func TestANonceHasOneForm(t *testing.T) {
	fresh := strings.Repeat("k3qv7m2x", 3) + "ab"
	for _, good := range []string{"abcdefgh", "01234567", fresh, strings.Repeat("z", 58)} {
		assert.NoError(t, CheckNonce(good))
		site, ok := SplitClientID("leeds." + good + "x2y3z4")
		assert.True(t, ok, good)
		assert.Equal(t, "leeds", site)
	}
	for _, bad := range []string{"", "abcdefg", "../../x", "ABCDEFGH", "abcdefg.", "abcdefgh\n", "abcdéfgh", strings.Repeat("z", 59)} {
		assert.ErrorContains(t, CheckNonce(bad), "must be 8 to 58 characters of a-z and 0-9", bad)
	}
	for _, bad := range []string{"", "leeds", "leeds.", "leeds.abc", "leeds.abcdefg/", "leeds.abcdefgh.x", "leeds." + strings.Repeat("z", 65)} {
		_, ok := SplitClientID(bad)
		assert.False(t, ok, bad)
	}
}
