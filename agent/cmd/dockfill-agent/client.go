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
	"time"

	"dockfill/agent/dock"
)

const (
	schema       = dock.Schema
	defaultAgent = "http://127.0.0.1:8090"
)

// target is how a command finds the running agent.
type target struct {
	Agent string `placeholder:"URL" env:"DOCKFILL_AGENT" help:"Address of the running agent (default: from the configuration, else ${agent})."`
}

// client speaks to a running agent's local API.
type client struct {
	base string
	http http.Client
}

func (t target) client(p *program) (*client, error) {
	base := t.Agent
	if base == "" {
		var err error
		if base, err = p.configuredAgent(); err != nil {
			return nil, err
		}
	}
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, fmt.Errorf("the agent's address %q is no URL such as %s", base, defaultAgent)
	}
	return &client{base: u.Scheme + "://" + u.Host, http: http.Client{Timeout: 30 * time.Second}}, nil
}

// configuredAgent takes the address out of the configuration. A machine without
// the default file has the default address.
func (p *program) configuredAgent() (string, error) {
	if p.config == "" && !p.hasDefault() {
		return defaultAgent, nil
	}
	c, err := p.load()
	if err != nil {
		return "", fmt.Errorf("%w\nAn agent that runs can be asked all the same: name its address with --agent, such as %s", err, defaultAgent)
	}
	if c.HTTP == "" {
		return "", fmt.Errorf("%s turns the agent's pages and API off (http is empty)", p.configFile())
	}
	host, port, err := net.SplitHostPort(c.HTTP)
	if err != nil {
		return "", fmt.Errorf("http = %q in %s: %w", c.HTTP, p.configFile(), err)
	}
	if port == "0" {
		return "", fmt.Errorf("%s lets the agent choose its port; name the address that it printed with --agent", p.configFile())
	}
	if ip := net.ParseIP(host); host == "" || (ip != nil && ip.IsUnspecified()) {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port), nil
}

// errSilent means that no agent answers under the address.
var errSilent = errors.New("no agent answers")

// get reads a JSON document of the API into v and gives it raw, too.
func (c *client) get(ctx context.Context, path string, v any) ([]byte, error) {
	return c.do(ctx, http.MethodGet, path, nil, v)
}

func (c *client) post(ctx context.Context, path string, in, v any) ([]byte, error) {
	body, err := json.Marshal(in)
	if err != nil {
		return nil, err
	}
	return c.do(ctx, http.MethodPost, path, body, v)
}

func (c *client) do(ctx context.Context, method, path string, in []byte, v any) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(in))
	if err != nil {
		return nil, err
	}
	if in != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	answer, err := c.http.Do(r)
	if err != nil {
		return nil, fmt.Errorf("%w at %s: %w; is it running? `dockfill-agent service status` tells, `dockfill-agent run` starts one", errSilent, c.base, rootCause(err))
	}
	defer func() { _ = answer.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(answer.Body, 64<<20))
	if err != nil {
		return nil, fmt.Errorf("the agent at %s broke off its answer: %w", c.base, err)
	}
	if answer.StatusCode == http.StatusNotFound && c.isCentre(ctx) {
		return nil, fmt.Errorf("what answers at %s is the centre, no agent: ask it with dockfill-cloud, or name the agent's address, as a rule %s", c.base, defaultAgent)
	}
	if answer.StatusCode != http.StatusOK {
		return nil, refusal(answer, body)
	}
	if err := json.Unmarshal(body, v); err != nil {
		return nil, fmt.Errorf("what answers at %s is no agent: %w", c.base, err)
	}
	return body, nil
}

// isCentre asks for what the centre alone serves.
func (c *client) isCentre(ctx context.Context) bool {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+"/api/v1/summary", nil)
	if err != nil {
		return false
	}
	answer, err := c.http.Do(r)
	if err != nil {
		return false
	}
	defer func() { _ = answer.Body.Close() }()
	var s struct {
		Owed *int64 `json:"units_owed"`
	}
	return answer.StatusCode == http.StatusOK && json.NewDecoder(io.LimitReader(answer.Body, 1<<20)).Decode(&s) == nil && s.Owed != nil
}

// refusal is the sentence of an RFC 9457 problem.
func refusal(answer *http.Response, body []byte) error {
	var p struct {
		Detail string `json:"detail"`
		Errors []struct {
			Message, Location string
		} `json:"errors"`
	}
	if json.Unmarshal(body, &p) != nil || p.Detail == "" {
		return fmt.Errorf("the agent answers %s", answer.Status)
	}
	text := p.Detail
	for _, e := range p.Errors {
		text += "; " + e.Location + ": " + e.Message
	}
	return errors.New(text)
}

// rootCause leaves the method and address out, which the sentence names anyway.
func rootCause(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// printJSON writes one document on one line.
func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
