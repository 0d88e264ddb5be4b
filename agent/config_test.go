package agent

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/scanner"
)

const goodConfig = `site = "leeds"
data = "/var/lib/dockfill"
[centre]
broker = "tcp://127.0.0.1:1883"
[[station]]
id = "1"
port = "usb:05e0:1701"
profile = "ssi"
[[station]]
id = "gate-2"
port = "tcp://10.0.0.7:4001"
terminator = "crlf"
baud = 19200
`

// unstableName is how a run refuses the name: on Windows it is no port at all.
var unstableName = map[bool]string{false: "station 3: port name is not stable", true: "station 3: "}[runtime.GOOS == "windows"]

func writeConfig(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "agent.toml")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestConfigurationIsReadWithItsDefaults(t *testing.T) {
	c, err := load(writeConfig(t, goodConfig), nil)
	require.NoError(t, err)
	assert.EqualValues(t, "leeds", c.Site)
	assert.Equal(t, DefaultHTTP, c.HTTP)
	assert.Equal(t, 30*24*time.Hour, c.Retention)
	require.Len(t, c.Stations, 2)
	assert.Equal(t, scanner.SSI, c.Stations[0].Profile)
	assert.True(t, c.Stations[0].Beep, "the scanner gives the verdict where it can")
	assert.Equal(t, scanner.CRLF, c.Stations[1].Terminator)
	assert.Equal(t, 19200, c.Stations[1].Baud)
}

func TestEnvironmentStandsOverTheFile(t *testing.T) {
	c, err := load(writeConfig(t, goodConfig), []string{
		"DOCKFILL_SITE=york", "DOCKFILL_HTTP=127.0.0.1:0", "DOCKFILL_CENTRE_BROKER=tls://broker:8883", "DOCKFILL_RETENTION_DAYS=7",
		"DOCKFILL_STATION_GATE_2_BAUD=9600", "DOCKFILL_STATION_3_PORT=tcp://10.0.0.8:4001", "DOCKFILL_CLOUD_HTTP=x", "PATH=/bin",
	})
	require.NoError(t, err)
	assert.EqualValues(t, "york", c.Site)
	assert.Equal(t, "127.0.0.1:0", c.HTTP)
	assert.Equal(t, "tls://broker:8883", c.Centre.Broker)
	assert.Equal(t, 7*24*time.Hour, c.Retention)
	assert.Equal(t, 9600, c.Stations[1].Baud)
	require.Len(t, c.Stations, 3)
	assert.EqualValues(t, "3", c.Stations[2].Station)

	c, err = load("", []string{"DOCKFILL_SITE=york", "DOCKFILL_DATA=/data"})
	require.NoError(t, err, "the environment alone is enough")
	assert.EqualValues(t, "york", c.Site)
}

func TestAWrongConfigurationSaysWhereAndWhat(t *testing.T) {
	for text, want := range map[string][]string{
		"site = \"leeds\"\ndta = \"x\"\n":               {"agent.toml:2:1: there is no key dta", "did you mean data?"},
		goodConfig + "termnator = \"cr\"\n":             {"agent.toml:14:1", "station.termnator", "did you mean station.terminator?"},
		"site = \"Leeds!\"\n":                           {"agent.toml:1:8", "may hold only a-z"},
		"data = 5\n":                                    {"agent.toml:1:8"},
		"site = \"leeds\n":                              {"agent.toml:1:"},
		"site = \"leeds\"\n":                            {"data is missing"},
		"data = \"x\"\n":                                {"site is missing"},
		"site = \"l\"\ndata = \"x\"\nhttp = \"8090\"\n": {"agent.toml:3:8", "not an address"},
		"site = \"l\"\ndata = \"x\"\n[centre]\nbroker = \"h:1883\"\n":        {"agent.toml:4:10", "tcp://127.0.0.1:1883"},
		"site = \"l\"\ndata = \"x\"\n[[station]]\nport = \"COM3\"\n":         {"station number 1 has no id"},
		"site = \"l\"\ndata = \"x\"\n[[station]]\nid=\"1\"\nprofile=\"q\"\n": {"agent.toml:5:9", "none of ascii, ssi"},
		goodConfig + "[[station]]\nid = \"1\"\n":                             {"station 1 is there twice"},
		goodConfig + "parity = \"often\"\n":                                  {"station gate-2: parity"},
		goodConfig + "[[station]]\nid = \"3\"\nport = \"/dev/ttyUSB0\"\n":    {unstableName},
		goodConfig + "[[station]]\nid = \"3\"\nport = \"tcp://nowhere\"\n":   {"station 3: "},
		"retention_days = 0\nsite = \"l\"\ndata = \"x\"\n":                   {"retention_days is 0"},
	} {
		_, err := load(writeConfig(t, text), nil)
		for _, w := range want {
			assert.ErrorContains(t, err, w, text)
		}
	}
	_, err := load(filepath.Join(t.TempDir(), "none.toml"), nil)
	assert.ErrorContains(t, err, "none.toml")
	for variable, want := range map[string]string{
		"DOCKFILL_CENTRE_BROKR=x":       "did you mean DOCKFILL_CENTRE_BROKER?",
		"DOCKFILL_STATION_1_SPEED=9600": "it must be DOCKFILL_STATION_<id>_",
		"DOCKFILL_STATION_1_BAUD=fast":  "not a whole number",
		"DOCKFILL_SITE=Le eds":          "environment DOCKFILL_SITE",
	} {
		_, err := load(writeConfig(t, goodConfig), []string{variable})
		assert.ErrorContains(t, err, want, variable)
	}
}
