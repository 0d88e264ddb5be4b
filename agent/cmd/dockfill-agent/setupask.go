package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"
)

// asker asks a person; unattended it takes what is preset.
type asker struct {
	ctx        context.Context
	out        io.Writer
	unattended bool
	lines      chan string // closed at the end of input
	in         io.Reader
}

func newAsker(p *program, unattended bool) *asker {
	return &asker{ctx: p.ctx, out: p.out, unattended: unattended, in: p.in}
}

// text asks for a line; an empty one is the preset. Unattended a question without
// a preset is a missing flag.
func (a *asker) text(question, preset, flag string) (string, error) {
	if a.unattended {
		if preset == "" && flag != "" {
			return "", usageError("--yes asks nothing, so say it with " + flag)
		}
		return preset, nil
	}
	if preset != "" {
		question += " [" + preset + "]"
	}
	fmt.Fprint(a.out, question+": ")
	line, err := a.line()
	if line = strings.TrimSpace(line); line == "" {
		line = preset
	}
	if err == nil && line == "" && flag != "" {
		return a.text(question, preset, flag)
	}
	return line, err
}

// yes asks a question that is answered by yes or no; unattended the answer is yes.
func (a *asker) yes(question string) (bool, error) {
	if a.unattended {
		return true, nil
	}
	for {
		fmt.Fprint(a.out, question+" [y/n]: ")
		line, err := a.line()
		if err != nil {
			return false, err
		}
		switch strings.ToLower(strings.TrimSpace(line)) {
		case "y", "yes":
			return true, nil
		case "n", "no":
			return false, nil
		}
	}
}

// line waits for one, or for Ctrl-C.
func (a *asker) line() (string, error) {
	if a.lines == nil {
		a.lines = make(chan string)
		go a.read()
	}
	select {
	case line, ok := <-a.lines:
		if !ok {
			return "", fmt.Errorf("%w: there is nobody to ask; --yes goes on without questions", errDeclined)
		}
		return line, nil
	case <-a.ctx.Done():
		return "", errDeclined
	}
}

func (a *asker) read() {
	defer close(a.lines)
	for lines := bufio.NewScanner(a.in); lines.Scan(); {
		select {
		case a.lines <- lines.Text():
		case <-a.ctx.Done():
			return
		}
	}
}
