package wire

import "time"

// Asked is the answer of a site and of the centre to a person who asks why. It is
// no message between them: both give it by HTTP, in one form. Just one of Event,
// Line and Serial is set. Ids are written as the program reads them that answers:
// events by their number at a site, as site:life:number at the centre.
type Asked struct {
	ID     string       `json:"id"`
	Event  *AskedEvent  `json:"event,omitempty"`
	Line   *AskedLine   `json:"line,omitempty"`
	Serial *AskedSerial `json:"serial,omitempty"`
}

// AskedEvent is one entry of a site's log and the decisions in it.
type AskedEvent struct {
	Site        string          `json:"site"`
	Incarnation string          `json:"incarnation"`
	Seq         int64           `json:"seq"`
	At          time.Time       `json:"at" doc:"the site's clock"`
	StoredAt    *time.Time      `json:"stored_at,omitempty" doc:"the centre's clock"`
	Hash        string          `json:"hash" doc:"SHA-256 of prev and body: the chain behind this event"`
	Prev        *string         `json:"prev" doc:"the chain before it; null where the event before is not kept any more"`
	Body        []byte          `json:"body" doc:"the event's bytes as they are stored and hashed, in base64"`
	Policy      string          `json:"policy" doc:"version of the policy in force; empty where an older program wrote the event"`
	Text        string          `json:"text"`
	Verdict     string          `json:"verdict,omitempty"`
	Why         string          `json:"why,omitempty"`
	Station     string          `json:"station,omitempty"`
	Worker      string          `json:"worker,omitempty"`
	Code        string          `json:"code,omitempty" doc:"what was read, control characters made visible"`
	Poison      string          `json:"poison,omitempty" doc:"why the centre could not apply it"`
	Decisions   []AskedDecision `json:"decisions"`
}

// AskedDecision is how units of one SKU found their places.
type AskedDecision struct {
	SKU        string           `json:"sku"`
	Received   int64            `json:"received" doc:"units that came in; 0 where units moved that were in the house"`
	Candidates []AskedCandidate `json:"candidates" doc:"the lines, better ones first"`
	More       bool             `json:"more,omitempty" doc:"further better lines may have been passed: the event names no more"`
	Rest       []AskedPut       `json:"rest" doc:"units that went to no line"`
}

// AskedCandidate is a line in a decision.
type AskedCandidate struct {
	Line    string     `json:"line"`
	Part    string     `json:"part" enum:"passed,got,lost,next"`
	Qty     int64      `json:"qty"`
	From    string     `json:"from,omitempty" doc:"of what it got: a line or a shelf; absent: it came in"`
	Lacks   string     `json:"lacks,omitempty" enum:"no-right,pack,life,gate" doc:"of passed: what it lacked"`
	By      string     `json:"by,omitempty" doc:"of got: the key that set it before the line over"`
	Over    string     `json:"over,omitempty"`
	Text    string     `json:"text"`
	Weight  int64      `json:"weight,omitempty" doc:"under fair share: what the line wants in all, as it is known now"`
	Given   *int64     `json:"given,omitempty" doc:"under fair share: what it had got of its weight before its turn; absent where nobody knows that any more"`
	Rank    *AskedRank `json:"rank" doc:"as it is known now; null where the line is not known any more"`
	Changed bool       `json:"changed,omitempty" doc:"changed since: by would not set it before over today"`
}

// AskedRank is what a line is ranked by. 0 and an empty date are none and rank last.
type AskedRank struct {
	Override int       `json:"override"`
	Class    string    `json:"class"`
	Contract int       `json:"contract"`
	Tier     int       `json:"tier"`
	Promised string    `json:"promised" doc:"or the requested date, where nothing was promised"`
	Accepted time.Time `json:"accepted"`
	Order    string    `json:"order"`
	Line     string    `json:"line"`
}

// AskedPut is units that went from a place to another one, as in a Move.
type AskedPut struct {
	Qty  int64  `json:"qty"`
	From string `json:"from"`
	To   string `json:"to" doc:"free, damaged, hold or surplus; empty is outside of the house"`
}

