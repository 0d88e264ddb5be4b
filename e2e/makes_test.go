package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/firmware-sim/device"
	"dockfill/scanner"
)

// shippedMake is a profile that the agent ships, and the pretend scanner that
// speaks with it.
type shippedMake struct {
	profile string
	ending  scanner.Terminator // what the station says; empty is the profile's own
	device  device.Config
	// cannot is what such a scanner cannot suffer, and why.
	cannot map[device.Fault]string
	// lost are the faults after which the unit is not received: the worker hears
	// no good tone, and scans it again. After those in either it hangs on the gaps
	// between the bytes, which a busy machine stretches, whether they are one scan.
	lost, either []device.Fault
}

const (
	noSum    = "plain text carries no checksum that could be wrong"
	noRepeat = "it sends nothing twice: it waits for no acknowledgement"
	noEnd    = "its scans have no end that could be missing"
	answered = "its acknowledgement is the tone itself, and it repeats nothing: a lost one is a scan without a tone"
)

// garbling are the faults that plain text cannot heal.
var garbling = []device.Fault{device.NoTerm, device.Nul, device.Control, device.Noise, device.Stall, device.Torn, device.Junk}

func typing(profile string, ending scanner.Terminator, framing device.Framing) shippedMake {
	return shippedMake{
		profile: profile, ending: ending, device: device.Config{Framing: framing},
		cannot: map[device.Fault]string{device.Checksum: noSum, device.LostAck: noRepeat}, lost: garbling,
		either: []device.Fault{device.Split, device.SplitEnd, device.Noise},
	}
}

func hearing(profile string, cfg device.Config) shippedMake {
	m := typing(profile, "", device.CR)
	m.device = cfg
	return m
}

// makes is every profile; ascii is there with each of its terminators.
func makes() []shippedMake {
	framed := slices.DeleteFunc(slices.Clone(garbling), func(f device.Fault) bool { return f == device.Noise }) // its frame proves itself whole
	ssi := shippedMake{profile: "ssi", device: device.Config{Profile: device.SSI}, lost: []device.Fault{device.Nul, device.Control, device.Torn, device.Junk}}
	lrc := typing("ascii", scanner.STXETXLRC, device.STXETXLRC)
	delete(lrc.cannot, device.Checksum)
	lrc.lost = slices.Concat(framed, []device.Fault{device.Checksum})
	idle := typing("ascii", scanner.Idle, device.NoEnd)
	idle.cannot[device.NoTerm] = noEnd
	idle.either = append(idle.either, device.Double)
	stx := typing("ascii", scanner.STXETX, device.STXETX)
	stx.lost = framed
	hostack := hearing("honeywell-hostack", device.Config{Profile: device.HoneywellHostAck})
	hostack.cannot[device.LostAck] = answered
	old := hearing("honeywell-hostack-2020", device.Config{Profile: device.HoneywellHostAck, NoComma: true})
	old.cannot[device.LostAck] = answered
	header := hearing("honeywell", device.Config{Profile: device.Honeywell})
	header.lost = framed
	ack := hearing("datalogic-ack", device.Config{Profile: device.Datalogic, AckNak: true})
	delete(ack.cannot, device.LostAck)
	return []shippedMake{
		typing("ascii", scanner.CR, device.CR), typing("ascii", scanner.LF, device.LF), typing("ascii", scanner.CRLF, device.CRLF),
		typing("ascii", scanner.CRCR, device.CRCR), typing("ascii", scanner.TAB, device.Tab), stx, lrc, idle,
		ssi, hostack, old, header,
		hearing("datalogic", device.Config{Profile: device.Datalogic, NeedsEnable: true}), ack,
		hearing("datalogic-cordless", device.Config{Profile: device.Cordless, Framing: device.CRLF}),
		typing("newland", "", device.CR), typing("opticon", "", device.CR), typing("mindeo", "", device.CR), typing("denso", "", device.CR),
		hearing("batch", device.Config{Profile: device.Batch}), hearing("batch-timed", device.Config{Profile: device.Batch, TimeLayout: "20060102150405"}),
	}
}

// A make that is shipped and not tried here would be believed and not known.
func TestTheMatrixHasEveryMakeAndEveryTerminator(t *testing.T) {
	files, err := filepath.Glob("../scanner/profile/makes/*.toml")
	require.NoError(t, err)
	var shipped, tried []string
	var endings []scanner.Terminator
	for _, f := range files {
		shipped = append(shipped, strings.TrimSuffix(filepath.Base(f), ".toml"))
	}
	for _, m := range makes() {
		tried = append(tried, m.profile)
		if m.profile == "ascii" {
			endings = append(endings, m.ending)
		}
	}
	slices.Sort(tried)
	assert.ElementsMatch(t, shipped, slices.Compact(tried))
	assert.ElementsMatch(t, scanner.Terminators(), endings)
}

