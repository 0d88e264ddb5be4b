package web

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"dockfill/allocation"
	"dockfill/cloud/promise"
	"dockfill/cloud/store"
)

// comesWords say when what a line lacks will come.
func comesWords(l promise.Line, now time.Time) string {
	switch n := len(l.Portions); {
	case n == 0:
		return "nothing announced"
	case l.Whole != "" && l.First == l.Whole:
		return whenWords(l.Portions[n-1], now)
	case l.Whole != "":
		return fmt.Sprintf("%s %s, all by %s", number(l.Portions[0].Qty), onWords(l.Portions[0], now), shortDay(l.Whole, now))
	}
	said := datedWords(l.Portions, now)
	for _, p := range l.Portions {
		switch {
		case p.Date != "":
		case p.Qty == l.Open:
			said = append(said, whenWords(p, now))
		default:
			said = append(said, number(p.Qty)+" "+whenWords(p, now))
		}
	}
	if l.Missing > 0 {
		said = append(said, number(l.Missing)+" not announced")
	}
	return strings.Join(said, "; ")
}

// datedWords sum up the portions that have a day, where not all have one.
func datedWords(portions []promise.Portion, now time.Time) (said []string) {
	var more int64
	var last allocation.Date
	for i, p := range portions {
		if p.Date != "" && i > 0 {
			more, last = more+p.Qty, p.Date
		}
	}
	if portions[0].Date != "" {
		said = append(said, number(portions[0].Qty)+" "+onWords(portions[0], now))
	}
	if more > 0 {
		said = append(said, number(more)+" more by "+shortDay(last, now))
	}
	return said
}

// whenWords stand alone, onWords behind a number.
func whenWords(p promise.Portion, now time.Time) string {
	switch p.Kind {
	case promise.Stock:
		return "in stock"
	case promise.Late:
		return fmt.Sprintf("late: %s was due %s", visible(string(p.Inbound)), shortDay(p.Due, now))
	case promise.Undated:
		return fmt.Sprintf("by %s, no day told", visible(string(p.Inbound)))
	}
	return shortDay(p.Date, now)
}

func onWords(p promise.Portion, now time.Time) string {
	if p.Kind == promise.Inbound {
		return "on " + whenWords(p, now)
	}
	return whenWords(p, now)
}

// shortDay leaves the year out where it is the present one.
func shortDay(d allocation.Date, now time.Time) string {
	t, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		return visible(string(d))
	}
	if t.Year() == now.UTC().Year() {
		return t.Format("2 Jan")
	}
	return day(t)
}

// leavesWords say when goods can leave that wait for others; "" where they do not.
func leavesWords(l promise.Line, ship allocation.Ship, now time.Time) string {
	switch {
	case ship != allocation.ShipOrder || l.Leaves == l.Whole:
		return ""
	case l.Leaves == "":
		return "the whole order: no day known"
	}
	return "the whole order: " + shortDay(l.Leaves, now)
}

// promiseWords say what is wrong with a promise; "" where it will be kept.
func promiseWords(word promise.Word) string {
	switch word {
	case promise.Missed:
		return "misses its promise"
	case promise.Unknown:
		return "promise at risk"
	}
	return ""
}

// promiseFigure is how many promises will be missed, with when they were counted.
func promiseFigure(v *survey) figure {
	f := figure{ID: "promises", Label: "Promises missed", Value: "…", Age: "Being counted"}
	if v == nil {
		return f
	}
	f.Value, f.Unit, f.Age = number(int64(len(v.lines[promise.Missed]))), "lines", "Counted at "+clock(v.at)+" UTC"
	if n := len(v.lines[promise.Missed]); n == 1 {
		f.Unit = "line"
	}
	if n := int64(len(v.lines[promise.Unknown])); n > 0 {
		f.Unit += ", " + number(n) + " at risk"
	}
	if len(v.lines[promise.Missed]) > 0 {
		f.Link = address(store.OwedQuery{Sort: store.ByWaiting, Promise: promise.Missed})
	}
	return f
}

// narrow leaves the lines in a query whose promise stands as it says.
func (s *Server) narrow(ctx context.Context, q *store.OwedQuery) error {
	if q.Promise == "" {
		return nil
	}
	v, err := s.outlook.survey(ctx)
	if err == nil {
		q.Lines = append([]allocation.LineID{}, v.lines[q.Promise]...)
	}
	return err
}

// comesJSON is when what a line lacks will come.
type comesJSON struct {
	Text     string        `json:"text" doc:"In one sentence, as the page shows it"`
	First    string        `json:"first,omitempty" format:"date" doc:"Of the first portion; absent where it has no day"`
	Whole    string        `json:"whole,omitempty" format:"date" doc:"When all of it is there; absent where a part has no day"`
	Leaves   string        `json:"leaves,omitempty" format:"date" doc:"When goods for it can leave next, by what the order ships together; absent where a part of that has no day"`
	Missing  int64         `json:"missing" doc:"Of what is open: nothing that is announced brings it"`
	Portions []portionJSON `json:"portions"`
	Promise  string        `json:"promise,omitempty" enum:"kept,missed,unknown" doc:"How the promised day stands: missed where all of it can leave only later, or the day has passed; unknown where nobody can say"`
}

type portionJSON struct {
	Qty     int64  `json:"qty"`
	Kind    string `json:"kind" enum:"stock,inbound,late,undated" doc:"stock: it lies free at the site; late: its day has passed and it has not come; undated: it is announced for no day"`
	Date    string `json:"date,omitempty" format:"date"`
	Inbound string `json:"inbound,omitempty"`
	Due     string `json:"due,omitempty" format:"date" doc:"The day that a late one was announced for"`
}

func comesOf(l promise.Line, promised allocation.Date, now time.Time) *comesJSON {
	c := &comesJSON{Text: comesWords(l, now), First: string(l.First), Whole: string(l.Whole), Leaves: string(l.Leaves), Missing: l.Missing,
		Portions: []portionJSON{}, Promise: string(l.Against(promised, dateOf(now)))}
	for _, p := range l.Portions {
		c.Portions = append(c.Portions, portionJSON{Qty: p.Qty, Kind: string(p.Kind), Date: string(p.Date), Inbound: string(p.Inbound), Due: string(p.Due)})
	}
	return c
}

// PromisesJSON is the answer to GET /api/v1/promises.
type PromisesJSON struct {
	At      time.Time `json:"at" doc:"When they were counted: what was committed since may not be in it"`
	Kept    int       `json:"kept" doc:"Open lines with a promised day"`
	Missed  int       `json:"missed" doc:"/api/v1/owed?promise=missed lists them"`
	Unknown int       `json:"unknown" doc:"Not all of it is announced for a day to come; /api/v1/owed?promise=unknown lists them"`
}

func (s *Server) getPromises(ctx context.Context, _ *struct{}) (*body[PromisesJSON], error) {
	v, err := s.outlook.survey(ctx)
	if err != nil {
		return nil, s.unread("promises", err)
	}
	return &body[PromisesJSON]{PromisesJSON{At: v.at.UTC(), Kept: len(v.lines[promise.Kept]), Missed: len(v.lines[promise.Missed]), Unknown: len(v.lines[promise.Unknown])}}, nil
}

func (s *Server) readPromises(api huma.API) {
	get(api, "get-promises", "/api/v1/promises", "How the promised days of open lines stand", s.getPromises)
}
