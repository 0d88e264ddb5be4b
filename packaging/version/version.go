// Package version says which version of Dockfill a program is.
package version

import "runtime/debug"

// text is set by the linker: -X dockfill/packaging/version.text=...
var text = ""

// Text is the linker's version, or what the toolchain knows of the source.
func Text() string {
	if text != "" {
		return text
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
