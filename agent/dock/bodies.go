package dock

import (
	"time"

	"dockfill/allocation"
)

// StatusBody is the status as the API and the command line give it. Times are
// null where there is none. What stands in the database is null where it cannot
// be read.
type StatusBody struct {
	Schema      int              `json:"schema"`
	Health      Health           `json:"health" enum:"good,degraded,down"`
	Text        string           `json:"text" doc:"the health in one sentence"`
	Site        string           `json:"site"`
	State       string           `json:"state"`
	Reason      string           `json:"reason,omitempty"`
	StateSince  *time.Time       `json:"state_since" doc:"when this process came to the state"`
	Captured    int64            `json:"captured" doc:"scans set aside in the capture file until the site may allocate"`
	Lost        int64            `json:"captured_lost" doc:"of those, damaged in the file: count the goods"`
	DiskFull    bool             `json:"disk_full" doc:"scans are refused until the disk has room"`
	Incarnation *string          `json:"incarnation"`
	Version     string           `json:"version"`
	Policy      *string          `json:"policy"`
	Started     time.Time        `json:"started"`
	Saved       *int64           `json:"saved" doc:"events in the site's log"`
	Confirmed   *int64           `json:"confirmed" doc:"of those, stored by the centre"`
	Safe        *int64           `json:"safe" doc:"of those, safe at the centre; the same as confirmed, as the centre keeps no second copy"`
	Waiting     *int64           `json:"waiting"`
	OldestWait  *time.Time       `json:"oldest_waiting"`
	Link        LinkJSON         `json:"link"`
	Stations    []StationJSON    `json:"stations"`
	Tasks       *int             `json:"tasks"`
	Owed        *OwedJSON        `json:"owed"`
	Totals      *TotalsJSON      `json:"totals"`
	Held        []HeldJSON       `json:"held" doc:"set aside until people decide, by reason; null where it is not known"`
	Uncounted   []UncountedJSON  `json:"uncounted" doc:"records of memories that were received before, by station, where a person may know better; null where it is not known"`
	Short       []ShortJSON      `json:"short" doc:"the first lines of class win that are to be filled whole and lack units; each stands until it is filled, cancelled, or of another class; null where it is not known"`
	ShortLines  *int64           `json:"short_lines" doc:"all of those lines"`
	Database    *int64           `json:"database_bytes"`
	Checkpoints *CheckpointsJSON `json:"checkpoints"`
	DiskFree    *int64           `json:"disk_free_bytes" doc:"null where the system does not say"`
}

// LinkJSON is the connection to the centre.
type LinkJSON struct {
	Up      bool       `json:"up"`
	Since   *time.Time `json:"since"`
	Problem string     `json:"problem,omitempty"`
}

// StationJSON is one scanner's place.
type StationJSON struct {
	ID       string      `json:"id"`
	Port     string      `json:"port"`
	State    string      `json:"state"`
	Since    *time.Time  `json:"since"`
	Device   string      `json:"device,omitempty" doc:"what the port led to, while the scanner is there"`
	Revision string      `json:"revision,omitempty" doc:"what the scanner says of itself"`
	LastScan *time.Time  `json:"last_scan"`
	Counts   *CountsJSON `json:"counts" doc:"since the agent's start; null where there is no scanner"`
	Problem  string      `json:"problem,omitempty" doc:"the present trouble, also of a scanner that is connected"`
}

// CountsJSON is what a scanner sent and was told.
type CountsJSON struct {
	Scans       int64 `json:"scans" doc:"frames without fault"`
	Faults      int64 `json:"faults" doc:"frames that could not be read"`
	Repeats     int64 `json:"repeats" doc:"retransmissions, and records of a memory, that came again and were not counted"`
	Connects    int64 `json:"connects" doc:"times that the port was opened"`
	LostAnswers int64 `json:"lost_answers" doc:"verdicts that found no scanner to show them"`
	Late        int64 `json:"late" doc:"scans that came out of a memory or faster than a hand scans: the scanner had kept them"`
}

// OwedJSON counts what the site knows to be owed.
type OwedJSON struct {
	Lines  int64 `json:"lines"`
	Orders int64 `json:"orders"`
	Units  int64 `json:"units"`
}

// TotalsJSON counts since the log began.
type TotalsJSON struct {
	Scans          int64 `json:"scans"`
	Units          int64 `json:"units"`
	Allocated      int64 `json:"allocated"`
	OrdersComplete int64 `json:"orders_complete"`
	LinesKnown     int64 `json:"lines_known"`
	Free           int64 `json:"free"`
}

// HeldJSON is what is set aside for one reason.
type HeldJSON struct {
	Why   string    `json:"why" enum:"unknown,no-asn,surplus,on-hold,damaged"`
	Text  string    `json:"text"`
	Units int64     `json:"units" doc:"base units; of unknown codes and pallets, as often as they were scanned"`
	Codes int64     `json:"codes" doc:"different codes, or SKUs"`
	Since time.Time `json:"since" doc:"of the oldest"`
}

