package demo

import (
	"bytes"
	"encoding/csv"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/firmware-sim/device"
)

var (
	someDay  = time.Date(2027, 3, 9, 15, 4, 5, 0, time.UTC)
	twoSites = []string{"leeds", "york"}
)

// right checks GS1's modulo 10 the other way round from sealed: the whole number
// with its check digit sums up to a multiple of ten.
func right(code string) bool {
	sum := 0
	for i := len(code) - 1; i >= 0; i-- {
		digit := int(code[i] - '0')
		if (len(code)-1-i)%2 == 1 {
			digit *= 3
		}
		sum += digit
	}
	return sum%10 == 0
}

func TestEveryItemHasItsOwnValidBarcodes(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "4006381333931", sealed("400638133393"), "a number from a real label")
	seen := map[string]bool{}
	for _, it := range newWorld(someDay, twoSites).items {
		for code, digits := range map[string]int{it.each: 13, it.carton: 14} {
			assert.Len(t, code, digits)
			assert.True(t, right(code), code)
			assert.False(t, right(smudged(code)), "a smudged label must not read well")
			assert.False(t, seen[code], "%s names two items", code)
			seen[code] = true
		}
	}
}

func TestTwoHundredBackordersWaitForThreeToNinetyDays(t *testing.T) {
	t.Parallel()
	w := newWorld(someDay, twoSites)
	require.Len(t, w.orders, 200)
	perSite, doors, tiers, promised := map[string]int{}, map[string]bool{}, map[int]bool{}, 0
	for _, o := range w.orders {
		days := someDay.Sub(o.accepted).Hours() / 24
		assert.Greater(t, days, 3.0, o.id)
		assert.Less(t, days, 91.0, o.id)
		assert.NotEmpty(t, o.lines)
		perSite[o.site]++
		doors[o.customer.door], tiers[o.customer.tier] = true, true
		if o.promised != "" {
			promised++
		}
	}
	assert.Equal(t, map[string]int{"leeds": 100, "york": 100}, perSite)
	assert.Greater(t, len(doors), 5)
	assert.Greater(t, len(tiers), 2)
	assert.Greater(t, promised, 50)
	assert.Less(t, promised, 200)
}

func TestTheLateSuppliersItemIsWantedAndNeverArrives(t *testing.T) {
	t.Parallel()
	w := newWorld(someDay, twoSites)
	wanted := 0
	for _, o := range w.orders {
		for _, l := range o.lines {
			if l.item.supplier == lateSupplier {
				wanted += l.qty
			}
		}
	}
	assert.Positive(t, wanted)
	for _, in := range w.inbound {
		if in.supplier == lateSupplier {
			assert.Equal(t, "2027-01-27", in.expected)
			continue
		}
		for _, c := range in.contents {
			assert.NotEqual(t, lateSupplier, c.item.supplier, in.id)
		}
	}
	for _, s := range minutes(newShift(w, "leeds", 0, 1), 500) {
		assert.NotContains(t, s.what, "Saffron")
	}
}

func TestTheDataAreTheSameEveryTime(t *testing.T) {
	t.Parallel()
	assert.Equal(t, newWorld(someDay, twoSites), newWorld(someDay.Add(time.Hour), twoSites))
	w := newWorld(someDay, twoSites)
	assert.Equal(t, minutes(newShift(w, "york", 0, 2), 100), minutes(newShift(w, "york", 0, 2), 100))
}

// minutes is the first n errands of a shift.
func minutes(s *shift, n int) (steps []step) {
	for range n {
		steps = append(steps, s.next()...)
	}
	return steps
}

func TestAMinuteOfAShiftShowsEveryKindOfScan(t *testing.T) {
	t.Parallel()
	w := newWorld(someDay, twoSites)
	for _, site := range twoSites {
		var all strings.Builder
		for _, s := range minutes(newShift(w, site, 0, 1), 20) {
			all.WriteString(s.what + "\n")
		}
		for _, kind := range []string{"pallet of", "carton of", "serial number", "DAMAGED", "nobody knows", "Vase"} {
			assert.Contains(t, all.String(), kind, site)
		}
	}
}

func TestEveryLabelCanBePrintedAndNoPalletComesTwice(t *testing.T) {
	t.Parallel()
	w := newWorld(someDay, twoSites)
	known := map[string]bool{}
	for _, it := range w.items {
		known[it.each], known[it.carton] = true, true
	}
	once := map[string]bool{}
	for _, site := range twoSites {
		for station := range 3 {
			for _, s := range minutes(newShift(w, site, station, 3), 200) {
				_, err := device.ParseLabel(s.code)
				require.NoError(t, err, s.code)
				code, unit := strings.CutPrefix(s.code, "(00)")
				switch {
				case unit:
					assert.Len(t, code, 18)
					assert.True(t, right(code), code)
				case s.card, strings.HasPrefix(s.code, "(01)"):
				case strings.Contains(s.what, "nobody knows"):
					assert.True(t, right(s.code), s.code)
					assert.False(t, known[s.code], "%s is known after all", s.code)
				}
				if strings.HasPrefix(s.code, "(") { // a pallet or a serial number
					assert.False(t, once[s.code], "%s comes twice", s.code)
					once[s.code] = true
				}
			}
		}
	}
}

func TestTheFilesHoldTheWholeWorld(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	w := newWorld(someDay, twoSites)
	require.NoError(t, w.write(dir))

	orders, lines := map[string]bool{}, int64(0)
	for _, row := range table(t, dir, "orders") {
		orders[row["order"]] = true
		lines++
		_, err := time.Parse(time.RFC3339, row["accepted"])
		require.NoError(t, err)
		qty, err := strconv.Atoi(row["qty"])
		require.NoError(t, err)
		assert.Positive(t, qty)
	}
	assert.Len(t, orders, Orders)
	assert.Equal(t, w.lines("leeds")+w.lines("york"), lines)
	assert.Len(t, table(t, dir, "items"), 2*len(stock))
	labels := map[string]bool{}
	for _, row := range table(t, dir, "inbound") {
		if row["sscc"] != "" {
			labels[row["sscc"]] = true
		}
	}
	assert.Len(t, labels, 2*pallets)
}

// table is a written file, a map of column to value for each row.
func table(t *testing.T, dir, kind string) (rows []map[string]string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, kind+".csv"))
	require.NoError(t, err)
	all, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
	require.NoError(t, err)
	for _, values := range all[1:] {
		row := map[string]string{}
		for n, name := range all[0] {
			row[name] = values[n]
		}
		rows = append(rows, row)
	}
	return rows
}
