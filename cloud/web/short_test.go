package web

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"dockfill/allocation"
)

// What was promised whole and is not needs a person, wherever that shows first.
func TestLinesThatAreToBeFilledWholeStandOnThePageInTheAPIAndInTheMetrics(t *testing.T) {
	data := busy()
	assert.NotContains(t, read(t, data, "/"), "<h2>To be filled whole</h2>")
	assert.Contains(t, read(t, data, "/metrics"), "dockfill_lines_short 0")
	for i := range 14 {
		data.lines[i].Class, data.lines[i].SKU, data.lines[i].CustomerName = allocation.Win, "X<b>", "Smith"
	}
	line := data.lines[0]
	page := read(t, data, "/")
	for _, want := range []string{
		"<h2>To be filled whole</h2>", string(line.Line) + " is to be filled whole and lacks " + number(line.Open) + " of X&lt;b&gt;", "Smith · hull",
		`href="/decisions/SO-10100%2F1"`, "2 more: ",
	} {
		assert.Contains(t, page, want)
	}
	assert.Contains(t, read(t, data, "/metrics"), "dockfill_lines_short 14")
	api := read(t, data, "/api/v1/owed?class=win&per_page=1")
	assert.Contains(t, api, `"total":14`)
	assert.Contains(t, api, `"class":"win"`)
}
