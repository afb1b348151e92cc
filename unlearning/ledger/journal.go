package ledger

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/miniunlearn/miniunlearn/internal/atomicfile"
	"github.com/miniunlearn/miniunlearn/internal/chain"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// Kind says what an entry of the journal tells of.
type Kind string

const (
	KindCreated   Kind = "created"   // the ledger was made of a finished run
	KindForgotten Kind = "forgotten" // requests were served by a method
	KindRetrained Kind = "retrained" // the model was trained again on what is left
	KindAudited   Kind = "audited"   // somebody audited the model, and noted the result
)

// Entry is an entry of the journal. Nothing in it tells whose data were forgotten to
// anyone without the ledger's key.
type Entry struct {
	Number  int       `json:"number"` // 0, 1, …
	Kind    Kind      `json:"kind"`
	Time    time.Time `json:"time"`
	Version int       `json:"version"` // of the format
	Program string    `json:"program"` // that wrote it: module version, Go version and platform

	// Folder is that of the run after the change, within the ledger's.
	Folder string `json:"folder,omitempty"`
	// Run describes the run that the ledger was made of.
	Run *history.Description `json:"run,omitempty"`

	// Requests are those that the change has served, Examples is how many examples
	// they named together, Set the keyed digest of their ids, and Left how many
	// examples are left.
	Requests []Served `json:"requests,omitempty"`
	Examples int      `json:"examples,omitempty"`
	Set      string   `json:"set,omitempty"`
	Left     int      `json:"left"`

	Method *MethodUsed    `json:"method,omitempty"`
	Engine string         `json:"engine,omitempty"`
	DType  string         `json:"dtype,omitempty"`
	Cost   *Cost          `json:"cost,omitempty"`
	Route  string         `json:"route,omitempty"`
	Reason string         `json:"reason,omitempty"`
	Guards map[string]int `json:"guards,omitempty"`

	// Before and After are the digests of the parameters, nets.Digest; DataBefore and
	// DataAfter keyed digests of the examples that were left; Table is the SHA-256 of
	// the file of their marks.
	Before     string `json:"before,omitempty"`
	After      string `json:"after,omitempty"`
	DataBefore string `json:"data_before,omitempty"`
	DataAfter  string `json:"data_after,omitempty"`
	Table      string `json:"table,omitempty"`

	// Since is what has added up since the last training.
	Since *Since `json:"since,omitempty"`

	Certificate *Certificate `json:"certificate,omitempty"`
	// Audit is what somebody noted, of an entry of the kind "audited".
	Audit json.RawMessage `json:"audit,omitempty"`

	// Hash is the checksum that closes the entry; the next one begins with it.
	Hash string `json:"-"`
}

// Served is a request that an entry tells of.
type Served struct {
	ID       string    `json:"id"`
	Received time.Time `json:"received"`
	Examples int       `json:"examples"`
	Set      string    `json:"set"` // keyed digest of its ids
}

// MethodUsed says by what method, and how it was configured.
type MethodUsed struct {
	Name   string          `json:"name"`
	Type   string          `json:"type"`
	Config json.RawMessage `json:"config,omitempty"`
}

// Cost is what a change has cost.
type Cost struct {
	GradEvals    float64 `json:"grad_evals"`
	OfRetraining float64 `json:"of_retraining"` // GradEvals as a share of replayed retraining's
	Seconds      float64 `json:"seconds"`
	BytesRead    int64   `json:"bytes_read"`
	// Certificate are the gradient evaluations that its numbers took, beside these.
	Certificate float64 `json:"certificate,omitempty"`
}

// journal is the entries of a ledger, and where the file ends.
type journal struct {
	entries []Entry
	chain   string // hash of the last
	size    int64
	torn    []byte // the beginning of a line that a death has cut
}

// seal returns the line of an entry that follows a hash.
func seal(before string, e *Entry) ([]byte, error) {
	raw, err := json.Marshal(e)
	if err != nil {
		return nil, err
	}
	line, sum := chain.Line(before, raw)
	e.Hash = sum
	return line, nil
}

// parseJournal reads a journal whose chain begins with a hash.
func parseJournal(raw []byte, begin string) (journal, error) {
	j := journal{chain: begin}
	for len(raw) > 0 {
		line, rest, whole := chain.Next(raw)
		if !whole {
			j.torn = line
			return j, nil
		}
		e, err := parseEntry(line, j.chain, len(j.entries))
		if err != nil {
			return j, err
		}
		j.entries, j.chain, j.size = append(j.entries, e), e.Hash, j.size+int64(len(line))+1
		raw = rest
	}
	return j, nil
}

