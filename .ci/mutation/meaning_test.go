// Package mutation breaks the engine on purpose: with gremlins (run), and here by
// changes that a person could make who misread a rule. The tests of the engine
// must notice each.
package mutation

import (
	"encoding/json"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const engine = "../../allocation/"

// edit replaces a text that stands once in a file of the engine.
type edit struct{ file, from, to string }

// mistakes are named for what the house would do wrong.
var mistakes = []struct {
	name  string
	edits []edit
}{
	{"a lost tie-break: lines can be equal", []edit{
		{"policy.go", "for _, k := range []Key{ByOrder, ByLine} {", "for _, k := range []Key{} {"},
	}},
	{"no tier ranks as the best tier", []edit{
		{"rank.go", "cmp.Compare(uint(a)-1, uint(b)-1)", "cmp.Compare(a, b)"},
		{"rank.go", "if n == 0 {\n\t\tb.WriteByte('g')", "if n == 0 {\n\t\tb.WriteByte(' ')"},
	}},
	{"acceptance compared by the clock's face", []edit{
		{"rank.go", "return a.Compare(b)", `return cmp.Compare(a.Format("15:04"), b.Format("15:04"))`},
	}},
	{"an override does not leave its band", []edit{
		{"policy.go", "[]Key{ByOverride, ByClass, ByContract, ByTier}", "[]Key{ByClass, ByContract, ByTier}"},
	}},
	{"a float in the fair share", []edit{
		{"view.go", "x := a.Wanted() * (2*b.Allocated + 1)", "x := float32(a.Wanted()) / float32(2*a.Allocated+1)"},
		{"view.go", "y := b.Wanted() * (2*a.Allocated + 1)", "y := float32(b.Wanted()) / float32(2*b.Allocated+1)"},
	}},
	{"a fair share of what is open, not of what was ordered", []edit{
		{"view.go", "x := a.Wanted() * (", "x := a.Open() * ("},
		{"view.go", "y := b.Wanted() * (", "y := b.Open() * ("},
	}},
	{"lines of one band take from each other under fair share", []edit{
		{"view.go", "return k, better && k != \"\"\n\t}\n\treturn p.Better(a.Rank, b.Rank)", "return p.Better(a.Rank, b.Rank)\n\t}\n\treturn p.Better(a.Rank, b.Rank)"},
		{"view.go", "k, better := first(p.band, a.Rank, b.Rank)\n", "\n"},
	}},
	{"guarantees ignored", []edit{
		{"serve.go", "for _, guaranteed := range []bool{true, false} {", "for _, guaranteed := range []bool{false} {"},
	}},
	{"a guarantee that is never used up", []edit{
		{"serve.go", "\t\tl.Guaranteed += n\n", ""},
	}},
	{"guaranteed units can be taken", []edit{
		{"line.go", "l.Allocated - max(l.Bound(), l.Guaranteed)", "l.Allocated - l.Bound()"},
	}},
	{"packs broken", []edit{
		{"line.go", "return max(1, l.Pack)", "return 1"},
	}},
	{"remaining life and the last day off by one", []edit{
		{"goods.go", "b.Expiry >= today.plus(minLife)", "b.Expiry > today.plus(minLife)"},
	}},
	{"last expired first", []edit{
		{"goods.go", "cmp.Compare(lastIfNone(b.Expiry), lastIfNone(c.Expiry))", "cmp.Compare(lastIfNone(c.Expiry), lastIfNone(b.Expiry))"},
	}},
	{"goods without a date expire", []edit{
		{"goods.go", "b.Expiry == \"\" || b.Expiry", "b.Expiry"},
	}},
	{"win takes from win", []edit{
		{"take.go", "case t == Win && (h == Redistribute ||", "case t == Win && (h == Win || h == Redistribute ||"},
		{"view.go", "h&HoldRedistribute != 0 && c == Redistribute", "h&HoldRedistribute != 0 && (c == Redistribute || c == Win)"},
	}},
	{"fill takes from lose", []edit{
		{"take.go", "middle := t == Win ||", "middle := t == Fill || t == Win ||"},
		{"take.go", "c.order() <= Redistribute.order():\n\t\treturn kinds | HoldLow\n", "c.order() <= Fill.order():\n\t\treturn kinds | HoldLow\n"},
		{"view.go", "return c.order() <= Redistribute.order()", "return c.order() <= Fill.order()"},
		{"take.go", "case l.Rank.Class == Fill || l.Rank.Class == Lose:", "case l.Rank.Class == Lose:"},
	}},
	{"a better rank takes what was promised to a line of its class", []edit{
		{"take.go", "h == Redistribute && (d.isChanged(taker) || d.isChanged(holder))", "h == Redistribute"},
		{"take.go", "c == Win || c.order() <= Redistribute.order() && d.isChanged(l):", "c.order() <= Redistribute.order():"},
	}},
	{"a changed order takes in later events too", []edit{
		{"take.go", "func (d *draft) isChanged(l *Line) bool { return d.changed[l.Rank.Order] }", "func (d *draft) isChanged(l *Line) bool { return true }"},
	}},
	{"a worse rank takes from a better one", []edit{
		{"take.go", "\t\tif !above {\n\t\t\tbreak\n", "\t\tif false && !above {\n\t\t\tbreak\n"},
	}},
	{"gathered units are kept from better lines", []edit{
		{"take.go", "return d.gathers(holder)", "return false, nil"},
	}},
	{"units of an open gate count as gathered", []edit{
		{"view.go", "return !whole\n", "return true\n"},
		{"decide.go", "return !whole, err\n", "return !whole || true, err\n"},
	}},
	{"a skipped gate", []edit{
		{"view.go", "return p.rules.Gate == GateSkip && l.gated()", "return false"},
	}},
	{"a gate counts on what is announced for better lines", []edit{
		{"gate.go", "return max(0, announced-ahead), err", "return max(0, announced-0*ahead), err"},
	}},
	{"a better gate counts though it cannot be whole", []edit{
		{"read.go", "if !a.Whole || a.Takes <= c.here-sum {", "{"},
	}},
	{"two gates count on the same units", []edit{
		{"serve.go", "d.fill(l, parts[1:])", "d.fill(l, parts[:0])"},
	}},
	{"a gate fills before better lines of its other goods had their turn", []edit{
		{"gate.go", "if c.d.fresh[sku] && sku != c.serving {", "if false {"},
	}},
	{"loose cartons are counted as announced too", []edit{
		{"read.go", "Spread(all, d.arrived[inboundSKU{\"\", sku}])", ""},
	}},
	{"expired goods are given to lines that demand no days", []edit{
		{"goods.go", "return b.Expiry == \"\" || b.Expiry", "return b.Expiry == \"\" || minLife == 0 || b.Expiry"},
	}},
	{"an order with a gate is shipped in parts", []edit{
		{"bind.go", "if !whole {", "if false && !whole {"},
	}},
	{"goods given without a right", []edit{
		{"line.go", "min(l.Open(), l.Right)", "l.Open()"},
	}},
	{"a reclaimed right comes back", []edit{
		{"line.go", "l.Right += n - sunk", "l.Right += n"},
	}},
	{"an undo takes staged units", []edit{
		{"correct.go", "loose = held[i].Qty - held[i].Bound", "loose = held[i].Qty"},
	}},
	{"a cancel takes staged units", []edit{
		{"demand.go", "keep := max(qty, l.Bound())", "keep := qty"},
	}},
	{"a cancel takes what the line has before what it lacks", []edit{
		{"demand.go", "if taken := l.Allocated - keep; taken > 0 {", "if taken := l.Wanted() - keep; taken > 0 {"},
	}},
	{"over-receipt rounded up", []edit{
		{"receive.go", "in.Announced*(100+tolerance)/100", "(in.Announced*(100+tolerance)+99)/100"},
	}},
	{"damaged units do not count as received", []edit{
		{"receive.go", "\td.arrive(r, r.Qty)\n", "\tif r.Disposition != Damaged {\n\t\td.arrive(r, r.Qty)\n\t}\n"},
	}},
	{"held units are allocated", []edit{
		{"receive.go", "\tcase Hold:\n\t\td.out.Why.Code = WhyOnHold\n\t\td.move(Move{Batch: r.Batch, Qty: r.Qty, From: dock, To: Place{Shelf: Aside}})\n\t\treturn nil\n", ""},
	}},
	{"a serial counts twice", []edit{
		{"receive.go", "if here || serials[key] {", "if false && here || serials[key] {"},
	}},
	{"a serial counts twice on one pallet", []edit{
		{"receive.go", "if here || serials[key] {", "if here {"},
	}},
	{"a cancel offers nobody what it frees", []edit{
		{"demand.go", "\t\td.air(p.Batch, k, from)\n", "\t\td.move(Move{Batch: p.Batch, Qty: k, From: from, To: Place{Shelf: Free}})\n"},
	}},
	{"substitutes are used before own goods", []edit{
		{"decide.go", "\tstageOwn = iota\n\tstageStandIn\n", "\tstageStandIn = iota\n\tstageOwn\n"},
	}},
	{"an order is told of as whole again and again", []edit{
		{"decide.go", "l.Allocated > had.Allocated && l.Open() <= 0", "l.Allocated >= had.Allocated && l.Open() <= 0"},
	}},
	{"staged at the beep through a closed gate", []edit{
		{"receive.go", "ready := !l.gated() || l.Open() == 0", "ready := true"},
	}},
}

// A mistake whose place in the source has changed would prove nothing: it fails
// here, in every run of the tests.
func TestEveryMistakeCanStillBeMade(t *testing.T) {
	for _, m := range mistakes {
		t.Run(m.name, func(t *testing.T) {
			for file, text := range mutated(t, m.edits) {
				_, err := parser.ParseFile(token.NewFileSet(), file, text, 0)
				assert.NoError(t, err)
			}
		})
	}
}

// mutated gives the files of the engine as the edits leave them, by their paths.
func mutated(t *testing.T, edits []edit) map[string]string {
	files := map[string]string{}
	for _, e := range edits {
		path, err := filepath.Abs(engine + e.file)
		require.NoError(t, err)
		text, had := files[path]
		if !had {
			read, err := os.ReadFile(path)
			require.NoError(t, err)
			text = string(read)
		}
		require.Equal(t, 1, strings.Count(text, e.from), "%s: %q must stand there once; the mistake has to be written anew", e.file, e.from)
		files[path] = strings.Replace(text, e.from, e.to, 1)
	}
	return files
}

func TestEveryMistakeIsNoticed(t *testing.T) {
	if os.Getenv("DOCKFILL_MUTATION") == "" {
		t.Skip("builds and tests the engine for every mistake, minutes in all: make mutation runs it")
	}
	said, err := judge(t, nil)
	require.NoError(t, err, "the engine itself must pass:\n%s", said)
	for _, m := range mistakes {
		t.Run(m.name, func(t *testing.T) {
			said, err := judge(t, mutated(t, m.edits))
			var failed *exec.ExitError
			require.ErrorAs(t, err, &failed, "no test noticed it")
			first := firstFailure(said)
			require.NotEmpty(t, first, "the tests did not run:\n%s", said)
			t.Log(first)
		})
	}
}

// judge runs the tests of the engine with some of its files replaced.
func judge(t *testing.T, files map[string]string) (said string, err error) {
	folder := t.TempDir()
	replace := map[string]string{}
	for path, text := range files {
		at := filepath.Join(folder, filepath.Base(path))
		require.NoError(t, os.WriteFile(at, []byte(text), 0o600))
		replace[path] = at
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(folder, "overlay.json"), overlay, 0o600))
	cmd := exec.Command("go", "test", "-overlay", filepath.Join(folder, "overlay.json"), "-vet=off", "-failfast", "-timeout", "60s", engine+"memory", engine)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// firstFailure is the test that noticed; "" where none ran.
func firstFailure(said string) string {
	for line := range strings.Lines(said) {
		if strings.Contains(line, "--- FAIL") || strings.HasPrefix(line, "panic: test timed out") {
			return strings.TrimSpace(line)
		}
	}
	return ""
}
