package store

import (
	"context"
	"database/sql"
	"encoding/json"

	"dockfill/allocation"
	"dockfill/sync/wire"
)

// AddCommands numbers commands for the present life of a site, behind those
// written before. The caller writes the site's row, which holds the counter, in
// the same transaction.
func (tx *Tx) AddCommands(ctx context.Context, s *Site, commands []wire.Command) error {
	rows := make([][]any, len(commands))
	for i, c := range commands {
		body, err := json.Marshal(c)
		if err != nil {
			return explain(err, "command for site %s", s.ID)
		}
		s.Commands++
		rows[i] = []any{string(s.ID), tx.centre, s.Commands, body}
	}
	err := tx.load(ctx, "command", []string{"site", "centre", "n", "body"}, []kind{text, text, number, bytes}, rows)
	return explain(err, "commands for site %s", s.ID)
}

// ForgetCommands deletes commands that the site has applied, up to number n. A
// site that forgot them too is another life and is told everything anew.
func (tx *Tx) ForgetCommands(ctx context.Context, site allocation.SiteID, n int64) error {
	_, err := tx.exec(ctx, `DELETE FROM command WHERE site = $1 AND n <= $2`, string(site), n)
	return explain(err, "commands of site %s", site)
}

// Commands gives the commands of a site behind number after, in order, as many
// as fit into a message of maxBytes, at least one where there is one.
func (s *Store) Commands(ctx context.Context, site allocation.SiteID, after int64, maxBytes int) ([]wire.Command, error) {
	rows, err := s.read.QueryContext(ctx, `SELECT n, body FROM command WHERE site = $1 AND centre = $2 AND n > $3 ORDER BY n LIMIT 2000`,
		string(site), *s.centre.Load(), after)
	var commands []wire.Command
	full := false
	err = eachRow(rows, err, func(r *sql.Rows) error {
		var n int64
		var body []byte
		if err := r.Scan(&n, &body); err != nil || full {
			return err
		}
		maxBytes -= len(body) + 1
		if n != after+1 || (maxBytes < 0 && len(commands) > 0) {
			full = true
			return nil
		}
		after = n
		var c wire.Command
		err := json.Unmarshal(body, &c)
		commands = append(commands, c)
		return err
	})
	return commands, explain(err, "commands for site %s", site)
}
