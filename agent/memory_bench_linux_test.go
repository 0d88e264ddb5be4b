package agent

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// BenchmarkMemory measures what the program holds in memory with a million open
// lines at its site, beside one with a thousand: at its start, after scans of goods
// from all over the house, and with several people who look at the site page.
//
// RssAnon is what the program itself takes; RssFile are pages of its own file and of
// the index of the write-ahead log, which the system takes back when it needs them;
// VmHWM is the most that both ever were together.
func BenchmarkMemory(b *testing.B) {
	program := filepath.Join(b.TempDir(), "dockfill-agent")
	out, err := exec.Command("go", "build", "-o", program, "./cmd/dockfill-agent").CombinedOutput()
	require.NoError(b, err, "%s", out)
	for _, lines := range []int{1000, 1_000_000} {
		b.Run(fmt.Sprint(lines), func(b *testing.B) {
			h := newHouse(b)
			h.items()
			h.order(sampleOrder, 1, "X", 24)
			require.NoError(b, h.stop())
			skus := multiply(b, filepath.Join(h.config.Data, "agent.db"), lines)
			b.ResetTimer()
			for b.Loop() {
				p := runProgram(b, program, h.config.Data)
				p.report(b, "start")
				p.use(skus)
				p.report(b, "used")
				p.end()
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}

// sampleOrder is the order that others are made from; its name is as long as theirs.
const sampleOrder = "T0000000"

// multiply makes orders of ten lines out of the sample, each line of another SKU:
// twenty lines wait for each. An agent would take minutes for it.
func multiply(b *testing.B, path string, lines int) (skus int) {
	db, err := sql.Open("sqlite3", "file:"+path+"?_journal_mode=WAL&_synchronous=OFF&_cache_size=-1000000")
	require.NoError(b, err)
	skus = lines / 20
	for _, query := range []string{
		`INSERT INTO item (sku, description, putaway) WITH RECURSIVE i (k) AS (SELECT 0 UNION ALL SELECT k + 1 FROM i WHERE k + 1 < ?1 / 20)
			SELECT printf('SKU-%05d', k), 'Mug with a handle', 'A-04' FROM i`,
		`INSERT INTO orders WITH RECURSIVE i (k) AS (SELECT 0 UNION ALL SELECT k + 1 FROM i WHERE k + 1 < ?1 / 10)
			SELECT 1000 + k, printf('B%07d', k), version, customer, customer_name, segment, override, class, contract, tier,
				accepted, promised, requested, ship, door FROM i, orders WHERE id = '` + sampleOrder + `'`,
		`INSERT INTO line (id, order_n, sku, pack, min_life, ordered, granted, segment, ship, class, waits, can, rank_key)
			WITH RECURSIVE i (k) AS (SELECT 0 UNION ALL SELECT k + 1 FROM i WHERE k + 1 < ?1)
			SELECT printf('B%07d/%d', k / 10, k % 10), 1000 + k / 10, printf('SKU-%05d', k % (?1 / 20)), pack, min_life, ordered, granted,
				segment, ship, class, waits, can,
				replace(replace(rank_key, id, '` + sampleOrder + `/' || (k % 10)), '` + sampleOrder + `', printf('B%07d', k / 10))
			FROM i, line WHERE id = '` + sampleOrder + `/1'`,
	} {
		_, err := db.Exec(query, lines)
		require.NoError(b, err)
	}
	require.NoError(b, db.Close())
	return skus
}

// program is a running dockfill-agent without a centre.
type program struct {
	b    *testing.B
	cmd  *exec.Cmd
	said bytes.Buffer
	http string
}

func runProgram(b *testing.B, path, data string) *program {
	file := filepath.Join(b.TempDir(), "agent.toml")
	config := fmt.Sprintf("site = \"leeds\"\ndata = %q\nhttp = \"127.0.0.1:0\"\n\n[centre]\nbroker = \"tcp://127.0.0.1:1\"\n\n"+
		"[[station]]\nid = \"1\"\nport = %q\nprofile = \"ssi\"\n", data, filepath.Join(b.TempDir(), "none"))
	require.NoError(b, os.WriteFile(file, []byte(config), 0o600))
	p := &program{b: b, cmd: exec.Command(path, "run", "--config", file)}
	out, in := io.Pipe()
	p.cmd.Stdout, p.cmd.Stderr = io.MultiWriter(&p.said, in), &p.said
	require.NoError(b, p.cmd.Start())
	b.Cleanup(p.end)
	p.http = p.address(out)
	return p
}

// address is on the line of the output that names it; the rest is read away.
func (p *program) address(out io.Reader) string {
	found := make(chan string, 1)
	go func() {
		buf, text := make([]byte, 4096), ""
		for {
			n, err := out.Read(buf)
			if err != nil {
				return
			}
			text += string(buf[:n])
			for line := range strings.Lines(text) {
				if name, address, ok := strings.Cut(strings.TrimSpace(line), " "); ok && name == "http" && strings.HasSuffix(line, "\n") {
					select {
					case found <- address:
					default:
					}
				}
			}
		}
	}()
	return <-found
}

// use scans goods from all over the house; now and then several people look at the
// pages at once.
func (p *program) use(skus int) {
	const scans, often, people = 5000, 100, 6
	for i := range scans {
		p.scan(fmt.Sprintf("SKU-%05d", i*7919%skus))
		if i%often > 0 {
			continue
		}
		var group sync.WaitGroup
		for range people {
			group.Go(func() {
				p.get("/site")
				p.get("/api/v1/status")
			})
		}
		group.Wait()
	}
}

func (p *program) scan(code string) {
	body, _ := json.Marshal(map[string]string{"station": "1", "code": code})
	r, err := http.Post(p.http+"/api/v1/scan", "application/json", bytes.NewReader(body))
	require.NoError(p.b, err)
	text, err := io.ReadAll(r.Body)
	require.NoError(p.b, err)
	r.Body.Close()
	if !bytes.Contains(text, []byte("ALLOCATED")) {
		p.b.Fatalf("%s: %s", code, text)
	}
}

func (p *program) get(path string) {
	r, err := http.Get(p.http + path)
	if err != nil {
		p.b.Error(err)
		return
	}
	_, _ = io.Copy(io.Discard, r.Body)
	r.Body.Close()
}

// report reads what the system counts of the process, in units of 10^6 bytes.
func (p *program) report(b *testing.B, when string) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	require.NoError(b, err)
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		if len(f) < 2 {
			continue
		}
		switch name := strings.TrimSuffix(f[0], ":"); name {
		case "VmHWM", "RssAnon", "RssFile":
			kib, err := strconv.ParseFloat(f[1], 64)
			require.NoError(b, err)
			b.ReportMetric(kib*1024/1e6, "MB-"+when+"-"+name)
		}
	}
}

func (p *program) end() {
	if p.cmd.ProcessState == nil {
		_ = p.cmd.Process.Signal(os.Interrupt)
		_ = p.cmd.Wait()
	}
}
