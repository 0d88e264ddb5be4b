package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
)

// A report of a fault names the programs' versions; all three tell it alike.
func TestTheVersionIsTold(t *testing.T) {
	for args, want := range map[string]string{"": "^firmware-sim \\S+\n$", "--json": `"version": "[^"]+"`} {
		var out bytes.Buffer
		say := []string{"version"}
		if args != "" {
			say = append(say, args)
		}
		assert.Equal(t, 0, run(t.Context(), say, streams{nil, &out, &out}))
		assert.Regexp(t, want, out.String())
	}
}
