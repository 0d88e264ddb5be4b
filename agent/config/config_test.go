package config

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/scanner"
	"dockfill/scanner/barcode"
	"dockfill/scanner/profile"
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
		"DOCKFILL_CONFIG=/x", "DOCKFILL_AGENT=http://x", "DOCKFILL_LOG_LEVEL=debug",
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
		"data = 5\n":                                    {"agent.toml:1:8: data must be text, 5 is a whole number"},
		"site = \"leeds\n":                              {"agent.toml:1:"},
		"site = \"leeds\"\n":                            {"agent.toml:1:1: data is missing"},
		"data = \"x\"\n":                                {"agent.toml:1:1: site is missing"},
		"site = \"l\"\ndata = \"x\"\nhttp = \"8090\"\n": {"agent.toml:3:8", "not an address"},
		"site = \"l\"\ndata = \"x\"\n[centre]\nbroker = \"h:1883\"\n":        {"agent.toml:4:10", "tcp://127.0.0.1:1883"},
		"site = \"l\"\ndata = \"x\"\n[[station]]\nport = \"COM3\"\n":         {"agent.toml:3:3: station number 1 has no id"},
		"site = \"l\"\ndata = \"x\"\n[[station]]\nid=\"1\"\nprofile=\"q\"\n": {"agent.toml:5:9", "is none of ascii"},
		goodConfig + "[[station]]\nid = \"1\"\n":                             {"station 1 is there twice"},
		goodConfig + "parity = \"often\"\n":                                  {"agent.toml:14:10: station gate-2: parity"},
		goodConfig + "[[station]]\nid = \"3\"\nport = \"/dev/ttyUSB0\"\n":    {"agent.toml:16:8: " + unstableName},
		goodConfig + "[[station]]\nid = \"3\"\nport = \"tcp://nowhere\"\n":   {"station 3: "},
		"checkpoints = -1\nsite = \"l\"\ndata = \"x\"\n":                     {"checkpoints is -1"},
		"checkpoints = 367\nsite = \"l\"\ndata = \"x\"\n":                    {"0 to 366 days are possible"},
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
		"DOCKFILL_STATION_1_SPEED=9600": "it must be DOCKFILL_STATION_<id>_<KEY> with one of the keys BAUD",
		"DOCKFILL_STATION_1_BUAD=9600":  "did you mean DOCKFILL_STATION_1_BAUD?",
		"DOCKFILL_SIET=leeds":           "environment DOCKFILL_SIET: there is no such setting; did you mean DOCKFILL_SITE?",
		"DOCKFILL_FOO=1":                "the names are DOCKFILL_ANCHOR, DOCKFILL_CENTRE_BROKER",
		"DOCKFILL_STATION_1_BAUD=fast":  "not a whole number",
		"DOCKFILL_SITE=Le eds":          "environment DOCKFILL_SITE",
	} {
		_, err := load(writeConfig(t, goodConfig), []string{variable})
		assert.ErrorContains(t, err, want, variable)
	}
}