// UncountedJSON is what of a station's newest upload was received before.
type UncountedJSON struct {
	Station string    `json:"station"`
	Text    string    `json:"text"`
	Records int64     `json:"records"`
	Since   time.Time `json:"since" doc:"when the upload came; the question is open for a day, or until the next upload"`
}

// ShortJSON is a line that is to be filled whole and is not.
type ShortJSON struct {
	Line  string `json:"line"`
	SKU   string `json:"sku"`
	Lacks int64  `json:"lacks" doc:"base units that this site may give it"`
	Text  string `json:"text"`
}

// HeldBody is what is set aside, and the codes that wait until somebody says
// what they are.
type HeldBody struct {
	Schema int        `json:"schema"`
	Held   []HeldJSON `json:"held"`
	Codes  []KeptJSON `json:"codes"`
}

// KeptJSON is a code that waits.
type KeptJSON struct {
	Code  string    `json:"code" doc:"what was read, control characters made visible"`
	Why   string    `json:"why" enum:"unknown,no-asn"`
	Units int64     `json:"units"`
	Scans int64     `json:"scans"`
	Since time.Time `json:"since"`
}

// CopyBody is a closed copy of the database.
type CopyBody struct {
	Schema int    `json:"schema"`
	Path   string `json:"path" doc:"on the agent's machine; who asked for it removes it, or the agent does after an hour"`
	Seq    int64  `json:"seq" doc:"the last event in it"`
	Bytes  int64  `json:"bytes"`
}

// CheckpointsJSON are the daily copies of the database that 'replay --since' starts from.
type CheckpointsJSON struct {
	Wanted  int        `json:"wanted" doc:"days, by the configuration"`
	Kept    int        `json:"kept"`
	Newest  *time.Time `json:"newest"`
	Problem string     `json:"problem,omitempty" doc:"why today's could not be made"`
}

// FeedbackBody is the answer to a scan.
type FeedbackBody struct {
	Schema   int          `json:"schema"`
	Feedback FeedbackJSON `json:"feedback"`
}

// RecentBody holds the last verdicts, newest first.
type RecentBody struct {
	Schema int            `json:"schema"`
	Scans  []FeedbackJSON `json:"scans"`
}

// FeedbackJSON is one verdict. Seq is 0 where no event was written.
type FeedbackJSON struct {
	Seq      int64       `json:"seq"`
	Station  string      `json:"station"`
	At       time.Time   `json:"at"`
	Verdict  string      `json:"verdict" enum:"ALLOCATED,STOCK,HOLD,CHECK,STOP"`
	Why      string      `json:"why"`
	Text     string      `json:"text"`
	Code     string      `json:"code" doc:"what was read, control characters made visible"`
	SKU      string      `json:"sku"`
	Item     string      `json:"item"`
	Qty      int64       `json:"qty"`
	Blocks   []BlockJSON `json:"blocks"`
	Complete []string    `json:"complete" doc:"orders that this scan completed"`
}

// BlockJSON is one destination of a scan's units.
type BlockJSON struct {
	Destination string `json:"destination"`
	Qty         int64  `json:"qty"`
	Line        string `json:"line,omitempty"`
	Order       string `json:"order,omitempty"`
	Customer    string `json:"customer,omitempty"`
	Filled      int64  `json:"filled"`
	Wanted      int64  `json:"wanted"`
	Text        string `json:"text,omitempty"`
}

// TasksBody holds the open tasks, oldest first.
type TasksBody struct {
	Schema int        `json:"schema"`
	Tasks  []TaskJSON `json:"tasks"`
}

// TaskJSON is one task.
type TaskJSON struct {
	ID    int64     `json:"id"`
	Kind  string    `json:"kind"`
	SKU   string    `json:"sku"`
	Qty   int64     `json:"qty"`
	From  string    `json:"from"`
	To    string    `json:"to"`
	Since time.Time `json:"since"`
	Text  string    `json:"text"`
}

// DeedBody is what came of a deed.
type DeedBody struct {
	Schema   int        `json:"schema"`
	Seq      int64      `json:"seq" doc:"of its event in the site's log"`
	Moves    []MoveJSON `json:"moves" doc:"units that changed their place because of it"`
	Complete []string   `json:"complete" doc:"orders that it filled to the last unit"`
}

// MoveJSON is units of a SKU that went from a place to another: a line, or one of
// free, damaged, hold, surplus; empty is outside of the house.
type MoveJSON struct {
	SKU  string `json:"sku"`
	Qty  int64  `json:"qty"`
	From string `json:"from"`
	To   string `json:"to"`
}

// BalancesBody has the shape of the last line of a replay.
type BalancesBody struct {
	Schema   int          `json:"schema"`
	Balances BalancesJSON `json:"balances"`
}

// BalancesJSON is keyed by line id and by SKU, in base units.
type BalancesJSON struct {
	Lines   map[string]LineJSON `json:"lines"`
	Free    map[string]int64    `json:"free"`
	Damaged map[string]int64    `json:"damaged"`
	Hold    map[string]int64    `json:"hold"`
}

