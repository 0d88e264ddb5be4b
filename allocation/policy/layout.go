package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2/unstable"
)

// The library's decoder takes "Share" for share and one [guarantee] for a list of
// one, and says nothing of what is missing. The document is walked here once more,
// to be held to its own words and to know where its values stand.

var keysOf = map[string][]string{
	"":          {"version", "rank", "share", "gate_mode", "over_receipt_pct", "stage_at_beep", "guarantee"},
	"guarantee": {"segment", "qty"},
}

// walk is one that goes through a document which the decoder has read.
type walk struct {
	parser unstable.Parser
	table  string          // "" or guarantee
	head   unstable.Range  // of the guarantee that is open
	has    map[string]bool // what that guarantee says
	open   bool
}

// layout finds keys in other letters and guarantees that are no list or not whole.
func layout(text []byte) error {
	w := walk{}
	w.parser.Reset(text)
	for w.parser.NextExpression() {
		if err := w.expression(w.parser.Expression()); err != nil {
			return err
		}
	}
	return w.close()
}

func (w *walk) expression(e *unstable.Node) error {
	if e.Kind == unstable.KeyValue {
		return w.assign(w.table, e)
	}
	if e.Kind != unstable.Table && e.Kind != unstable.ArrayTable {
		return nil
	}
	if err := w.close(); err != nil {
		return err
	}
	key, err := w.key("", e)
	if err != nil {
		return err
	}
	if e.Kind == unstable.Table {
		return w.fault(key.Raw, "guarantee is "+oneEach)
	}
	w.table, w.head, w.has, w.open = "guarantee", key.Raw, map[string]bool{}, true
	return nil
}

// assign checks one key = value, and what an inline table or a list of them says.
func (w *walk) assign(table string, e *unstable.Node) error {
	key, err := w.key(table, e)
	if err != nil {
		return err
	}
	if table == "guarantee" {
		w.has[string(key.Data)] = true
		return nil
	}
	value := e.Value()
	if string(key.Data) != "guarantee" {
		return nil
	}
	if value.Kind != unstable.Array {
		return w.fault(key.Raw, "guarantee is "+oneEach)
	}
	for all := value.Children(); all.Next(); {
		if err := w.inline(key.Raw, all.Node()); err != nil {
			return err
		}
	}
	return nil
}

func (w *walk) inline(at unstable.Range, table *unstable.Node) error {
	w.head, w.has, w.open = at, map[string]bool{}, true
	for all := table.Children(); all.Next(); {
		if all.Node().Kind != unstable.KeyValue {
			continue
		}
		if err := w.assign("guarantee", all.Node()); err != nil {
			return err
		}
	}
	return w.close()
}

// close checks that the guarantee that ends here is whole.
func (w *walk) close() error {
	if !w.open {
		return nil
	}
	w.open = false
	for _, key := range keysOf["guarantee"] {
		if !w.has[key] {
			return w.fault(w.head, fmt.Sprintf("the guarantee has no %s", key))
		}
	}
	return nil
}

// key gives the one key of an expression, as it must stand.
func (w *walk) key(table string, e *unstable.Node) (*unstable.Node, error) {
	keys := e.Key()
	keys.Next()
	key := keys.Node()
	if keys.Next() {
		return nil, w.fault(key.Raw, fmt.Sprintf("%s is %s", key.Data, oneEach))
	}
	if !slices.Contains(keysOf[table], string(key.Data)) {
		return nil, w.fault(key.Raw, unknownKey(strings.TrimPrefix(table+"."+string(key.Data), ".")))
	}
	return key, nil
}

func (w *walk) fault(at unstable.Range, message string) error {
	start := w.parser.Shape(at).Start
	return &Error{start.Line, start.Column, message}
}