// A person who mends a file wants to hear of everything at once.
func TestAllFaultsOfAConfigurationAreToldAtOnce(t *testing.T) {
	path := writeConfig(t, `site = "Leeds!"
dta = "x"
retention_days = 99_999
[centre]
broker = 1883
broker = "tcp://h:1883"
this is nothing
[[station]]
id = "1"
port = "/dev/ttyS0"
baud = "fast"
stop_bits = 3
parity = "often"
beep = "yes"
[[station]]
port = "nowhere"
profile = "ssii"
[station]
id = "3"
[centre.deep]
more = 1
[[code]]
name = "plate"
pattern = "("
[hosts]
`)
	_, err := load(path, []string{"DOCKFILL_FOO=1"})
	var all Faults
	require.ErrorAs(t, err, &all)
	var told []string
	for _, f := range all {
		assert.NotRegexp(t, `Go |struct|agent\.|reflect|strconv|int\b`, strings.TrimPrefix(f.Error(), path))
		line := strings.TrimPrefix(f.Error(), path)
		if port := ":16:8: port \"nowhere\" is no"; strings.HasPrefix(line, port) {
			line = port // what ports there are is another's to say
		}
		told = append(told, line)
	}
	assert.Equal(t, []string{
		":1:1: data is missing: name a directory that the agent may write to",
		":1:8: site \"Leeds!\" may hold only a-z, 0-9 and -",
		":2:1: there is no key dta; did you mean data?",
		":3:18: retention_days is 99999; 1 to 3650 are possible",
		":5:10: broker must be text, 1883 is a whole number",
		":6:1: centre.broker was given already, on line 5",
		":7:6: this is no TOML: expected '=' after key; text stands in quotes, and each key on a line of its own",
		":11:8: baud must be a whole number, \"fast\" is text",
		":12:13: station 1: stop bits 3 is neither 1 nor 2",
		":13:10: station 1: parity \"often\" is none of none, odd, even",
		":14:8: beep must be true or false, \"yes\" is text",
		":15:3: station number 2 has no id",
		":16:8: port \"nowhere\" is no",
		":17:11: profile \"ssii\" is none of " + strings.Join(profile.Set{}.Names(), ", ") + "; did you mean ssi?",
		":18:2: write [[station]], once for each",
		":20:9: there is no key centre.deep; the keys here are broker, username, password",
		":24:11: pattern \"(\" is no regular expression: missing closing )",
		":25:2: hosts is no table; write hosts = ... above the first table",
		"environment DOCKFILL_FOO: there is no such setting; the names are DOCKFILL_ANCHOR, DOCKFILL_CENTRE_BROKER, DOCKFILL_CENTRE_PASSWORD, DOCKFILL_CENTRE_USERNAME, " +
			"DOCKFILL_CHECKPOINTS, DOCKFILL_CODES_ACCEPT_ASSOCIATIONS, DOCKFILL_CODES_GS_SUBSTITUTE, DOCKFILL_CODES_SHORT_GTIN, " +
			"DOCKFILL_DATA, DOCKFILL_HOSTS, DOCKFILL_HTTP, DOCKFILL_PROFILES, DOCKFILL_RETENTION_DAYS, DOCKFILL_SITE, DOCKFILL_AGENT, DOCKFILL_CONFIG, DOCKFILL_LOG_LEVEL and DOCKFILL_STATION_<id>_<KEY>",
	}, told)
}

// A wrong line setting hid what is wrong with the port's name, and a station
// without a port hid all of its settings.
func TestFaultsOfOneStationDoNotHideEachOther(t *testing.T) {
	path := writeConfig(t, "site = \"leeds\"\ndata = \"d\"\n[[station]]\nid = \"1\"\nport = \"tcp://nohost\"\nparity = \"nn\"\n"+
		"[[station]]\nid = \"2\"\ndata_bits = 9\n")
	_, err := load(path, nil)
	var all Faults
	require.ErrorAs(t, err, &all)
	require.Len(t, all, 3, "%v", all)
	for i, key := range []string{"station.port", "station.parity", "station.data_bits"} {
		assert.Equal(t, key, all[i].Key)
	}
}

func TestAFaultInAValueIsToldInTheWordsOfTheKey(t *testing.T) {
	head := "site='l'\ndata='x'\n"
	for text, want := range map[string]string{
		head + "hosts = 'a'\n":                          "agent.toml:3:9: hosts must be a list, \"a\" is text",
		head + "hosts = ['a', 5]\n":                     "agent.toml:3:15: hosts must hold texts in quotes, 5 is a whole number",
		head + "retention_days = 1.5\n":                 "retention_days must be a whole number, 1.5 is a number with a fraction",
		head + "centre = 5\n":                           "centre must be a table, 5 is a whole number",
		head + "[[centre]]\n":                           "agent.toml:3:3: write [centre]; there is one of it",
		head + "station = [{id = '1', baud = 'x'}]\n":   "agent.toml:3:30: baud must be a whole number, \"x\" is text",
		head + "broker = 'tcp://h:1'\n":                 "did you mean centre.broker?",
		head + "a.b.c = 1\n":                            "agent.toml:3:1: there is no key a; the keys here are site, data, anchor, http",
		head + "[[station]]\nid='1'\nunstable=1\n":      "unstable must be true or false, 1 is a whole number",
		head + "[[station]]\nid='1'\nbeep=2026-01-01\n": "beep must be true or false, 2026-01-01 is a date",
		"\xff\xfes\x00":                                 "agent.toml:1:1: the file is UTF-16; save it as UTF-8",
		head + "\"site\" = 'x'\n":                       "agent.toml:3:1: site was given already, on line 1",
		head + "hosts = ['ä', 5]\n":                     "agent.toml:3:15",
	} {
		_, err := load(writeConfig(t, text), nil)
		assert.ErrorContains(t, err, want, text)
	}
}

