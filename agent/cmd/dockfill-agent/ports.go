package main

import (
	"fmt"
	"text/tabwriter"

	"dockfill/scanner/serial"
)

type portsCmd struct {
	JSON bool `help:"Print JSON."`
}

type portJSON struct {
	Path    string `json:"path"`
	Stable  string `json:"stable"`
	VID     string `json:"vid,omitempty"`
	PID     string `json:"pid,omitempty"`
	Serial  string `json:"serial,omitempty"`
	Product string `json:"product,omitempty"`
}

func (c portsCmd) Run(p *program) error {
	ports, err := serial.List()
	if err != nil {
		return fmt.Errorf("the ports could not be listed: %w", err)
	}
	if c.JSON {
		list := []portJSON{}
		for _, x := range ports {
			list = append(list, portJSON(x))
		}
		return printJSON(p.out, map[string]any{"schema": schema, "ports": list})
	}
	if len(ports) == 0 {
		_, err := fmt.Fprintln(p.out, "No serial port is plugged in. A scanner in keyboard mode shows none: set it to USB serial (CDC) mode first.")
		return err
	}
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "CONFIGURE AS\tNOW\tUSB\tPRODUCT")
	for _, x := range ports {
		usb := ""
		if x.VID != "" {
			usb = x.VID + ":" + x.PID
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", orElse(x.Stable, x.Path), x.Path, usb, x.Product)
	}
	return w.Flush()
}
