package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"dockfill/allocation"
	"dockfill/sync/why"
	"dockfill/sync/wire"
)

// Decision answers what a person asks about an event, a line or a serial. The error
// is a *why.Missing where nothing is known of it here.
func (s *Store) Decision(ctx context.Context, id why.ID, page why.Page) (why.Answer, error) {
	var answer why.Answer
	var err error
	switch {
	case id.Serial != "":
		answer.Unit, err = s.unitStory(ctx, id, page)
	case id.Line != "":
		answer.Line, err = s.lineStory(ctx, id.Line, page)
	default:
		answer.Event, err = s.told(ctx, id)
	}
	return answer, explain(err, "decision %s", id)
}

// told reads an event, of the site's present life unless the ID names another.
func (s *Store) told(ctx context.Context, id why.ID) (*why.Told, error) {
	life, err := s.presentLife(ctx, id.Site)
	if err != nil {
		return nil, err
	}
	if id.Life == "" {
		id.Life = life
	}
	t := &why.Told{ID: id}
	var hash []byte
	var stored int64
	err = s.read.QueryRowContext(ctx, `SELECT e.hash, e.stored_at, e.body, COALESCE(p.reason, '') FROM event e
		LEFT JOIN poison p ON p.site = e.site AND p.incarnation = e.incarnation AND p.seq = e.seq
		WHERE e.site = $1 AND e.incarnation = $2 AND e.seq = $3`, string(id.Site), id.Life, id.Seq).Scan(&hash, &stored, &t.Body, &t.Poison)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, s.notStored(ctx, id, life)
	}
	if err != nil {
		return nil, err
	}
	copy(t.Hash[:], hash)
	t.StoredAt = unixTime(stored)
	if t.Prev, err = s.hashBefore(ctx, id); err != nil {
		return nil, err
	}
	if t.Event, err = wire.ParseEvent(t.Body); err != nil {
		return nil, err
	}
	t.Known, err = s.known(ctx, t.Event)
	return t, err
}

func (s *Store) presentLife(ctx context.Context, site allocation.SiteID) (life string, err error) {
	err = s.read.QueryRowContext(ctx, `SELECT incarnation FROM site WHERE site = $1`, string(site)).Scan(&life)
	if errors.Is(err, sql.ErrNoRows) {
		return "", why.Missingf("no site %s is known here: the page lists the sites", site)
	}
	return life, err
}

// notStored says why an event is not here, and under which other lives of its site
// there is one of its number.
func (s *Store) notStored(ctx context.Context, id why.ID, present string) error {
	var last int64
	err := s.read.QueryRowContext(ctx, `SELECT COALESCE(MAX(seq), 0) FROM event WHERE site = $1 AND incarnation = $2`, string(id.Site), id.Life).Scan(&last)
	if err != nil {
		return err
	}
	text := fmt.Sprintf("event %d of site %s is not stored here", id.Seq, id.Site)
	switch {
	case last == 0 && id.Life != present:
		text += fmt.Sprintf(": it has no events of a life %s", id.Life)
	case last == 0:
		text += ": none of its events is"
	default:
		text += fmt.Sprintf(": its log is stored up to %d", last)
	}
	rows, err := s.read.QueryContext(ctx, `SELECT incarnation FROM event WHERE site = $1 AND seq = $2 ORDER BY incarnation LIMIT 20`, string(id.Site), id.Seq)
	others := ""
	err = eachRow(rows, err, func(r *sql.Rows) error {
		other := id
		err := r.Scan(&other.Life)
		others += "; another life of the site has " + other.String()
		return err
	})
	if err != nil {
		return err
	}
	return why.Missingf("%s%s", text, others)
}

func (s *Store) hashBefore(ctx context.Context, id why.ID) (h wire.Hash, err error) {
	if id.Seq == 1 {
		return wire.Genesis(id.Site, id.Life), nil
	}
	var hash []byte
	err = s.read.QueryRowContext(ctx, `SELECT hash FROM event WHERE site = $1 AND incarnation = $2 AND seq = $3`, string(id.Site), id.Life, id.Seq-1).Scan(&hash)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	copy(h[:], hash)
	return h, err
}

// known reads what is known now of the lines that an event names, and the policy
// that it names.
func (s *Store) known(ctx context.Context, e wire.Event) (why.Known, error) {
	k := why.Known{Lines: map[allocation.LineID]allocation.Line{}, Policies: map[string]allocation.Policy{}}
	list, err := s.kind.texts(texts(why.Named(e)))
	if err != nil {
		return k, err
	}
	rows, err := s.read.QueryContext(ctx, `SELECT `+rankedColumns+` WHERE `+s.kind.anyOf("l.id", 1), list)
	err = eachRow(rows, err, func(r *sql.Rows) error {
		l, err := scanRanked(r)
		k.Lines[l.ID()] = l
		return err
	})
	if err != nil {
		return k, err
	}
	version := why.PolicyOf(e)
	p, found, err := s.policyNamed(ctx, version)
	if found {
		k.Policies[version] = p
	}
	return k, err
}

func (s *Store) policyNamed(ctx context.Context, version string) (p allocation.Policy, found bool, err error) {
	if standard := allocation.DefaultPolicy(); version == standard.Version {
		return standard, true, nil
	}
	var body []byte
	err = s.read.QueryRowContext(ctx, `SELECT body FROM policy WHERE version = $1`, version).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return p, false, nil
	}
	var w wire.Policy
	if err == nil {
		err = json.Unmarshal(body, &w)
	}
	if err == nil {
		p, err = w.Check()
	}
	return p, err == nil, err
}