func TestAConfigurationMayBeWrittenInEveryFormOfTOML(t *testing.T) {
	c, err := load(writeConfig(t, "\xef\xbb\xbfsite='l'\r\ndata='x'\r\nretention_days = 0x1E\r\ncentre.broker = 'tcp://h:1'\r\nhosts = [\r\n 'a', # one\r\n 'b',\r\n]\r\nstation = [{id = '1'}, {id = '2', beep = false}]"), nil)
	require.NoError(t, err)
	assert.Equal(t, "tcp://h:1", c.Centre.Broker)
	assert.Equal(t, []string{"a", "b"}, c.Hosts)
	assert.Equal(t, 30*24*time.Hour, c.Retention)
	require.Len(t, c.Stations, 2)
	c, err = load(writeConfig(t, "site='l'\ndata='x'\n[[station]]\nid='1'\nport='tcp://10.0.0.7:4001'\nbaud='fast'\n"), []string{"DOCKFILL_STATION_1_BAUD=19200"})
	require.NoError(t, err, "the environment stands over what is wrong in the file")
	assert.Equal(t, 19200, c.Stations[0].Baud)
}

func TestCodesGuardAndProfilesAreConfigured(t *testing.T) {
	path := writeConfig(t, `site = "l"
data = "/x"
[codes]
gs_substitute = "~"
accept_associations = true
short_gtin = true
[[code]]
name = "plate"
kind = "plate"
pattern = "LP[0-9]{6}"
[[station]]
id = "1"
guard_ms = 0
[[station]]
id = "2"
guard_ms = 700
twin_of = "1"
port = "tcp://10.0.0.7:4001"
terminator = "stx-etx-lrc"
[[station]]
id = "3"
port = "tcp://10.0.0.8:4001"
profile = "OurOwn"
`)
	require.NoError(t, os.Mkdir(filepath.Join(filepath.Dir(path), "profiles"), 0o700))
	own := filepath.Join(filepath.Dir(path), "profiles", "ourown.toml")
	shipped, err := os.ReadFile("../../scanner/profile/makes/ascii.toml")
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(own, []byte(strings.Replace(string(shipped), "baud = 9600", "baud = 4800", 1)), 0o600))
	c, err := load(path, nil)
	require.NoError(t, err)
	assert.Equal(t, "~", c.Rules.Substitute)
	assert.True(t, c.Rules.AcceptAssociations)
	assert.True(t, c.Rules.Links.ShortGTIN)
	read := c.Rules.Parse("", []byte("LP123456"), 2026)
	assert.Equal(t, barcode.Plate, read.Kind)
	assert.Negative(t, c.Stations[0].Guard, "0 turns it off")
	assert.Equal(t, 700*time.Millisecond, c.Stations[1].Guard)
	assert.EqualValues(t, "1", c.Stations[1].TwinOf)
	assert.Equal(t, scanner.STXETXLRC, c.Stations[1].Terminator)
	assert.Equal(t, scanner.DefaultGuard, c.Stations[2].Guard)
	assert.Equal(t, 4800, c.Stations[2].Baud, "a profile of the site's own")

	require.NoError(t, os.WriteFile(own, []byte("title = 5\n"), 0o600))
	_, err = load(path, nil)
	assert.ErrorContains(t, err, own+":1:")
	for text, want := range map[string]string{
		"[codes]\ngs_substitute = 'A'\n":                          ":4:17: gs_substitute: \"A\" cannot stand for the group separator",
		"[[code]]\nname = 'p'\npattern = 'x'\nkind='y'\n":         ":6:6: kind: \"y\" is none of the kinds plate, location, order, other",
		"[[code]]\npattern = 'x'\n":                               ":3:3: house code number 1 has no name",
		"[[station]]\nid='1'\nguard_ms=-1\n":                      ":5:10: guard_ms is -1; 0 turns the guard off",
		"[[station]]\nid='1'\ntwin_of='9'\n":                      ":5:9: twin_of names station 9, which is not there",
		"profiles = '/nowhere/at/all'\n":                          ":3:12: profiles cannot be read",
		"[[station]]\nid='1'\nport='tcp://h:1'\nguard_ms=60000\n": ":6:10: station 1: guard 1m0s is longer",
	} {
		_, err := load(writeConfig(t, "site='l'\ndata='/x'\n"+text), nil)
		assert.ErrorContains(t, err, want, text)
	}
}

