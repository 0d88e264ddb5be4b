package store

import "dockfill/allocation"

// Change is what a person changes of an order to rank it anew; nil leaves a value
// as it is.
type Change struct {
	Override *int
	Class    *allocation.Class
	Contract *int
	Tier     *int
	Promised *allocation.Date
}

// On gives the ranking with the change made.
func (c Change) On(k Ranking) Ranking {
	set(&k.Override, c.Override)
	set(&k.Class, c.Class)
	set(&k.Contract, c.Contract)
	set(&k.Tier, c.Tier)
	set(&k.Promised, c.Promised)
	return k
}

func set[T any](value *T, to *T) {
	if to != nil {
		*value = *to
	}
}

// ActError says why what a person wants cannot be done. Nothing was changed.
type ActError struct{ Reason string }

func (e *ActError) Error() string { return e.Reason }
