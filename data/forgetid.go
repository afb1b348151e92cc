package data

import (
	"fmt"
	"strconv"
	"strings"
)

// ForgetByID returns the set of the examples of ds with the given ids, in any
// order: numbers, or text as [Dataset.Key] gives it. Where several examples
// have one id, all of them are forgotten. No ids make an empty set.
//
// Ids that no example has are all reported by one [*IDError], which suggests
// what was meant; so is the first id that is given twice.
func ForgetByID[ID ~int | ~int64 | ~string](ds *Dataset, ids ...ID) (ForgetSet, error) {
	text := make([]string, len(ids))
	for k, id := range ids {
		text[k] = fmt.Sprint(id)
	}
	f, _, err := forgetByID(ds, text)
	if err != nil {
		return ForgetSet{}, fmt.Errorf("data: forget set: %w", err)
	}
	return f, nil
}

// forgetByID is ForgetByID; bad is the place in ids of the first bad one.
func forgetByID(ds *Dataset, ids []string) (f ForgetSet, bad int, err error) {
	at := make(map[string]int, len(ids)) // id → its place in ids
	for k, id := range ids {
		if first, twice := at[id]; twice {
			// An unknown id is the worse mistake, and the earlier one.
			if _, bad, err := forgetByID(ds, ids[first:first+1]); err != nil {
				return ForgetSet{}, first + bad, err
			}
			return ForgetSet{}, k, &IDError{IDs: []string{id}, Dataset: ds.Name, N: ds.Len(), Duplicate: true}
		}
		at[id] = k
	}
	found := make([]bool, len(ids))
	b := newForgetBuilder(ds.Len())
	for i, k := range ds.matches(at) {
		found[k] = true
		if err := b.add(i); err != nil {
			panic(err) // every example is looked at once
		}
	}
	unknown := &IDError{Dataset: ds.Name, N: ds.Len()}
	for k := len(ids) - 1; k >= 0; k-- {
		if !found[k] {
			bad = k
		}
	}
	for k, id := range ids {
		if !found[k] {
			unknown.IDs = append(unknown.IDs, id)
		}
	}
	if len(unknown.IDs) > 0 {
		unknown.Hint = ds.idHint(unknown.IDs[0])
		return ForgetSet{}, bad, unknown
	}
	return b.set("ids"), 0, nil
}

// matches yields the examples whose ids are keys of at, in order, with what at
// says of them.
func (d *Dataset) matches(at map[string]int) func(yield func(i, k int) bool) {
	return func(yield func(i, k int) bool) {
		if d.Keys != nil {
			for i, key := range d.Keys {
				if k, ok := at[key]; ok && !yield(i, k) {
					return
				}
			}
			return
		}
		// Numbers are compared as such; writing out millions takes longer.
		number := make(map[int]int, len(at))
		for id, k := range at {
			if v, err := strconv.Atoi(id); err == nil && strconv.Itoa(v) == id {
				number[v] = k
			}
		}
		for i := range d.Len() {
			if k, ok := number[d.ID(i)]; ok && !yield(i, k) {
				return
			}
		}
	}
}

// idHint says what to do about an id that no example has.
func (d *Dataset) idHint(id string) string {
	if d.Len() == 0 {
		return "there is nothing to forget"
	}
	if near := d.nearID(id); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	if d.IDs == nil && d.Keys == nil {
		return fmt.Sprintf("the data came without ids, so that these are positions, from 0 to %d", d.Len()-1)
	}
	return fmt.Sprintf("its ids are such as %q; an example that a split or a subset left out was not learned and cannot be forgotten", d.Key(0))
}

// nearID returns the first id that is the same as id but for case, leading
// zeros and what is neither a letter nor a digit, or "".
func (d *Dataset) nearID(id string) string {
	want := looseID(id)
	if want == "" {
		return ""
	}
	for i := range d.Len() {
		if key := d.Key(i); looseID(key) == want {
			return key
		}
	}
	return ""
}

// looseID keeps the letters, in lower case, and the digits of an id, and of
// every number in it only the digits from the first that is not 0.
func looseID(id string) string {
	var b strings.Builder
	number := false // within a number, behind its leading zeros
	for _, r := range strings.ToLower(id) {
		switch {
		case r >= '1' && r <= '9' || r == '0' && number:
			number = true
			b.WriteRune(r)
		case r == '0':
		case r >= 'a' && r <= 'z' || r >= 0x80:
			number = false
			b.WriteRune(r)
		default:
			number = false
		}
	}
	return b.String()
}
