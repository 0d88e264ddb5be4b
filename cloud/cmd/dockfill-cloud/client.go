package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// schema is the version of every JSON that a command prints.
const schema = 1

// target is how a command finds the running centre.
type target struct {
	Server string `default:"http://127.0.0.1:8080" placeholder:"URL" help:"Address of the running centre (default ${default})."`
}

// client speaks to a running centre.
type client struct{ base string }

// Validate is called by the parser.
func (t target) Validate() error {
	u, err := url.Parse(t.Server)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return fmt.Errorf("--server %q is no address of a centre; one looks like http://127.0.0.1:8080", t.Server)
	}
	return nil
}

func (t target) client() *client { return &client{strings.TrimRight(t.Server, "/")} }

// problem is an error that the centre answered (RFC 9457).
type problem struct {
	Status int    `json:"status"`
	Detail string `json:"detail"`
	Errors []struct {
		Location string `json:"location"`
		Message  string `json:"message"`
	} `json:"errors"`
}

func (p *problem) Error() string {
	text := p.Detail
	for _, e := range p.Errors {
		text += fmt.Sprintf("\n  %s: %s", quoted(e.Location), quoted(e.Message))
	}
	return text
}

// readTime is how long an answer may take that moves nothing.
const readTime = 30 * time.Second

// get reads path into v.
func (c *client) get(ctx context.Context, path string, v any) error {
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	return c.do(ctx, http.MethodGet, path, "", nil, v)
}

// post sends what a person decides.
func (c *client) post(ctx context.Context, path string, v any) error {
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	var done struct{}
	return c.do(ctx, http.MethodPost, path, "application/json", bytes.NewReader(text), &done)
}

func (c *client) do(ctx context.Context, method, path, media string, body io.Reader, v any) error {
	r, err := http.NewRequestWithContext(ctx, method, c.base+path, body)
	if err != nil {
		return err
	}
	if media != "" {
		r.Header.Set("Content-Type", media)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return c.unreached(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode == http.StatusNotFound && c.isAgent(ctx) {
		return fmt.Errorf("what answers at %s is a site's agent, no centre: ask it with dockfill-agent status, or name the centre's address with --server", c.base)
	}
	if answer.StatusCode != http.StatusOK {
		return c.refused(answer)
	}
	if err := json.NewDecoder(answer.Body).Decode(v); err != nil {
		return fmt.Errorf("%s did not answer as a centre does: %w; is --server right?", c.base, err)
	}
	return nil
}

// isAgent asks for what an agent alone serves.
func (c *client) isAgent(ctx context.Context) bool {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+"/api/v1/status", nil)
	if err != nil {
		return false
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return false
	}
	defer answer.Body.Close()
	var s struct {
		Stations []any `json:"stations"`
	}
	return answer.StatusCode == http.StatusOK && json.NewDecoder(io.LimitReader(answer.Body, 1<<20)).Decode(&s) == nil && s.Stations != nil
}

func (c *client) unreached(err error) error {
	var op *net.OpError
	switch {
	case errors.Is(err, context.Canceled):
		return errors.New("stopped")
	case errors.As(err, &op) && op.Op == "dial":
		return fmt.Errorf("no centre answers at %s (%v): start \"dockfill-cloud serve\", or name another address with --server", c.base, op.Err)
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%s did not answer in time: look at %s/readyz", c.base, c.base)
	}
	return fmt.Errorf("the connection to %s broke: %w; send it again, nothing is counted twice", c.base, errors.Unwrap(err))
}

func (c *client) refused(answer *http.Response) error {
	var p problem
	err := json.NewDecoder(io.LimitReader(answer.Body, 1<<20)).Decode(&p)
	if err != nil || p.Detail == "" {
		return fmt.Errorf("%s answered %s; is --server the address of a centre?", c.base, answer.Status)
	}
	return &p
}

// printJSON writes one document on one line.
func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
