package e2e

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// patience is how long a test waits for something that should come at once; on
// a loaded machine with the race detector "at once" can take a while.
const patience = 60 * time.Second

// process is one program that a test started. It is stopped by its own process
// id when the test ends, and its words are shown where the test failed.
type process struct {
	t    testing.TB
	name string
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
	err  error         // of Wait; read after done

	mu    sync.Mutex
	said  bytes.Buffer // stdout and stderr
	lines chan string  // stdout
}

// start runs the command. Its stdout is given line by line through line.
func start(t testing.TB, name string, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{t: t, name: name, cmd: cmd, done: make(chan struct{}), lines: make(chan string, 4096)}
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	cmd.Stderr = p
	dieWithTest(cmd)
	require.NoError(t, cmd.Start(), "starting %s", name)
	go p.listen(out)
	t.Cleanup(p.end)
	return p
}

func (p *process) listen(out io.Reader) {
	text := bufio.NewScanner(out)
	text.Buffer(nil, 1<<20)
	for text.Scan() {
		fmt.Fprintln(p, text.Text())
		select {
		case p.lines <- text.Text():
		default: // nobody asks any more
		}
	}
	close(p.lines)
	p.err = p.cmd.Wait()
	close(p.done)
}

// Write keeps what the program says.
func (p *process) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.said.Write(b)
}

func (p *process) text() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.said.String()
}

// line waits for a line of stdout that begins with the word, and gives the rest.
func (p *process) line(word string) string {
	p.t.Helper()
	late := time.After(patience)
	for {
		select {
		case line, open := <-p.lines:
			if !open {
				require.FailNow(p.t, p.name+" ended before it said "+word, p.text())
			}
			if rest, ok := strings.CutPrefix(line, word+" "); ok {
				return strings.TrimSpace(rest)
			}
		case <-late:
			require.FailNow(p.t, p.name+" never said "+word, p.text())
		}
	}
}

// kill ends the program as a power cut would, with no chance to tidy up.
func (p *process) kill() {
	p.cmd.Process.Signal(syscall.SIGKILL)
	<-p.done
}

// stop asks the program to end, as a service manager does, and insists.
func (p *process) stop() {
	p.t.Helper()
	p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(30 * time.Second):
		p.cmd.Process.Signal(syscall.SIGQUIT) // the stacks say where it hangs
		<-p.done
		require.FailNow(p.t, p.name+" did not stop within 30 s", p.tail())
	}
}

// up fails the test where the program has ended.
func (p *process) up() {
	p.t.Helper()
	select {
	case <-p.done:
		require.FailNow(p.t, p.name+" is not running any more", p.tail())
	default:
	}
}

// wait gives the exit status, or fails the test after the limit.
func (p *process) wait(limit time.Duration) int {
	p.t.Helper()
	select {
	case <-p.done:
	case <-time.After(limit):
		require.FailNow(p.t, fmt.Sprintf("%s still runs after %s", p.name, limit), p.tail())
	}
	return p.cmd.ProcessState.ExitCode()
}

func (p *process) end() {
	p.kill()
	if strings.Contains(p.text(), "WARNING: DATA RACE") {
		p.t.Errorf("%s has a data race", p.name)
	}
	if p.t.Failed() {
		p.t.Logf("the last words of %s:\n%s", p.name, p.tail())
	}
}

// tail is the end of what the program said.
func (p *process) tail() string {
	lines := strings.Split(p.text(), "\n")
	return strings.Join(lines[max(0, len(lines)-60):], "\n")
}

// run runs a command to its end and gives what it said on stdout.
func run(t testing.TB, name string, args ...string) string {
	t.Helper()
	var out, bad bytes.Buffer
	cmd := exec.Command(name, args...)
	cmd.Stdout, cmd.Stderr = &out, &bad
	err := cmd.Run()
	require.NoError(t, err, "%s\n%s%s", cmd, out.String(), bad.String())
	return out.String()
}

// eventually waits until the condition holds, and says what was awaited.
func eventually(t testing.TB, limit time.Duration, what string, condition func() bool) time.Duration {
	t.Helper()
	began := time.Now()
	for !condition() {
		if time.Since(began) > limit {
			require.FailNow(t, fmt.Sprintf("after %s: not %s", limit, what))
		}
		time.Sleep(20 * time.Millisecond)
	}
	return time.Since(began)
}

// setting is a number that the environment may change, such as KILLS.
func setting(t testing.TB, name string, normal int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return normal
	}
	var n int
	_, err := fmt.Sscan(text, &n)
	require.NoError(t, err, "%s=%s", name, text)
	return n
}
