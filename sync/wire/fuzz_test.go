package wire

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"dockfill/allocation"
)

// seed adds the golden files, as they are and compressed.
func seed(f *testing.F) {
	files, err := filepath.Glob("testdata/*.json")
	require.NoError(f, err)
	require.NotEmpty(f, files)
	for _, name := range files {
		text, err := os.ReadFile(name)
		require.NoError(f, err)
		f.Add(text)
		f.Add(compress(text))
	}
	f.Add(bomb(f, 1<<20))
	f.Add([]byte(`{"v":1,"type":"commands","site":"leeds","centre":"c","first":9223372036854775807,"commands":[{},{}]}`))
}

// What can be read can be written, and is then read as the same message.
func FuzzDecode(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, payload []byte) {
		m, err := Decode(payload)
		if err != nil {
			return
		}
		if e, ok := m.(*Events); ok {
			hashes, _ := e.Verify()
			require.Len(t, hashes, len(e.Events))
		}
		again, err := Encode(m)
		if err != nil {
			require.ErrorIs(t, err, ErrTooLarge)
			return
		}
		copied, err := Decode(again)
		require.NoError(t, err)
		first, err := marshal(m)
		require.NoError(t, err)
		second, err := marshal(copied)
		require.NoError(t, err)
		require.Equal(t, string(first), string(second))
	})
}

func FuzzParseEvent(f *testing.F) {
	for _, body := range bodies(f) {
		f.Add([]byte(body))
	}
	f.Add([]byte(`{"seq":1e99}`))
	f.Add([]byte(`{"scan":{"code":"*"}}`))
	f.Fuzz(func(t *testing.T, stored []byte) {
		if e, err := ParseEvent(stored); err == nil {
			_, _ = e.Marshal()
		}
	})
}

// What is read by its usual text is read as encoding/json reads it.
func FuzzUsual(f *testing.F) {
	seed(f)
	for _, body := range bodies(f) {
		f.Add([]byte(body))
	}
	batch := realistic(f, 3)
	text, err := batch.marshal()
	require.NoError(f, err)
	f.Add(text)
	f.Add([]byte(batch.Events[0]))
	for _, value := range []string{`-0`, `01`, `1e3`, `"\u00zz"`, `"\q"`, `{"a":[{},[],true,null,"\u003c\n"]}`, `{"a"}`, `[,]`, "\"\x80\"", strings.Repeat("[", 20)} {
		f.Add([]byte(strings.Replace(string(text), string(batch.Events[1]), value, 1)))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if e, ok := readUsualScan(text); ok {
			var want Event
			require.NoError(t, json.Unmarshal(text, &want))
			require.Equal(t, want, e)
		}
		var m Events
		if m.readUsual(text) {
			var want Events
			require.NoError(t, json.Unmarshal(text, &want))
			require.Equal(t, want, m)
		}
	})
}

// A topic either names the site that speaks on it, or is refused.
func FuzzSiteOf(f *testing.F) {
	for _, topic := range []string{Up("leeds"), Down("leeds"), AllUp(), "dockfill/1/00/leeds/up", "dockfill/1/d8/LEEDS/up", "////", ""} {
		f.Add(topic)
	}
	f.Fuzz(func(t *testing.T, topic string) {
		site, err := SiteOf(topic)
		if err == nil {
			require.Equal(t, topic, Up(site))
			require.NoError(t, allocation.CheckSite(string(site)))
		}
	})
}
