package store

import (
	"context"
	"database/sql"
	"encoding/hex"

	"dockfill/allocation"
)

// Alias is what a person said that a code is.
type Alias struct {
	Code []byte // as read
	SKU  allocation.SKU
	Qty  int64 // base units, each time it is read
}

// Aliases gives what was said of codes at a site, in the order in which it was.
func (tx *Tx) Aliases(ctx context.Context, site allocation.SiteID) ([]Alias, error) {
	var all []Alias
	err := tx.each(ctx, func(r *sql.Rows) error {
		var a Alias
		var key string
		err := r.Scan(&key, &a.SKU, &a.Qty)
		if err == nil {
			a.Code, err = hex.DecodeString(key)
		}
		all = append(all, a)
		return err
	}, `SELECT code, sku, qty FROM alias WHERE site = $1 ORDER BY said, code`, string(site))
	return all, explain(err, "mapped codes of site %s", site)
}

// PutAlias keeps what a code is at a site; what was said of it before is
// forgotten.
func (tx *Tx) PutAlias(ctx context.Context, site allocation.SiteID, a Alias) error {
	_, err := tx.exec(ctx, `INSERT INTO alias (site, code, sku, qty, said)
		VALUES ($1, $2, $3, $4, (SELECT COALESCE(MAX(said), 0) + 1 FROM alias WHERE site = $5))
		ON CONFLICT (site, code) DO UPDATE SET sku = excluded.sku, qty = excluded.qty, said = excluded.said`,
		string(site), codeKey(a.Code), string(a.SKU), a.Qty, string(site))
	return explain(err, "mapped code of site %s", site)
}
