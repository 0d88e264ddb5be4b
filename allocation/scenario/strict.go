package scenario

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
)

// checkKeys refuses what encoding/json lets pass in a line that it has read: a key
// that stands twice in an object, of which the last one would hold, and one in
// other letters, such as "Scan".
func checkKeys(text []byte) error {
	d := json.NewDecoder(bytes.NewReader(text))
	return checkValue(d, reflect.TypeFor[Line]())
}

// checkValue reads one value that becomes a t.
func checkValue(d *json.Decoder, t reflect.Type) error {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	open, err := d.Token()
	if err != nil {
		return err
	}
	switch open {
	case json.Delim('{'):
		err = checkObject(d, t)
	case json.Delim('['):
		for d.More() && err == nil {
			err = checkValue(d, t.Elem())
		}
	default:
		return nil
	}
	if err == nil {
		_, err = d.Token() // the end of it
	}
	return err
}

func checkObject(d *json.Decoder, t reflect.Type) error {
	seen := map[string]bool{}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return err
		}
		key := token.(string) // an object has no other keys
		of, known := fieldOf(t, key)
		switch {
		case !known:
			return fmt.Errorf("there is no key %q", key)
		case seen[key]:
			return fmt.Errorf("the key %q stands twice", key)
		}
		seen[key] = true
		if err := checkValue(d, of); err != nil {
			return err
		}
	}
	return nil
}

func fieldOf(t reflect.Type, key string) (reflect.Type, bool) {
	for i := range t.NumField() {
		if name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ","); name == key {
			return t.Field(i).Type, true
		}
	}
	return nil, false
}
