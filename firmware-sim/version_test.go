package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// A report of a fault names the programs' versions; all three tell it alike.
func TestTheVersionIsTold(t *testing.T) {
	const text = "^firmware-sim \\S+\n$"
	for args, want := range map[string]string{"--version": text, "version": text, "version --json": `^{"schema":1,"version":"[^"]+"}\n$`} {
		var out bytes.Buffer
		assert.Equal(t, 0, run(t.Context(), strings.Fields(args), streams{nil, &out, &out}))
		assert.Regexp(t, want, out.String())
	}
}