// parseEntry reads a line of a journal, without its end, that follows a hash.
func parseEntry(line []byte, before string, number int) (Entry, error) {
	object, hash, ok := chain.Open(before, line)
	if !ok {
		return Entry{}, fmt.Errorf("%w: the chain breaks at entry %d: it was changed, or one before it is missing", ErrDamaged, number)
	}
	e := Entry{Hash: hash}
	var v struct {
		Version int
		Program string
	}
	if err := json.Unmarshal(object, &v); err == nil && v.Version != version {
		return Entry{}, fmt.Errorf("%w: entry %d is of version %d, and %d is read here; use the program that wrote it, %s", ErrVersion, number, v.Version, version, v.Program)
	}
	if err := json.Unmarshal(object, &e); err != nil {
		return Entry{}, fmt.Errorf("%w: entry %d: %v", ErrDamaged, number, err)
	}
	if e.Number != number || (number == 0) != (e.Kind == KindCreated) || e.Since == nil != (e.Kind == KindAudited) {
		return Entry{}, fmt.Errorf("%w: entry %d says that it is number %d, %s", ErrDamaged, number, e.Number, e.Kind)
	}
	if e.Folder != "" && e.Folder != "." && e.Folder != filepath.Base(e.Folder) || e.Folder == ".." {
		return Entry{}, fmt.Errorf("%w: entry %d: %q is no folder of the ledger", ErrDamaged, number, e.Folder)
	}
	return e, nil
}

// changes is the number of entries that changed the model.
func (j *journal) changes() int {
	n := 0
	for _, e := range j.entries {
		if e.Kind != KindAudited {
			n++
		}
	}
	return n
}

// last returns the last entry that changed the model.
func (j *journal) last() *Entry {
	for i := len(j.entries) - 1; i >= 0; i-- {
		if j.entries[i].Kind != KindAudited {
			return &j.entries[i]
		}
	}
	return nil
}

// served returns the entry that has served a set of ids alone in one of its requests.
func (j *journal) served(set string) (string, *Entry) {
	for i := range j.entries {
		for _, s := range j.entries[i].Requests {
			if s.Set == set {
				return s.ID, &j.entries[i]
			}
		}
	}
	return "", nil
}

// appendLine appends a line to the journal's file, which ends at size: whatever is
// behind it is the beginning of this very line.
func appendLine(path string, size int64, line []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.WriteAt(line, size); err != nil {
		return err
	}
	if err := errors.Join(f.Truncate(size+int64(len(line))), f.Sync()); err != nil {
		return err
	}
	return atomicfile.SyncFolder(filepath.Dir(path))
}

// ReadJournal reads the journal of a ledger and checks its chain. It needs neither
// key nor data, and takes no lock. A change that counts is in it, also where a death
// has kept it out of the file and Open has not been called since: so the owner of the
// data learns here whose rows to delete. An entry that is being written is left out.
func ReadJournal(dir string) ([]Entry, error) {
	_, sum, err := readHeader(dir)
	if err != nil {
		return nil, err
	}
	fail := func(name string, err error) ([]Entry, error) {
		return nil, fmt.Errorf("ledger: %s: %w", filepath.Join(dir, name), err)
	}
	// In this order: what is pending now is in the journal later.
	pending, err := os.ReadFile(filepath.Join(dir, pendingName))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fail(pendingName, err)
	}
	raw, err := os.ReadFile(filepath.Join(dir, journalName))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fail(journalName, err)
	}
	j, err := parseJournal(raw, sum)
	if err != nil {
		return fail(journalName, err)
	}
	if pending != nil && !j.has(pending) {
		e, err := j.next(pending)
		if err != nil {
			return fail(pendingName, err)
		}
		j.entries = append(j.entries, e)
	}
	return j.entries, nil
}

// has reports whether the line of a pending entry is in the journal already.
func (j *journal) has(pending []byte) bool {
	for i := len(j.entries) - 1; i >= 0; i-- {
		if bytes.HasPrefix(pending, []byte(j.entries[i].Hash)) {
			return true
		}
	}
	return false
}

// next reads the line of a pending entry, that is to be the journal's next.
func (j *journal) next(pending []byte) (Entry, error) {
	e, err := parseEntry(bytes.TrimSuffix(pending, []byte("\n")), j.chain, len(j.entries))
	if err == nil && !bytes.HasPrefix(pending, j.torn) {
		err = fmt.Errorf("%w: the journal ends otherwise", ErrDamaged)
	}
	return e, err
}

// readHeader reads ledger.json and returns its checksum too, which the journal's
// chain begins with.
func readHeader(dir string) (h header, sum string, err error) {
	path := filepath.Join(dir, headerName)
	raw, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return h, "", fmt.Errorf("ledger: %w; ledger.Create makes one of a trained run's folder", err)
	}
	if err != nil {
		return h, "", fmt.Errorf("ledger: %w", err)
	}
	body, sum, err := parseSummed(raw)
	if err == nil {
		err = json.Unmarshal(body, &h)
	}
	if err != nil {
		return h, "", fmt.Errorf("ledger: %s: %w: %v", path, ErrDamaged, err)
	}
	if h.Version != version {
		return h, "", fmt.Errorf("ledger: %s: %w: it is %d, and %d is read here; use the program that wrote it", path, ErrVersion, h.Version, version)
	}
	return h, sum, nil
}
