package grid

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/miniunlearn/miniunlearn/bench"
	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// Cache keeps trained runs with their records, and retrained references, for the
// cells that share them, of this process and others:
//
//	runs/KEY-BUILD/POLICY/  a folder of package history for each policy of records
//	retrained/KEY-BUILD/    the parameters and the margin excesses
//
// A key is a hash of everything that decides the bits, engine included, and a build
// is the program's. A run is locked while it is made or read, so that nobody makes it twice
// and nobody removes it meanwhile; locks end with their process. Records are read
// into memory, so that a method takes the time that it takes without a cache. What
// is damaged, or cannot be written, is made anew, and Say is told.
type Cache struct {
	Dir   string
	Limit int64 // bytes, kept to when entries are added; entries in use may exceed it
	// AnyBuild takes what other builds of the program have made where this one has
	// made nothing.
	AnyBuild bool
	// Stay leaves the entries that are there where they are: what is begun when they
	// have reached Limit is not kept, and nothing is removed for it. What was begun
	// before is kept, so that the entries exceed Limit by as much as is made at a time.
	Stay bool
	// Say, if not nil, is told what went wrong and was mended.
	Say func(string)

	mu     sync.Mutex
	prints map[*data.Dataset]string // fingerprints of the last few data sets
	order  []*data.Dataset
}

// say tells what was mended.
func (c *Cache) say(format string, args ...any) {
	if c.Say != nil {
		c.Say(fmt.Sprintf(format, args...))
	}
}

// fingerprint is that of a data set, hashed once while it is in use.
func (c *Cache) fingerprint(ds *data.Dataset) string {
	c.mu.Lock()
	print, ok := c.prints[ds]
	c.mu.Unlock()
	if ok {
		return print
	}
	print = ds.Fingerprint()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.prints == nil {
		c.prints = map[*data.Dataset]string{}
	}
	if _, ok := c.prints[ds]; !ok {
		c.prints[ds] = print
		if c.order = append(c.order, ds); len(c.order) > 16 {
			delete(c.prints, c.order[0])
			c.order = c.order[1:]
		}
	}
	return print
}

// runKey is what decides a run.
func (c *Cache) runKey(m *nets.Model, train *data.Dataset, cfg nets.Config) string {
	var s settings
	s.Format, s.Train = cellFormat, c.fingerprint(train)
	s.describe(m, cfg)
	s.Seed = cfg.Seed
	return hash(struct {
		settings
		Engine string `json:"engine"`
	}{s, m.Engine().Name()})[:32]
}

// entries returns this build's entry of a key, and those of other builds that may be
// taken for it, in the order of their names.
func (c *Cache) entries(kind, key string) []*entry {
	own := key + "-" + hash(Build())[:8]
	all := []*entry{{cache: c, kind: kind, key: own}}
	if !c.AnyBuild {
		return all
	}
	there, err := os.ReadDir(filepath.Join(c.Dir, kind)) // sorted
	if err != nil {
		return all // none yet
	}
	for _, e := range there {
		if name := e.Name(); strings.HasPrefix(name, key+"-") && name != own {
			all = append(all, &entry{cache: c, kind: kind, key: name})
		}
	}
	return all
}

// plain reports whether a configuration is one that a key describes.
func plain(cfg nets.Config) bool {
	return cfg.Drop.Len() == 0 && cfg.Only == nil && cfg.From == nil && cfg.Holes.Len() == 0 && cfg.Resume == nil
}

// Train implements bench.Keeper.
func (c *Cache) Train(ctx context.Context, m *nets.Model, train *data.Dataset, cfg nets.Config, policies []history.Policy) (*nets.Run, []*history.Record, error) {
	if !plain(cfg) {
		return bench.NoKeeper.Train(ctx, m, train, cfg, policies)
	}
	run, records, err := c.train(ctx, m, train, cfg, policies)
	var diverged *nets.DivergedError
	switch {
	case err == nil:
		return run, records, nil
	case ctx.Err() != nil || errors.As(err, &diverged):
		return nil, nil, err
	case errors.Is(err, errFull):
		return bench.NoKeeper.Train(ctx, m, train, cfg, policies)
	}
	c.say("the run is trained without the cache: %v", err)
	return bench.NoKeeper.Train(ctx, m, train, cfg, policies)
}

