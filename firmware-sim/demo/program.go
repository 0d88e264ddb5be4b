package demo

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// program is a child process. What it says goes to its log file.
type program struct {
	name  string
	cmd   *exec.Cmd
	log   *os.File
	lines chan string   // the first lines of its stdout
	done  chan struct{} // closed when it has ended
	err   error         // of Wait; read after done
}

// Find gives the paths of the two programs that a demo needs in dir. The error
// says how a missing one is built.
func Find(dir string) (agent, cloud string, err error) {
	var paths []string
	for _, name := range []string{"dockfill-agent", "dockfill-cloud"} {
		path := filepath.Join(dir, name)
		if runtime.GOOS == "windows" {
			path += ".exe"
		}
		if _, err := os.Stat(path); err != nil {
			return "", "", fmt.Errorf("the program %s is not in %s: build all programs with `make build`, or name their folder with --bin", name, dir)
		}
		paths = append(paths, path)
	}
	return paths[0], paths[1], nil
}

// launch starts a child that ends with this process, whatever becomes of it.
func launch(name, logFile, path string, args ...string) (*program, error) {
	log, err := os.OpenFile(logFile, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	p := &program{name: name, log: log, cmd: exec.Command(path, args...), lines: make(chan string, 8), done: make(chan struct{})}
	p.cmd.Stderr, p.cmd.Env = log, plainEnvironment()
	own(p.cmd)
	out, err := p.cmd.StdoutPipe()
	if err == nil {
		err = p.cmd.Start()
	}
	if err != nil {
		log.Close()
		return nil, fmt.Errorf("%s cannot be started: %w", name, err)
	}
	go p.listen(out)
	return p, nil
}

// plainEnvironment leaves out Dockfill's own variables: a setting meant for a
// real site must not reach the demo.
func plainEnvironment() []string {
	var env []string
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "DOCKFILL_") {
			env = append(env, v)
		}
	}
	return env
}

func (p *program) listen(out io.Reader) {
	text := bufio.NewScanner(out)
	for text.Scan() {
		fmt.Fprintln(p.log, text.Text())
		select {
		case p.lines <- text.Text():
		default: // nobody asks any more
		}
	}
	io.Copy(p.log, out)
	p.err = p.cmd.Wait()
	p.log.Close()
	close(p.done)
}

// startLimit is how long a program may take until it says where it is.
const startLimit = time.Minute

// line waits for a line of stdout that begins with the word, and gives the rest.
func (p *program) line(ctx context.Context, word string) (string, error) {
	late := time.After(startLimit)
	for {
		select {
		case text := <-p.lines:
			if rest, ok := strings.CutPrefix(text, word+" "); ok {
				return rest, nil
			}
		case <-p.done:
			return "", p.death()
		case <-late:
			return "", fmt.Errorf("%s does not start; the end of its log:\n%s", p.name, p.tail())
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
}

// death is the error of a child that ended by itself.
func (p *program) death() error {
	return fmt.Errorf("%s has ended by itself (%v); the end of its log, %s:\n%s", p.name, p.cmd.ProcessState, p.log.Name(), p.tail())
}

// lastLines is how much of a log is shown.
const lastLines = 12

func (p *program) tail() string {
	text, err := os.ReadFile(p.log.Name())
	if err != nil {
		return "  (" + err.Error() + ")"
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return "  " + strings.Join(lines[max(0, len(lines)-lastLines):], "\n  ")
}

// grace is how long a program may take to end by itself.
const grace = 10 * time.Second

// stop asks the program to end, and after the grace ends it.
func (p *program) stop() {
	if p.cmd.Process.Signal(syscall.SIGTERM) != nil {
		p.cmd.Process.Kill() // where there are no signals
	}
	select {
	case <-p.done:
	case <-time.After(grace):
		p.cmd.Process.Kill()
		<-p.done
	}
}
