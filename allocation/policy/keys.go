package policy

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/agnivade/levenshtein"
	"github.com/pelletier/go-toml/v2/unstable"

	"dockfill/allocation"
)

// setter takes the value of a key, or notes why it cannot.
type setter func(d *document, key string, v value)

// The keys of a policy.
var (
	topKeys       = []string{"version", "rank", "share", "gate_mode", "over_receipt_pct", "stage_at_beep", guarantee}
	guaranteeKeys = []string{"segment", "qty"}
)

// setterOf gives what takes the value of a key; nil where the table has no such key.
func setterOf(table, key string) setter {
	if table == guarantee {
		return map[string]setter{"segment": (*document).setSegment, "qty": (*document).setQty}[key]
	}
	return map[string]setter{
		"version": (*document).setVersion, "rank": (*document).setRank, "share": (*document).setShare, "gate_mode": (*document).setGate,
		"over_receipt_pct": (*document).setOver, "stage_at_beep": (*document).setStage, guarantee: (*document).setGuarantees,
	}[key]
}

// kinds says what each key takes, for whoever wrote something else.
var kinds = map[string]string{
	"version": "a text in quotes", "rank": "a list of texts in quotes", "share": "a text in quotes", "gate_mode": "a text in quotes",
	"over_receipt_pct": "a whole number of percent", "stage_at_beep": "true or false, without quotes",
	guarantee: "a list: write [[guarantee]] on a line of its own for each of them", guarantee + ".segment": "a text in quotes",
	guarantee + ".qty": "a whole number of units",
}

func wants(key string) string { return fmt.Sprintf("%s is %s", key, kinds[key]) }

func (d *document) setVersion(key string, v value) {
	if d.quoted(key, v, &d.version) {
		d.check(v, allocation.CheckID("policy version", d.version))
	}
}

func (d *document) setRank(key string, v value) {
	if v.Kind != unstable.Array {
		d.fault(v.at, wants(key))
		return
	}
	all := d.each(v)
	if len(all) == 0 {
		d.fault(v.at, "rank is empty: name the keys by which lines rank, or leave rank out for the default")
	}
	for _, one := range all {
		if one.Kind != unstable.String {
			d.fault(one.at, wants(key))
			continue
		}
		rank := append(d.rules.Rank, allocation.Key(one.Data))
		if _, err := allocation.NewPolicy("p", allocation.Rules{Rank: rank}); d.check(one, err) {
			d.rules.Rank = rank
		}
	}
}

func (d *document) setShare(key string, v value) {
	var word string
	if d.quoted(key, v, &word) && d.word(key, v, word, string(allocation.Sequence), string(allocation.Fair)) {
		d.rules.Share = allocation.Share(word)
	}
}

func (d *document) setGate(key string, v value) {
	var word string
	if d.quoted(key, v, &word) && d.word(key, v, word, string(allocation.GateHold), string(allocation.GateSkip)) {
		d.rules.Gate = allocation.GateMode(word)
	}
}

// word checks that a text is one of few.
func (d *document) word(key string, v value, got string, of ...string) bool {
	if slices.Contains(of, got) {
		return true
	}
	d.fault(v.at, fmt.Sprintf("%s %q is none of %s%s", key, got, strings.Join(of, ", "), nearest(got, of)))
	return false
}

func (d *document) setOver(key string, v value) {
	if d.number(key, v, &d.rules.OverPct) {
		d.check(v, allocation.CheckOverPct(d.rules.OverPct))
	}
}

func (d *document) setStage(key string, v value) {
	if v.Kind != unstable.Bool {
		d.fault(v.at, wants(key))
		return
	}
	d.rules.StageAtBeep = string(v.Data) == "true"
}

// promise is a guarantee that is being read, and where its keys stand.
type promise struct {
	allocation.Guarantee
	at    int
	given map[string]int
	doubt bool // as the document's
}

func newPromise(at int) *promise { return &promise{at: at, given: map[string]int{}} }

// setGuarantees takes a list of inline tables.
func (d *document) setGuarantees(key string, v value) {
	if v.Kind != unstable.Array {
		d.fault(v.at, wants(key))
		return
	}
	for _, one := range d.each(v) {
		if one.Kind != unstable.InlineTable {
			d.fault(one.at, wants(key))
			continue
		}
		d.table, d.open = guarantee, newPromise(one.at)
		for in := one.Children(); in.Next(); {
			d.assign(in.Node())
		}
		d.close()
	}
	d.table = ""
}

func (d *document) setSegment(key string, v value) {
	if d.quoted(key, v, &d.open.Segment) {
		d.check(v, allocation.CheckID("segment", d.open.Segment))
		for _, g := range d.rules.Guarantees {
			if g.Segment == d.open.Segment {
				d.fault(v.at, fmt.Sprintf("segment %q has two guarantees", g.Segment))
			}
		}
	}
}

func (d *document) setQty(key string, v value) {
	if d.number(key, v, &d.open.Qty) {
		d.check(v, allocation.CheckQty(d.open.Qty))
	}
}

// close takes the guarantee that ends here, if it is whole.
func (d *document) close() {
	if d.open == nil {
		return
	}
	for _, key := range guaranteeKeys {
		if _, ok := d.open.given[key]; !ok && !d.open.doubt {
			d.fault(d.open.at, fmt.Sprintf("the guarantee has no %s", key))
		}
	}
	d.rules.Guarantees = append(d.rules.Guarantees, d.open.Guarantee)
	d.open = nil
}

func (d *document) quoted(key string, v value, to *string) bool {
	if v.Kind != unstable.String {
		d.fault(v.at, wants(key))
		return false
	}
	*to = string(v.Data)
	return true
}

// number takes a whole number in each of TOML's forms.
func (d *document) number(key string, v value, to *int64) bool {
	if v.Kind == unstable.Integer {
		n, err := strconv.ParseInt(string(v.Data), 0, 64)
		if err == nil {
			*to = n
			return true
		}
	}
	d.fault(v.at, wants(key))
	return false
}

func (d *document) check(v value, err error) bool {
	if err != nil {
		d.fault(v.at, err.Error())
	}
	return err == nil
}

// unknown says of a key that a table does not have what is probably meant.
func unknown(table, key string) string {
	switch {
	case table == guarantee && slices.Contains(topKeys, key):
		return fmt.Sprintf("%s is no key of a guarantee: write it above the first [[guarantee]]", key)
	case table == guarantee:
		return fmt.Sprintf("%q is no key of a guarantee%s; they are %s", key, nearest(key, guaranteeKeys), strings.Join(guaranteeKeys, ", "))
	case slices.Contains(guaranteeKeys, key):
		return fmt.Sprintf("%s belongs to a guarantee: write it below a line [[guarantee]]", key)
	}
	return fmt.Sprintf("%q is no key of a policy%s; they are %s", key, nearest(key, topKeys), strings.Join(topKeys, ", "))
}

// nearest asks whether the word was meant that differs least, where one is near.
func nearest(got string, words []string) string {
	far := func(word string) int { return levenshtein.ComputeDistance(strings.ToLower(got), word) }
	best := slices.MinFunc(words, func(a, b string) int { return cmp.Compare(far(a), far(b)) })
	if far(best) > max(2, len(best)/3) {
		return ""
	}
	return fmt.Sprintf(" (did you mean %s?)", best)
}
