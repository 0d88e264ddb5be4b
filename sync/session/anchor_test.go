package session_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"dockfill/sync/session"
)

func database() session.Database {
	return session.Database{Incarnation: "i1", Run: 4, Head: at(10), File: "inode 7", Machine: "pc-1"}
}

func TestADatabaseThatIsNotTheOneSaysWhy(t *testing.T) {
	crashed := session.Begin(database(), 100)
	stopped := crashed.Stop(at(10))
	for name, row := range map[string]struct {
		anchor session.Anchor
		change func(*session.Database)
		want   error
	}{
		"after a crash":                   {crashed, func(*session.Database) {}, nil},
		"after a crash, further on":       {crashed, func(d *session.Database) { d.Head = at(110) }, nil},
		"after a clean stop":              {stopped, func(*session.Database) {}, nil},
		"the start was counted, no more":  {stopped, func(d *session.Database) { d.Run = 5 }, nil},
		"our own backup":                  {stopped, func(d *session.Database) { d.Copied = true }, session.ErrCopied},
		"another machine":                 {stopped, func(d *session.Database) { d.Machine = "pc-2" }, session.ErrMachine},
		"the file was put back":           {stopped, func(d *session.Database) { d.File = "inode 9" }, session.ErrFile},
		"an older life":                   {stopped, func(d *session.Database) { d.Incarnation = "i0" }, session.ErrOtherLife},
		"an older run, in the same place": {stopped, func(d *session.Database) { d.Run = 3 }, session.ErrOtherRun},
		"two starts ahead":                {stopped, func(d *session.Database) { d.Run = 6 }, session.ErrOtherRun},
		"a shorter log after a stop":      {stopped, func(d *session.Database) { d.Head = at(9) }, session.ErrOtherHead},
		"another log after a stop":        {stopped, func(d *session.Database) { d.Head.Hash = hash(3) }, session.ErrOtherHead},
		"a log from before the block":     {crashed, func(d *session.Database) { d.Head = at(9) }, session.ErrOtherHead},
		"a log from behind the block":     {crashed, func(d *session.Database) { d.Head = at(111) }, session.ErrOtherHead},
	} {
		d := database()
		row.change(&d)
		if row.want == nil {
			assert.NoError(t, row.anchor.Agrees(d), name)
			continue
		}
		assert.ErrorIs(t, row.anchor.Agrees(d), row.want, name)
	}
}

// However an agent is stopped, its own database agrees with its anchor, as long as the
// anchor is flushed first.
func TestOnesOwnDatabaseAlwaysAgrees(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := database()
		d.Head = at(0)
		a := session.Begin(d, 3)
		t.Repeat(map[string]func(*rapid.T){
			"log some": func(t *rapid.T) {
				n := rapid.Int64Range(1, 7).Draw(t, "events")
				if next, raised := a.Raise(d.Head.Seq, n, 3); raised {
					a = next
				}
				if rapid.Bool().Draw(t, "committed") && d.Head.Seq < 60 {
					d.Head = at(d.Head.Seq + n)
				}
				require.LessOrEqual(t, d.Head.Seq, a.Ceiling)
			},
			"stop": func(*rapid.T) {
				a = a.Stop(d.Head)
				require.NoError(t, a.Agrees(d))
				d.Run++
				require.NoError(t, a.Agrees(d), "the start is counted in the database first")
				a = session.Begin(d, 3)
			},
			"crash": func(*rapid.T) {
				require.NoError(t, a.Agrees(d))
				d.Run++
				a = session.Begin(d, 3)
			},
			"": func(t *rapid.T) { require.NoError(t, a.Agrees(d)) },
		})
	})
}