// Whatever goes wrong with whatever scanner: each good tone is one unit saved, no
// unit is there twice, and the next good scan is good again.
func TestEveryMakeSurvivesEveryFault(t *testing.T) {
	whole(t)
	c := newCentre(t)
	c.imports("items", items+"CUP,Cup,B-02,"+cup+",1\n")
	c.imports("orders", orders("leeds", 1, 100_000))
	g := &stage{site: &site{t: t, name: "leeds", program: tool("dockfill-agent"), dir: t.TempDir(), http: "http://127.0.0.1:0", broker: c.broker}}
	g.data = filepath.Join(g.dir, "data")
	require.NoError(t, os.MkdirAll(g.data, 0o755))
	var stations strings.Builder
	var lanes []*lane
	for _, m := range makes() {
		for _, part := range m.parts() {
			l := newLane(g.site, len(lanes)+1, m)
			l.faults, lanes = part, append(lanes, l)
			l.describe(&stations)
		}
	}
	g.open(stations.String())
	g.knows(1)
	var all sync.WaitGroup
	for _, l := range lanes {
		all.Go(func() { t.Run(l.name(), l.run) })
	}
	all.Wait()
	g.up()
	heal(t, g.site, c, patience)
	audit(t, g.site, c, nil)
}

// cup is a GTIN of which nobody ordered anything.
const cup = "00036000291452"

// lane is one make at its station, and what was heard there.
type lane struct {
	shippedMake
	*device.Device
	t      *testing.T
	site   *site
	number int
	id     string         // the number in words
	faults []device.Fault // nil plays the verdicts instead
	n      int            // cartons so far
	marked int64          // the log's head before the present step
	begun  int            // the tones before it

	mu     sync.Mutex
	tones  []device.Tone   // of the scanner, or else of the station's speaker
	spoken map[string]bool // what the station's speaker gave a tone for
	asked  time.Time       // when the speaker was asked last
}

// parts shares the faults out over several stations where each one takes its time: a
// memory counts when the line has been silent for two seconds.
func (m shippedMake) parts() (parts [][]device.Fault) {
	var all []device.Fault
	for _, f := range device.Faults {
		all = append(all, f.Fault)
	}
	size := len(all)
	if m.memory() {
		size = 3
	}
	return append(slices.Collect(slices.Chunk(all, size)), nil)
}

func (m shippedMake) memory() bool { return m.device.Profile == device.Batch }

func newLane(s *site, n int, m shippedMake) *lane {
	l := &lane{shippedMake: m, site: s, number: n, id: fmt.Sprint(n), spoken: map[string]bool{}}
	l.device.Link = filepath.Join(s.dir, "station-"+l.id)
	l.device.AIM, l.device.ToneWait, l.device.EnableWait = true, 10*time.Second, patience
	l.device.OnEvent = func(e device.Event) {
		if tone := e.Tone(); tone != device.None {
			l.mu.Lock()
			defer l.mu.Unlock()
			l.tones = append(l.tones, tone)
		}
	}
	return l
}

func (l *lane) name() string {
	words := append([]string{l.profile, l.terminator()}, asText(l.faults)...)
	if !l.memory() {
		words = append(words[:2], map[bool]string{true: "verdicts", false: "faults"}[l.faults == nil])
	}
	return strings.Join(slices.DeleteFunc(words, func(w string) bool { return w == "" }), " ")
}

func asText(faults []device.Fault) (words []string) {
	for _, f := range faults {
		words = append(words, string(f))
	}
	if faults == nil {
		return []string{"verdicts"}
	}
	return words
}

// terminator is the ending as the configuration has it.
func (l *lane) terminator() string {
	return strings.ToLower(strings.NewReplacer("/", "-", "+", "-").Replace(string(l.ending)))
}

// describe writes the station.
func (l *lane) describe(to *strings.Builder) {
	fmt.Fprintf(to, "\n[[station]]\nid = %q\nport = %q\nprofile = %q\nguard_ms = 5000\n", l.id, l.device.Link, l.profile)
	if l.ending != "" {
		fmt.Fprintf(to, "terminator = %q\n", l.terminator())
	}
}

