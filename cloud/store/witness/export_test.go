package witness

// Line gives tests the text of a record.
func Line(n int64, body string) string { return string(line(n, []byte(body))) }