// LineJSON is one line's account.
type LineJSON struct {
	Ordered   int64 `json:"ordered"`
	Cancelled int64 `json:"cancelled"`
	Allocated int64 `json:"allocated"`
	Staged    int64 `json:"staged"`
	Open      int64 `json:"open"`
}

func newStatusBody(s Status, now time.Time) StatusBody {
	b := StatusBody{
		Schema: Schema, Site: string(s.Site), State: s.State, Reason: s.Reason,
		StateSince: when(s.StateSince), Captured: s.Captured.Scans, Lost: s.Captured.Lost, DiskFull: s.DiskFull,
		Version: s.Version, Started: s.Started, OldestWait: when(s.OldestUnsent),
		Link:     LinkJSON{s.Link.Up, when(s.Link.Since), s.Link.Problem},
		Stations: []StationJSON{},
	}
	if s.DiskFreeBytes != UnknownBytes {
		b.DiskFree = &s.DiskFreeBytes
	}
	if !s.Unread {
		b.read(s)
	}
	b.Health, b.Text = Judge(s, now)
	for _, st := range s.Stations {
		b.Stations = append(b.Stations, newStationJSON(st))
	}
	return b
}

func newStationJSON(st Station) StationJSON {
	j := StationJSON{
		ID: string(st.ID), Port: st.Port, State: st.State, Since: when(st.Since),
		Device: st.Device, Revision: st.Revision, LastScan: when(st.LastScan), Problem: st.Problem,
	}
	if st.State != StationBare {
		counts := CountsJSON(st.Counts)
		j.Counts = &counts
	}
	return j
}

// read fills in what stands in the database.
func (b *StatusBody) read(s Status) {
	owed, totals, waiting := OwedJSON(s.Owed), TotalsJSON(s.Totals), s.Head-s.Stored
	b.Incarnation, b.Policy = &s.Incarnation, &s.Policy
	b.Saved, b.Confirmed, b.Safe, b.Waiting = &s.Head, &s.Stored, &s.Safe, &waiting
	b.Tasks, b.Owed, b.Totals, b.Database = &s.Tasks, &owed, &totals, &s.DatabaseBytes
	b.Held, b.Uncounted = newHeldJSON(s.Held), newUncountedJSON(s.Uncounted)
	b.Short, b.ShortLines = newShortJSON(s.Short), &s.ShortLines
	b.Checkpoints = &CheckpointsJSON{s.Checkpoints.Wanted, s.Checkpoints.Kept, when(s.Checkpoints.Newest), s.Checkpoints.Problem}
}

func newHeldJSON(held []Held) []HeldJSON {
	all := []HeldJSON{}
	for _, h := range held {
		all = append(all, HeldJSON{string(h.Why), h.Text(), h.Units, h.Codes, h.Since})
	}
	return all
}

func newUncountedJSON(uncounted []Uncounted) []UncountedJSON {
	all := []UncountedJSON{}
	for _, u := range uncounted {
		all = append(all, UncountedJSON{string(u.Station), u.Text(), u.Records, u.Since})
	}
	return all
}

func newShortJSON(short []Short) []ShortJSON {
	all := []ShortJSON{}
	for _, s := range short {
		all = append(all, ShortJSON{string(s.Line), string(s.SKU), s.Qty, s.Text()})
	}
	return all
}

func newFeedbackJSON(f Feedback) FeedbackJSON {
	j := FeedbackJSON{
		Seq: f.Seq, Station: string(f.Station), At: f.At, Verdict: string(f.Verdict), Why: string(f.Why),
		Text: f.Text, Code: Visible(f.Code), SKU: f.SKU, Item: f.Item, Qty: f.Qty,
		Blocks: []BlockJSON{}, Complete: []string{},
	}
	for _, b := range f.Blocks {
		j.Blocks = append(j.Blocks, BlockJSON{
			b.Destination, b.Qty, string(b.Line), string(b.Order), b.Customer, b.Filled, b.Wanted, b.Text,
		})
	}
	for _, o := range f.Complete {
		j.Complete = append(j.Complete, string(o))
	}
	return j
}

func newTaskJSON(t Task) TaskJSON {
	return TaskJSON{t.ID, t.Kind, string(t.SKU), t.Qty, t.From, t.To, t.Since, t.Text}
}

func newBalancesBody(b Balances) BalancesBody {
	body := BalancesBody{Schema: Schema, Balances: BalancesJSON{
		Lines: map[string]LineJSON{}, Free: bySKU(b.Free), Damaged: bySKU(b.Damaged), Hold: bySKU(b.Hold),
	}}
	for id, l := range b.Lines {
		body.Balances.Lines[string(id)] = LineJSON(l)
	}
	return body
}

func bySKU(in map[allocation.SKU]int64) map[string]int64 {
	out := make(map[string]int64, len(in))
	for sku, n := range in {
		out[string(sku)] = n
	}
	return out
}

func when(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
