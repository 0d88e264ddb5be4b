package memory_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/allocation/memory"
)

// The scenarios beside the package are what users are told the rules do. The
// site's own programs may word a reason otherwise, so sentences are left out.
func TestScenariosComeOutAsExpected(t *testing.T) {
	files, err := filepath.Glob("../testdata/*.jsonl")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".jsonl"), func(t *testing.T) {
			in, err := os.ReadFile(file)
			require.NoError(t, err)
			var out bytes.Buffer
			require.NoError(t, memory.NewPlayer().Play(bytes.NewReader(in), &out))
			expected := strings.TrimSuffix(file, ".jsonl") + ".expected"
			if os.Getenv("DOCKFILL_UPDATE") != "" {
				require.NoError(t, os.WriteFile(expected, out.Bytes(), 0o644))
			}
			want, err := os.ReadFile(expected)
			require.NoError(t, err)
			assert.Equal(t, withoutSentences(t, string(want)), withoutSentences(t, out.String()))
		})
	}
}

func withoutSentences(t *testing.T, text string) (lines []string) {
	for line := range strings.Lines(text) {
		var fields map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &fields))
		delete(fields, "why")
		if no, is := fields["error"].(map[string]any); is {
			delete(no, "message")
		}
		short, err := json.Marshal(fields)
		require.NoError(t, err)
		lines = append(lines, string(short))
	}
	return lines
}
