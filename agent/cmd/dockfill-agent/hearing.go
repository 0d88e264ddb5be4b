package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"dockfill/agent"
	"dockfill/scanner"
	"dockfill/scanner/barcode/gs1"
)

// heard is what one scan was, from its bytes to the verdict on its form.
type heard struct {
	Schema int    `json:"schema"`
	At     string `json:"at"`
	// Wire is its bytes as they came over the port, Raw its content without
	// framing; both in hexadecimal digits.
	Wire     string    `json:"wire"`
	Raw      string    `json:"raw"`
	Controls []control `json:"controls"`
	// Means says what the parts of Wire are; "" where they cannot be told apart.
	Means string `json:"means,omitempty"`
	Form  form   `json:"form"`
	// Decoded is null for a frame that could not be read.
	Decoded    *decoded  `json:"decoded"`
	Titles     []string  `json:"titles"` // of decoded's elements
	Late       bool      `json:"late"`
	DeviceTime string    `json:"device_time,omitempty"`
	Batch      *batch    `json:"batch,omitempty"`
	when       time.Time // at
	bytes      []byte    // wire
}

// control is a control character of the content; At counts bytes from 0.
type control struct {
	At   int    `json:"at"`
	Name string `json:"name"`
}

// batch is the scan's place in an upload of a device's memory.
type batch struct {
	N  int `json:"n"`
	Of int `json:"of"`
}

// form is what the agent would say of the form alone. At counts bytes of the
// content from 0, and is null where the fault has no place.
type form struct {
	Accepted bool   `json:"accepted"`
	Verdict  string `json:"verdict,omitempty"` // CHECK or STOP
	Code     string `json:"code,omitempty"`
	Message  string `json:"message,omitempty"`
	At       *int   `json:"at,omitempty"`
}

func hearing(wire []byte, s scanner.Scan) heard {
	h := heard{
		Schema: schema, At: s.At.Format(time.RFC3339Nano), Wire: hexOf(wire), Raw: hexOf(s.Raw), Controls: []control{},
		Form: formOf(s), Titles: []string{}, Late: s.Late, when: s.At, bytes: wire,
	}
	for i, c := range s.Raw {
		if name := controlName(c); name != "" {
			h.Controls = append(h.Controls, control{i, name})
		}
	}
	if !s.DeviceTime.IsZero() {
		h.DeviceTime = s.DeviceTime.Format(time.RFC3339)
	}
	if of := s.Batch.Of(); of > 0 {
		h.Batch = &batch{s.Batch.N, of}
	}
	if s.Fault != nil {
		return h
	}
	d := decoded{Schema: schema, Input: escape(s.Raw), Elements: []element{}}
	d.take(s.Code)
	h.Decoded = &d
	for _, e := range d.Elements {
		info, _ := gs1.Lookup(e.AI)
		h.Titles = append(h.Titles, info.Title)
	}
	return h
}

// formOf adds the code and the place of the fault to the agent's own judgement.
func formOf(s scanner.Scan) form {
	verdict, message := agent.Form(s)
	f := form{Accepted: verdict == "", Verdict: string(verdict), Message: message}
	switch err := s.Code.Err; {
	case f.Accepted:
	case s.Fault != nil:
		f.Code = "frame"
	case err != nil:
		f.Code, f.At = err.Code, &err.At
	}
	return f
}

// print writes it for a person.
func (h heard) print(out io.Writer) error {
	late := ""
	if h.Late {
		late = ", kept by the scanner and sent late"
	}
	if h.Batch != nil {
		late = fmt.Sprintf(", %d of %d of an upload", h.Batch.N, h.Batch.Of)
	}
	fmt.Fprintf(out, "%s  %d bytes%s\n  bytes  %s\n  named  %s\n", h.when.Local().Format("15:04:05.000"), len(h.bytes), late, spaced(h.bytes), named(h.bytes))
	if h.Means != "" {
		fmt.Fprintf(out, "  means  %s\n", h.Means)
	}
	if h.Decoded != nil {
		h.printDecoded(out)
	}
	_, err := fmt.Fprintf(out, "  %s\n", h.Form)
	return err
}

func (h heard) printDecoded(out io.Writer) {
	d := h.Decoded
	fmt.Fprintf(out, "  text   %s\n", d.Input)
	symbology := d.Symbology
	if symbology == "" {
		symbology = "not sent; turn on AIM identifiers in the scanner, they leave less to guess"
	}
	fmt.Fprintf(out, "  symbology  %s\n", symbology)
	for i, e := range d.Elements {
		fmt.Fprintf(out, "  %s\n", strings.TrimRight(fmt.Sprintf("(%s) %s  %s", e.AI, escape([]byte(e.Value)), h.Titles[i]), " "))
	}
	if d.Error != nil {
		return
	}
	for _, f := range d.fields() {
		fmt.Fprintf(out, "  %s %s\n", f[0], escape([]byte(f[1])))
	}
	fmt.Fprintf(out, "  %s, quantity %d\n", d.Format, d.Quantity)
}

func (f form) String() string {
	switch {
	case f.Accepted:
		return "accepted by its form"
	case f.At != nil:
		return fmt.Sprintf("refused (%s) at byte %d: %s", f.Verdict, *f.At+1, f.Message)
	}
	return fmt.Sprintf("refused (%s): %s", f.Verdict, f.Message)
}
