package store

import (
	"context"
	"database/sql"

	"dockfill/allocation"
)

// Said gives what the order system said last of those of the orders that a person
// changed here.
func (tx *Tx) Said(ctx context.Context, ids []allocation.OrderID) (map[allocation.OrderID]Ranking, error) {
	said := map[allocation.OrderID]Ranking{}
	err := tx.eachOf(ctx, func(r *sql.Rows) error {
		var id allocation.OrderID
		var k Ranking
		err := r.Scan(&id, &k.Override, &k.Class, &k.Contract, &k.Tier, &k.Promised)
		said[id] = k
		return err
	}, `SELECT id, override_rank, class, contract, tier, promised FROM order_said WHERE %s`, "id", texts(ids))
	return said, explain(err, "changed orders")
}

// PutSaid keeps what the order system says of orders that a person changed here.
// The orders are known.
func (tx *Tx) PutSaid(ctx context.Context, said map[allocation.OrderID]Ranking) error {
	rows := make([][]any, 0, len(said))
	for id, k := range said {
		rows = append(rows, []any{string(id), int64(k.Override), string(k.Class), int64(k.Contract), int64(k.Tier), string(k.Promised)})
	}
	err := tx.bulk(ctx, `INSERT INTO order_said (id, override_rank, class, contract, tier, promised) %s ON CONFLICT (id) DO UPDATE SET
		override_rank = excluded.override_rank, class = excluded.class, contract = excluded.contract, tier = excluded.tier, promised = excluded.promised`,
		[]kind{text, number, text, number, number, text}, rows)
	return explain(err, "changed orders")
}

// Over gives the ranking that holds where the order system says now what k is: a
// value that it said before leaves what a person made of it, a new one counts.
func (k Ranking) Over(said, present Ranking) Ranking {
	keep(&k.Override, said.Override, present.Override)
	keep(&k.Class, said.Class, present.Class)
	keep(&k.Contract, said.Contract, present.Contract)
	keep(&k.Tier, said.Tier, present.Tier)
	keep(&k.Promised, said.Promised, present.Promised)
	return k
}

func keep[T comparable](value *T, said, present T) {
	if *value == said {
		*value = present
	}
}
