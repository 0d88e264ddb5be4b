package store

import (
	"context"
	"database/sql"
	"fmt"

	"dockfill/sync/why"
	"dockfill/sync/wire"
)

func (s *Store) unitStory(ctx context.Context, id why.ID, page why.Page) (*why.UnitStory, error) {
	var lives []Life
	rows, err := s.read.QueryContext(ctx, `SELECT i.site, i.incarnation FROM incarnation i JOIN site s ON s.site = i.site
		ORDER BY CASE WHEN s.incarnation = i.incarnation THEN 0 ELSE 1 END, i.minted DESC, i.site`)
	err = eachRow(rows, err, func(r *sql.Rows) error {
		var l Life
		err := r.Scan(&l.Site, &l.Incarnation)
		lives = append(lives, l)
		return err
	})
	if err != nil {
		return nil, err
	}
	readings := id.Readings()
	story := &why.UnitStory{Serial: id.Serial}
	story.History, err = s.history(ctx, lives, page, why.SerialNeedle(readings), func(e wire.Event) []why.Entry { return why.OfUnit(e, readings) })
	switch h := story.History; {
	case err != nil:
		return nil, err
	case len(h.Rows) > 0:
		story.Where = fmt.Sprintf("The newest event that names it, %s: %s", h.Rows[0].Event.Short(), h.Rows[0].Entries[0].Text)
	case h.Next.Seq > 0:
		story.Where = "No event names it among those that were searched"
	case page.Before.Seq > 0:
		story.Where = "No older event names it"
	default:
		return nil, why.Missingf("no event of any site names the serial %s: see how it is written; what a site has not sent yet is not here", id.Serial)
	}
	return story, nil
}

// history looks through the stored events of lives, one life after the other and
// each from its newest event on, for what a page of a story tells. It passes at
// most why.MaxSearch events. No index leads from a line to its events: each scan
// would have to write it.
func (s *Store) history(ctx context.Context, lives []Life, page why.Page, needle []byte, of func(wire.Event) []why.Entry) (h why.History, err error) {
	begun := page.Before.Seq == 0
	for _, life := range lives {
		before := int64(0)
		if !begun {
			if life != (Life{page.Before.Site, page.Before.Life}) {
				continue
			}
			begun, before = true, page.Before.Seq
		}
		last, err := s.lastOf(ctx, life, before)
		if err != nil {
			return h, err
		}
		if last > 0 && (len(h.Rows) == page.Limit || h.Searched >= why.MaxSearch) {
			h.Next = why.ID{Site: life.Site, Life: life.Incarnation, Seq: last + 1}
			return h, nil
		}
		first := max(1, last-(why.MaxSearch-h.Searched)+1)
		stopped, err := s.look(ctx, &h, life, first, last, page.Limit, needle, of)
		if err != nil {
			return h, err
		}
		h.Searched += last - stopped
		if stopped > 0 {
			h.Next = why.ID{Site: life.Site, Life: life.Incarnation, Seq: stopped + 1}
			return h, nil
		}
	}
	return h, nil
}

// lastOf is the newest stored event of a life, before an event where one is given.
func (s *Store) lastOf(ctx context.Context, life Life, before int64) (last int64, err error) {
	err = s.read.QueryRowContext(ctx, `SELECT COALESCE(MAX(seq), 0) FROM event WHERE site = $1 AND incarnation = $2`, string(life.Site), life.Incarnation).Scan(&last)
	if before > 0 {
		last = min(last, before-1)
	}
	return last, err
}

// look reads the events of a life from last down to first, and gives the one below
// the last that it has passed.
func (s *Store) look(ctx context.Context, h *why.History, life Life, first, last int64, limit int, needle []byte, of func(wire.Event) []why.Entry) (stopped int64, err error) {
	for len(h.Rows) < limit && last >= first {
		left, found, lowest := limit-len(h.Rows), 0, int64(0)
		rows, err := s.read.QueryContext(ctx, `SELECT seq, body FROM event WHERE site = $1 AND incarnation = $2 AND seq BETWEEN $3 AND $4 AND `+
			s.kind.holds("body", 5)+` ORDER BY seq DESC LIMIT $6`, string(life.Site), life.Incarnation, first, last, needle, left)
		err = eachRow(rows, err, func(r *sql.Rows) error {
			var body []byte
			if err := r.Scan(&lowest, &body); err != nil {
				return err
			}
			found++
			e, err := wire.ParseEvent(body)
			if entries := of(e); err == nil && len(entries) > 0 {
				h.Rows = append(h.Rows, why.Row{Event: why.ID{Site: life.Site, Life: life.Incarnation, Seq: lowest}, At: e.At, Entries: entries})
			}
			return err
		})
		if err != nil {
			return 0, err
		}
		if last = first - 1; found == left {
			last = lowest - 1
		}
	}
	return last, nil
}
