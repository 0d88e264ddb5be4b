package config

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

const written = `# our dock
site = "leeds"   # the old hall
data = "/data"

[[station]]
  id = "1"
  port = "usb:05E0:1701"  # the blue one
  # set up by Kim
  profile   = "ssi"

[[station]]
id = 'gate-2'
port = "/dev/ttyS0"
terminator = "crlf" # ends so
baud = 19200
[centre]
broker = "tcp://127.0.0.1:1883"`

func TestOnlyWhatIsSetChangesInAConfiguration(t *testing.T) {
	out, err := SetStation([]byte(written), "gate-2", []Setting{
		{"port", `usb:05E0:1701:A"B`}, {"profile", "ssi"}, {"terminator", nil}, {"baud", 9600}, {"beep", true}, {"idle_gap_ms", nil},
	})
	require.NoError(t, err)
	assert.Equal(t, strings.NewReplacer(
		`port = "/dev/ttyS0"`, `port = "usb:05E0:1701:A\"B"`,
		"terminator = \"crlf\" # ends so\n", "",
		"baud = 19200\n", "baud = 9600\nprofile = \"ssi\"\nbeep = true\n",
	).Replace(written), string(out))

	out, err = SetStation([]byte(written), "1", []Setting{{"port", "usb:05E0:1701:7"}, {"profile", "ascii"}, {"terminator", "cr"}})
	require.NoError(t, err)
	assert.Equal(t, strings.NewReplacer(
		`port = "usb:05E0:1701"  # the blue one`, `port = "usb:05E0:1701:7"  # the blue one`,
		`  profile   = "ssi"`, "  profile   = \"ascii\"\n  terminator = \"cr\"",
	).Replace(written), string(out))
}

func TestANewStationStandsAtTheEnd(t *testing.T) {
	out, err := SetStation([]byte(written), "3", []Setting{{"port", "COM3"}, {"baud", nil}})
	require.NoError(t, err)
	assert.Equal(t, written+"\n\n[[station]]\nid = \"3\"\nport = \"COM3\"\n", string(out))
	out, err = SetStation([]byte("site = 'x'\r\n"), "3", []Setting{{"port", "COM3"}})
	require.NoError(t, err)
	assert.Equal(t, "site = 'x'\r\n\r\n[[station]]\r\nid = \"3\"\r\nport = \"COM3\"\r\n", string(out))
	out, err = SetStation([]byte("[[station]]\nid = '3'"), "3", []Setting{{"port", "COM3"}, {"baud", 9600}})
	require.NoError(t, err)
	assert.Equal(t, "[[station]]\nid = '3'\nport = \"COM3\"\nbaud = 9600\n", string(out))
}

func TestAConfigurationThatCannotBeEditedIsLeftAlone(t *testing.T) {
	_, err := SetStation([]byte("station = [{id = '1'}]\n"), "2", nil)
	assert.ErrorContains(t, err, "inline list")
	_, err = SetStation([]byte("this is nothing\n"), "2", nil)
	assert.Error(t, err)
}

// Whatever port name a device has, it is read back as it was.
func TestAnEditedConfigurationReadsBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		port := "tcp://h:1/" + rapid.String().Filter(isText).Draw(t, "port")
		out, err := SetStation([]byte(written), "gate-2", []Setting{{"port", port}})
		require.NoError(t, err)
		var f file
		r := &reading{places: map[string]spot{}}
		r.read(out, &f)
		require.Empty(t, r.faults)
		require.Equal(t, port, f.Stations[1].Port)
		require.Equal(t, "usb:05E0:1701", f.Stations[0].Port)
	})
}

func isText(s string) bool { return strings.ToValidUTF8(s, "") == s }

// No text of a file makes the reader or the editor fall over, and an editor's
// result of a good file is a good file.
func FuzzConfiguration(f *testing.F) {
	for _, seed := range []string{written, goodConfig, "a = [\n", "[[station]]\nid = \"\"\"\nx\"\"\"\n", "\"\" = 1\n'x'.y = {a = 1,}\n", "= \r\n[[", "\xef\xbb\xbf", "station = [1]\n[station.x]\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		_, err := Parse("agent.toml", []byte(text))
		for _, fault := range asFaults(err) {
			assert.NotEmpty(t, fault.Reason)
		}
		out, editErr := SetStation([]byte(text), "7", []Setting{{"port", "tcp://10.0.0.7:4001"}, {"baud", nil}})
		if err == nil && editErr == nil {
			_, err := Parse("agent.toml", out)
			require.NoError(t, err, "%q", out)
		}
	})
}

func asFaults(err error) Faults {
	f, _ := err.(Faults)
	return f
}
