package history

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/atomicfile"
	"github.com/miniunlearn/miniunlearn/internal/folderlock"
	"github.com/miniunlearn/miniunlearn/nets"
)

// Errors of a folder that holds a record.
var (
	// ErrDamaged: a file is missing, cut or changed.
	ErrDamaged = errors.New("the record is damaged")
	// ErrInterrupted: the run that was recorded did not end.
	ErrInterrupted = errors.New("the recorded run did not end")
	// ErrVersion: another version of this package wrote the folder.
	ErrVersion = errors.New("another version of the format")
	// ErrNoLogitGradients: the record's policy was not LogitGradients.
	ErrNoLogitGradients = errors.New("the record holds no logit gradients")
)

// FinalFile is the name of the file of a finished run's parameters, in its folder.
const FinalFile = "final.safetensors"

// Files of a run.
const (
	initialFile  = "initial.safetensors"
	segmentFile  = "segment-%08d.safetensors"
	stateFile    = "state-%08d.safetensors"
	momentumFile = "momentum.safetensors"
)

// folder is a store in a folder. What it writes tells of single examples, and is
// for the folder's owner alone.
type folder struct {
	dir  string
	head Description
	m    manifest
	lock *folderlock.Lock // while it is written
	size int64            // of run.json
	// ending are entries of files that are there, and are added with the run's end.
	ending []entry
}

// createFolder makes a new folder.
func createFolder(dir string, h Description) (_ *folder, err error) {
	s := &folder{dir: dir, head: h}
	if _, err := os.Stat(filepath.Join(dir, headerName)); err != nil { // a folder of others gets no lock's file either
		if err := s.empty(); err != nil {
			return nil, fmt.Errorf("history: create: %w", err)
		}
	}
	if s.lock, err = folderlock.Acquire(dir); err != nil {
		return nil, fmt.Errorf("history: create: %w", err)
	}
	defer func() {
		if err != nil {
			s.release()
		}
	}()
	if err := s.empty(); err != nil {
		return nil, fmt.Errorf("history: create: %w", err)
	}
	raw, err := json.MarshalIndent(h, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("history: create: %w", err)
	}
	sum := sha256.Sum256(raw)
	text := fmt.Appendf(nil, "%s\n%x\n", raw, sum)
	s.size, s.m.chain = int64(len(text)), hex.EncodeToString(sum[:])
	err = atomicfile.WritePrivate(filepath.Join(dir, headerName), func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
	if err == nil {
		err = s.m.reopen(dir)
	}
	if err != nil {
		return nil, fmt.Errorf("history: create: %w", err)
	}
	return s, nil
}

// empty returns an error unless the folder is empty or not there.
func (s *folder) empty() error {
	names, err := s.names()
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return err
	case slices.Contains(names, headerName):
		return fmt.Errorf("%s is not empty; name a new folder or remove the old record", s.dir)
	case len(names) > 0:
		return fmt.Errorf("%s is not empty, it holds %s; name a new folder", s.dir, some(names))
	}
	return nil
}

// some lists the first few names.
func some(names []string) string {
	const most = 4
	text := strings.Join(names[:min(most, len(names))], ", ")
	if len(names) > most {
		text += ", …"
	}
	return text
}

// names lists the files of the folder, but for the lock and what a killed write
// has left.
func (s *folder) names() ([]string, error) {
	entries, err := os.ReadDir(s.dir)
	var names []string
	for _, e := range entries {
		if name := e.Name(); name[0] != '.' {
			names = append(names, name)
		}
	}
	return names, err
}

// openFolder reads header and manifest, whether or not the run has ended.
func openFolder(dir string) (*folder, error) {
	s := &folder{dir: dir}
	path := filepath.Join(dir, headerName)
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("history: open: %w; give the folder that history.Create or history.Train was given", err)
	}
	body, sum, ok := bytes.Cut(raw, []byte("\n}\n"))
	body = append(bytes.Clone(body), "\n}"...)
	want := sha256.Sum256(body)
	if s.m.chain = hex.EncodeToString(want[:]); !ok || s.m.chain+"\n" != string(sum) {
		return nil, fmt.Errorf("history: open %s: %w: its checksum is wrong", path, ErrDamaged)
	}
	s.size = int64(len(raw))
	if err := json.Unmarshal(body, &s.head); err != nil {
		return nil, fmt.Errorf("history: open %s: %w: %v", path, ErrDamaged, err)
	}
	if s.head.Version != version {
		do := "train and record again"
		if s.head.Version > version {
			do = "use the newer program that wrote it"
		}
		return nil, fmt.Errorf("history: open %s: %w: it is %d, and %d is read here; %s", path, ErrVersion, s.head.Version, version, do)
	}
	if err := s.head.validate(); err != nil {
		return nil, fmt.Errorf("history: open %s: %w: %v", path, ErrDamaged, err)
	}
	path = filepath.Join(dir, manifestName)
	if raw, err = os.ReadFile(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("history: open: %w", err)
	}
	if s.m, err = parseManifest(raw, s.m.chain); err == nil {
		err = s.validate()
	}
	if err != nil {
		return nil, fmt.Errorf("history: open %s: %w: %v", path, ErrDamaged, err)
	}
	return s, nil
}

