package ingest

import "time"

const (
	// heardLately is within two beats of a site: what it had not written then
	// it wrote since.
	heardLately = 40 * time.Second
	// clockSlack is how far a site's clock may be off before it is told. It is
	// more than an event takes on its way.
	clockSlack = 2 * time.Minute
)

// clock judges the site's clock by the newest event of a batch. One from the
// future is wrong for certain. One from the past may have waited for a line;
// it is wrong where the site was heard lately and had told of nothing unsent.
func (c *commit) clock(l *life) {
	n := len(l.fresh)
	if n == 0 || l.parsed[n-1].err != nil || l.life.Incarnation != l.site.Incarnation {
		return
	}
	before := c.homes.before[l.life.Site]
	off := l.parsed[n-1].event.At.Sub(c.at)
	fresh := c.at.Sub(before.LastSeen) < heardLately && before.Head < l.fresh[0].Seq
	switch {
	case off.Abs() < clockSlack:
		l.site.ClockOff = 0
	case off > 0 || fresh:
		l.site.ClockOff = off.Round(time.Second)
	}
}
