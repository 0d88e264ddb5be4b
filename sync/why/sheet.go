package why

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"dockfill/allocation"
)

// Sheet is an answer in words, as a page shows it. What a scanner read stands in
// it as it was read: the page makes control characters visible.
type Sheet struct {
	Title   string
	Lead    string // the answer in one sentence
	Badge   string // the verdict of a scan; "" elsewhere
	Facts   []Fact
	Tables  []Table
	Story   []StoryRow // nil for an event
	Told    bool       // it has a story
	Notes   []string   // on the story
	Further string     // asks for the page behind, as History.Next; "" where there is none
}

// Fact is a name and what is known by it. Ask is the ID that it leads to, or "".
type Fact struct {
	Name, Text, Ask string
	Code            bool // it is to be read character by character
}

// Table is lines side by side, the better ones first.
type Table struct {
	Title string
	Rows  []TableRow
	Notes []string
}

// TableRow is a line in a Table.
type TableRow struct {
	Line    string
	Word    string // what became of it
	Part    Part   // "" for the line that is asked about, or one that waits
	Qty     string
	Text    string
	Changed bool
	Own     bool // the order or line number decided
	Cells   []Cell
}

// Cell is what a line has for a key. Decides says that this key decided.
type Cell struct {
	Name, Value string
	Decides     bool
}

// StoryRow is an event in the story of a line or a unit.
type StoryRow struct {
	Event string // its ID
	Name  string // for people
	At    time.Time
	Texts []string
	Kind  Kind // of its first entry
}

// Columns are the keys that stand side by side; the order and the line stand in
// the line's name.
var Columns = []allocation.Key{allocation.ByOverride, allocation.ByClass, allocation.ByContract, allocation.ByTier, allocation.ByPromised, allocation.ByAccepted}

// SheetOf puts an answer in words.
func SheetOf(a Answer) Sheet {
	switch {
	case a.Event != nil:
		return eventSheet(a.Event)
	case a.Line != nil:
		return lineSheet(a.Line)
	}
	return unitSheet(a.Unit)
}

func eventSheet(t *Told) Sheet {
	s := Sheet{Title: fmt.Sprintf("Event %d of %s", t.ID.Seq, t.ID.Site), Lead: t.headline(), Facts: eventFacts(t)}
	if t.Event.Scan != nil {
		s.Badge = string(t.Event.Scan.Verdict)
	}
	for _, d := range Explain(t.Event, t.Known) {
		s.Tables = append(s.Tables, decisionTable(d))
	}
	if n := len(s.Tables); n > 0 && len(s.Tables[n-1].Rows) > 0 {
		last := &s.Tables[n-1]
		last.Notes = append(last.Notes, "What a line is ranked by is shown as it is known now; where the key that decided would not decide so any more, the line says \"changed since\".")
	}
	return s
}

func decisionTable(d Decision) Table {
	t := Table{Title: tableTitle(d)}
	for _, c := range d.Candidates {
		t.Rows = append(t.Rows, candidateRow(c, d.Candidates))
	}
	if d.More {
		t.Notes = append(t.Notes, "Further lines that rank better may have been passed: the event names no more of them.")
	}
	for _, p := range d.Rest {
		from := ""
		if p.From != "" {
			from = " from " + PlaceWords(p.From)
		}
		t.Notes = append(t.Notes, fmt.Sprintf("%d went%s %s.", p.Qty, from, ToWords(p.To)))
	}
	return t
}

func tableTitle(d Decision) string {
	r := d.Receipt
	if r == nil {
		return fmt.Sprintf("Units of %s that moved", d.SKU)
	}
	said := []string{fmt.Sprintf("%d of %s came in", r.Qty, d.SKU)}
	for _, x := range []struct{ name, value string }{
		{"lot", r.Lot}, {"good until", string(r.Expiry)}, {"serial", r.Serial}, {"GTIN", r.GTIN}, {"by", string(r.Inbound)}, {"", string(r.Disposition)},
	} {
		if x.value != "" {
			said = append(said, strings.TrimSpace(x.name+" "+x.value))
		}
	}
	return strings.Join(said, ", ")
}

func candidateRow(c Candidate, all []Candidate) TableRow {
	row := TableRow{Line: string(c.Line), Part: c.Part, Word: string(c.Part), Text: c.Text, Changed: c.Changed}
	if c.Qty > 0 {
		row.Qty = strconv.FormatInt(c.Qty, 10)
	}
	if c.Part == Got && c.From != "" {
		row.Text = "from " + PlaceWords(c.From) + ", " + row.Text
	}
	keys := decidedBy(c, all)
	if row.Own = keys[allocation.ByOrder] || keys[allocation.ByLine]; c.Now == nil {
		return row
	}
	row.Cells = cells(c.Now.Rank, keys)
	return row
}

// decidedBy are the keys that set a candidate before another, or another before
// it.
func decidedBy(c Candidate, all []Candidate) map[allocation.Key]bool {
	keys := map[allocation.Key]bool{}
	if c.Part == Got {
		keys[c.By] = true
		if c.By == allocation.ByShare { // by no value of a key, though a tie behind it may have been
			return keys
		}
	}
	for _, o := range all {
		if o.Part == Got && o.Over == c.Line {
			keys[o.By] = true
		}
	}
	return keys
}

