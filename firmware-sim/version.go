package main

import (
	"encoding/json"
	"fmt"

	"dockfill/packaging/version"
)

type versionCmd struct {
	JSON bool `help:"Print JSON."`
}

// Run prints the version.
func (c versionCmd) Run(io streams) error {
	if c.JSON {
		return json.NewEncoder(io.out).Encode(struct {
			Schema  int    `json:"schema"`
			Version string `json:"version"`
		}{1, version.Text()})
	}
	_, err := fmt.Fprintln(io.out, "firmware-sim", version.Text())
	return err
}