// run is the whole story of one make.
func (l *lane) run(t *testing.T) {
	l.t = t
	var err error
	l.Device, err = device.Open(l.device)
	require.NoError(t, err)
	t.Cleanup(l.Close)
	l.ready()
	if l.faults == nil {
		l.verdicts()
	}
	for _, f := range l.faults {
		if why, cannot := l.cannot[f]; cannot {
			t.Logf("no %s: %s", f, why)
			continue
		}
		l.suffer(f)
	}
}

// verdicts has the station say each of the verdicts, and the scanner, where it
// can, or else the station's speaker sound it.
func (l *lane) verdicts() {
	for _, v := range []struct {
		tone device.Tone
		do   func()
	}{
		{device.Good, func() { l.pull("", l.carton()) }},
		{device.Good, func() { l.pull("", "(01)"+cup+"(21)CUP-"+l.id) }},
		{device.Hold, func() { l.pull("", "NOBODY-KNOWS-"+l.id) }},
		{device.Stop, func() { l.pull("", "4006381333932") }}, // a wrong check digit
		{device.Check, l.twice},
	} {
		l.begin()
		v.do()
		eventually(l.t, patience, fmt.Sprintf("a tone %s", v.tone), func() bool { return slices.Contains(l.heard()[l.begun:], v.tone) })
	}
}

// twice is what the station must ask about: a carton without a serial number that is
// read twice in no time, or a memory that is pasted twice. On a busy machine the agent
// may see no silence between two readings of a scanner that ends them by silence
// alone, or take the second one for the device's own repeat; the worker pulls again.
func (l *lane) twice() {
	if !l.memory() {
		for began := time.Now(); !slices.Contains(l.heard()[l.begun:], device.Check) && time.Since(began) < patience; {
			time.Sleep(worker)
			l.pull(device.Double, gtin[1:])
		}
		return
	}
	l.pull("", l.carton(), l.carton(), l.carton())
	require.NoError(l.t, l.UploadBadly(l.t.Context(), ""))
}

// suffer plays one fault, and then the carton that follows it.
func (l *lane) suffer(f device.Fault) {
	l.begin()
	serial := l.serial(string(f))
	l.pull(f, fmt.Sprintf("(01)%s(21)%s(10)LOT-12345678", gtin, serial))
	if f == device.Torn {
		require.NoError(l.t, l.Replug())
		l.ready()
	}
	if f == device.Double { // a tone that comes together with the next carton's would hide it
		eventually(l.t, patience, "the word on the second reading", func() bool {
			return slices.ContainsFunc(l.heard()[l.begun:], func(tone device.Tone) bool { return tone != device.Good })
		})
	}
	time.Sleep(worker) // the hand's pace: what is still said of this carton is not said of the next
	l.next("after " + string(f))
	want, leftOut := 1, 0
	if slices.Contains(l.lost, f) {
		want = 0
	}
	if f == device.Double || slices.Contains(l.either, f) {
		leftOut = 1 // what came on its heels, a second reading or a fragment, had its tone left out or drowned
	}
	l.settled(string(f), leftOut)
	if !slices.Contains(l.either, f) {
		assert.Equal(l.t, want, l.received()[serial], "units of the carton that suffered %s; heard %v", f, l.heard()[l.begun:])
	}
}

// next is a good carton. A worker who hears no good tone scans it again: what came
// before may not have had its end yet.
func (l *lane) next(when string) {
	code := l.carton()
	_, serial, _ := strings.Cut(code, "(21)")
	before := len(l.heard())
	for began := time.Now(); ; time.Sleep(worker) {
		l.pull("", code)
		if l.received()[serial] > 0 {
			break
		}
		require.Less(l.t, time.Since(began), patience, "the good carton %s; heard %v", when, l.heard()[l.begun:])
	}
	eventually(l.t, patience, "the good tone "+when, func() bool { return slices.Contains(l.heard()[before:], device.Good) })
}

// worker is how soon a worker who heard nothing good scans again.
const worker = time.Second

// settled holds the step to the promise: each unit is there once, with its good
// tone, and there is no other good tone.
func (l *lane) settled(what string, leftOut int) {
	units := 0
	for serial, n := range l.received() {
		assert.Equal(l.t, 1, n, "%s: %s", what, serial)
		units += n
	}
	good := func() (n int) {
		for _, tone := range l.heard()[l.begun:] {
			if tone == device.Good {
				n++
			}
		}
		return n
	}
	eventually(l.t, patience, fmt.Sprintf("%s: %d good tones", what, units), func() bool { return good() >= units-leftOut })
	assert.LessOrEqual(l.t, good(), units, "%s: good tones for more than was saved: %v", what, l.heard()[l.begun:])
}