// rankedColumns are a line with what ranks it.
const rankedColumns = `l.id, l.order_id, l.sku, l.pack, l.min_life, l.ordered, l.effective, l.allocated, l.picked, l.staged, l.shipped,
	o.segment, o.override_rank, o.class, o.contract, o.tier, o.accepted, o.promised, o.requested, o.ship
	FROM line l JOIN orders o ON o.id = l.order_id`

func scanRanked(r *sql.Rows) (l allocation.Line, err error) {
	var effective, accepted int64
	var promised, requested allocation.Date
	k := &l.Rank
	err = r.Scan(&k.Line, &k.Order, &l.SKU, &l.Pack, &l.MinLife, &l.Ordered, &effective, &l.Allocated, &l.Picked, &l.Staged, &l.Shipped,
		&l.Segment, &k.Override, &k.Class, &k.Contract, &k.Tier, &accepted, &promised, &requested, &l.Ship)
	l.Cancelled = l.Ordered - effective
	if k.Class == "" {
		k.Class = allocation.Redistribute
	}
	k.Accepted, k.Due = unixTime(accepted), allocation.Due(promised, requested)
	return l, err
}

func (s *Store) lineStory(ctx context.Context, id allocation.LineID, page why.Page) (*why.LineStory, error) {
	story, err := s.lineNow(ctx, id)
	if err != nil {
		return nil, err
	}
	if story.Policy, err = s.Policy(ctx); err != nil {
		return nil, err
	}
	if story.Rights, err = s.rightsTo(ctx, id); err != nil {
		return nil, err
	}
	var lives []Life
	for _, r := range story.Rights {
		lives = append(lives, Life{r.Site, r.Life})
		if r.Present {
			story.Line.Right += r.Balance()
		}
	}
	if story.Line.Open() > 0 {
		if story.Standing, err = s.standing(ctx, story); err != nil {
			return nil, err
		}
	}
	story.Lacks = why.Hindrances(&story.Line, why.NoRightAnywhere)
	story.History, err = s.history(ctx, lives, page, why.Needle(string(id)), func(e wire.Event) []why.Entry { return why.OfLine(e, id) })
	return story, err
}

// lineNow reads a line and what is known of its order.
func (s *Store) lineNow(ctx context.Context, id allocation.LineID) (*why.LineStory, error) {
	order, _ := id.Split()
	o, err := scanOrder(s.read.QueryRowContext(ctx, `SELECT `+orderColumns+` FROM orders WHERE id = $1`, string(order)).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, why.Missingf("no order %s is known here: see how it is written; the page searches for parts of it", order)
	}
	if err != nil {
		return nil, err
	}
	story := &why.LineStory{Customer: o.Customer, CustomerName: o.CustomerName, Door: o.Door, Site: o.Site}
	found := false
	rows, err := s.read.QueryContext(ctx, `SELECT `+rankedColumns+` WHERE l.id = $1`, string(id))
	err = eachRow(rows, err, func(r *sql.Rows) (err error) {
		found = true
		story.Line, err = scanRanked(r)
		return err
	})
	if err == nil && !found {
		err = why.Missingf("order %s has no line of that name: %s", order, id)
	}
	return story, err
}

// rightsTo gives what each life of a site may give to a line: present lives first,
// later ones before earlier ones.
func (s *Store) rightsTo(ctx context.Context, id allocation.LineID) (all []why.Right, err error) {
	rows, err := s.read.QueryContext(ctx, `SELECT r.site, r.incarnation, s.incarnation, r.granted, r.used, r.undone, r.returned
		FROM register r JOIN site s ON s.site = r.site JOIN incarnation i ON i.site = r.site AND i.incarnation = r.incarnation WHERE r.line = $1
		ORDER BY CASE WHEN s.incarnation = r.incarnation THEN 0 ELSE 1 END, i.minted DESC, r.site`, string(id))
	err = eachRow(rows, err, func(r *sql.Rows) error {
		var x why.Right
		var present string
		err := r.Scan(&x.Site, &x.Life, &present, &x.Granted, &x.Used, &x.Undone, &x.Returned)
		x.Present = x.Life == present
		all = append(all, x)
		return err
	})
	return all, err
}

// maxWaiting bounds how many open lines of one SKU are compared.
const maxWaiting = 50_000

// standing compares a line with all that wait for its SKU, at whatever site.
func (s *Store) standing(ctx context.Context, of *why.LineStory) (*why.Standing, error) {
	st := &why.Standing{}
	rows, err := s.read.QueryContext(ctx, `SELECT `+rankedColumns+` WHERE l.sku = $1 AND l.owed = 1 LIMIT $2`, string(of.Line.SKU), maxWaiting+1)
	n := 0
	err = eachRow(rows, err, func(r *sql.Rows) error {
		l, err := scanRanked(r)
		if n++; n > maxWaiting {
			st.Partial = true
			return err
		}
		if l.ID() != of.Line.ID() {
			st.Add(of.Policy, &of.Line, l)
		}
		return err
	})
	st.Before = min(st.Before, why.MaxBefore)
	return st, err
}
