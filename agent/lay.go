package agent

import (
	"slices"

	"dockfill/agent/store"
	"dockfill/scanner"
)

// laid is an upload beside what is remembered of a memory.
type laid struct {
	memory  int64          // 0 is a new one
	records []store.Record // the memory as it is known now
	shared  int            // records of the upload that are in both
	fits    bool           // nothing speaks against it that both are one memory
	goesOn  bool           // the upload goes on where the one before stalled
	lacks   int            // records before the last shared one that only the newest upload had
	mostly  bool           // up to some shared record no more were lacking than are shared
}

// certain tells a beginning of different codes from one of equal cartons, which
// two memories may share by chance.
func (l laid) certain() bool {
	keys := map[string]bool{}
	for _, k := range l.records {
		if k.N > 0 && k.Seq != 0 {
			keys[k.Key] = true
		}
	}
	return len(keys) > 1
}

// thinned tells a memory of which records were deleted from another that has some of
// its codes by chance. The station's newest memory is more likely, so for it less is
// enough: the same first record, a few in a row, or all that follows to the end, as a
// full memory drops its oldest.
func (l laid) thinned(kept []store.Record, up []scanner.Record, newest bool) bool {
	kept = slices.DeleteFunc(kept, func(k store.Record) bool { return k.N == 0 })
	switch {
	case l.shared == 0:
		return false
	case !newest:
		return l.shared >= leastShared && l.shared >= l.lacks
	case l.mostly, len(kept) > 0 && kept[0].Key == up[0].Key:
		return true
	}
	for i := range kept {
		if n, _ := alike(kept[i:], up); n >= leastShared || n == len(kept)-i {
			return true
		}
	}
	return false
}

// lay lays an upload beside the records that are kept, from the first on. Where
// something could not be read, in either of them, they meet again behind it, and
// what the newest upload lacked already may be lacking still. From the first
// difference on the upload is another memory.
func lay(kept []store.Record, up []scanner.Record) laid {
	l := laid{fits: true}
	i, j := 0, 0
	for i < len(up) && j < len(kept) {
		mine, theirs := meet(kept[j:], up[i:])
		for range mine {
			l.bring(up[i], i+1, 0)
			i++
		}
		if i < len(up) {
			theirs += lacking(kept[j+theirs:], up[i])
		}
		for range theirs {
			l.leave(kept[j])
			j++
		}
		if i == len(up) || j == len(kept) {
			break
		}
		if kept[j].Key != up[i].Key {
			l.fits = false
			break
		}
		both := up[i]
		both.Gap = both.Gap && kept[j].Gap
		l.bring(both, i+1, kept[j].Seq)
		l.shared++
		i, j = i+1, j+1
	}
	if l.shared == 0 && len(kept) > 0 { // they only missed each other
		l.records, l.fits, i = nil, false, 0
	}
	for ; i < len(up); i++ {
		l.bring(up[i], i+1, 0)
	}
	for ; l.fits && j < len(kept); j++ {
		l.leave(kept[j])
	}
	return l
}

// lacking counts the kept records before the next of the upload, if the newest
// upload did not bring them either; 0 where it did.
func lacking(kept []store.Record, next scanner.Record) int {
	for n, k := range kept {
		switch {
		case k.Key == next.Key:
			return n
		case k.N > 0:
			return 0
		}
	}
	return 0
}

// thin lays an upload beside a memory of which records were deleted: whatever of it
// stands in the kept ones, in their order, may be the same. The first record that
// does not shows that the rest is new, unless something unreadable stood there.
func thin(kept []store.Record, up []scanner.Record) laid {
	l := laid{}
	j := 0
	for i, r := range up {
		n := slices.IndexFunc(kept[j:], func(k store.Record) bool { return k.Key == r.Key })
		switch {
		case n >= 0:
			for range n {
				if kept[j].N > 0 {
					l.lacks++
				}
				l.leave(kept[j])
				j++
			}
			l.bring(r, i+1, kept[j].Seq)
			j++
			l.shared++
			l.mostly = l.mostly || l.shared >= l.lacks
		case j < len(kept) && kept[j].Gap:
			l.bring(r, i+1, 0)
		default:
			for n := i; n < len(up); n++ {
				l.bring(up[n], n+1, 0)
			}
			return l
		}
	}
	for _, k := range kept[j:] { // the upload may have stalled here
		l.leave(k)
	}
	return l
}

// bring adds a record of the upload.
func (l *laid) bring(r scanner.Record, n int, seq int64) {
	l.records = append(l.records, store.Record{Key: r.Key, Timed: r.Timed, Gap: r.Gap, N: n, Seq: seq})
}

// leave adds a record that the upload does not bring.
func (l *laid) leave(k store.Record) {
	k.N = 0
	l.records = append(l.records, k)
}

// mostSkipped bounds how much one unreadable piece may have swallowed, and
// mostTrusted how much of it where nothing behind it is equal.
const (
	mostSkipped = 512
	mostTrusted = 2
)

// meet gives how many records of the upload, or of those that are kept, an
// unreadable piece swallowed in the other: so many that most of what follows is
// equal, and of those the fewest.
func meet(kept []store.Record, up []scanner.Record) (mine, theirs int) {
	if !up[0].Gap && !kept[0].Gap {
		return 0, 0
	}
	most, found := alike(kept, up)
	found = found && most > 0
	better := func(n int, ok bool) bool { return ok && (n > most || !found) }
	if kept[0].Gap {
		for skip := 1; skip <= min(len(up), mostSkipped); skip++ {
			if n, ok := alike(kept, up[skip:]); better(n, ok && (n > 0 || skip <= mostTrusted)) {
				most, found, mine = n, true, skip
			}
		}
	}
	if up[0].Gap {
		for skip := 1; skip <= min(len(kept), mostSkipped); skip++ {
			n, ok := alike(kept[skip:], up)
			if better(n, ok && (n > 0 || skip <= mostTrusted)) {
				most, found, mine, theirs = n, true, 0, skip
			}
		}
	}
	return mine, theirs
}

// alike counts the equal records up to the next gap, and reports whether no
// difference ended them.
func alike(kept []store.Record, up []scanner.Record) (n int, clean bool) {
	for n < len(kept) && n < len(up) {
		if n > 0 && (kept[n].Gap || up[n].Gap) {
			break
		}
		if kept[n].Key != up[n].Key {
			return n, false
		}
		n++
	}
	return n, true
}
