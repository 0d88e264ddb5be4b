package agent

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "write the expected results of the scenarios anew")

// The cases that the house's rules are read from, each with what must come out.
func TestScenariosComeOutAsExpected(t *testing.T) {
	files, err := filepath.Glob("../allocation/testdata/*.jsonl")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, name := range files {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".jsonl"), func(t *testing.T) {
			in, err := os.ReadFile(name)
			require.NoError(t, err)
			var out bytes.Buffer
			refused, err := Replay(t.Context(), bytes.NewReader(in), &out)
			require.NoError(t, err)
			assert.Equal(t, strings.Count(out.String(), `"error":{`), refused)
			expected := strings.TrimSuffix(name, ".jsonl") + ".expected"
			if *update {
				require.NoError(t, os.WriteFile(expected, out.Bytes(), 0o644))
			}
			want, err := os.ReadFile(expected)
			require.NoError(t, err)
			assert.Equal(t, string(want), out.String())
		})
	}
}