// AskedLine is a line as it is now, and what became of it.
type AskedLine struct {
	Line         string         `json:"line"`
	SKU          string         `json:"sku"`
	Customer     string         `json:"customer,omitempty"`
	CustomerName string         `json:"customer_name,omitempty"`
	Door         string         `json:"door,omitempty"`
	Site         string         `json:"site,omitempty" doc:"home of its order, at the centre"`
	Ordered      int64          `json:"ordered"`
	Cancelled    int64          `json:"cancelled"`
	Allocated    int64          `json:"allocated"`
	Picked       int64          `json:"picked"`
	Staged       int64          `json:"staged"`
	Shipped      int64          `json:"shipped"`
	Open         int64          `json:"open"`
	Rights       []AskedRight   `json:"rights"`
	Rank         AskedRank      `json:"rank"`
	Policy       string         `json:"policy" doc:"version of the policy in force"`
	Standing     *AskedStanding `json:"standing" doc:"null where nothing is open"`
	Lacks        []string       `json:"lacks" doc:"what hinders it, whatever comes in"`
	History      AskedHistory   `json:"history"`
}

// AskedRight is what one life of a site may give to a line.
type AskedRight struct {
	Site        string `json:"site"`
	Incarnation string `json:"incarnation"`
	Present     bool   `json:"present" doc:"it is the site's present life"`
	Balance     int64  `json:"balance"`
	Granted     int64  `json:"granted"`
	Used        int64  `json:"used"`
	Undone      int64  `json:"undone"`
	Returned    int64  `json:"returned"`
}

// AskedStanding is where a line stands among those that wait for its SKU.
type AskedStanding struct {
	Before  int64          `json:"before" doc:"lines that come before it; 1000 stands for as many or more"`
	First   []AskedWaiting `json:"first" doc:"the first of them, in turn"`
	Behind  *AskedWaiting  `json:"behind" doc:"the next one behind it"`
	Partial bool           `json:"partial,omitempty" doc:"more lines are open than were compared"`
}

// AskedWaiting is an open line.
type AskedWaiting struct {
	Line string    `json:"line"`
	Open int64     `json:"open"`
	Text string    `json:"text" doc:"what sets it before the line that is asked about, or that before it"`
	Rank AskedRank `json:"rank"`
}

// AskedHistory is a page of what events did, the newest first.
type AskedHistory struct {
	Events   []AskedTouch `json:"events"`
	Searched int64        `json:"searched" doc:"events that were looked through"`
	Next     string       `json:"next,omitempty" doc:"ask again with before set to it for older ones; absent where the log ends"`
	Oldest   int64        `json:"oldest,omitempty" doc:"the oldest event that the site keeps, where its log does not reach back to the first"`
}

// AskedTouch is what one event did to a line or a serial.
type AskedTouch struct {
	Event   string       `json:"event" doc:"its id"`
	At      time.Time    `json:"at" doc:"the site's clock"`
	Entries []AskedEntry `json:"entries"`
}

// AskedEntry is one thing of it.
type AskedEntry struct {
	Kind string `json:"kind" enum:"got,lost,passed,behind,bound,right,arrived,moved"`
	Qty  int64  `json:"qty"`
	Text string `json:"text"`
}

// AskedSerial is where goods with a serial are, and what became of them.
type AskedSerial struct {
	Serial  string       `json:"serial"`
	Text    string       `json:"text" doc:"where they are"`
	Places  []AskedPlace `json:"places" doc:"at a site: in the house; none where they have left it"`
	History AskedHistory `json:"history"`
}

// AskedPlace is where units with a serial are.
type AskedPlace struct {
	Trade string `json:"trade" doc:"the GTIN, or the SKU where none was read: the serial is unique within it"`
	SKU   string `json:"sku"`
	At    string `json:"at" doc:"a line, or one of free, damaged, hold, surplus"`
	Qty   int64  `json:"qty"`
	Bound int64  `json:"bound" doc:"of a line's: picked or staged"`
	Event string `json:"event" doc:"that received them"`
}
