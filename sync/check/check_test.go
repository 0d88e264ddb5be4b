package check

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// percent is how many states are looked at, of the usual number: few under the race
// detector, which has nothing to find here, and more where there is time.
func percent(t *testing.T) int {
	said := os.Getenv("DOCKFILL_CHECK_PERCENT")
	if said == "" {
		return usual
	}
	n, err := strconv.Atoi(said)
	require.NoError(t, err, "DOCKFILL_CHECK_PERCENT is a number")
	return n
}

// Every pair of faults, and no promise is broken.
func TestEveryPairOfFaults(t *testing.T) {
	var all Totals
	var out bytes.Buffer
	started := time.Now()
	Pairs(&out, &all, percent(t))
	t.Log("\n" + out.String())
	t.Logf("%s; %.0f states a second", all, float64(all.States)/time.Since(started).Seconds())
	assert.False(t, all.Bad(), out.String())
}

// Each rule stands because of a history that breaks a promise without it.
func TestEveryRuleIsNeeded(t *testing.T) {
	for _, row := range Rows() {
		t.Run(row.Rule+", "+row.Fault, func(t *testing.T) {
			if !row.Fits(percent(t)) {
				t.Skipf("it takes %d,000 states: a longer run looks for it (make check, make soak)", row.Costs)
			}
			r := row.Search()
			require.NotNil(t, r.Broken, "nothing breaks in %d states of at most %d steps (all: %v)", r.States, r.Depth, r.Whole)
			var way bytes.Buffer
			r.Broken.Write(&way)
			t.Logf("%d states\n%s", r.States, way.String())
			assert.Equal(t, row.Promise, r.Broken.Promise)
			assert.Len(t, r.Broken.Steps, row.Steps)
		})
	}
}

// What we cannot prevent is as small as we say.
func TestHonestLimits(t *testing.T) {
	var all Totals
	var out bytes.Buffer
	Honest(&out, &all, percent(t))
	t.Log("\n" + out.String())
	assert.False(t, all.Bad(), out.String())
}

// A copy of a site that nothing noticed gives no more than the rights that were unspent,
// and the units that were held, when it was made.
func TestWhatACopyCanDoIsBounded(t *testing.T) {
	for _, fault := range []int{CloneSite, SiteRestore} {
		s := Scope{Wanted: [lines]uint8{2, 0}, Budget: Budget{Grants: 2, Scans: 4, Undos: 2}, Working: true,
			Faults: once(fault), Unnoticed: true, Exposed: true, States: 1500 * percent(t)}
		r := Search(s)
		require.Nil(t, r.Broken, "%s: %v", faultNames[fault], r.Broken)
		t.Logf("%s: %d states, %d steps", faultNames[fault], r.States, r.Depth)
		s.Exposed = false
		require.NotNil(t, Search(s).Broken)
	}
}

// A state is hashed as it lies in memory, so nothing in it may be a gap or a pointer.
func TestAStateIsMadeOfBytesAlone(t *testing.T) {
	var bytes func(reflect.Type) uintptr
	bytes = func(of reflect.Type) (n uintptr) {
		switch of.Kind() {
		case reflect.Uint8:
			return 1
		case reflect.Array:
			return uintptr(of.Len()) * bytes(of.Elem())
		case reflect.Struct:
			for i := range of.NumField() {
				n += bytes(of.Field(i).Type)
			}
			return n
		}
		t.Fatalf("%s is not made of bytes", of)
		return 0
	}
	world := reflect.TypeFor[world]()
	assert.Equal(t, world.Size(), bytes(world))
	assert.Len(t, RareNames, 24)
	assert.Equal(t, 24, (rareBlock<<1 - 1).Count())
}

// A search finds the same each time, state by state.
func TestASearchIsTheSameEachTime(t *testing.T) {
	scope := families[4].scope
	scope.Faults, scope.States = once(CloneSite, CentreRestore), 5000
	first := Search(scope)
	for range 3 {
		assert.Equal(t, first, Search(scope))
	}
}

// The document tells what the checker finds.
func TestTheDocumentHasTheTable(t *testing.T) {
	doc, err := os.ReadFile("../../docs/protocol.md")
	require.NoError(t, err)
	assert.Contains(t, string(doc), table())
}

func table() string {
	var b strings.Builder
	b.WriteString("| rule removed | fault | broken | steps | known |\n|---|---|---|---|---|\n")
	for _, r := range Rows() {
		fmt.Fprintf(&b, "| %s | %s | %s | %d | %s |\n", r.Rule, r.Fault, r.Promise, r.Steps, cmp.Or(r.Known, "new"))
	}
	return b.String()
}
