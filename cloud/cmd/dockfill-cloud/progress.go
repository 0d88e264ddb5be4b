package main

import (
	"fmt"
	"io"
	"time"

	"github.com/schollz/progressbar/v3"
)

// progress shows how far long work is: a bar on a terminal, elsewhere one line
// at its end.
type progress struct {
	w    io.Writer
	what string
	bar  *progressbar.ProgressBar // nil where there is no terminal
}

// newProgress begins work on n pieces; 0 stands for not known.
func newProgress(w io.Writer, what string, n int64, more ...progressbar.Option) *progress {
	p := &progress{w: w, what: what}
	if !isTerminal(w) {
		fmt.Fprintln(w, what)
		return p
	}
	if n == 0 {
		n = -1
	}
	p.bar = progressbar.NewOptions64(n, append([]progressbar.Option{progressbar.OptionSetWriter(w), progressbar.OptionSetDescription(what),
		progressbar.OptionShowCount(), progressbar.OptionThrottle(100 * time.Millisecond), progressbar.OptionFullWidth(), progressbar.OptionClearOnFinish()}, more...)...)
	return p
}

func (p *progress) add(n int64) {
	if p.bar != nil {
		_ = p.bar.Add64(n)
	}
}

func (p *progress) end() {
	if p.bar != nil {
		_ = p.bar.Finish()
	}
}

// counted tells a progress how many bytes were read.
type counted struct {
	io.Reader
	p *progress
}

func (c counted) Read(b []byte) (int, error) {
	n, err := c.Reader.Read(b)
	c.p.add(int64(n))
	return n, err
}
