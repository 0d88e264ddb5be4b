package session_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"dockfill/sync/session"
	"dockfill/sync/wire"
)

// hash stands for the chain's hash at seq in the history that both hold.
func hash(seq int64) wire.Hash {
	h := wire.Genesis("leeds", "i1")
	for range seq {
		h = h.Next([]byte("e"))
	}
	return h
}

func at(seq int64) wire.Cursor { return wire.Cursor{Seq: seq, Hash: hash(seq)} }

// known is a centre that welcomed run 4 of life i1 and stored ten events. The process
// that it welcomed does not answer.
func known() session.Known {
	return session.Known{
		Centre: "c1", Incarnation: "i1", Run: 4, Nonce: "n4", Holder: session.Silent,
		Commands: wire.CommandCursor{Centre: "c1", N: 20},
		Minted:   true, Stored: at(10),
		HashAt: func(seq int64) wire.Hash {
			if seq > 10 {
				return wire.Hash{}
			}
			return hash(seq)
		},
		Kept:     func(c wire.Cursor) bool { return c.Seq == 0 || c.Seq <= 10 && c.Hash == hash(c.Seq) },
		Followed: func(centre string) bool { return centre == "c0" || centre == "c1" },
	}
}

// hello is from the same process, two events further.
func hello(change func(*wire.Hello)) *wire.Hello {
	h := &wire.Hello{
		Head: wire.Head{Site: "leeds", Nonce: "n4", Incarnation: "i1"},
		Run:  4, HeadAt: at(12), Stored: at(9), Safe: at(8),
		Commands: wire.CommandCursor{Centre: "c1", N: 20},
	}
	change(h)
	return h
}

