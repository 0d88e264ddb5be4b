package main

import (
	"time"

	"dockfill/agent"
)

// pastBody is the report for programs. Waits are in seconds.
type pastBody struct {
	Schema     int             `json:"schema"`
	Site       string          `json:"site"`
	Checkpoint pastCheckpoint  `json:"checkpoint"`
	Younger    bool            `json:"site_is_younger"`
	Until      time.Time       `json:"until"`
	Events     int64           `json:"events"`
	Decisions  int64           `json:"decisions"`
	Reproduced int64           `json:"reproduced"`
	Hash       bool            `json:"same_hash"`
	EndSeq     int64           `json:"end_seq"`
	EndHash    string          `json:"end_hash"`
	First      *pastDifference `json:"first_difference"`
	Control    pastRun         `json:"control"`
	Shadow     *pastRun        `json:"shadow"`
	Lines      []pastLine      `json:"lines"`
}

type pastCheckpoint struct {
	Path string    `json:"path"`
	At   time.Time `json:"at"`
	Seq  int64     `json:"seq"`
}

type pastDifference struct {
	Seq  int64  `json:"seq"`
	What string `json:"what"`
	Log  string `json:"log"`
	Here string `json:"here"`
}

type pastRun struct {
	Policies   []string     `json:"policies"`
	Received   int64        `json:"units_received"`
	Allocated  int64        `json:"units_allocated"`
	Free       int64        `json:"units_free"`
	Open       int64        `json:"units_owed"`
	Orders     int64        `json:"orders_completed"`
	Lines      int64        `json:"lines_completed"`
	Moved      int64        `json:"units_moved"`
	Inversions int64        `json:"inversions"`
	Waits      []pastWait   `json:"waits"`
	Missed     []pastMissed `json:"not_done"`
}

type pastWait struct {
	Tier     int     `json:"tier"`
	Units    int64   `json:"units"`
	Mean     float64 `json:"mean_seconds"`
	P50      float64 `json:"p50_seconds"`
	P95      float64 `json:"p95_seconds"`
	Max      float64 `json:"max_seconds"`
	Open     int64   `json:"units_owed"`
	OpenMean float64 `json:"owed_mean_seconds"`
}

type pastMissed struct {
	Seq  int64  `json:"seq"`
	What string `json:"what"`
	Why  string `json:"why"`
}

type pastLine struct {
	Line    string `json:"line"`
	SKU     string `json:"sku"`
	Tier    int    `json:"tier"`
	Wanted  int64  `json:"wanted"`
	Control int64  `json:"control"`
	Shadow  int64  `json:"shadow"`
}

func newPastBody(r *agent.ShadowReport) pastBody {
	b := pastBody{
		Schema: schema, Site: string(r.Site), Checkpoint: pastCheckpoint{r.Checkpoint.Path, r.Checkpoint.At, r.Checkpoint.Head.Seq},
		Until: r.Until, Events: r.Events, Decisions: r.Happenings, Reproduced: r.Reproduced, Hash: r.Exact,
		Younger: r.Younger, EndSeq: r.End.Seq, EndHash: r.End.Hash.String(),
		Control: newPastRun(r.Control), Lines: []pastLine{},
	}
	if d := r.First; d != nil {
		b.First = &pastDifference{d.Seq, d.What, d.Log, d.Here}
	}
	if r.Shadow != nil {
		run := newPastRun(*r.Shadow)
		b.Shadow = &run
	}
	for _, l := range r.Lines {
		b.Lines = append(b.Lines, pastLine{string(l.Line), string(l.SKU), l.Tier, l.Wanted, l.Control, l.Shadow})
	}
	return b
}

func newPastRun(r agent.Run) pastRun {
	p := pastRun{
		Policies: r.Policies, Received: r.Received, Allocated: r.Allocated, Free: r.Free, Open: r.Open,
		Orders: r.Orders, Lines: r.Lines, Moved: r.Moved, Inversions: r.Inversions, Waits: []pastWait{}, Missed: []pastMissed{},
	}
	for _, w := range r.Waits {
		p.Waits = append(p.Waits, pastWait{
			w.Tier, w.Units, w.Mean.Seconds(), w.P50.Seconds(), w.P95.Seconds(), w.Max.Seconds(), w.Open, w.OpenMean.Seconds(),
		})
	}
	for _, m := range r.Missed {
		p.Missed = append(p.Missed, pastMissed(m))
	}
	return p
}
