package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"dockfill/agent/dock"
	"dockfill/allocation"
	"dockfill/scanner"
	"dockfill/scanner/serial"
)

type listenCmd struct {
	target
	Station    string `placeholder:"ID" xor:"what" help:"Listen as this station is configured."`
	Port       string `placeholder:"NAME" xor:"what" help:"Listen to this port: a name out of 'ports', usb:VID:PID, COM3 or tcp://host:port."`
	Profile    string `default:"ascii" enum:"ascii,ssi" help:"What the scanner on --port speaks: ascii or ssi."`
	Baud       int    `default:"9600" help:"Speed of --port."`
	Terminator string `default:"cr" help:"How a scan on --port ends: cr, lf, crlf, crcr, tab, stx-etx, idle."`
	Count      int    `placeholder:"N" help:"Stop after so many scans; 0 goes on until Ctrl-C."`
}

// Run shows scans as they come. They are not saved, so the scanner never hears a
// good beep for one.
func (l listenCmd) Run(p *program) error {
	c, err := l.settings(p)
	if err != nil {
		return err
	}
	if err := l.refuseHeld(p, c.Port); err != nil {
		return err
	}
	source, err := serial.New(c)
	if err != nil {
		return err
	}
	fmt.Fprintf(p.err, "Listening to %s. Nothing is saved. Ctrl-C ends.\n", c.Port)
	ctx, cancel := context.WithCancel(p.ctx)
	scans, done := make(chan scanner.Scan), make(chan error, 1)
	go func() { done <- source.Run(ctx, scans) }()
	err = l.show(p, source, scans)
	cancel()
	if ended := <-done; err == nil && !errors.Is(ended, context.Canceled) {
		err = ended
	}
	return err
}

// show prints scans, and every change of the port between them.
func (l listenCmd) show(p *program, source scanner.Source, scans <-chan scanner.Scan) error {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	var told scanner.State
	for seen := 0; l.Count == 0 || seen < l.Count; {
		select {
		case s := <-scans:
			seen++
			s.Answer(allocation.Check)
			if err := printScan(p, s); err != nil {
				return err
			}
		case <-tick.C:
			st := source.Status()
			if st.State == told {
				continue
			}
			told = st.State
			fmt.Fprintln(p.err, portLine(st))
		case <-p.ctx.Done():
			return nil
		}
	}
	return nil
}

func portLine(st scanner.Status) string {
	text := string(st.State)
	if st.Device != "" {
		text += " " + st.Device
	}
	if st.LastError != nil {
		text += ": " + st.LastError.Error()
	}
	return text
}

func printScan(p *program, s scanner.Scan) error {
	fmt.Fprintf(p.out, "%s  %d bytes\n  bytes %s\n", s.At.Local().Format("15:04:05.000"), len(s.Raw), hex.EncodeToString(s.Raw))
	if s.Fault != nil {
		_, err := fmt.Fprintf(p.out, "  text  %s\n  fault: %s\n", escape(s.Raw), s.Fault)
		return err
	}
	d := decoded{Input: "  text  " + escape(s.Raw)}
	d.take(s.Code)
	return d.print(p.out)
}

// settings are the station's, or those of the flags.
func (l listenCmd) settings(p *program) (scanner.Config, error) {
	if l.Port == "" && l.Station == "" {
		return scanner.Config{}, usageError("name what to listen to: --station 1, or --port with a name that `dockfill-agent ports` lists")
	}
	if l.Port != "" {
		c := scanner.Config{Station: "listen", Port: l.Port, Unstable: true, Profile: scanner.Profile(l.Profile), Baud: l.Baud}
		if c.Profile == scanner.ASCII {
			c.Terminator = scanner.Terminator(strings.ReplaceAll(strings.ToUpper(l.Terminator), "-", "/"))
		}
		return c, nil
	}
	config, err := p.load()
	if err != nil {
		return scanner.Config{}, err
	}
	for _, c := range config.Stations {
		if string(c.Station) == l.Station {
			return c, nil
		}
	}
	return scanner.Config{}, fmt.Errorf("%s names no station %q", p.configFile(), l.Station)
}

// refuseHeld keeps two programs from sharing a port: each would get a part of
// the bytes, and scans would be lost.
func (l listenCmd) refuseHeld(p *program, port string) error {
	c, err := l.client(p)
	if err != nil {
		if l.Port != "" {
			return nil // no configuration, so no agent of ours
		}
		return err
	}
	c.http.Timeout = 3 * time.Second
	var st dock.StatusBody
	if _, err := c.get(p.ctx, "/api/v1/status", &st); err != nil {
		return nil // no agent runs; a port that something else holds cannot be opened
	}
	for _, held := range st.Stations {
		if held.Port == port {
			return fmt.Errorf("the running agent holds %s as station %s, and two readers would lose scans; stop it first with `dockfill-agent service stop`, or watch %s/?station=%s", port, held.ID, c.base, held.ID)
		}
	}
	return nil
}
