package agent

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"dockfill/agent/dock"
	"dockfill/agent/store"
	"dockfill/allocation"
	"dockfill/sync/wire"
)

// The bare cost is measured between our own scans, so that both meet the same
// disk: a transaction of the same rows without our code, and an append of an
// event's bytes with fdatasync.

// BenchmarkScanToTone measures from the scan to its feedback, one station.
func BenchmarkScanToTone(b *testing.B) {
	h := benchHouse(b, b.N)
	bare := newBareSite(b)
	file := newAppendFile(b, len(bare.body))
	b.ResetTimer()
	var ours, sqlite, disk []time.Duration
	for i := range b.N {
		ours = append(ours, timed(func() { h.scanGood(serialCode(i)) }))
		sqlite = append(sqlite, timed(bare.commit))
		disk = append(disk, timed(file.append))
	}
	b.StopTimer()
	report(b, "scan", ours)
	report(b, "bare-sqlite", sqlite)
	report(b, "bare-append", disk)
	b.ReportMetric(mean(disk)/mean(ours), "rate/append")
	b.ReportMetric(mean(sqlite)/mean(ours), "rate/bare-sqlite")
	b.ReportMetric(float64(quantile(ours, 0.99))/float64(quantile(disk, 0.99)), "p99/append-p99")
}

// BenchmarkStations measures the rate with several stations, each of which scans
// as soon as it has heard its tone.
func BenchmarkStations(b *testing.B) {
	for _, stations := range []int{1, 4, 16} {
		b.Run(fmt.Sprint(stations), func(b *testing.B) {
			h := benchHouse(b, b.N+stations)
			var mu sync.Mutex
			var all []time.Duration
			var group sync.WaitGroup
			b.ResetTimer()
			for s := range stations {
				group.Go(func() {
					var mine []time.Duration
					for i := s; i < b.N; i += stations {
						mine = append(mine, timed(func() { h.scanGoodAt(fmt.Sprint(s+1), serialCode(i)) }))
					}
					mu.Lock()
					defer mu.Unlock()
					all = append(all, mine...)
				})
			}
			group.Wait()
			b.StopTimer()
			report(b, "scan", all)
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "scans/s")
		})
	}
}

// BenchmarkTenWaiting measures ten scans that wait at the same moment beside
// single ones, in turns.
func BenchmarkTenWaiting(b *testing.B) {
	h := benchHouse(b, 20*b.N)
	var single, ten []time.Duration
	for i := range b.N {
		single = append(single, timed(func() {
			for k := range 10 {
				h.scanGood(serialCode(20*i + k))
			}
		}))
		ten = append(ten, timed(func() {
			var group sync.WaitGroup
			group.Add(10)
			for k := range 10 {
				code := serialCode(20*i + 10 + k)
				s := scan{station: "1", raw: code, code: h.desk.rules.Parse("", code, 2027), at: time.Now()}
				h.take(b.Context(), s, func(f dock.Feedback) { group.Done() })
			}
			group.Wait()
		}))
	}
	b.StopTimer()
	b.ReportMetric(10*float64(b.N)/seconds(single), "single-scans/s")
	b.ReportMetric(10*float64(b.N)/seconds(ten), "grouped-scans/s")
	b.ReportMetric(mean(single)/mean(ten), "grouped/single")
}

// warmScans is more than it takes to fill the write-ahead log once.
const warmScans = 4000

// benchHouse has lines that take every scan to come, on a database that holds
// other open lines too.
func benchHouse(b *testing.B, scans int) *house {
	b.Helper()
	h := newHouse(b)
	h.items()
	var cmds []wire.Command
	for i := range 2000 {
		cmds = append(cmds, orderCommand(fmt.Sprintf("W%05d", i), 1, 5, fmt.Sprintf("SKU-%04d", i%500), 10))
	}
	for i := range (scans+warmScans)/1000 + 2 {
		id := fmt.Sprintf("O%05d", i)
		cmds = append(cmds, orderCommand(id, 1, 1, "X", 1000), grantCommand(id, 1000))
	}
	for chunk := range slices.Chunk(cmds, 500) {
		h.send(chunk...)
	}
	n := 0
	steady(b, filepath.Join(h.config.Data, "agent.db"), func() {
		n++
		h.scanGood(fmt.Appendf(nil, "]C101%s21W%08d", eachGTIN, n))
	})
	b.ResetTimer()
	return h
}

// newestBody is the newest event as it is stored.
func (h *house) newestBody() []byte {
	var body []byte
	require.NoError(h.t, h.store.View(h.t.Context(), func(tx *store.Tx) error {
		newest, err := tx.Newest(1)
		body = newest[0].Body
		return err
	}))
	return body
}

func serialCode(i int) []byte { return fmt.Appendf(nil, "]C101%s21S%08d", eachGTIN, i) }

func (h *house) scanGood(code []byte) { h.scanGoodAt("1", code) }