func TestEveryRowOfTheVerdicts(t *testing.T) {
	other := hash(3)
	none := func(k *session.Known) {
		*k = session.Known{Centre: "c1", HashAt: func(int64) wire.Hash { return wire.Hash{} },
			Kept:     func(c wire.Cursor) bool { return c.Seq == 0 },
			Followed: func(centre string) bool { return centre == "c1" }}
	}
	same := func(*session.Known) {}
	answers := func(k *session.Known) { k.Holder = session.Answers }
	unasked := func(k *session.Known) { k.Holder = session.Unasked }
	past := func(h *wire.Hello) { h.Commands.Centre = "c0" }
	for name, row := range map[string]struct {
		known func(*session.Known)
		hello func(*wire.Hello)
		want  session.Verdict
	}{
		"the same process again":                {same, func(h *wire.Hello) {}, session.Continue},
		"the next run":                          {same, func(h *wire.Hello) { h.Run, h.Nonce = 5, "n5" }, session.Continue},
		"the next run, nothing new":             {same, func(h *wire.Hello) { h.Run, h.Nonce, h.HeadAt = 5, "n5", at(10) }, session.Continue},
		"no event yet":                          {func(k *session.Known) { k.Stored = at(0) }, func(h *wire.Hello) { h.HeadAt, h.Stored, h.Safe = at(0), at(0), at(0) }, session.Continue},
		"a new centre life, its commands begin": {same, func(h *wire.Hello) { h.Commands = wire.CommandCursor{Centre: "c0", N: 99} }, session.Continue},
		"a hello of this process that is late":  {same, func(h *wire.Hello) { h.HeadAt, h.Stored = at(7), at(5) }, session.Continue},

		"a loss of an older centre is known": {same, func(h *wire.Hello) { past(h); h.Stored = at(11) }, session.Continue},

		"no database, first contact":      {none, func(h *wire.Hello) { h.Incarnation, h.Nonce = "", "n1"; h.Commands.Centre = "" }, session.Mint},
		"no database, a site lost it":     {same, func(h *wire.Hello) { blank(h, "n9") }, session.Mint},
		"no database, the other lives":    {answers, func(h *wire.Hello) { blank(h, "n9") }, session.Clone},
		"no database, the other may live": {unasked, func(h *wire.Hello) { blank(h, "n9") }, session.Probe},
		"no database, asked before":       {same, func(h *wire.Hello) { blank(h, "n4") }, session.MintedBefore},
		"a new life was asked for before": {func(k *session.Known) { k.Instead = "i0" }, func(h *wire.Hello) { h.Incarnation = "i0" }, session.MintedBefore},

		"a life that was replaced":         {same, func(h *wire.Hello) { h.Incarnation, h.Nonce = "i0", "n0" }, session.DeadLife},
		"a life that was closed":           {func(k *session.Known) { k.Incarnation = "" }, func(h *wire.Hello) {}, session.DeadLife},
		"a dead life, the present answers": {answers, func(h *wire.Hello) { h.Incarnation, h.Nonce = "i0", "n0" }, session.Clone},
		"the log of an earlier life":       {same, func(h *wire.Hello) { h.Incarnation, h.Late = "i0", true }, session.Late},
		"a life minted after the backup":   {func(k *session.Known) { k.Minted = false }, func(h *wire.Hello) { past(h); h.Incarnation = "i2" }, session.DeadLife},

		"a life never heard of":              {none, func(h *wire.Hello) {}, session.CentreBehind},
		"a centre never heard of":            {same, func(h *wire.Hello) { h.Commands.Centre = "c2" }, session.CentreBehind},
		"more acknowledged than stored":      {same, func(h *wire.Hello) { h.Stored = at(11) }, session.CentreBehind},
		"more commands than were given":      {same, func(h *wire.Hello) { h.Commands.N = 21 }, session.CentreBehind},
		"centre behind comes before a clone": {answers, func(h *wire.Hello) { h.Stored, h.Nonce = at(11), "nx" }, session.CentreBehind},

		"more confirmed, and quarantined here": {func(k *session.Known) { k.Kept = func(wire.Cursor) bool { return true } },
			func(h *wire.Hello) { h.Stored = at(12) }, session.Continue},
		"an agent of another house": {func(k *session.Known) { k.Stranger = true }, func(h *wire.Hello) { h.Commands.Centre = "c2" }, session.Stranger},

		"the same run, another process":      {answers, func(h *wire.Hello) { h.Nonce = "nx" }, session.Clone},
		"an older run":                       {answers, func(h *wire.Hello) { h.Nonce, h.Run = "n3", 3 }, session.Clone},
		"the same run, the other is silent":  {same, func(h *wire.Hello) { h.Nonce = "nx" }, session.Diverged},
		"a clone comes before a short log":   {answers, func(h *wire.Hello) { h.Nonce, h.HeadAt = "nx", at(9) }, session.Clone},
		"fenced as a clone, and still there": {func(k *session.Known) { k.Barred = true }, func(h *wire.Hello) { h.Nonce = "nx" }, session.Clone},

		"the log is shorter":                   {same, func(h *wire.Hello) { h.Run, h.Nonce, h.HeadAt = 5, "n5", at(9) }, session.Diverged},
		"another hash at the head":             {same, func(h *wire.Hello) { h.HeadAt = wire.Cursor{Seq: 10, Hash: other} }, session.Diverged},
		"another hash at the acknowledgement":  {same, func(h *wire.Hello) { h.Stored.Hash = other }, session.Diverged},
		"a late hello, but of another history": {same, func(h *wire.Hello) { h.HeadAt = wire.Cursor{Seq: 7, Hash: other} }, session.Diverged},

		"all fits, but the site doubts": {same, func(h *wire.Hello) { h.Run, h.Nonce, h.Doubt = 5, "n5", "its file was replaced" }, session.Doubtful},
	} {
		k := known()
		row.known(&k)
		got := session.Weigh(k, hello(row.hello))
		assert.Equal(t, row.want, got, name)
	}
}

// blank makes a hello one of a process without a database.
func blank(h *wire.Hello, nonce string) {
	*h = wire.Hello{Head: wire.Head{Site: "leeds", Nonce: nonce}, Run: 1}
}

