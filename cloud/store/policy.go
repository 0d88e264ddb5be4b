package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"dockfill/allocation"
	"dockfill/sync/wire"
)

const inForce = `SELECT body FROM policy ORDER BY activation DESC LIMIT 1`

// Policy gives the policy in force: the default one where none was ever put in.
func (tx *Tx) Policy(ctx context.Context) (allocation.Policy, error) {
	return scanPolicy(tx.queryRow(ctx, inForce).Scan)
}

// Policy gives the policy in force: the default one where none was ever put in.
func (s *Store) Policy(ctx context.Context) (allocation.Policy, error) {
	return scanPolicy(s.read.QueryRowContext(ctx, inForce).Scan)
}

func scanPolicy(scan func(...any) error) (allocation.Policy, error) {
	var body []byte
	err := scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return allocation.DefaultPolicy(), nil
	}
	var w wire.Policy
	if err == nil {
		err = json.Unmarshal(body, &w)
	}
	if err != nil {
		return allocation.Policy{}, explain(err, "policy")
	}
	p, err := w.Check()
	return p, explain(err, "policy %s", w.Version)
}

// OtherRulesError says that a policy's version stands for other rules already.
type OtherRulesError struct{ Version string }

func (e *OtherRulesError) Error() string {
	return fmt.Sprintf("policy %q is known with other rules: give this one another version", e.Version)
}

// SetPolicy puts a policy in force; it reports false where it is already. A
// version stands for the same rules for ever: with others the error is an
// *OtherRulesError.
func (tx *Tx) SetPolicy(ctx context.Context, at time.Time, p allocation.Policy) (bool, error) {
	present, err := tx.Policy(ctx)
	if err != nil {
		return false, err
	}
	body, err := json.Marshal(wire.PolicyOf(p))
	if err != nil {
		return false, explain(err, "policy %s", p.Version)
	}
	known, err := tx.knownPolicy(ctx, p.Version)
	switch {
	case err != nil:
		return false, err
	case known != nil && string(known) != string(body):
		return false, &OtherRulesError{p.Version}
	case present.Version == p.Version:
		return false, nil
	}
	var last int64
	if err := tx.queryRow(ctx, `SELECT COALESCE(MAX(activation), 0) FROM policy`).Scan(&last); err != nil {
		return false, explain(err, "policies")
	}
	_, err = tx.exec(ctx, `INSERT INTO policy (version, body, activation, activated) VALUES ($1, $2, $3, $4)
		ON CONFLICT (version) DO UPDATE SET activation = excluded.activation, activated = excluded.activated`, p.Version, body, last+1, nanos(at))
	return err == nil, explain(err, "policy %s", p.Version)
}

// knownPolicy gives what a version stands for, nil where it was never used.
func (tx *Tx) knownPolicy(ctx context.Context, version string) (body []byte, err error) {
	if standard := allocation.DefaultPolicy(); version == standard.Version {
		return json.Marshal(wire.PolicyOf(standard))
	}
	err = tx.queryRow(ctx, `SELECT body FROM policy WHERE version = $1`, version).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return body, explain(err, "policy %s", version)
}