// begin is the start of a step.
func (l *lane) begin() {
	db := l.site.database()
	defer db.Close()
	l.marked = count(db, `SELECT coalesce(max(seq), 0) FROM event`)
	l.begun = len(l.heardByNow())
}

// serial is one of this station's. It holds no digit, which could be taken for an AI
// once a separator is lost.
func (l *lane) serial(of string) string {
	return fmt.Sprintf("%c%c-%s", 'A'+l.number/26, 'A'+l.number%26, of)
}

// carton is the label of the next good one.
func (l *lane) carton() string {
	l.n++
	return carton(l.serial(fmt.Sprintf("next%c", 'A'+l.n)))
}

// pull is the trigger. It waits for the verdict as a worker does, not for ever.
func (l *lane) pull(f device.Fault, codes ...string) {
	ctx, cancel := context.WithTimeout(l.t.Context(), patience)
	defer cancel()
	before := len(l.heardByNow())
	l.Bounce(100 * time.Millisecond)
	if l.ending == scanner.Idle {
		l.Bounce(worker) // without a silence between them the two are one
	}
	var err error
	if l.memory() {
		err = l.paste(ctx, f, codes)
	} else {
		_, err = l.ScanBadly(ctx, device.MustLabel(codes[0]), f)
	}
	if f == device.Torn && errors.Is(err, device.ErrUnplugged) {
		return // as intended
	}
	require.NoError(l.t, err, "%q %s", codes, f)
	listens := time.Second
	if l.memory() {
		listens = patience
	}
	for began := time.Now(); len(l.heard()) == before && time.Since(began) < listens; {
		time.Sleep(50 * time.Millisecond)
	}
}

// paste fills a memory and empties it over the wire.
func (l *lane) paste(ctx context.Context, f device.Fault, codes []string) error {
	if err := l.Clear(); err != nil {
		return err
	}
	for _, code := range codes {
		label := device.Fault("")
		if slices.Contains([]device.Fault{device.Nul, device.Control, device.LostGS, device.Double}, f) {
			label = f // the others happen on the wire
		}
		if _, err := l.ScanBadly(ctx, device.MustLabel(code), label); err != nil {
			return err
		}
	}
	return l.UploadBadly(ctx, f)
}

// ready waits until the agent has the port.
func (l *lane) ready() {
	eventually(l.t, patience, "the agent on "+l.Address(), func() bool {
		var now status
		require.NoError(l.t, get(l.t, l.site.http+"/api/v1/status", &now))
		return slices.ContainsFunc(now.Stations, func(s station) bool { return s.ID == l.id && s.State == "connected" })
	})
}

// heard is every tone so far.
func (l *lane) heard() []device.Tone {
	if !l.device.Profile.Hears() && time.Since(l.asked) > 200*time.Millisecond { // twenty lanes ask the one agent
		l.askSpeaker()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.tones)
}

// heardByNow asks the speaker in any case.
func (l *lane) heardByNow() []device.Tone {
	l.asked = time.Time{}
	return l.heard()
}

// askSpeaker takes what the station's speaker said since the last time.
func (l *lane) askSpeaker() {
	var recent struct {
		Scans []struct {
			Seq               int64
			At, Verdict, Code string
		}
	}
	require.NoError(l.t, get(l.t, l.site.http+"/api/v1/recent?n=50&station="+l.id, &recent))
	l.asked = time.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range slices.Backward(recent.Scans) {
		if key := fmt.Sprint(s); !l.spoken[key] {
			l.spoken[key] = true
			l.tones = append(l.tones, map[string]device.Tone{"ALLOCATED": device.Good, "STOCK": device.Good, "HOLD": device.Hold, "CHECK": device.Check, "STOP": device.Stop}[s.Verdict])
		}
	}
}

// received counts what the log says of this station since the step began, by
// serial number.
func (l *lane) received() map[string]int {
	db := l.site.database()
	defer db.Close()
	units := map[string]int{}
	for _, e := range entries(l.t, db, `SELECT seq, hash, body FROM event WHERE seq > ?`, l.marked) {
		var told struct {
			Scan *struct {
				Station  string
				Receipts []struct{ Serial string }
			}
		}
		require.NoError(l.t, json.Unmarshal(e.body, &told))
		if told.Scan == nil || told.Scan.Station != l.id {
			continue
		}
		for _, r := range told.Scan.Receipts {
			units[r.Serial]++
		}
	}
	return units
}
