// Package e2e runs the built programs as a house would: a centre, sites,
// scanners on pseudo-terminals, a real broker and a real network between them,
// each its own process, and each of them killed, cut off or starved while it
// works. It also keeps the rule of who may import whom.
//
// Everything lies in test files; this one is here so that the package exists
// for a plain build.
package e2e
