package agent

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/agent/dock"
	"dockfill/agent/store"
	"dockfill/allocation"
	"dockfill/scanner"
)

// handheld uploads memories at station 1: a letter is a carton, "_" a piece that
// could not be read, and "+" in front that the upload before broke off inside a
// record whose rest this one begins with.
type handheld struct {
	*house
	scan  trigger
	timed bool
	n     int
}

func newHandheld(t *testing.T) *handheld {
	h, scan := hands(t, guarded, scanner.Config{Station: "2", Guard: scanner.DefaultGuard})
	return &handheld{house: h, scan: scan}
}

// code is what a letter of a memory stands for: a capital one names a lot too.
func code(letter rune) string {
	if letter >= 'A' && letter <= 'Z' {
		return fmt.Sprintf("]C101%s10%c", eachGTIN, letter)
	}
	return eachGTIN
}

func (h *handheld) records(memory string) (u *scanner.Upload, codes []string) {
	h.n++
	u = &scanner.Upload{At: scanned.Add(time.Duration(h.n) * time.Minute)}
	memory, u.Continues = strings.CutPrefix(memory, "+")
	gap := u.Continues
	for i, letter := range memory {
		if letter == '_' {
			gap = true
			continue
		}
		key := code(letter)
		if h.timed {
			key += fmt.Sprint(letter, i)
		}
		u.Records = append(u.Records, scanner.Record{Key: scanner.RecordKey([]byte(key), 0), Timed: h.timed, Gap: gap})
		codes = append(codes, code(letter))
		gap = false
	}
	return u, codes
}

// upload sends a memory, but for its last cut records, and gives what was counted
// and what was said about the rest.
func (h *handheld) upload(memory string, cut ...int) (counted int, told []string) {
	h.t.Helper()
	u, codes := h.records(memory)
	shown, cancel := h.Subscribe("1")
	defer cancel()
	before := h.free("X")
	n := len(codes)
	if len(cut) > 0 {
		n -= cut[0]
	}
	for i := range n {
		answered := make(chan dock.Feedback, 1)
		s := scan{station: "1", raw: []byte(codes[i]), at: u.At, late: true, batch: scanner.Batch{Upload: u, N: i + 1}}
		s.code = h.desk.rules.Parse("", s.raw, 2027)
		h.take(h.t.Context(), s, func(f dock.Feedback) { answered <- f })
		f := <-answered
		require.NotEqual(h.t, allocation.Stop, f.Verdict)
		if f.Text == "" {
			continue
		}
		<-shown // behind the answer: the next scan must not take it for its own
		require.NotEqual(h.t, allocation.Check, f.Verdict)
	}
	require.NoError(h.t, h.writer.wait(h.t.Context(), func(*store.Tx) error { return nil }))
	for len(shown) > 0 { // behind the last record
		f := <-shown
		require.Equal(h.t, allocation.Check, f.Verdict)
		told = append(told, f.Text)
	}
	return int(h.free("X") - before), told
}

