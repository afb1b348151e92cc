package history

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/miniunlearn/miniunlearn/internal/atomicfile"
	"github.com/miniunlearn/miniunlearn/internal/chain"
	"github.com/miniunlearn/miniunlearn/nets"
)

// The manifest of a folder is a list of what has happened, a line each, that only
// ever grows. A line is a checksum and a JSON object,
//
//	<SHA-256 of the checksum before and of the object>  {"kind":"segment",…}
//
// so that no line can be changed, left out or moved. The first line's checksum
// follows that of the header's file. A last line without its end was being written
// when the process died, and does not count.
const (
	headerName   = "run.json"
	manifestName = "manifest.jsonl"
)

// kind says what an entry of the manifest is about.
type kind string

const (
	kindInitial        kind = "initial"         // w_0, where it is not the seed's
	kindSegment        kind = "segment"         // a checkpoint and gradients
	kindState          kind = "state"           // where an interrupted run can go on
	kindLogitGradients kind = "logit-gradients" // of the whole run
	kindFinal          kind = "final"           // w_T
	kindMomentum       kind = "momentum"        // p_T
	kindEnd            kind = "end"             // the run is over
)

// entry is a line of the manifest.
type entry struct {
	Kind kind        `json:"kind"`
	File *fileRecord `json:"file,omitempty"`
	// From and To are the steps of a segment.
	From int `json:"from,omitempty"`
	To   int `json:"to,omitempty"`
	// Tally is what the run had counted before step At, where it can go on: the last
	// step of a segment, or one after it; at the end it is that of the whole run.
	At    int          `json:"at,omitempty"`
	Tally *tallyRecord `json:"tally,omitempty"`
	// Scale is that of a state's sums of logit gradients.
	Scale float64 `json:"scale,omitempty"`
	// Final is nets.Digest of w_T, at the end.
	Final string `json:"final,omitempty"`
}

// tallyRecord is a nets.Tally. Of the epochs' losses a line has those that no line
// before it has: their number grows with the run.
type tallyRecord struct {
	Epochs    int       `json:"epochs,omitempty"` // that are over
	New       []float64 `json:"losses,omitempty"` // of the last of them
	LossSum   float64   `json:"loss_sum,omitempty"`
	Seen      int       `json:"seen,omitempty"`
	GradEvals float64   `json:"grad_evals,omitempty"`
}

// manifest is what the manifest's file says, open for writing or not.
type manifest struct {
	entries []entry
	losses  []float64 // of all epochs that a line counts
	chain   string    // checksum of the last line
	size    int64     // of the file, without what does not count
	torn    bool      // whether there is something that does not count
	f       *os.File  // nil if it is not being written
}

// parseManifest reads a manifest that begins with the header's checksum.
func parseManifest(raw []byte, begin string) (manifest, error) {
	m := manifest{chain: begin}
	for len(raw) > 0 {
		line, rest, whole := chain.Next(raw)
		if !whole {
			m.torn = true
			return m, nil
		}
		number := len(m.entries) + 1
		object, sum, ok := chain.Open(m.chain, line)
		if !ok {
			return m, fmt.Errorf("line %d does not follow from the one before it", number)
		}
		var e entry
		if err := json.Unmarshal(object, &e); err != nil {
			return m, fmt.Errorf("line %d: %w", number, err)
		}
		if f := e.File; f != nil && (f.File != filepath.Base(f.File) || f.File == "." || f.File == "..") {
			return m, fmt.Errorf("line %d: %q is not the name of a file of the folder", number, f.File)
		}
		if t := e.Tally; t != nil {
			m.losses = append(m.losses, t.New...)
			if t.Epochs < 0 || t.Epochs > len(m.losses) {
				return m, fmt.Errorf("line %d counts %d epochs, and %d have a loss", number, t.Epochs, len(m.losses))
			}
		}
		m.entries, m.chain = append(m.entries, e), sum
		m.size += int64(len(line)) + 1
		raw = rest
	}
	return m, nil
}

// reopen makes the manifest one to write to: what does not count is cut off.
func (m *manifest) reopen(dir string) error {
	path := filepath.Join(dir, manifestName)
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	if err := f.Truncate(m.size); err != nil {
		f.Close()
		return err
	}
	if _, err := f.Seek(m.size, 0); err != nil {
		f.Close()
		return err
	}
	m.f, m.torn = f, false
	return nil
}

// add appends entries, whose files are there. When it returns, entries and files
// survive a power cut; if it fails, the manifest is what it was, or ends in a line
// that does not count.
func (m *manifest) add(entries ...entry) error {
	var lines []byte
	sum := m.chain
	for _, e := range entries {
		object, err := json.Marshal(e)
		if err != nil {
			return err
		}
		var line []byte
		line, sum = chain.Line(sum, object)
		lines = append(lines, line...)
	}
	if err := atomicfile.SyncFolder(filepath.Dir(m.f.Name())); err != nil {
		return err
	}
	_, err := m.f.Write(lines)
	if err == nil {
		err = m.f.Sync()
	}
	if err != nil { // half a line would join with the next
		_, at := m.f.Seek(m.size, 0)
		return errors.Join(err, m.f.Truncate(m.size), at)
	}
	m.entries, m.chain, m.size = append(m.entries, entries...), sum, m.size+int64(len(lines))
	for _, e := range entries {
		if e.Tally != nil {
			m.losses = append(m.losses, e.Tally.New...)
		}
	}
	return nil
}

// record returns what the next line says of a tally.
func (m *manifest) record(t nets.Tally) *tallyRecord {
	r := &tallyRecord{len(t.Losses), nil, t.LossSum, t.Seen, t.GradEvals}
	if known := len(m.losses); known < len(t.Losses) {
		r.New = t.Losses[known:]
	}
	return r
}

// tally returns what a line says.
func (m *manifest) tally(r *tallyRecord) nets.Tally {
	return nets.Tally{Losses: slices.Clone(m.losses[:r.Epochs]), LossSum: r.LossSum, Seen: r.Seen, GradEvals: r.GradEvals}
}

func (m *manifest) close() {
	if m.f != nil {
		m.f.Close()
		m.f = nil
	}
}

// last returns the last entry of a kind, nil if there is none.
func (m *manifest) last(k kind) *entry {
	for i := len(m.entries) - 1; i >= 0; i-- {
		if m.entries[i].Kind == k {
			return &m.entries[i]
		}
	}
	return nil
}
