package dock

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"dockfill/allocation"
)

// writeWithin is how long a page may take to read an event. One that does not
// read is cut off; its EventSource comes back and is told what it missed.
const writeWithin = 10 * time.Second

// scanEvent is one verdict as the page takes it. HTML was escaped by the
// templates; Say is text.
type scanEvent struct {
	Key    string `json:"key"`
	Look   string `json:"look"`
	Tone   string `json:"tone"`
	Stands bool   `json:"stands"`
	HTML   string `json:"html"`
	Chips  string `json:"chips"`
	Say    string `json:"say"`
	// Replay marks what happened before the page listened: it is shown, and
	// not heard unless it stands.
	Replay bool `json:"replay"`
}

// stripEvent is the site around the verdict. It comes at every beat, so its
// absence tells the page that the agent does not answer.
type stripEvent struct {
	Version string `json:"version"`
	HTML    string `json:"html"`
	Idle    string `json:"idle"`
	Ready   string `json:"ready"`
	Closed  bool   `json:"closed"`
}

// stream is one open page.
type stream struct {
	*server
	w       http.ResponseWriter
	r       *http.Request
	station allocation.StationID
	memory  station
	seen    map[string]bool // keys replayed at the start, to be met again on the channel
}

// events streams a station's feedbacks in the order of their commits, as
// server-sent events: "scan" with an id, and "strip" at every beat. A page that
// comes back names the last id it had (Last-Event-ID) and gets what followed.
func (s *server) events(w http.ResponseWriter, r *http.Request) {
	st, err := s.site.Status(r.Context())
	if err != nil {
		problem(w, http.StatusServiceUnavailable, "the store does not answer: "+err.Error())
		return
	}
	id, ok := s.stationOf(r, st)
	if !ok {
		problem(w, http.StatusNotFound, fmt.Sprintf("this site has no station %q", Visible(string(id))))
		return
	}
	// Subscribed before the past is read, so that no scan falls between.
	live, cancel := s.site.Subscribe(id)
	defer cancel()
	x := &stream{server: s, w: w, r: r, station: id, seen: map[string]bool{}}
	if err := x.run(st, live); err != nil {
		s.log.Debug("dock page left", "station", id, "error", err)
	}
}

func (x *stream) run(st Status, live <-chan Feedback) error {
	recent, err := x.site.Recent(x.r.Context(), x.station, tallyDepth)
	if err != nil {
		problem(x.w, http.StatusServiceUnavailable, "the last scans cannot be read: "+err.Error())
		return err
	}
	x.w.Header().Set("Content-Type", "text/event-stream")
	if _, err := fmt.Fprint(x.w, "retry: 1000\n\n"); err != nil {
		return err
	}
	if err := x.replay(recent); err != nil {
		return err
	}
	return x.follow(st, live)
}

// replay sends what the page missed. One that opens fresh has the past in its
// HTML already, except for what was scanned since: it names that as its id.
func (x *stream) replay(recent []Feedback) error {
	had := x.r.Header.Get("Last-Event-ID")
	if had == "" {
		had = x.r.URL.Query().Get("after")
	}
	missed := missedSince(recent, had)
	x.memory.replay(recent[missed:])
	for _, f := range recent[missed:] {
		x.seen[key(f)] = true
	}
	for i := missed - 1; i >= 0; i-- {
		x.seen[key(recent[i])] = true
		if err := x.scan(recent[i], true); err != nil {
			return err
		}
	}
	return nil
}

// missedSince counts the feedbacks, newest first, that came after the one with
// the key; a key that is not among them has missed only what the screen shows.
func missedSince(recent []Feedback, had string) int {
	for i, f := range recent {
		if key(f) == had {
			return i
		}
	}
	return min(len(recent), chipCount)
}

// follow sends what happens until the page leaves or the agent stops.
func (x *stream) follow(st Status, live <-chan Feedback) error {
	if err := x.strip(st); err != nil {
		return err
	}
	beat := time.NewTicker(x.beat)
	defer beat.Stop()
	for {
		select {
		case f, open := <-live:
			if !open {
				return nil
			}
			if x.seen[key(f)] {
				continue
			}
			if err := x.scan(f, false); err != nil {
				return err
			}
		case <-beat.C:
			st, err := x.site.Status(x.r.Context())
			if err != nil {
				return err
			}
			if err := x.strip(st); err != nil {
				return err
			}
		case <-x.r.Context().Done():
			return nil
		}
	}
}

func (x *stream) scan(f Feedback, replay bool) error {
	v := x.memory.add(f)
	html, err := render("scan", v)
	if err != nil {
		return err
	}
	chips, err := render("chips", displayData{Chips: x.memory.last, Tally: x.memory.tally})
	if err != nil {
		return err
	}
	return x.send("scan", v.Key, scanEvent{
		Key: v.Key, Look: v.Look, Tone: v.Tone, Stands: v.Stands,
		HTML: string(html), Chips: string(chips), Say: v.say(), Replay: replay,
	})
}

func (x *stream) strip(st Status) error {
	d := x.server.strip(x.r, st, x.station)
	html, err := render("strip", d)
	if err != nil {
		return err
	}
	idle, err := render("facts", d)
	if err != nil {
		return err
	}
	return x.send("strip", "", stripEvent{
		Version: st.Version, HTML: string(html), Idle: string(idle), Ready: d.Ready, Closed: d.Trouble != "",
	})
}

// send writes one event and pushes it out.
func (x *stream) send(name, id string, body any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	if id != "" {
		id = "id: " + id + "\n"
	}
	c := http.NewResponseController(x.w)
	// A writer without deadlines, as in a test, is as good.
	_ = c.SetWriteDeadline(time.Now().Add(writeWithin))
	if _, err := fmt.Fprintf(x.w, "event: %s\n%sdata: %s\n\n", name, id, data); err != nil {
		return err
	}
	return c.Flush()
}
