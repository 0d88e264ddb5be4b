package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestNobodyImportsWhatHeMayNot(t *testing.T) {
	found, err := breaches("..")
	require.NoError(t, err)
	assert.Empty(t, found, "the rules are told in CONTRIBUTING.md")
}

// A rule that never speaks proves nothing: each is broken once here.
func TestImportRulesNoticeAViolation(t *testing.T) {
	for _, plant := range []struct{ file, source, says string }{
		{"agent/x.go", `import _ "dockfill/cloud/store"`, "agent may not import cloud/store"},
		{"cloud/x.go", `import _ "dockfill/agent"`, "cloud may not import agent"},
		{"cloud/x_test.go", `import _ "dockfill/agent"`, "cloud may not import agent"},
		{"scanner/profile/x.go", `import _ "dockfill/sync/wire"`, "scanner may not import sync/wire"},
		{"sync/outbox/x.go", `import _ "dockfill/agent/store"`, "sync may not import agent/store"},
		{"sync/wire/x.go", `import _ "dockfill/sync/rights"`, "sync/wire may not import sync/rights"},
		{"sync/x.go", ``, "no Go file lies directly in sync/"},
		{"firmware-sim/device/x.go", `import _ "dockfill/scanner/profile"`, "firmware-sim/device may not import scanner/profile"},
		{"firmware-sim/network/x.go", `import _ "dockfill/sync/wire"`, "firmware-sim/network may not import sync/wire"},
		{"allocation/x.go", `import _ "github.com/google/uuid"`, "allocation imports the standard library only"},
		{"allocation/x.go", `import _ "dockfill/sync/wire"`, "allocation may not import sync/wire"},
		{"allocation/x.go", `import _ "os"`, "allocation is pure and cannot import os"},
		{"allocation/x.go", `import "time"; var now = time.Now()`, "allocation is pure and cannot read a clock"},
		{"sync/rights/x.go", `func f() { go f() }`, "sync/rights is pure and cannot start a goroutine"},
		{"sync/check/x.go", `import _ "dockfill/sync/outbox"`, "sync/check may not import sync/outbox"},
		{"sync/check/x.go", `import "time"; var now = time.Now()`, "sync/check is pure and cannot read a clock"},
		{"sync/session/x.go", `import _ "dockfill/sync/check"`, "sync/session may not import sync/check"},
		{"agent/x.go", `import _ "dockfill/sync/check"`, "agent may not import sync/check"},
		{"agent/x.go", `import _ "go.bug.st/serial"`, "go.bug.st/serial is imported by scanner/serial alone"},
		{"scanner/hid/x.go", `import _ "go.bug.st/serial/enumerator"`, "go.bug.st/serial is imported by scanner/serial alone"},
		{"agent/x.go", `import _ "github.com/eclipse/paho.mqtt.golang"`, "imported by sync/mqtt alone"},
		{"cloud/x.go", `import _ "github.com/mochi-mqtt/server/v2/listeners"`, "imported by sync/mqtttest and cloud/broker alone"},
		{"cloud/ingest/x.go", `import _ "database/sql"`, "imported by agent/store and cloud/store alone"},
		{"agent/x.go", "const q = `SELECT seq FROM events`", "SQL has no place in agent"},
		{"allocation/x.go", "type T struct { A int `json:\"a\"` }", "JSON tags have no place in allocation"},
		{"helpers/x.go", ``, "helpers has no place at the top level"},
	} {
		t.Run(plant.says, func(t *testing.T) {
			root := t.TempDir()
			file := filepath.Join(root, plant.file)
			require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
			require.NoError(t, os.WriteFile(file, []byte("package x\n\n"+plant.source+"\n"), 0o644))
			found, err := breaches(root)
			require.NoError(t, err)
			assert.Contains(t, strings.Join(found, "\n"), plant.says)
		})
	}
}

func TestImportRulesLeaveGoodFilesAlone(t *testing.T) {
	root := t.TempDir()
	for file, source := range map[string]string{
		"agent/x.go":               `import (_ "dockfill/scanner/serial"; _ "dockfill/sync/wire"; _ "dockfill/allocation"; _ "dockfill/agent/store")`,
		"scanner/serial/x.go":      `import (_ "go.bug.st/serial/enumerator"; _ "dockfill/scanner")`,
		"scanner/serial/x_test.go": `import _ "dockfill/firmware-sim/device"`,
		"cloud/store/x.go":         "import _ \"database/sql\"\nconst q = `SELECT seq FROM events`",
		"allocation/policy/x.go":   `import (_ "github.com/pelletier/go-toml/v2"; _ "dockfill/allocation")`,
	} {
		path := filepath.Join(root, file)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		require.NoError(t, os.WriteFile(path, []byte("package x\n\n"+source+"\n"), 0o644))
	}
	found, err := breaches(root)
	require.NoError(t, err)
	assert.Empty(t, found)
}