// What a site logged is taken before it is given another life, or is fenced.
func TestWhatFollowsFromAVerdict(t *testing.T) {
	cloned := func(k *session.Known) { k.Holder = session.Answers }
	same := func(*session.Known) {}
	for name, row := range map[string]struct {
		known func(*session.Known)
		hello func(*wire.Hello)
		want  session.Answer
	}{
		"go on":                    {same, func(h *wire.Hello) {}, session.Answer{Verdict: session.Continue, From: at(10)}},
		"ask the other":            {func(k *session.Known) { k.Holder = session.Unasked }, func(h *wire.Hello) { h.Nonce = "nx" }, session.Answer{Verdict: session.Probe, Ask: true}},
		"recover":                  {same, func(h *wire.Hello) { h.Stored = at(11) }, session.Answer{Verdict: session.CentreBehind, Recover: true}},
		"no database":              {same, func(h *wire.Hello) { blank(h, "n9") }, session.Answer{Verdict: session.Mint, Mint: true}},
		"a dead life, all is kept": {same, func(h *wire.Hello) { h.Incarnation, h.Nonce, h.HeadAt = "i0", "n0", at(10) }, session.Answer{Verdict: session.DeadLife, Mint: true}},
		"a dead life, with more":   {same, func(h *wire.Hello) { h.Incarnation, h.Nonce = "i0", "n0" }, session.Answer{Verdict: session.DeadLife, Facts: true, From: at(10)}},
		"a clone, all is kept":     {cloned, func(h *wire.Hello) { h.Nonce, h.HeadAt = "nx", at(10) }, session.Answer{Verdict: session.Clone, Fence: true}},
		"a clone, with more":       {cloned, func(h *wire.Hello) { h.Nonce = "nx" }, session.Answer{Verdict: session.Clone, Facts: true, From: at(10)}},
		"diverged, with a fork":    {same, func(h *wire.Hello) { h.HeadAt.Hash, h.HeadAt.Seq = hash(3), 10 }, session.Answer{Verdict: session.Diverged, Facts: true, From: at(9)}},
		"in doubt, with more":      {same, func(h *wire.Hello) { h.Doubt = "x" }, session.Answer{Verdict: session.Doubtful, Facts: true, From: at(9)}},
		"in doubt, all is kept":    {same, func(h *wire.Hello) { h.Doubt, h.HeadAt = "x", at(10) }, session.Answer{Verdict: session.Doubtful, Mint: true}},
		"in doubt, and the centre lost what it had confirmed": {same, func(h *wire.Hello) { h.Commands.Centre, h.Doubt, h.Stored = "c0", "x", at(12) },
			session.Answer{Verdict: session.Doubtful, Facts: true, From: wire.Cursor{Hash: wire.Genesis("leeds", "i1")}}},
		"the same answer again": {func(k *session.Known) { k.Instead = "i0" }, func(h *wire.Hello) { h.Incarnation, h.HeadAt = "i0", at(10) }, session.Answer{Verdict: session.MintedBefore, Again: true}},
		"more was logged since": {func(k *session.Known) { k.Instead = "i0" }, func(h *wire.Hello) { h.Incarnation = "i0" }, session.Answer{Verdict: session.MintedBefore, Facts: true, From: at(10)}},
		"an earlier life's log": {same, func(h *wire.Hello) { h.Incarnation, h.Late = "i0", true }, session.Answer{Verdict: session.Late, Facts: true, From: at(9)}},
		"an earlier life's log, quarantined": {func(k *session.Known) { k.Kept = func(c wire.Cursor) bool { return c == at(12) } },
			func(h *wire.Hello) { h.Incarnation, h.Late, h.Stored = "i0", true, at(12) }, session.Answer{Verdict: session.Late, Facts: true, From: at(12)}},
		"another house": {func(k *session.Known) { k.Stranger = true }, func(h *wire.Hello) {}, session.Answer{Verdict: session.Stranger}},
	} {
		k := known()
		row.known(&k)
		assert.Equal(t, row.want, session.Judge(k, hello(row.hello)), name)
	}
}

func TestEveryFenceTellsThePersonWhatToDo(t *testing.T) {
	for _, v := range []session.Verdict{session.DeadLife, session.CentreBehind, session.Clone, session.Diverged, session.Doubtful} {
		assert.NotEmpty(t, session.Explain(v), v)
	}
	assert.Empty(t, session.Explain(session.Continue))
}
