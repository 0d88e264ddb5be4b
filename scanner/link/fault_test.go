package link_test

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/allocation"
	"dockfill/scanner"
	"dockfill/scanner/link"
	"dockfill/scanner/scannertest"
)

// piece is bytes that come so long after the ones before.
type piece struct {
	after time.Duration
	bytes string
}

// timed is a port on which bytes come at their time, and bytes lay before.
type timed struct {
	idle
	old  string
	mu   sync.Mutex
	list []piece
	due  time.Time
}

func (p *timed) Leftover() []byte { return []byte(p.old) }

func (p *timed) Read(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	const limit = 100 * time.Millisecond
	if len(p.list) == 0 {
		time.Sleep(limit)
		return 0, nil
	}
	if p.due.IsZero() {
		p.due = time.Now().Add(p.list[0].after)
	}
	if wait := time.Until(p.due); wait > limit {
		time.Sleep(limit)
		return 0, nil
	} else {
		time.Sleep(wait)
	}
	n := copy(b, p.list[0].bytes)
	if p.list[0].bytes = p.list[0].bytes[n:]; p.list[0].bytes == "" {
		p.list, p.due = p.list[1:], time.Time{}
	}
	return n, nil
}

// deliver runs a device over one port, in virtual time, and gives its scans.
func deliver(t *testing.T, p link.Port, n int, c scanner.Config, check func(*link.Device, []scanner.Scan)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		d, out := start(t, c, &ports{list: []link.Port{p}})
		var scans []scanner.Scan
		for range n {
			scans = append(scans, scannertest.Take(t, out))
		}
		synctest.Wait()
		check(d, scans)
	})
}

// What lay in the port when it was opened, the rest of it, and what follows on its
// heels, had no verdict; what a worker scans after that does.
func TestBytesFromBeforeTheOpeningAreInQuarantine(t *testing.T) {
	p := &timed{old: "OLD1\rOLD2\rOL", list: []piece{{20 * time.Millisecond, "D3\r"}, {50 * time.Millisecond, "OLD4\r"}, {700 * time.Millisecond, "NEW1\r"}, {500 * time.Millisecond, "NEW2\r"}}}
	deliver(t, p, 6, scanner.Config{Terminator: scanner.CR}, func(_ *link.Device, scans []scanner.Scan) {
		for i, code := range []string{"OLD1", "OLD2", "OLD3", "OLD4"} {
			assert.Equal(t, code, string(scans[i].Raw))
			assert.ErrorIs(t, scans[i].Fault, scanner.ErrStale, code)
		}
		for i, code := range []string{"NEW1", "NEW2"} {
			assert.Equal(t, code, string(scans[4+i].Raw))
			assert.NoError(t, scans[4+i].Fault, code)
		}
	})
}

// A worker who scans on and on, because all of it is refused, is heard in the end;
// a stream that was under way stays old to its last byte.
func TestAQuarantineEndsThoughSomebodyScansWithoutRest(t *testing.T) {
	p := &timed{old: "OLD\r"}
	for i := range 12 {
		p.list = append(p.list, piece{250 * time.Millisecond, fmt.Sprintf("NEW%d\r", i)})
	}
	deliver(t, p, 13, scanner.Config{Terminator: scanner.CR}, func(_ *link.Device, scans []scanner.Scan) {
		for i, s := range scans[:8] {
			assert.ErrorIs(t, s.Fault, scanner.ErrStale, "%d", i)
		}
		for _, s := range scans[10:] {
			assert.NoError(t, s.Fault, "%s", s.Raw)
		}
	})
	stream := &timed{old: "OLD\r"}
	for range 100 {
		stream.list = append(stream.list, piece{50 * time.Millisecond, "OLD\r"})
	}
	deliver(t, stream, 101, scanner.Config{Terminator: scanner.CR}, func(_ *link.Device, scans []scanner.Scan) {
		for _, s := range scans {
			assert.ErrorIs(t, s.Fault, scanner.ErrStale)
		}
	})
}