// validate checks that the manifest's entries can be those of a run.
func (s *folder) validate() error {
	at := 0
	for i, e := range s.m.entries {
		bad := func(format string, a ...any) error {
			return fmt.Errorf("line %d, a %s: %s", i+1, e.Kind, fmt.Sprintf(format, a...))
		}
		needsFile := e.Kind != kindEnd
		switch {
		case needsFile != (e.File != nil):
			return bad("it has a file, or lacks one")
		case i > 0 && s.m.entries[i-1].Kind == kindEnd:
			return bad("it follows the end of the run")
		}
		switch e.Kind {
		case kindInitial, kindLogitGradients, kindFinal, kindMomentum:
		case kindState:
			if e.At < 0 || e.At > s.head.Run.Steps || e.Tally == nil {
				return bad("it is before step %d, of %d", e.At, s.head.Run.Steps)
			}
		case kindSegment:
			if e.From < at || e.To < e.From || e.To > s.head.Run.Steps || e.To-e.From > maxSegment ||
				e.At < max(e.From, e.To-1) || e.At > s.head.Run.Steps || e.Tally == nil {
				return bad("steps %d to %d, after %d, of %d", e.From, e.To, at, s.head.Run.Steps)
			}
			at = e.To
		case kindEnd:
			if e.Final == "" || e.Tally == nil || s.m.last(kindFinal) == nil {
				return bad("it is not whole")
			}
		default:
			return bad("unknown here")
		}
	}
	return nil
}

// complete reports whether the run has ended.
func (s *folder) complete() bool { return s.m.last(kindEnd) != nil }

// reopen makes an interrupted folder one to write to.
func (s *folder) reopen() (err error) {
	if s.lock, err = folderlock.Acquire(s.dir); err != nil {
		return fmt.Errorf("history: resume: %w", err)
	}
	if err = s.tidy(); err == nil {
		err = s.m.reopen(s.dir)
	}
	if err != nil {
		s.release()
		return fmt.Errorf("history: resume: %w", err)
	}
	return nil
}

// tidy removes what a death has left: files that are not listed yet, and those that
// are no longer needed.
func (s *folder) tidy() error {
	if err := atomicfile.Sweep(s.dir); err != nil {
		return err
	}
	names, err := s.names()
	if err != nil {
		return err
	}
	live := map[string]bool{headerName: true, manifestName: true}
	for _, e := range s.live() {
		live[e.File.File] = true
	}
	for _, name := range names {
		if !live[name] && ours(name) {
			if err := os.Remove(filepath.Join(s.dir, name)); err != nil {
				return err
			}
		}
	}
	return nil
}

// IsFile reports whether the folder of a run has, or may have, a file of this name.
func IsFile(name string) bool { return name == headerName || name == manifestName || ours(name) }

// ours reports whether a recorder gives a file this name: others are not removed.
func ours(name string) bool {
	var step int
	for _, format := range []string{segmentFile, stateFile} {
		if n, err := fmt.Sscanf(name, format, &step); n == 1 && err == nil && fmt.Sprintf(format, step) == name {
			return true
		}
	}
	return slices.Contains([]string{initialFile, logitGradientsFile, FinalFile, momentumFile}, name)
}

// tidyEnd is tidy for a folder whose run has ended, where nobody else does it.
func (s *folder) tidyEnd() error {
	state := s.m.last(kindState)
	if state == nil {
		return nil
	}
	if _, err := os.Stat(filepath.Join(s.dir, state.File.File)); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	var err error
	if s.lock, err = folderlock.Acquire(s.dir); errors.Is(err, folderlock.ErrHeld) {
		return nil
	} else if err != nil {
		return err
	}
	defer s.release()
	return s.tidy()
}

// release gives the folder free for other writers.
func (s *folder) release() {
	s.m.close()
	_ = s.lock.Release()
}

// put writes a segment.
func (s *folder) put(seg segment, at int, tally nets.Tally) error {
	f, err := writeArrays(s.dir, fmt.Sprintf(segmentFile, seg.from), seg.arrays()...)
	if err == nil {
		err = s.m.add(entry{Kind: kindSegment, File: &f, From: seg.from, To: seg.from + len(seg.g), At: at, Tally: s.m.record(tally)})
	}
	if err != nil {
		return fmt.Errorf("history: segment at step %d: %w", seg.from, err)
	}
	return nil
}

// arrays lists a segment's: steps whose batch was empty have no gradient.
func (seg segment) arrays() []array {
	p, dt := seg.w.Len(), seg.w.DType()
	list := []array{arrayOf("params", dt, p, 0, seg.w), arrayOf("momentum", dt, p, 0, seg.p)}
	var g []*graph.Tensor
	for _, t := range seg.g {
		if t != nil {
			g = append(g, t)
		}
	}
	if len(g) > 0 {
		list = append(list, arrayOf("gradients", dt, p, len(g), g...))
	}
	return list
}

// finish writes the parameters and the momentum that the run ended with, and that
// it is over. What is only for going on is removed.
func (s *folder) finish(run *nets.Run, final, of string) error {
	fail := func(err error) error { return fmt.Errorf("history: the end of the run: %w", err) }
	path := filepath.Join(s.dir, FinalFile)
	if err := run.Model.SaveCheckpoint(path, nets.Checkpoint{Params: run.Params, Of: of, Private: true}); err != nil {
		return fail(err)
	}
	w, err := describeFile(s.dir, FinalFile)
	if err != nil {
		return fail(err)
	}
	s.ending = append(s.ending, entry{Kind: kindFinal, File: &w})
	if p := run.Momentum; p != nil {
		f, err := writeArrays(s.dir, momentumFile, arrayOf("momentum", p.DType(), p.Len(), 0, p))
		if err != nil {
			return fail(err)
		}
		s.ending = append(s.ending, entry{Kind: kindMomentum, File: &f})
	}
	tally := s.m.record(nets.Tally{Losses: run.Losses, GradEvals: run.GradEvals})
	err = s.m.add(append(s.ending, entry{Kind: kindEnd, At: run.Steps, Tally: tally, Final: final})...)
	if e := s.m.last(kindState); err == nil && e != nil {
		err = s.remove(e)
	}
	if err != nil {
		return fail(err)
	}
	return nil
}