func TestAMemoryIsCountedOnceHoweverItIsSentAgain(t *testing.T) {
	for name, c := range map[string]struct {
		uploads []string
		counted []int
	}{
		"twice":                                  {[]string{"aaa", "aaa"}, []int{3, 0}},
		"grown":                                  {[]string{"aaa", "aaaaa", "aaaaaa"}, []int{3, 2, 1}},
		"grown, of different codes":              {[]string{"AaB", "AaBCC", "AaBCC"}, []int{3, 2, 0}},
		"the second one torn":                    {[]string{"aaaaaaaaa", "aaaa_aaaa", "aaaaaaaaa"}, []int{9, 0, 0}},
		"the second one torn, different codes":   {[]string{"ABCDEFGHI", "ABCD_FGHI", "ABCDEFGHI"}, []int{9, 0, 0}},
		"the first one torn":                     {[]string{"aaaaa_aaaaa", "aaaaaaaaaaa", "aaaaaaaaaaa"}, []int{10, 1, 0}},
		"the first one torn, different codes":    {[]string{"ABCDE_GHIJK", "ABCDEFGHIJK", "ABCDEFGHIJKL"}, []int{10, 1, 1}},
		"both torn at the same place":            {[]string{"ABC_EF", "ABC_EF", "ABCDEF"}, []int{5, 0, 1}},
		"torn at two places":                     {[]string{"ABC_EFG", "A_CDEFG", "ABCDEFG"}, []int{6, 1, 0}},
		"torn at the end, and grown":             {[]string{"ABC_", "ABCDE"}, []int{3, 2}},
		"torn at the start":                      {[]string{"_BCD", "ABCD", "ABCD"}, []int{3, 1, 0}},
		"a pause, the first time":                {[]string{"ABCDE", "FGHI", "ABCDEFGHI"}, []int{5, 4, 0}},
		"a pause, the second time":               {[]string{"ABCDEFGHI", "ABCD", "EFGHI", "ABCDEFGHI"}, []int{9, 0, 0, 0}},
		"a pause inside a record, first":         {[]string{"aaaaa_", "+_aaaaa", "aaaaaaaaaaa"}, []int{5, 5, 1}},
		"a pause inside a record, second":        {[]string{"aaaaaaaaa", "aaaa_", "+_aaaa", "aaaaaaaaa"}, []int{9, 0, 0, 0}},
		"a pause inside a record, and the end":   {[]string{"ABCDE_", "+_GHIJK", "ABCDEFGHIJK"}, []int{5, 5, 1}},
		"torn, and sent again from its start":    {[]string{"ABCD_", "+_BCDEF", "ABCDEF"}, []int{4, 2, 0}},
		"cleared, of other codes":                {[]string{"AAA", "BBB", "BBBB"}, []int{3, 3, 1}},
		"cleared, and two handhelds in a row":    {[]string{"ABC", "DEF", "ABCG", "DEFG"}, []int{3, 3, 1, 1}},
		"two handhelds that begin with a carton": {[]string{"aBC", "aDE", "aBC"}, []int{3, 2, 0}},
		"one deleted in the middle":              {[]string{"ABCDEFG", "ABDEFG", "ABDEFG"}, []int{7, 0, 0}},
		"one deleted, and grown":                 {[]string{"ABCDE", "ABDEFG", "ABDEFGH", "ADEFGHI"}, []int{5, 2, 1, 1}},
		"one deleted among equal ones":           {[]string{"aaBaaC", "aaaaCD"}, []int{6, 1}},
		"the first one deleted":                  {[]string{"ABCDE", "BCDEF", "CDEF"}, []int{5, 1, 0}},
		"the first of two deleted":               {[]string{"AB", "B"}, []int{2, 0}},
		"the oldest dropped":                     {[]string{"ABCDEFGH", "GHIJ", "IJKL"}, []int{8, 2, 2}},
		"deleted at three places":                {[]string{"ABCDEFGHIJ", "BCEFHIJ", "BCEFHIJK"}, []int{10, 0, 1}},
		"the last one deleted, and grown":        {[]string{"ABCDE", "ABCDX", "ABCDXY"}, []int{5, 1, 1}},
		"one deleted, and torn":                  {[]string{"ABCDEFGHI", "ABD_GHI", "ABDEFGHI"}, []int{9, 0, 0}},
		"the first one torn, and one deleted":    {[]string{"ABC_EFGHIJ", "ABCDEFHIJ", "ABCDEFHIJK"}, []int{9, 1, 1}},
		"one deleted, and a pause":               {[]string{"ABCDEFGHI", "ABDE", "FGHI", "ABDEFGHI"}, []int{9, 0, 0, 0}},
		"what seemed deleted is there again":     {[]string{"ABCDEFG", "ABDEFGH", "ABCDEFGHI"}, []int{7, 1, 1}},
		"deleted in one of two handhelds":        {[]string{"ABCDEF", "GHIJKL", "ABDEF", "HIJKLM"}, []int{6, 6, 0, 1}},
		"the second half pasted twice":           {[]string{"ABCDEFGHI", "ABCD", "EFGHI", "EFGHI"}, []int{9, 0, 0, 0}},
		"cleared, the same codes elsewhere":      {[]string{"ABCDEFGHIJ", "KLJMN", "JNKQ"}, []int{10, 5, 4}},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHandheld(t)
			for i, memory := range c.uploads {
				counted, told := h.upload(memory)
				assert.Equal(t, c.counted[i], counted, "upload %d: %s", i+1, memory)
				assert.LessOrEqual(t, len(told), 1, "said once: %v", told)
			}
		})
	}
}