// An upload is held back until it is whole, and is as old as its bytes.
func TestAMemoryFromBeforeTheOpeningIsInQuarantineAsAWhole(t *testing.T) {
	p := &timed{old: "A\rB\rC\r", list: []piece{{10 * time.Second, "D\rE\rF\r"}}}
	deliver(t, p, 6, scanner.Config{Profile: "batch"}, func(_ *link.Device, scans []scanner.Scan) {
		for i, s := range scans {
			assert.Equal(t, string("ABCDEF"[i]), string(s.Raw))
			assert.Equal(t, 3, s.Batch.Of())
			assert.True(t, s.Late)
			if i < 3 {
				assert.ErrorIs(t, s.Fault, scanner.ErrStale)
			} else {
				assert.NoError(t, s.Fault)
			}
		}
	})
}

// A line end that lay in the port is nothing.
func TestAnEmptyLineInThePortQuarantinesNothing(t *testing.T) {
	deliver(t, &timed{old: "\r\n", list: []piece{{10 * time.Millisecond, "4006381333931\r"}}}, 1, scanner.Config{Terminator: scanner.CR}, func(_ *link.Device, scans []scanner.Scan) {
		assert.NoError(t, scans[0].Fault)
	})
}

// A handheld that comes back into range sends what it kept, as fast as the line
// takes it.
func TestARunFasterThanAnyHandIsLate(t *testing.T) {
	list := []piece{{time.Second, "LIVE\r"}}
	for i := range 6 {
		list = append(list, piece{time.Duration(max(0, 1-i))*time.Second + 40*time.Millisecond, fmt.Sprintf("40063813339%02d\r", i/2)}) // each twice, paced as at 9600 baud
	}
	list = append(list, piece{time.Second, "LIVE\r"})
	deliver(t, &timed{list: list}, 8, scanner.Config{Terminator: scanner.CR}, func(d *link.Device, scans []scanner.Scan) {
		var late []bool
		for _, s := range scans {
			late = append(late, s.Late)
		}
		// From the third different code on it is certain.
		assert.Equal(t, []bool{false, false, false, false, false, true, true, false}, late)
		assert.EqualValues(t, 2, d.Status().Counts.Late)
	})
}

func TestALabelThatIsStaredAtIsNotLate(t *testing.T) {
	var list []piece
	for range 20 {
		list = append(list, piece{20 * time.Millisecond, "4006381333931\r"})
	}
	deliver(t, &timed{list: list}, 20, scanner.Config{Terminator: scanner.CR}, func(_ *link.Device, scans []scanner.Scan) {
		for _, s := range scans {
			assert.False(t, s.Late)
		}
	})
}

func TestWrongRateStandsInTheStatusUntilAScanIsGood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		garbled := "\xfc\x80\xf8\xe6\x9e\xfe\x06\x80\xe0\x66\xfe\x98" // 4800 heard at 9600
		p := &timed{list: []piece{{time.Second, garbled}, {time.Second, garbled}, {time.Second, garbled}, {10 * time.Second, "4006381333931\r"}}}
		d, out := start(t, scanner.Config{Terminator: scanner.CR}, &ports{list: []link.Port{p}})
		for range 3 {
			assert.Error(t, scannertest.Take(t, out).Fault, "never a scan")
		}
		time.Sleep(time.Second)
		assert.Equal(t, scanner.Connected, d.Status().State)
		assert.ErrorIs(t, d.Status().LastError, scanner.ErrWrongRate)
		assert.ErrorContains(t, d.Status().LastError, "try baud = ")
		require.NoError(t, scannertest.Take(t, out).Fault)
		synctest.Wait()
		assert.NoError(t, d.Status().LastError)
	})
}

// A scanner that is set to another end than its station: nothing is counted, and the
// worker hears which setting would fit.
func TestMissingTerminatorIsNeverAScanAndNamesTheOneThatCame(t *testing.T) {
	for _, c := range []struct {
		sent string
		want scanner.Terminator
		hint string
	}{
		{"4006381333931\n", scanner.CR, `it ends in LF and the station waits for CR, so try terminator = "lf"`},
		{"4006381333931\r", scanner.CRLF, `try terminator = "cr"`},
		{"4006381333931\r\n", scanner.TAB, `try terminator = "crlf"`},
		{"\x024006381333931\x03", scanner.CR, `try terminator = "stx-etx"`},
		{"4006381333931", scanner.CR, "check the terminator"},
	} {
		deliver(t, &timed{list: []piece{{time.Second, c.sent}}}, 1, scanner.Config{Terminator: c.want}, func(d *link.Device, scans []scanner.Scan) {
			assert.ErrorIs(t, scans[0].Fault, scanner.ErrUnterminated)
			assert.ErrorContains(t, scans[0].Fault, c.hint)
			assert.Zero(t, d.Status().Counts.Scans)
		})
	}
}

