package allocation

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// Who was served last is told so: that nobody stood behind it does not make it the
// only one.
func TestTheLastOfSeveralSharesIsNotCalledTheOnlyLine(t *testing.T) {
	d := newBacklog(waiting("W1", 2, at(8)), waiting("W2", 9, at(9))).receive(t, 11)
	assert.Equal(t, []string{
		"W1/1 came before W2/1 by the time its order was accepted", "W2/1 got what was left after W1/1",
	}, d.Why.Sentences(d.Allocations))

	d = newBacklog(waiting("W2", 9, at(9))).receive(t, 5)
	assert.Equal(t, []string{"W2/1 was the only line waiting for it"}, d.Why.Sentences(d.Allocations))
}
