package data

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// ErrOtherData reports a forget set that was made for another training set.
var ErrOtherData = errors.New("the forget set was made for other data")

const forgetFormat = "miniunlearn forget set 1"

// forgetFile is a forget set in JSON.
type forgetFile struct {
	Format      string            `json:"format"`
	Dataset     string            `json:"dataset"`
	N           int               `json:"n"` // training examples
	Fingerprint string            `json:"fingerprint"`
	Spec        string            `json:"spec"`
	IDs         []json.RawMessage `json:"ids"` // numbers or strings, as those of the data
}

// WriteForget writes f, a set of examples of ds, as JSON: the ids of the
// examples, how they were chosen, and the fingerprint of ds. [ReadForget] and
// the specification set:FILE read it.
func WriteForget(w io.Writer, ds *Dataset, f ForgetSet) error {
	if err := f.Validate(ds.Len()); err != nil {
		return err
	}
	file := forgetFile{Format: forgetFormat, Dataset: ds.Name, N: ds.Len(), Fingerprint: ds.Fingerprint(), Spec: f.Spec, IDs: []json.RawMessage{}}
	for i := range f.All() {
		id := json.RawMessage(strconv.Itoa(ds.ID(i)))
		if ds.Keys != nil {
			var err error
			if id, err = json.Marshal(ds.Keys[i]); err != nil {
				return fmt.Errorf("data: forget set: %w", err)
			}
		}
		file.IDs = append(file.IDs, id)
	}
	raw, err := json.Marshal(file)
	if err != nil {
		return fmt.Errorf("data: forget set: %w", err)
	}
	if _, err := w.Write(append(raw, '\n')); err != nil {
		return fmt.Errorf("data: forget set: %w", err)
	}
	return nil
}

// ReadForget reads a forget set of ds that WriteForget wrote; name stands for r in
// errors. The error matches [ErrOtherData] if it was made for another training
// set, one with other rows, another split or other features.
func ReadForget(r io.Reader, name string, ds *Dataset) (ForgetSet, error) {
	// An id takes as many bytes as it may have in a file of ids, and quotes.
	limit := int64(ds.Len()+16) * (maxIDLine + 3)
	raw, err := io.ReadAll(io.LimitReader(r, limit))
	if err != nil {
		return ForgetSet{}, &FormatError{File: name, Offset: -1, Msg: "cannot read on", Err: err}
	}
	raw = bytes.TrimPrefix(raw, []byte("\ufeff"))
	var file forgetFile
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&file); err != nil {
		return ForgetSet{}, &FormatError{File: name, Offset: dec.InputOffset(), Msg: "not a forget set as WriteForget writes it", Err: err}
	}
	if _, err := dec.Token(); err != io.EOF {
		return ForgetSet{}, &FormatError{File: name, Offset: dec.InputOffset(), Msg: "something follows the forget set"}
	}
	if file.Format != forgetFormat {
		return ForgetSet{}, &FormatError{File: name, Offset: 0, Msg: fmt.Sprintf("format %q; want %q", abridge(file.Format), forgetFormat)}
	}
	if got := ds.Fingerprint(); file.Fingerprint != got {
		return ForgetSet{}, fmt.Errorf("data: %s: %w: %s, %d examples, %s, where this is %s, %d, %s; open the data as they were, or forget its ids with ids:FILE",
			name, ErrOtherData, file.Dataset, file.N, abridge(file.Fingerprint), ds.Name, ds.Len(), abridge(got))
	}
	ids := make([]string, len(file.IDs))
	for k, id := range file.IDs {
		ids[k] = string(id)
		if len(id) > 0 && id[0] == '"' {
			if ds.Keys == nil {
				return ForgetSet{}, &FormatError{File: name, Offset: -1, Msg: fmt.Sprintf("id %s is text; those of the data are numbers", abridge(string(id)))}
			}
			if err := json.Unmarshal(id, &ids[k]); err != nil {
				return ForgetSet{}, &FormatError{File: name, Offset: -1, Msg: "an id that is none", Err: err}
			}
		}
	}
	f, _, err := forgetByID(ds, ids)
	if err != nil {
		return ForgetSet{}, &FormatError{File: name, Offset: -1, Err: err}
	}
	f.Spec = file.Spec
	return f, nil
}
