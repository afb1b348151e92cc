package grid

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"

	"github.com/tidwall/jsonc"

	"github.com/miniunlearn/miniunlearn/internal/nearest"
)

// Parse reads an experiment from JSON, in which comments and a comma before a
// closing bracket are allowed; name stands for it in errors, which give the line.
// A field that is unknown, or there twice, is an error.
func Parse(raw []byte, name string) (Spec, error) {
	plain := jsonc.ToJSON(raw) // comments become spaces, so that places stay
	d := decoder{name: name, text: plain}
	if !json.Valid(plain) {
		var syntax *json.SyntaxError
		if err := json.Unmarshal(plain, new(any)); errors.As(err, &syntax) {
			at := int(syntax.Offset)
			if at < len(plain) {
				at-- // it counts the byte that is wrong
			}
			return Spec{}, d.fail(at, "%v", syntax)
		}
		return Spec{}, d.fail(0, "want one JSON object")
	}
	var s Spec
	if err := d.object(0, plain, reflect.ValueOf(&s).Elem(), ""); err != nil {
		return Spec{}, err
	}
	return s, nil
}

// decoder reads structs field by field, and knows where it is.
type decoder struct {
	name string
	text []byte
}

// fail returns an error about the byte at offset.
func (d decoder) fail(offset int, format string, args ...any) error {
	offset = min(max(offset, 0), len(d.text))
	line := 1 + bytes.Count(d.text[:offset], []byte("\n"))
	return fmt.Errorf("grid: %s: line %d: %s", d.name, line, fmt.Sprintf(format, args...))
}

// object reads raw, which begins at offset, into a struct; path is the field that
// holds it.
func (d decoder) object(offset int, raw []byte, into reflect.Value, path string) error {
	dec := json.NewDecoder(bytes.NewReader(raw))
	if first, err := dec.Token(); err != nil || first != json.Delim('{') {
		return d.fail(offset, "%swant an object, fields in braces", prefix(path))
	}
	seen := map[string]bool{}
	for dec.More() {
		token, err := dec.Token()
		if err != nil {
			return d.fail(offset+int(dec.InputOffset()), "%v", err)
		}
		key := token.(string) // an object's, of valid JSON
		at := offset + int(dec.InputOffset())
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return d.fail(at, "%v", err)
		}
		start := offset + int(dec.InputOffset()) - len(value)
		field, known := fieldOf(into, key)
		switch {
		case !field.IsValid():
			return d.fail(at, "unknown field %q%s; known are %s", path+key, nearest.Hint(key, known), strings.Join(known, ", "))
		case seen[key]:
			return d.fail(at, "field %q is there twice", path+key)
		}
		seen[key] = true
		if err := d.value(start, value, field, path+key); err != nil {
			return err
		}
	}
	return nil
}

// value reads one field.
func (d decoder) value(offset int, raw []byte, into reflect.Value, path string) error {
	if of := into.Type(); of.Kind() == reflect.Slice && of.Elem().Kind() == reflect.Struct {
		return d.structs(offset, raw, into, path)
	}
	if err := json.Unmarshal(raw, into.Addr().Interface()); err != nil || string(raw) == "null" {
		var kind *json.UnmarshalTypeError
		if errors.As(err, &kind) {
			err = fmt.Errorf("want %s, not a %s", map[string]string{"string": "text"}[kind.Type.String()], kind.Value)
		}
		if err == nil {
			err = errors.New("null stands for nothing; leave the field out")
		}
		return d.fail(offset, "field %q: %v", path, err)
	}
	return nil
}

// structs reads a list of structs, or one that stands for a list of it.
func (d decoder) structs(offset int, raw []byte, list reflect.Value, path string) error {
	read := func(start int, raw []byte) error {
		item := reflect.New(list.Type().Elem()).Elem()
		if err := d.object(start, raw, item, path+"."); err != nil {
			return err
		}
		list.Set(reflect.Append(list, item))
		return nil
	}
	if raw[0] != '[' {
		return read(offset, raw)
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	if _, err := dec.Token(); err != nil {
		return d.fail(offset, "%v", err)
	}
	for dec.More() {
		var item json.RawMessage
		if err := dec.Decode(&item); err != nil {
			return d.fail(offset, "%v", err)
		}
		if err := read(offset+int(dec.InputOffset())-len(item), item); err != nil {
			return err
		}
	}
	if list.Len() == 0 {
		return d.fail(offset, "field %q: %v", path, errEmpty)
	}
	return nil
}

func prefix(path string) string {
	if path == "" {
		return ""
	}
	return fmt.Sprintf("field %q: ", strings.TrimSuffix(path, "."))
}

// fieldOf returns the field of a struct, or of one embedded in it, by its name in
// JSON, and the names of all.
func fieldOf(s reflect.Value, name string) (field reflect.Value, known []string) {
	for _, f := range reflect.VisibleFields(s.Type()) {
		if f.Anonymous {
			continue
		}
		tag, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		known = append(known, tag)
		if tag == name {
			field = s.FieldByIndex(f.Index)
		}
	}
	return field, known
}