// flood gives scans without end, as fast as they are read.
type flood struct {
	idle
	n atomic.Int64
}

func (f *flood) Read(b []byte) (int, error) {
	n := 0
	for len(b)-n > 20 {
		n += copy(b[n:], fmt.Sprintf("SERIAL%010d\r", f.n.Add(1)))
	}
	return n, nil
}

// Ten seconds of 10,000 scans a second into an agent that takes them slower: none
// is lost, none comes out of order, and no more is read than one buffer ahead.
func TestAFloodWaitsAndLosesNothing(t *testing.T) {
	const scans = 100_000
	f := &flood{}
	_, out := start(t, scanner.Config{Terminator: scanner.CR}, &ports{list: []link.Port{f}})
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	began := time.Now()
	for i := range scans {
		s := scannertest.Take(t, out)
		if want := fmt.Sprintf("SERIAL%010d", i+1); string(s.Raw) != want || s.Fault != nil {
			require.Equal(t, want, string(s.Raw))
			require.NoError(t, s.Fault)
		}
		require.LessOrEqual(t, f.n.Load()-int64(i), int64(1000), "read ahead of the agent")
	}
	took := time.Since(began)
	runtime.GC()
	runtime.ReadMemStats(&after)
	t.Logf("%d scans in %s: %.0f a second", scans, took.Round(time.Millisecond), scans/took.Seconds())
	assert.Less(t, int64(after.HeapAlloc)-int64(before.HeapAlloc), int64(4<<20), "memory does not grow with the flood")
}

// At a wrong rate some bursts look like a word: none of them is a unit, and none
// says that the rate is right.
func TestAWordBetweenGarbageIsAFaultUntilAKnownCodeComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		garbled := "\xfc\x80\xf8\xe6\x9e\xfe\x06\x80\xe0\x66\xfe\x98" // 4800 heard at 9600
		p := &timed{list: []piece{{time.Second, garbled + "\r"}, {time.Second, "f`x\r"}, {time.Second, garbled + "\r"}, {time.Second, "~fx\r"}, {time.Second, "4006381333931\r"}, {time.Second, "WORD\r"}}}
		d, out := start(t, scanner.Config{Terminator: scanner.CR}, &ports{list: []link.Port{p}})
		scannertest.Take(t, out)
		for _, word := range []string{"f`x", "~fx"} {
			s := scannertest.Take(t, out)
			if word != string(s.Raw) {
				s = scannertest.Take(t, out)
			}
			assert.Equal(t, word, string(s.Raw))
			assert.ErrorIs(t, s.Fault, scanner.ErrWrongRate)
			assert.ErrorContains(t, s.Fault, "try baud = ")
		}
		assert.ErrorIs(t, d.Status().LastError, scanner.ErrWrongRate)
		require.NoError(t, scannertest.Take(t, out).Fault)
		assert.NoError(t, scannertest.Take(t, out).Fault, "a word behind a good code is a word")
		synctest.Wait()
		assert.NoError(t, d.Status().LastError)
	})
}

// Whoever looks at the status has to hear of a wrong terminator, not the dock alone.
func TestAWrongTerminatorStandsInTheStatusUntilAScanIsGood(t *testing.T) {
	for _, c := range []struct{ sent, hint string }{{"4006381333931\n", `try terminator = "lf"`}, {"4006381333931", `send CR as its suffix, or the station to terminator = "idle"`}} {
		synctest.Test(t, func(t *testing.T) {
			p := &timed{list: []piece{{time.Second, c.sent}, {3 * time.Second, c.sent}, {10 * time.Second, "4006381333931\r"}}}
			d, out := start(t, scanner.Config{Terminator: scanner.CR}, &ports{list: []link.Port{p}})
			scannertest.Take(t, out)
			scannertest.Take(t, out)
			synctest.Wait()
			assert.ErrorContains(t, d.Status().LastError, c.hint)
			require.NoError(t, scannertest.Take(t, out).Fault)
			synctest.Wait()
			assert.NoError(t, d.Status().LastError)
		})
	}
}