func TestRecordsThatWereReceivedBeforeAreToldOnceWithTheirNumber(t *testing.T) {
	h := newHandheld(t)
	h.upload("aaa")
	_, told := h.upload("aaaaa")
	require.Len(t, told, 1)
	assert.Equal(t, "3 records of this memory were received before and are not counted, 2 are new and counted; "+
		"if the memory was cleared and they are other units scan DF:SAME-AGAIN and send it once more", told[0])
}

// What is said at the end of the upload stays on the screen, and where people look
// after the site, for a day or until it is answered: other scans are no answer.
func TestWhatWasNotCountedStandsUntilItIsAnswered(t *testing.T) {
	h := newHandheld(t)
	h.upload("aaaaB")
	_, told := h.upload("aaaaCCCCCCCC")
	require.Len(t, told, 1)
	recent, err := h.Recent(t.Context(), "1", 1)
	require.NoError(t, err)
	assert.Equal(t, told[0], recent[0].Text, "the last of all")
	assert.Contains(t, told[0], "4 records of this memory were received before and are not counted, 8 are new and counted")
	h.scan("1", time.Minute, eachGTIN)
	open := func() []dock.Uncounted {
		st, err := h.Status(t.Context())
		require.NoError(t, err)
		return st.Uncounted
	}
	require.Len(t, open(), 1)
	assert.EqualValues(t, 4, open()[0].Records)
	st, err := h.Status(t.Context())
	require.NoError(t, err)
	assert.EqualValues(t, 4, st.Stations[0].Counts.Repeats)
	require.NoError(t, h.stop())
	h.start()
	require.Len(t, open(), 1, "a restart forgets nothing")
	assert.Contains(t, h.scan("1", time.Hour, "DF:SAME-AGAIN").Text, "send the scanner's memory once more")
	assert.Empty(t, open())
	counted, _ := h.upload("aaaaCCCCCCCC")
	assert.Equal(t, 4, counted)
	h.upload("aaaaCCCCCCCC")
	require.Len(t, open(), 1)
	h.upload("DEF")
	assert.Empty(t, open(), "the next memory closes the question about this one")
}

// The memory was cleared and begins with the same cartons: only a person knows.
func TestOtherUnitsInAMemoryThatBeginsAlikeCountOnAPersonsWord(t *testing.T) {
	h := newHandheld(t)
	h.upload("aaB")
	counted, told := h.upload("aaCC")
	assert.Equal(t, 2, counted)
	require.Len(t, told, 1)
	assert.Contains(t, h.scan("1", time.Hour, "DF:SAME-AGAIN").Text, "send the scanner's memory once more")
	counted, told = h.upload("aaCC")
	assert.Equal(t, 2, counted, "the two that were asked about, and nothing else twice")
	require.Len(t, told, 1)
	assert.Contains(t, told[0], "2 records")
	counted, _ = h.upload("aaCC")
	assert.Zero(t, counted)
	assert.EqualValues(t, 7, h.free("X"))
}

// What may be the memory of before, with records deleted, may be another one too.
func TestWhatMayBeAThinnedMemoryIsAskedAboutAsAWhole(t *testing.T) {
	h := newHandheld(t)
	h.upload("ABCDEFG")
	counted, told := h.upload("BCEFGH")
	assert.Equal(t, 1, counted)
	require.Len(t, told, 1)
	assert.Contains(t, told[0], "5 records of this memory were received before and are not counted, 1 is new and counted; if the memory was cleared")
	h.scan("1", time.Hour, "DF:SAME-AGAIN")
	counted, _ = h.upload("BCEFGH")
	assert.Equal(t, 5, counted)
	counted, _ = h.upload("BCEFGH")
	assert.Zero(t, counted)
}

func TestAWholeMemoryOfEqualUnitsCountsOnAPersonsWordOnly(t *testing.T) {
	h := newHandheld(t)
	for range 3 { // day after day
		h.upload("aaaaa")
		h.upload("aaaaa")
		h.scan("1", time.Hour, "DF:SAME-AGAIN")
	}
	assert.EqualValues(t, 15, h.free("X"))
}

