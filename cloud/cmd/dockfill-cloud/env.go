package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"dockfill/cloud/intake"
)

// The prefixes of variables: those of this program, and those of all programs
// of Dockfill.
const (
	ours = "DOCKFILL_CLOUD_"
	all  = "DOCKFILL_"
)

// agents are the names without prefix that mean something to dockfill-agent,
// which may run on the same machine, and to this program with its own prefix.
var agents = []string{"DATA", "HTTP", "LOG_LEVEL"}

// dropEmpty takes variables without a value out of the environment: whoever starts
// this program from a template leaves them so where he has nothing to say.
func dropEmpty(environ []string) {
	for _, v := range environ {
		if name, value, _ := strings.Cut(v, "="); value == "" && strings.HasPrefix(name, ours) {
			os.Unsetenv(name)
		}
	}
}

// checkEnvironment refuses a variable that looks like one of this program and is
// none: a misspelt one would do nothing, and nobody would notice.
func checkEnvironment(model *kong.Node, environ []string) error {
	known := variables(model)
	for _, v := range slices.Sorted(slices.Values(environ)) {
		name, _, _ := strings.Cut(v, "=")
		bare, isAny := strings.CutPrefix(name, all)
		_, isOurs := strings.CutPrefix(name, ours)
		switch {
		case slices.Contains(known, name):
		case isOurs:
			return fmt.Errorf("the environment sets %s, which is not known; %s", name, intake.Nearest(name, known))
		case isAny && slices.Contains(known, ours+bare) && !slices.Contains(agents, bare):
			return fmt.Errorf("the environment sets %s, which is not known; did you mean %s?", name, ours+bare)
		}
	}
	return nil
}

// variables are the names that the flags of all commands take.
func variables(n *kong.Node) []string {
	var names []string
	for _, f := range n.Flags {
		names = append(names, f.Envs...)
	}
	for _, c := range n.Children {
		names = append(names, variables(c)...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