func cells(r allocation.Rank, decides map[allocation.Key]bool) (all []Cell) {
	for _, k := range Columns {
		all = append(all, Cell{k.Name(), k.Value(r), decides[k]})
	}
	return all
}

func lineSheet(s *LineStory) Sheet {
	l := &s.Line
	sheet := Sheet{Title: fmt.Sprintf("Line %s", l.ID()), Lead: lineLead(s), Facts: lineFacts(s)}
	if s.Standing != nil {
		sheet.Tables = []Table{standingTable(s)}
	}
	sheet.tell(s.History)
	return sheet
}

func lineLead(s *LineStory) string {
	l := &s.Line
	switch {
	case l.Open() <= 0 && l.Wanted() == 0:
		return "Nothing is wanted of it any more"
	case l.Open() <= 0:
		return fmt.Sprintf("It has all of the %d that it wants", l.Wanted())
	case s.Standing == nil:
		return fmt.Sprintf("%d of %d are open", l.Open(), l.Wanted())
	case s.Standing.Before == 0:
		return fmt.Sprintf("%d of %d are open; it is the next in turn for %s", l.Open(), l.Wanted(), l.SKU)
	}
	return fmt.Sprintf("%d of %d are open; %s before it for %s", l.Open(), l.Wanted(), linesBefore(s.Standing.Before), l.SKU)
}

func linesBefore(n int64) string {
	switch {
	case n == 1:
		return "1 line comes"
	case n >= MaxBefore:
		return fmt.Sprintf("%d lines or more come", n)
	}
	return fmt.Sprintf("%d lines come", n)
}

// standingTable shows who comes before a line, the line, and who comes behind.
func standingTable(s *LineStory) Table {
	t := Table{Title: fmt.Sprintf("Who waits for %s, in turn now", s.Line.SKU)}
	for i := range s.Standing.First {
		t.Rows = append(t.Rows, waitingRow(&s.Standing.First[i], Ahead(s.Policy, &s.Standing.First[i], &s.Line), "waits"))
	}
	if more := s.Standing.Before - int64(len(s.Standing.First)); more > 0 {
		atLeast := ""
		if s.Standing.Before >= MaxBefore {
			atLeast = " or more"
		}
		t.Notes = append(t.Notes, fmt.Sprintf("%d lines%s stand between those and this one.", more, atLeast))
	}
	if s.Standing.Partial {
		t.Notes = append(t.Notes, "More lines of it are open than were compared: this one may stand further behind.")
	}
	own := waitingRow(&s.Line, "", "this line")
	t.Rows = append(t.Rows, own)
	if b := s.Standing.Behind; b != nil {
		t.Rows[len(t.Rows)-1].Text = Ahead(s.Policy, &s.Line, b)
		t.Rows = append(t.Rows, waitingRow(b, "next behind it", "waits"))
	}
	return t
}

// Ahead says what sets an open line before another now.
func Ahead(p allocation.Policy, a, b *allocation.Line) string {
	by, before := p.Before(a, b)
	if !before {
		return ""
	}
	return fmt.Sprintf("before %s by %s", b.ID(), by.Contrast(a.Rank, b.Rank))
}

func waitingRow(l *allocation.Line, text, word string) TableRow {
	return TableRow{Line: string(l.ID()), Word: word, Qty: fmt.Sprintf("%d open", l.Open()), Text: text, Cells: cells(l.Rank, nil)}
}

func unitSheet(u *UnitStory) Sheet {
	s := Sheet{Title: "Serial " + u.Serial, Lead: u.Where}
	for _, p := range u.Places {
		f := Fact{Name: strings.TrimSpace(p.Trade), Text: fmt.Sprintf("%d of %s: %s", p.Qty, p.SKU, PlaceWords(p.At))}
		if strings.Contains(p.At, "/") {
			f.Ask = ID{Line: allocation.LineID(p.At)}.String()
			if p.Bound > 0 {
				f.Text += fmt.Sprintf(", of which %d picked or staged", p.Bound)
			}
		}
		s.Facts = append(s.Facts, f)
	}
	s.tell(u.History)
	return s
}

func (s *Sheet) tell(h History) {
	s.Told = true
	for _, r := range h.Rows {
		row := StoryRow{Event: r.Event.String(), Name: r.Event.Short(), At: r.At, Kind: r.Entries[0].Kind}
		for _, e := range r.Entries {
			row.Texts = append(row.Texts, e.Text)
		}
		s.Story = append(s.Story, row)
	}
	if h.Next.Seq > 0 {
		s.Further = h.Next.String()
		s.Notes = append(s.Notes, fmt.Sprintf("%d events were searched; older ones may tell more.", h.Searched))
	} else if h.Oldest > 0 {
		s.Notes = append(s.Notes, fmt.Sprintf("The log here begins at event %d. The centre has the older ones.", h.Oldest))
	}
}
