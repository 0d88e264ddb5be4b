// Command check walks through the small histories of the protocol and takes its rules
// away one at a time. Its last line says what came of it; its exit status is 1 where a
// promise was broken, or a rule was not shown to be needed.
//
//	check [PERCENT]   how many states, of the usual number; 100 where it is not named
package main

import (
	"fmt"
	"os"
	"strconv"
	"time"

	"dockfill/sync/check"
)

func main() {
	percent := 100
	if len(os.Args) > 1 {
		n, err := strconv.Atoi(os.Args[1])
		if err != nil || n < 1 || len(os.Args) > 2 {
			fmt.Fprintln(os.Stderr, "usage: check [PERCENT]")
			os.Exit(3)
		}
		percent = n
	}
	started := time.Now()
	t := check.Run(os.Stdout, percent)
	for _, name := range t.Rare.Missed() {
		fmt.Println("not visited:", name)
	}
	took := time.Since(started)
	fmt.Printf("%s; %.0f s, %.0f states/s\n", t, took.Seconds(), float64(t.States)/took.Seconds())
	if t.Bad() {
		os.Exit(1)
	}
}