// errFull says that a run would be added to a cache that takes no more.
var errFull = errors.New("the cache is full")

// train takes the run from an entry that has all of it, or makes its own whole.
func (c *Cache) train(ctx context.Context, m *nets.Model, train *data.Dataset, cfg nets.Config, policies []history.Policy) (*nets.Run, []*history.Record, error) {
	entries := c.entries("runs", c.runKey(m, train, cfg))
	full := c.full()
	if len(entries) > 1 || full {
		for i, e := range entries {
			look := tellDamage
			if i == 0 && !full { // get finds it again, and makes it anew
				look = leaveDamage
			}
			if run, records, err := e.read(ctx, m, train, policies, look); run != nil || ctx.Err() != nil {
				return run, records, err
			}
		}
	}
	if full {
		return nil, nil, errFull
	}
	return entries[0].get(ctx, m, train, cfg, policies)
}

// retrainedKey is what decides a reference.
func (c *Cache) retrainedKey(p unlearning.Problem, test *data.Dataset) string {
	return c.retrainedOf(c.runKey(p.Run.Model, p.Run.Data, p.Run.Config), p.Forget, test)
}

func (c *Cache) retrainedOf(run string, forget data.ForgetSet, test *data.Dataset) string {
	return hash([]string{run, positions(forget), c.fingerprint(test)})[:32]
}

// retrained is the content of retrained.json.
type retrained struct {
	Digest    string      `json:"params"` // see nets.Digest
	GradEvals float64     `json:"grad_evals"`
	Seconds   bench.Float `json:"seconds"`
	Floor     []float64   `json:"margin_excess"`
}

const (
	retrainedFile = "retrained.json"
	paramsFile    = "params.safetensors"
)

// Retrained implements bench.Keeper.
func (c *Cache) Retrained(p unlearning.Problem, test *data.Dataset) *bench.Retrained {
	if !plain(p.Run.Config) {
		return nil
	}
	for _, e := range c.entries("retrained", c.retrainedKey(p, test)) {
		r, err := e.retrained(p.Run.Model)
		if err == nil {
			e.touch()
			return r
		}
		if !errors.Is(err, os.ErrNotExist) {
			c.say("the cache entry %s is damaged, and is made anew: %v", e.dir(), err)
		}
	}
	return nil
}

// retrained reads the entry of a reference; the error is os.ErrNotExist where there
// is none.
func (e *entry) retrained(m *nets.Model) (*bench.Retrained, error) {
	raw, err := os.ReadFile(e.path(retrainedFile))
	if err != nil {
		return nil, err
	}
	var r retrained
	if err := json.Unmarshal(raw, &r); err != nil {
		return nil, err
	}
	w, err := m.LoadParams(e.path(paramsFile))
	if err != nil {
		return nil, fmt.Errorf("%v", err) // a missing file is damage here
	}
	if nets.Digest(w) != r.Digest {
		return nil, errors.New("the parameters are others")
	}
	return &bench.Retrained{Params: w, GradEvals: r.GradEvals, Seconds: r.Seconds, Floor: r.Floor}, nil
}

// KeepRetrained implements bench.Keeper.
func (c *Cache) KeepRetrained(p unlearning.Problem, test *data.Dataset, made *bench.Retrained) {
	if !plain(p.Run.Config) {
		return
	}
	e := c.entries("retrained", c.retrainedKey(p, test))[0]
	digest := nets.Digest(made.Params)
	text, err := json.Marshal(retrained{digest, made.GradEvals, made.Seconds, made.Floor})
	if _, gone := os.Stat(e.path(paramsFile)); err == nil && (len(made.Floor) == 0 || gone != nil) {
		err = p.Run.Model.SaveParams(e.path(paramsFile), made.Params)
	}
	if err == nil {
		err = replace(e.path(retrainedFile), append(text, '\n'))
	}
	if err != nil {
		c.say("the cache cannot keep a reference: %v", err)
		return
	}
	if len(made.Floor) == 0 {
		c.evict(e.key)
	}
}

var _ bench.Keeper = (*Cache)(nil)

// replace replaces a file at once, without waiting until it is on the disk: what a
// power cut takes is made anew.
func replace(path string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".*.tmp")
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}
