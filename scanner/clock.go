package scanner

import "time"

// Elapsed is how long it may be from one moment to another: the longer of what the
// wall clock says and the monotonic one, which stands still while a machine sleeps.
func Elapsed(from, to time.Time) time.Duration {
	return max(to.Sub(from), to.Round(0).Sub(from.Round(0)))
}
