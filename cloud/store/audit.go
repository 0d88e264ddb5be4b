package store

import (
	"context"
	"time"

	"dockfill/allocation"
)

// Person is who decided something, and why.
type Person struct {
	Name   string
	Reason string
}

// Audit is one thing that a person decided about a site.
type Audit struct {
	Site  allocation.SiteID
	At    time.Time
	Act   string // admit
	About string // what it was about: of admit, the nonce of the process
	Person
}

// AddAudit keeps what a person decided, for good.
func (tx *Tx) AddAudit(ctx context.Context, a Audit) error {
	_, err := tx.exec(ctx, `INSERT INTO audit (site, at, act, about, person, reason) VALUES ($1, $2, $3, $4, $5, $6)`,
		string(a.Site), nanos(a.At), a.Act, a.About, a.Name, a.Reason)
	return explain(err, "audit of site %s", a.Site)
}
