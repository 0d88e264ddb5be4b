package mqtt

import (
	"context"
	"math/rand/v2"
	"time"
)

// backoff spreads the attempts of many sites after a common failure. The first
// attempt after a break comes at once, within a tenth of first.
type backoff struct {
	first, max time.Duration
	n          int
}

// next is half to whole of first, 2*first, 4*first, ... max.
func (b *backoff) next() time.Duration {
	b.n++
	if b.n == 1 {
		return jitter(b.first / 10)
	}
	d := b.first
	for range min(b.n-2, 30) {
		if d = 2 * d; d >= b.max {
			break
		}
	}
	return jitter(min(d, b.max))
}

func (b *backoff) reset() { b.n = 0 }

func jitter(d time.Duration) time.Duration { return d/2 + rand.N(d/2+1) }

// sleep reports whether the time passed before the context ended.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
