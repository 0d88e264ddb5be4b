package sim

import (
	"context"
	"errors"
	"time"

	"dockfill/agent"
)

// final plays every site's decisions again: they must come out as its log says.
func (o *oracle) final() {
	for _, s := range o.w.sites {
		s.main.stop()
		o.replay(s)
	}
}

func (o *oracle) replay(s *site) {
	for since := o.w.began.Add(time.Second); since.Before(o.w.end.Add(48 * time.Hour)); since = since.Add(time.Hour) {
		r, err := agent.Shadow{Data: s.main.data, Site: s.id, Since: since}.Run(context.Background())
		switch {
		case errors.Is(err, agent.ErrNoCheckpoint):
			continue
		case err != nil:
			o.w.tally.strange++
			o.w.bad("strange", "%s cannot be played again: %v", s.id, err)
		case !r.Exact:
			o.w.tally.strange++
			o.w.bad("strange", "%s decided otherwise than it does again: %+v", s.id, r.First)
		default:
			o.w.tally.visit("a site was played again")
		}
		return
	}
}
