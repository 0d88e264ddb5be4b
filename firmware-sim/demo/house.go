package demo

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"dockfill/firmware-sim/network"
)

// house is the whole pretend company while it runs.
type house struct {
	Options
	world   world
	screen  *screen
	tally   tally
	centre  *centre
	sites   []*site
	workers []*worker
	died    chan *program // children that ended by themselves

	owedBefore int64
	mu         sync.Mutex
	heals      []heal
}

// open starts the centre, brings the sample data in, and starts the sites. It
// returns when every site knows its lines and every scanner its agent.
func (h *house) open(ctx context.Context) error {
	h.died = make(chan *program, len(h.Sites)+1)
	agent, cloud, err := Find(h.Programs)
	if err != nil {
		return err
	}
	h.screen.say("Dockfill fills backorders at the dock: starting a centre, %s and their pretend scanners.", count(int64(len(h.Sites)), "site"))
	if err := h.openCentre(ctx, cloud); err != nil {
		return err
	}
	if err := h.bringIn(ctx); err != nil {
		return err
	}
	for n, name := range h.Sites {
		if err := h.openSite(ctx, agent, n, name); err != nil {
			return err
		}
	}
	for _, s := range h.sites {
		if err := h.await(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

func (h *house) openCentre(ctx context.Context, path string) error {
	data := filepath.Join(h.Dir, "centre")
	if err := os.MkdirAll(data, 0o755); err != nil {
		return err
	}
	p, err := launch("the centre", filepath.Join(h.Dir, "centre.log"), path,
		"serve", "--data", data, "--http", h.address(0), "--broker-listen", "127.0.0.1:0")
	if err != nil {
		return err
	}
	h.centre = &centre{program: p, cloud: path}
	h.watch(p)
	if h.centre.http, err = p.line(ctx, "http"); err != nil {
		return err
	}
	if h.centre.broker, err = p.line(ctx, "broker"); err != nil {
		return err
	}
	return h.until(ctx, "the centre ready", func(ctx context.Context) bool {
		return get(ctx, h.centre.http+"/readyz", &struct{}{}) == nil
	})
}

// address is where the nth page is served.
func (h *house) address(n int) string {
	if h.HTTPPort == 0 {
		return "127.0.0.1:0"
	}
	return fmt.Sprintf("127.0.0.1:%d", h.HTTPPort+n)
}

// bringIn writes the sample files and imports them, as a customer would.
func (h *house) bringIn(ctx context.Context) error {
	if err := h.world.write(h.Dir); err != nil {
		return err
	}
	for _, kind := range kinds {
		out, err := h.centre.command(ctx, "import", kind, filepath.Join(h.Dir, kind+".csv"))
		if err != nil {
			return err
		}
		h.screen.say("  imported %s", out)
	}
	return nil
}

func (h *house) openSite(ctx context.Context, path string, n int, name string) error {
	s := &site{name: name, dir: filepath.Join(h.Dir, name)}
	if err := os.MkdirAll(filepath.Join(s.dir, "data"), 0o755); err != nil {
		return err
	}
	var err error
	if s.line, err = network.Listen("127.0.0.1:0", strings.TrimPrefix(h.centre.broker, "tcp://")); err != nil {
		return err
	}
	h.sites = append(h.sites, s)
	if err := h.plugIn(s); err != nil {
		return err
	}
	config, err := s.configure(h.address(n + 1))
	if err != nil {
		return err
	}
	if s.program, err = launch("the agent of "+name, filepath.Join(h.Dir, name+".log"), path, "run", "--config", config); err != nil {
		return err
	}
	h.watch(s.program)
	s.http, err = s.program.line(ctx, "http")
	return err
}

// plugIn gives every station of a site its scanner and its worker.
func (h *house) plugIn(s *site) error {
	for k := range h.Stations {
		d, err := newScanner(s, k, h.TCP)
		if err != nil {
			return err
		}
		s.scanners = append(s.scanners, d)
		h.workers = append(h.workers, &worker{
			house: h, site: s, station: fmt.Sprint(k + 1), scanner: d,
			shift: newShift(h.world, s.name, k, h.Stations), asked: make(chan func(*shift) []step, 4),
		})
	}
	return nil
}

// await waits until a site knows all its lines and every scanner its agent.
func (h *house) await(ctx context.Context, s *site) error {
	lines := h.world.lines(s.name)
	err := h.until(ctx, fmt.Sprintf("%s knows its %s", s.name, count(lines, "order line")), func(ctx context.Context) bool {
		return s.ask(ctx) == nil && s.now().Totals.LinesKnown == lines
	})
	if err != nil {
		return err
	}
	h.owedBefore += s.now().Owed.Units
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	for _, d := range s.scanners {
		if err := d.Ready(ctx); err != nil {
			return err
		}
	}
	h.screen.say("  %s knows its %s and has %s", s.name, count(lines, "order line"), count(int64(len(s.scanners)), "scanner"))
	return nil
}

// until asks again and again. It fails at the limit, and where a program dies.
func (h *house) until(ctx context.Context, what string, reached func(context.Context) bool) error {
	late := time.After(startLimit)
	for !reached(ctx) {
		select {
		case <-time.After(100 * time.Millisecond):
		case p := <-h.died:
			return p.death()
		case <-late:
			return fmt.Errorf("after %v this was still not so: %s; the logs are in %s", startLimit, what, h.Dir)
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// watch reports a child that ends.
func (h *house) watch(p *program) {
	go func() {
		<-p.done
		h.died <- p
	}()
}

// close stops everything: the workers have ended, the sites go before the centre.
func (h *house) close() {
	h.screen.rest()
	for _, s := range h.sites {
		for _, d := range s.scanners {
			d.Close()
		}
	}
	var agents sync.WaitGroup
	for _, s := range h.sites {
		if s.program != nil {
			agents.Go(s.program.stop)
		}
	}
	agents.Wait()
	for _, s := range h.sites {
		s.line.Close()
	}
	if h.centre != nil {
		h.centre.program.stop()
	}
	http.DefaultClient.CloseIdleConnections()
}
