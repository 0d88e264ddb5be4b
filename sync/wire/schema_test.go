package wire_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dockfill/sync/wire"
)

// described are the types that the schema has a definition of.
var described = map[string]any{
	"hello": wire.Hello{}, "events": wire.Events{}, "report": wire.Report{}, "welcome": wire.Welcome{}, "ack": wire.Ack{},
	"commands": wire.Commands{}, "fence": wire.Fence{}, "probe": wire.Probe{},
	"cursor": wire.Cursor{}, "commandCursor": wire.CommandCursor{}, "granted": wire.Granted{}, "event": wire.Event{}, "scan": wire.Scan{},
	"receipt": wire.Receipt{}, "allocation": wire.Allocation{}, "move": wire.Move{}, "passed": wire.Passed{}, "undo": wire.Undo{},
	"applied": wire.Applied{}, "right": wire.Right{}, "refused": wire.Refused{}, "deed": wire.Deed{}, "command": wire.Command{},
	"item": wire.Item{}, "itemGTIN": wire.ItemGTIN{}, "order": wire.Order{}, "orderLine": wire.OrderLine{}, "inbound": wire.Inbound{},
	"inboundLine": wire.InboundLine{}, "pallet": wire.Pallet{}, "elsewhere": wire.Elsewhere{}, "policy": wire.Policy{},
	"guarantee": wire.Guarantee{}, "map": wire.Map{}, "approve": wire.Approve{}, "grant": wire.Grant{}, "reclaim": wire.Reclaim{},
}

var (
	up   = []string{"events", "hello", "report"}
	down = []string{"ack", "commands", "fence", "probe", "welcome"}
)

// Whoever writes the other side by the schema writes just the fields that are read.
func TestTheSchemaNamesTheFieldsOfEveryType(t *testing.T) {
	defs := definitions(t)
	for name, of := range described {
		def, ok := defs[name].(map[string]any)
		require.True(t, ok, name)
		var required []string
		for _, r := range def["required"].([]any) {
			required = append(required, r.(string))
		}
		all, always := fields(reflect.TypeOf(of))
		assert.ElementsMatch(t, all, slices.Collect(maps.Keys(def["properties"].(map[string]any))), name)
		assert.ElementsMatch(t, always, required, name)
	}
	for name, def := range defs {
		if def.(map[string]any)["type"] == "object" {
			assert.Contains(t, described, name, "the program knows no such type")
		}
	}
}

// fields are the names of a type's fields in JSON, and of those that always stand there.
func fields(of reflect.Type) (all, always []string) {
	for i := range of.NumField() {
		f := of.Field(i)
		if f.Anonymous {
			a, b := fields(f.Type)
			all, always = append(all, a...), append(always, b...)
			continue
		}
		name, option, _ := strings.Cut(f.Tag.Get("json"), ",")
		all = append(all, name)
		if option == "" {
			always = append(always, name)
		}
	}
	return all, always
}

// The messages that were reviewed are what the schema describes, to the last field; one
// without a field that it demands is not, and one with a field of a newer peer is.
func TestTheSchemaHoldsForEveryMessage(t *testing.T) {
	open, strict := parse(t, schemaFile), parse(t, schemaFile)
	closed(strict)
	for _, kind := range slices.Concat(up, down) {
		message := parse(t, filepath.Join("testdata", kind+".json")).(map[string]any)
		exact, schema := compile(t, strict, kind), compile(t, open, kind)
		require.NoError(t, exact.Validate(message), kind)
		message["newer"] = map[string]any{"field": true}
		assert.Error(t, exact.Validate(message), kind)
		assert.NoError(t, schema.Validate(message), kind)
		for name := range message {
			less := maps.Clone(message)
			delete(less, name)
			err := schema.Validate(less)
			assert.Equal(t, demanded(t, kind, name), err != nil, "%s without %s: %v", kind, name, err)
		}
		for _, spoiled := range []string{"site", "nonce", "type", "v"} {
			wrong := maps.Clone(message)
			wrong[spoiled] = "Not this!"
			assert.Error(t, schema.Validate(wrong), "%s with another %s", kind, spoiled)
		}
	}
}

func demanded(t *testing.T, kind, field string) bool {
	required := definitions(t)[kind].(map[string]any)["required"].([]any)
	return slices.Contains(required, any(field))
}

// The AsyncAPI document names the topics and messages that the program uses.
func TestTheAsyncAPIDocumentNamesEveryTopicAndMessage(t *testing.T) {
	text, err := os.ReadFile("../../docs/asyncapi.json")
	require.NoError(t, err)
	var doc struct {
		AsyncAPI string
		Channels map[string]struct {
			Address  string
			Messages map[string]ref
		}
		Operations map[string]struct {
			Action   string
			Channel  ref
			Messages []ref
		}
		Components struct {
			Messages map[string]struct {
				Payload struct{ Schema ref }
			}
		}
	}
	require.NoError(t, json.Unmarshal(text, &doc))
	assert.Equal(t, "3.0.0", doc.AsyncAPI)
	require.Len(t, doc.Channels, 2)
	topic := strings.NewReplacer("{shard}", wire.Shard("leeds"), "{site}", "leeds")
	assert.Equal(t, wire.Up("leeds"), topic.Replace(doc.Channels["up"].Address))
	assert.Equal(t, wire.Down("leeds"), topic.Replace(doc.Channels["down"].Address))
	for way, kinds := range map[string][]string{"up": up, "down": down} {
		var told []string
		for _, o := range doc.Operations {
			if o.Channel.Ref != "#/channels/"+way {
				continue
			}
			assert.Equal(t, map[string]string{"up": "receive", "down": "send"}[way], o.Action)
			for _, m := range o.Messages {
				told = append(told, strings.TrimPrefix(m.Ref, "#/channels/"+way+"/messages/"))
			}
		}
		assert.ElementsMatch(t, kinds, told)
		assert.ElementsMatch(t, kinds, slices.Collect(maps.Keys(doc.Channels[way].Messages)))
		for _, kind := range kinds {
			assert.Equal(t, "#/components/messages/"+kind, doc.Channels[way].Messages[kind].Ref)
			assert.Equal(t, "protocol.schema.json#/definitions/"+kind, doc.Components.Messages[kind].Payload.Schema.Ref)
		}
	}
	golden, err := filepath.Glob("testdata/*.json")
	require.NoError(t, err)
	assert.Len(t, golden, len(up)+len(down)+1, "a message of each type, and the chain")
}

type ref struct {
	Ref string `json:"$ref"`
}

const schemaFile = "../../docs/protocol.schema.json"

func parse(t *testing.T, file string) any {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	require.NoError(t, err)
	return doc
}

func definitions(t *testing.T) map[string]any {
	return parse(t, schemaFile).(map[string]any)["definitions"].(map[string]any)
}

// closed lets every object of a schema have no field but those that it names.
func closed(schema any) {
	switch s := schema.(type) {
	case map[string]any:
		if s["type"] == "object" {
			s["additionalProperties"] = false
		}
		for _, below := range s {
			closed(below)
		}
	case []any:
		for _, below := range s {
			closed(below)
		}
	}
}

func compile(t *testing.T, doc any, kind string) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	require.NoError(t, c.AddResource("dockfill:protocol", doc))
	schema, err := c.Compile("dockfill:protocol#/definitions/" + kind)
	require.NoError(t, err)
	return schema
}
