package data

import (
	"errors"
	"fmt"
	"hash/fnv"
	"strconv"
	"unicode/utf8"

	"github.com/miniunlearn/miniunlearn/internal/purpose"
)

// ID returns a number that tells example i from others, wherever it stands:
// IDs[i], or i if there are no ids. Where ids are strings it is a hash of
// Keys[i], 0 or more and the same in every build. What is random about an
// example, such as its augmentation, depends on this number and not on where
// the example stands.
func (d *Dataset) ID(i int) int {
	switch {
	case d.Keys != nil:
		return keyHash(d.Keys[i])
	case d.IDs != nil:
		return d.IDs[i]
	}
	return i
}

// Key returns the id of example i as text, as the owner of the data writes it:
// what [ForgetByID] takes, and what reports and journals print.
func (d *Dataset) Key(i int) string {
	if d.Keys != nil {
		return d.Keys[i]
	}
	return strconv.Itoa(d.ID(i))
}

// keyHash is FNV-1a, mixed so that every bit depends on every byte, without
// its lowest bit: an int on every machine with 64 bits, and not negative.
func keyHash(key string) int {
	h := fnv.New64a()
	h.Write([]byte(key))
	return int(purpose.Mix(h.Sum64()) >> 1)
}

// subsetIDs returns the ids of the examples idx, one of the two lists.
func (d *Dataset) subsetIDs(idx []int) (ids []int, keys []string) {
	if d.Keys != nil {
		keys = make([]string, len(idx))
		for k, i := range idx {
			keys[k] = d.Keys[i]
		}
		return nil, keys
	}
	ids = make([]int, len(idx))
	for k, i := range idx {
		ids[k] = d.ID(i)
	}
	return ids, nil
}

// keys returns the ids of all examples as text.
func (d *Dataset) keys() []string {
	if d.Keys != nil {
		return d.Keys
	}
	keys := make([]string, d.Len())
	for i := range keys {
		keys[i] = d.Key(i)
	}
	return keys
}

// validateIDs checks what [Dataset.Validate] promises of ids.
func (d *Dataset) validateIDs() error {
	if d.IDs != nil && d.Keys != nil {
		return errors.New("both IDs and Keys are set; give numbers or strings, not both")
	}
	if d.IDs != nil && len(d.IDs) != len(d.Y) {
		return fmt.Errorf("%d ids for %d examples; give one each, or leave IDs nil", len(d.IDs), len(d.Y))
	}
	if d.Keys != nil && len(d.Keys) != len(d.Y) {
		return fmt.Errorf("%d keys for %d examples; give one each, or leave Keys nil", len(d.Keys), len(d.Y))
	}
	for i, k := range d.Keys {
		if k == "" {
			return &ExampleError{d.Name, i, "", "its key is empty; give every example an id"}
		}
		if !utf8.ValidString(k) {
			return &ExampleError{d.Name, i, "", fmt.Sprintf("its key %q is %s", abridge(k), notUTF8)}
		}
	}
	return nil
}
