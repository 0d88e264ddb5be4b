package main

import (
	"encoding/json"
	"fmt"
	"runtime/debug"
)

// version is set by the linker in releases.
var version = ""

type versionCmd struct {
	JSON bool `help:"Print JSON."`
}

// Run prints the version.
func (c versionCmd) Run(io streams) error {
	if c.JSON {
		e := json.NewEncoder(io.out)
		e.SetIndent("", "  ")
		return e.Encode(struct {
			Schema  int    `json:"schema"`
			Version string `json:"version"`
		}{1, versionText()})
	}
	_, err := fmt.Fprintln(io.out, "firmware-sim", versionText())
	return err
}

// versionText is the linker's version, or what the toolchain knows of the source.
func versionText() string {
	if version != "" {
		return version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return "0.0.0-" + s.Value[:12]
		}
	}
	return "0.0.0-dev"
}