// The agent dies in the middle: what was taken in is known, the rest counts.
func TestAnUploadThatBrokeOffGoesOnWhereItBroke(t *testing.T) {
	for _, memory := range []string{"aaaaa", "ABCDE"} {
		h := newHandheld(t)
		counted, _ := h.upload(memory, 2)
		require.Equal(t, 3, counted)
		require.NoError(t, h.stop())
		h.start()
		counted, told := h.upload(memory)
		assert.Equal(t, 2, counted)
		require.Len(t, told, 1)
		assert.Contains(t, told[0], "3 records")
		counted, _ = h.upload(memory)
		assert.Zero(t, counted)
	}
}

// A memory that drops its oldest records, or is carried on after it was cleared.
func TestRecordsWithADevicesTimeAreKnownWhereverTheyStand(t *testing.T) {
	h := newHandheld(t)
	h.timed = true
	first, codes := h.records("aaaaa")
	send := func(records []scanner.Record) int {
		h.n++
		u := &scanner.Upload{At: scanned.Add(time.Duration(h.n) * time.Minute), Records: records}
		before := h.free("X")
		for i := range records {
			answered := make(chan allocation.Verdict, 1)
			s := scan{station: "1", raw: []byte(codes[0]), at: u.At, late: true, batch: scanner.Batch{Upload: u, N: i + 1}}
			s.code = h.desk.rules.Parse("", s.raw, 2027)
			h.take(t.Context(), s, func(f dock.Feedback) { answered <- f.Verdict })
			<-answered
		}
		return int(h.free("X") - before)
	}
	require.Equal(t, 4, send(first.Records[:4]))
	assert.Equal(t, 1, send(first.Records[2:]), "the oldest two are gone")
	assert.Zero(t, send([]scanner.Record{first.Records[4], first.Records[0], first.Records[2]}))
}

// A cradle at another door.
func TestAMemoryIsKnownAtAnotherStation(t *testing.T) {
	h := newHandheld(t)
	h.upload("aBaC")
	assert.Equal(t, []allocation.Verdict{"CHECK", "CHECK", "CHECK", "CHECK"}, h.elsewhere("aBaC"))
	assert.EqualValues(t, 4, h.free("X"))
	h = newHandheld(t)
	h.upload("aaaa")
	assert.Equal(t, []allocation.Verdict{"STOCK", "STOCK", "STOCK", "STOCK"}, h.elsewhere("aaaa"), "equal cartons mean nothing there")
}

// elsewhere uploads a memory at station 2.
func (h *handheld) elsewhere(memory string) (verdicts []allocation.Verdict) {
	u, codes := h.records(memory)
	for i := range codes {
		answered := make(chan allocation.Verdict, 1)
		s := scan{station: "2", raw: []byte(codes[i]), at: u.At, late: true, batch: scanner.Batch{Upload: u, N: i + 1}}
		s.code = h.desk.rules.Parse("", s.raw, 2027)
		h.take(h.t.Context(), s, func(f dock.Feedback) { answered <- f.Verdict })
		verdicts = append(verdicts, <-answered)
	}
	return verdicts
}

// Somebody deletes records and scans on between the uploads: no carton counts twice,
// and where none of the codes come again every one counts.
func TestNoRecordCountsTwiceWhateverIsDeleted(t *testing.T) {
	for seed := range uint64(10) {
		random := rand.New(rand.NewPCG(7, seed))
		codes := map[bool]string{true: "ABCDEFGHIJKLMNOPQRSTUVWXYZ", false: strings.Repeat("aAB", 9)}[seed%2 == 0]
		h := newHandheld(t)
		memory, scanned, counted := codes[:6], 6, 0
		for range 8 {
			n, _ := h.upload(memory)
			counted += n
			require.LessOrEqual(t, counted, scanned, "seed %d: %q of %q", seed, memory, codes[:scanned])
			if seed%2 == 0 {
				require.Equal(t, scanned, counted, "seed %d: %q of %q", seed, memory, codes[:scanned])
			}
			for range min(random.IntN(3), len(memory)-4) {
				at := random.IntN(len(memory))
				memory = memory[:at] + memory[at+1:]
			}
			more := min(random.IntN(4), len(codes)-scanned)
			memory, scanned = memory+codes[scanned:scanned+more], scanned+more
		}
	}
}
