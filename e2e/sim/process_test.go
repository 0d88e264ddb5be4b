package sim

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/stretchr/testify/require"

	"dockfill/agent"
)

// process is an agent from its start to its end.
type process struct {
	*agent.Agent
	m      *machine
	port   *port
	cancel context.CancelFunc
	done   chan error
	dead   atomic.Bool // killed: it commits nothing more and nobody hears it
	image  *copied     // of the disk when it was killed; nil where that is as it is now
	doom   atomic.Int64
	after  bool // it dies behind the commit, and not before it
}

// beat is rarer than in the field: a hello that says only that the site is there costs a
// transaction of the centre and finds nothing.
const beat = 10 * time.Minute

var errKilled = errors.New("the process was killed")

// launch starts an agent over a machine's folder.
func launch(m *machine) *process {
	w := m.s.w
	p := &process{m: m, done: make(chan error, 1)}
	deps := agent.Deps{Version: "sim", Log: w.log.With("at", m.s.id, "on", m.data), Beat: beat, Commit: p.commit}
	deps.Carrier = func(handle func(string, []byte), state func(bool, string)) (agent.Carrier, error) {
		p.port = w.net.port(m.s.id, handle, state)
		return p.port, nil
	}
	a, err := agent.New(m.config(), deps)
	require.NoError(w.t, err)
	p.Agent = a
	ctx, cancel := context.WithCancel(context.Background())
	p.cancel = cancel
	go func() {
		err := a.Run(ctx)
		if errors.Is(err, agent.ErrUnsaved) {
			w.fall(p)
		}
		p.done <- err
	}()
	return p
}

// commit stands around every commit of the agent. doom counts those that it survives.
func (p *process) commit(commit func() error) error {
	if p.dead.Load() {
		return errKilled
	}
	if p.doom.Load() == 0 || p.doom.Add(-1) > 0 {
		return commit()
	}
	if p.after {
		if err := commit(); err != nil {
			return err
		}
	}
	p.die()
	return errKilled
}

// die is the moment of the kill.
func (p *process) die() {
	if p.m.s.w.plan.disk && p.image == nil {
		p.image = copyOf(p.m.s.w, p.m.data, agentFiles...)
	}
	p.dead.Store(true)
	p.port.leave()
}