// ssiA is the packet of the code "A".
const ssiA = "\x06\xf3\x00\x00\x03A\xfe\xc3"

// keeper is an SSI scanner that sends the next code so long after each
// acknowledgement.
type keeper struct {
	idle
	quiet, pause time.Duration
	acks         chan struct{}
	left         int
	begun        bool
}

func (k *keeper) Write(p []byte) (int, error) {
	if string(p) == "\x04\xd0\x04\x00\xff\x28" {
		k.acks <- struct{}{}
	}
	return len(p), nil
}

func (k *keeper) Read(p []byte) (int, error) {
	if k.left == 0 {
		time.Sleep(100 * time.Millisecond)
		return 0, nil
	}
	switch {
	case k.quiet > 0:
		k.quiet -= 100 * time.Millisecond
		time.Sleep(100 * time.Millisecond)
		return 0, nil
	case k.begun:
		<-k.acks
		time.Sleep(k.pause)
	}
	k.begun = true
	k.left--
	return copy(p, ssiA), nil
}

// What a handheld kept follows on the heels of each acknowledgement; a trigger that
// bounces and a reader that never rests do not, or not for long.
func TestEqualCodesOnTheHeelsOfTheAcknowledgementWereKept(t *testing.T) {
	for _, c := range []struct {
		name                 string
		quiet, commit, pause time.Duration
		sent, least, most    int
	}{
		{"out of range", 5 * time.Second, 10 * time.Millisecond, 4 * time.Millisecond, 6, 5, 5},
		{"out of range, on a line faster than its setting", 5 * time.Second, 4 * time.Millisecond, time.Millisecond, 6, 5, 5},
		{"a trigger that bounces", 5 * time.Second, 5 * time.Millisecond, 50 * time.Millisecond, 6, 0, 0},
		{"a bounce that waited for a slow disk", 5 * time.Second, 60 * time.Millisecond, time.Millisecond, 6, 0, 0},
		{"a label that is stared at", 5 * time.Second, 2 * time.Millisecond, 25 * time.Millisecond, 40, 0, 0},
		{"more than a hand can have read", 600 * time.Millisecond, 10 * time.Millisecond, 4 * time.Millisecond, 200, 8, 11},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &keeper{quiet: c.quiet, pause: c.pause, left: c.sent, acks: make(chan struct{}, 1)}
				_, out := start(t, scanner.Config{Profile: scanner.SSI}, &ports{list: []link.Port{p}})
				late := 0
				for range c.sent {
					s := scannertest.Take(t, out)
					require.NoError(t, s.Fault)
					if s.Late {
						late++
					}
					time.Sleep(c.commit)
					s.Answer(allocation.Stock)
				}
				assert.GreaterOrEqual(t, late, c.least)
				assert.LessOrEqual(t, late, c.most)
			})
		})
	}
}

// lying is an SSI scanner's port in which bytes lay.
type lying struct {
	timed
}

func TestAScanThatLayInThePortOfARepeatingDeviceIsToldOf(t *testing.T) {
	for old, told := range map[string]bool{ssiA: true, "4006381333931\r": true, "\x04\xd0\x00\x00\xff\x2c": false} {
		synctest.Test(t, func(t *testing.T) {
			p := &lying{timed{old: old, list: []piece{{5 * time.Second, ssiA}}}}
			d, out := start(t, scanner.Config{Profile: scanner.SSI}, &ports{list: []link.Port{p}})
			time.Sleep(time.Second)
			if told {
				assert.ErrorContains(t, d.Status().LastError, "thrown away", "%q", old)
			} else {
				assert.NoError(t, d.Status().LastError)
			}
			s := scannertest.Take(t, out)
			require.NoError(t, s.Fault, "the repeat is the scan")
			assert.Equal(t, "A", string(s.Raw))
			synctest.Wait()
			assert.NoError(t, d.Status().LastError)
		})
	}
}