// A fault of a profile's document is told, and nothing that only follows from it.
func TestAFaultOfAProfileIsToldOnce(t *testing.T) {
	stations := "[[station]]\nid='1'\nport='tcp://h:1'\nprofile='Mine'\nbeep=true\n"
	for text, want := range map[string]string{
		"title = 5\n":              "mine.toml:1:",
		"title = 'x'\nother = 1\n": "mine.toml:2:",
	} {
		upper := writeConfig(t, "site='l'\ndata='/x'\n"+stations)
		require.NoError(t, os.Mkdir(filepath.Join(filepath.Dir(upper), "profiles"), 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(filepath.Dir(upper), "profiles", "Mine.toml"), []byte(text), 0o600))
		_, err := load(upper, nil)
		assert.ErrorContains(t, err, "Mine.toml")
		assert.NotContains(t, err.Error(), "did you mean")

		path := writeConfig(t, "site='l'\ndata='/x'\n"+stations)
		dir := filepath.Join(filepath.Dir(path), "profiles")
		require.NoError(t, os.Mkdir(dir, 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "mine.toml"), []byte(text), 0o600))
		_, err = load(path, nil)
		var faults Faults
		require.ErrorAs(t, err, &faults)
		require.Len(t, faults, 1, "%v", err)
		assert.ErrorContains(t, err, want)

		_, err = load(writeConfig(t, "site='l'\ndata='/x'\nprofiles='/nowhere/at/all'\n"+stations), nil)
		require.ErrorAs(t, err, &faults)
		require.Len(t, faults, 1, "%v", err)
		assert.ErrorContains(t, err, "profiles cannot be read")
	}
	_, err := load(writeConfig(t, "site='l'\ndata='/x'\n"+stations), nil)
	var faults Faults
	require.ErrorAs(t, err, &faults)
	require.Len(t, faults, 1, "%v", err)
	assert.ErrorContains(t, err, `:6:9: profile "mine" is none of ascii`)
}

// The example shows every key but those that only other scanners have.
func TestTheExampleIsAGoodConfiguration(t *testing.T) {
	text, err := os.ReadFile("../../docs/examples/agent.toml")
	require.NoError(t, err)
	_, err = Parse("agent.toml", text)
	require.NoError(t, err)
	for _, key := range fileKeys() {
		switch leaf := leaf(key); leaf {
		case "unstable", "layout", "twin_of":
		default:
			assert.Contains(t, string(text), leaf, key)
		}
	}
}

func TestTheAnchorLiesOutsideOfTheData(t *testing.T) {
	for text, want := range map[string]string{
		"data='/srv/leeds/'": "/srv/leeds-anchor", "data='/srv/leeds'\nanchor='/mnt/a'": "/mnt/a",
		"data='/srv/leeds'\nanchor='/srv/leeds2'": "/srv/leeds2", "data='leeds'": "leeds-anchor",
	} {
		c, err := Parse("agent.toml", []byte("site='l'\n"+text))
		require.NoError(t, err, text)
		assert.Equal(t, filepath.FromSlash(want), c.AnchorDir())
	}
	for _, dir := range []string{"/srv/leeds", "/srv/leeds/anchor", "/srv/x/../leeds/a"} {
		_, err := Parse("agent.toml", []byte("site='l'\ndata='/srv/leeds'\nanchor='"+dir+"'"))
		assert.ErrorContains(t, err, "agent.toml:3:8: anchor is", dir)
	}
}

// What is promised in the environment must be possible in a shell.
func TestAStationsIDCanStandInTheNameOfAVariable(t *testing.T) {
	station := func(ids ...string) error {
		text := "site = \"leeds\"\ndata = \"d\"\n"
		for _, id := range ids {
			text += "[[station]]\nid = \"" + id + "\"\n"
		}
		_, err := Parse("site.toml", []byte(text))
		return err
	}
	for _, bad := range []string{"a b", "\u00fc<b>", "a.b", "a=b"} {
		assert.ErrorContains(t, station(bad), "site.toml:4:6: id ", bad)
		assert.ErrorContains(t, station(bad), "must be of letters A to Z, digits, - and _: it stands in names of variables such as DOCKFILL_STATION_<id>_PORT")
	}
	assert.EqualError(t, station(""), "site.toml:4:6: id is missing")
	assert.ErrorContains(t, station("a-b", "A_B"), "stations a-b and A_B have the same name in variables, DOCKFILL_STATION_A_B: give one another id")
	assert.NoError(t, station("a-b", "A_C", "1"))
}

func TestAnIdleGapIsToldInTheUnitOfItsKey(t *testing.T) {
	_, err := Parse("site.toml", []byte("site = \"leeds\"\ndata = \"d\"\n[[station]]\nid = \"1\"\nidle_gap_ms = 9999999\n"))
	assert.EqualError(t, err, "site.toml:5:15: idle_gap_ms is 9999999; 100 to 10000 are possible")
}
