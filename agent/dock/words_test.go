package dock_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"dockfill/agent/dock"
	"dockfill/allocation"
)

// A hub without power takes many scanners away at once.
func TestTheSentenceCountsTheStationsInTrouble(t *testing.T) {
	now := time.Date(2027, 3, 1, 8, 0, 0, 0, time.UTC)
	station := func(id, problem string) dock.Station {
		return dock.Station{ID: allocation.StationID(id), State: dock.StationConnected, Problem: problem}
	}
	for want, stations := range map[string][]dock.Station{
		"Station 1: stuck. ":                                           {station("1", "stuck"), station("2", "")},
		"Station 1: stuck; station 3 is in trouble too. ":              {station("1", "stuck"), station("2", ""), station("3", "stuck")},
		"Station 1: stuck; stations 2 and 2 more are in trouble too. ": {station("1", "stuck"), station("2", "x"), station("3", "x"), station("4", "x")},
	} {
		_, text := dock.Judge(dock.Status{State: "ACTIVE", DiskFreeBytes: dock.UnknownBytes, Stations: stations}, now)
		assert.Contains(t, text, want)
	}
}