func (h *house) scanGoodAt(station string, code []byte) {
	f, err := h.Scan(h.t.Context(), allocation.StationID(station), code)
	if err != nil || f.Verdict != allocation.Allocated {
		h.t.Errorf("%s: %v %v %s", code, err, f.Verdict, f.Text)
	}
}

// steady repeats scan until the write-ahead log has its full length and is
// written over from then on, as a site's is all day but for the first minutes.
func steady(b *testing.B, database string, scan func()) {
	b.Helper()
	for range warmScans {
		log, err := os.Stat(database + "-wal")
		require.NoError(b, err)
		if log.Size() > 4000*4096 {
			return
		}
		scan()
	}
	b.Fatal("the write-ahead log does not grow as these measurements expect")
}

// bareSite is a site's database without the agent: the same rows, the same
// settings, statements prepared.
type bareSite struct {
	b     *testing.B
	db    *sql.DB
	seq   int64
	body  []byte // of an event
	ready []bareStatement
}

type bareStatement struct {
	*sql.Stmt
	args func() []any
}

func newBareSite(b *testing.B) *bareSite {
	h := newHouse(b)
	h.items()
	h.order("O", 1, "X", 1_000_000)
	h.scan(string(serialCode(0)))
	s := &bareSite{b: b, seq: h.head().Seq, body: h.newestBody()}
	require.NoError(b, h.stop())
	s.open(filepath.Join(h.config.Data, "agent.db"))
	return s
}

func (s *bareSite) open(path string) {
	var err error
	s.db, err = sql.Open("sqlite3", "file:"+path+"?_journal_mode=WAL&_synchronous=FULL&_foreign_keys=true&_cache_size=-65536&_mutex=no")
	require.NoError(s.b, err)
	s.db.SetMaxOpenConns(1)
	s.b.Cleanup(func() { s.db.Close() })
	_, err = s.db.Exec(`PRAGMA wal_autocheckpoint = 4000`)
	require.NoError(s.b, err)
	none := func() []any { return nil }
	seq := func() []any { return []any{s.seq} }
	s.prepare(`BEGIN IMMEDIATE`, none)
	s.prepare(`INSERT INTO event (seq, at, prev, parts, hash, body) VALUES (?, 0, 0, 1, zeroblob(32), ?)`,
		func() []any { return []any{s.seq, s.body} })
	s.prepare(`INSERT INTO serial (trade, serial, seq, qty) VALUES ('`+eachGTIN+`', 'B' || ?1, ?1, 1)`, seq)
	s.prepare(`INSERT INTO held (line, sku, lot, expiry, trade, serial, qty, bound)
		SELECT n, 'X', '', '9999-99-99', '`+eachGTIN+`', 'B' || ?1, 1, 0 FROM line WHERE id = 'O/1'`, seq)
	s.prepare(`UPDATE line SET allocated = allocated + 1, used = used + 1 WHERE id = 'O/1'`, none)
	s.prepare(`UPDATE station SET last = ?1, proven = ?1, scans = scans + 1, units = units + 1 WHERE id = '1'`, seq)
	s.prepare(`COMMIT`, none)
	steady(s.b, path, s.commit)
}

func (s *bareSite) prepare(query string, args func() []any) {
	stmt, err := s.db.Prepare(query)
	require.NoError(s.b, err)
	s.ready = append(s.ready, bareStatement{stmt, args})
}

func (s *bareSite) commit() {
	s.seq++
	for _, stmt := range s.ready {
		if _, err := stmt.Exec(stmt.args()...); err != nil {
			s.b.Fatal(err)
		}
	}
}

// appendFile is the least that durability costs: an append and a flush.
type appendFile struct {
	b    *testing.B
	f    *os.File
	body []byte
}

func newAppendFile(b *testing.B, bytes int) *appendFile {
	f, err := os.Create(filepath.Join(b.TempDir(), "append"))
	require.NoError(b, err)
	b.Cleanup(func() { f.Close() })
	return &appendFile{b, f, make([]byte, bytes)}
}

func (a *appendFile) append() {
	if _, err := a.f.Write(a.body); err != nil {
		a.b.Fatal(err)
	}
	if err := flush(a.f); err != nil {
		a.b.Fatal(err)
	}
}

func timed(f func()) time.Duration {
	began := time.Now()
	f()
	return time.Since(began)
}

func report(b *testing.B, name string, all []time.Duration) {
	b.ReportMetric(float64(quantile(all, 0.50).Microseconds()), name+"-p50-µs")
	b.ReportMetric(float64(quantile(all, 0.99).Microseconds()), name+"-p99-µs")
}

func quantile(all []time.Duration, q float64) time.Duration {
	s := slices.Sorted(slices.Values(all))
	return s[min(len(s)-1, int(q*float64(len(s))))]
}

func seconds(all []time.Duration) float64 {
	var sum time.Duration
	for _, d := range all {
		sum += d
	}
	return sum.Seconds()
}

func mean(all []time.Duration) float64 { return seconds(all) / float64(len(all)) }