// stopped is a port whose process stood still for a while inside a read, with the scan
// in the system's buffer.
type stopped struct {
	timed
	mu   sync.Mutex
	sent []string
}

func (p *stopped) Read(b []byte) (int, error) {
	n, err := p.timed.Read(b)
	if n > 0 && b[0] == 'A' {
		time.Sleep(12 * time.Second)
	}
	return n, err
}

func (p *stopped) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sent = append(p.sent, string(b))
	return len(b), nil
}

// The scanner sounded its error while the agent stood still: no good tone comes behind
// it, and the worker's second scan is a question.
func TestAScanThatLayInTheBufferTooLongIsNotAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &stopped{timed: timed{list: []piece{{time.Second, "A\r"}, {3 * time.Second, "A\r"}, {3 * time.Second, "B\r"}}}}
		_, out := start(t, scanner.Config{Profile: "honeywell-hostack", Beep: true}, &ports{list: []link.Port{p}})
		tones := func() (n int) {
			synctest.Wait()
			p.mu.Lock()
			defer p.mu.Unlock()
			for _, s := range p.sent {
				n += strings.Count(s, "\x1b7,")
			}
			return n
		}
		s := scannertest.Take(t, out)
		require.NoError(t, s.Fault)
		s.Answer(allocation.Stock)
		assert.Zero(t, tones())
		s = scannertest.Take(t, out)
		assert.ErrorIs(t, s.Fault, scanner.ErrDoubtfulRepeat)
		s.Answer(allocation.Check)
		s = scannertest.Take(t, out)
		require.NoError(t, s.Fault)
		s.Answer(allocation.Stock)
		assert.Equal(t, 1, tones())
	})
}

// What lay in the buffer says since when, and is no run of a device that kept it: a hand
// had all that time.
func TestWhatLayInTheBufferSaysSinceWhen(t *testing.T) {
	p := &stopped{timed: timed{list: []piece{{time.Second, "X\r"}, {50 * time.Millisecond, "A\rA\rB\rC\rC\r"}, {time.Second, "D\r"}}}}
	deliver(t, p, 7, scanner.Config{}, func(_ *link.Device, scans []scanner.Scan) {
		assert.Equal(t, scans[0].At, scans[0].Since)
		for _, s := range scans[1:6] {
			assert.Equal(t, scans[0].At, s.Since, "%s", s.Raw)
			assert.Greater(t, s.At.Sub(s.Since), 12*time.Second, "%s", s.Raw)
			assert.False(t, s.Late, "%s", s.Raw)
		}
		assert.Equal(t, scans[6].At, scans[6].Since)
	})
	var run strings.Builder
	for i := range 400 {
		fmt.Fprintf(&run, "A%d\r", i)
	}
	p = &stopped{timed: timed{list: []piece{{time.Second, run.String()}}}}
	deliver(t, p, 400, scanner.Config{}, func(_ *link.Device, scans []scanner.Scan) {
		assert.False(t, scans[100].Late)
		assert.True(t, scans[399].Late, "more than a hand makes in that time")
	})
}

// At a wrong rate the terminator is not at fault: nothing is advised about it.
func TestGarbageIsNoReasonToChangeTheTerminator(t *testing.T) {
	const garbage = "\x86\x9e\xf8\x18\x06\xe6\x7e\x80\x98\t"
	synctest.Test(t, func(t *testing.T) {
		p := &timed{list: []piece{{time.Second, garbage}, {time.Second, garbage}, {time.Second, garbage}}}
		d, out := start(t, scanner.Config{}, &ports{list: []link.Port{p}})
		for range 3 {
			s := scannertest.Take(t, out)
			assert.ErrorIs(t, s.Fault, scanner.ErrUnterminated)
			synctest.Wait()
			for _, said := range []string{s.Fault.Error(), d.Status().LastError.Error()} {
				assert.NotContains(t, said, "terminator")
				assert.Contains(t, said, "no text")
			}
		}
	})
}
