// Command results turns the output of go test -json back into what people read,
// keeps a line for each outcome, and adds the lines up.
//
//	results read FACTS   reads go test -json, shows it, appends to FACTS
//	results tell FACTS   the same, and shows what good tests logged
//	results sum FACTS    names what was skipped or failed and prints the result
//
// A line of FACTS is: pass, fail, skip or notrun; a name; a reason; with tabs
// between them.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: results read|tell|sum FACTS")
		os.Exit(3)
	}
	var err error
	good := true
	switch os.Args[1] {
	case "sum":
		good, err = sumFile(os.Args[2], os.Stdout)
	default:
		err = appendFacts(os.Args[2], os.Stdin, os.Stdout, os.Args[1] == "tell")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "results:", err)
	}
	if err != nil || !good {
		os.Exit(1)
	}
}

func appendFacts(file string, in io.Reader, out io.Writer, tell bool) error {
	f, err := os.OpenFile(file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer f.Close()
	return read(in, out, f, tell)
}

// event is one line of go test -json, as `go doc test2json` describes it.
type event struct {
	Action, Package, ImportPath, Test, Output string
}

// run is what is known of one package while its tests run.
type run struct {
	text   map[string]*strings.Builder // output by test
	parent map[string]bool             // tests with subtests
	failed bool                        // a test was counted as failed
	tell   bool                        // show what good tests logged
}

// read shows packages' summaries, the output of tests that fail or skip, or with
// tell of all that logged something, and writes a fact for each test that has no subtests. A package that fails
// without a failed test counts as one failure: it did not build, it panicked or
// ran out of time.
func read(in io.Reader, out, facts io.Writer, tell bool) error {
	runs := map[string]*run{}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e event
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			fmt.Fprintln(out, lines.Text()) // not from a test, such as a linker's warning
			continue
		}
		r := runs[e.Package]
		if r == nil {
			r = &run{text: map[string]*strings.Builder{}, parent: map[string]bool{}, tell: tell}
			runs[e.Package] = r
		}
		r.take(e, out, facts)
	}
	return lines.Err()
}

func (r *run) take(e event, out, facts io.Writer) {
	if r.text[e.Test] == nil {
		r.text[e.Test] = &strings.Builder{}
	}
	switch e.Action {
	case "build-output":
		fmt.Fprint(out, e.Output)
	case "run":
		for name := e.Test; strings.Contains(name, "/"); {
			name = name[:strings.LastIndexByte(name, '/')]
			r.parent[name] = true
		}
	case "output":
		r.output(e, out)
	case "pass", "fail", "skip":
		r.outcome(e, out, facts)
	}
}

// output shows a package's own lines at once and keeps a test's for its end.
func (r *run) output(e event, out io.Writer) {
	switch {
	case e.Test != "":
		r.text[e.Test].WriteString(e.Output)
	case e.Output != "PASS\n" && e.Output != "FAIL\n":
		fmt.Fprint(out, e.Output)
	}
}

func (r *run) outcome(e event, out, facts io.Writer) {
	if e.Test == "" {
		if e.Action == "fail" && !r.failed {
			fact(facts, "fail", e.Package, "the package failed without a failed test: see above")
		}
		return
	}
	text := r.text[e.Test].String()
	delete(r.text, e.Test)
	if e.Action != "pass" || r.tell && reason(text) != "" {
		fmt.Fprint(out, text)
	}
	switch {
	case e.Action == "fail" && (!r.parent[e.Test] || !r.failed):
		r.failed = true
		fact(facts, "fail", e.Package+" "+e.Test, "")
	case r.parent[e.Test]:
	case e.Action == "skip":
		fact(facts, "skip", e.Package+" "+e.Test, reason(text))
	case e.Action == "pass":
		fact(facts, "pass", e.Package+" "+e.Test, "")
	}
}

// reason is what a test logged, in one line, without the names of files.
func reason(text string) string {
	var said []string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "=== ") || strings.HasPrefix(line, "--- ") {
			continue
		}
		if file, rest, ok := strings.Cut(line, ": "); ok && strings.Contains(file, ".go:") {
			line = rest
		}
		said = append(said, line)
	}
	return strings.Join(said, " ")
}

func fact(facts io.Writer, kind, name, why string) {
	fmt.Fprintf(facts, "%s\t%s\t%s\n", kind, name, strings.ReplaceAll(why, "\t", " "))
}

func sumFile(file string, out io.Writer) (good bool, err error) {
	f, err := os.Open(file)
	if err != nil {
		return false, err
	}
	defer f.Close()
	return sum(f, out)
}

// sum prints what did not pass, by name and reason, and the result as its last
// line. What was not run is listed and counted as skipped, never as passed.
func sum(facts io.Reader, out io.Writer) (good bool, err error) {
	count := map[string]int{}
	words := map[string]string{"skip": "skipped", "notrun": "not run", "fail": "FAILED"}
	lines := bufio.NewScanner(facts)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		kind, rest, _ := strings.Cut(lines.Text(), "\t")
		name, why, _ := strings.Cut(rest, "\t")
		count[kind]++
		if kind != "pass" {
			fmt.Fprintln(out, strings.TrimSuffix(fmt.Sprintf("%s: %s: %s", words[kind], name, why), ": "))
		}
	}
	fmt.Fprintf(out, "%d passed, %d failed, %d skipped\n", count["pass"], count["fail"], count["skip"]+count["notrun"])
	return count["fail"] == 0 && count["pass"] > 0, lines.Err()
}
