package grid

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/gofrs/flock"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/internal/atomicfile"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// entry is a folder of the cache. Its lock is a file beside it, so that the folder
// can be removed while the lock is held.
type entry struct {
	cache     *Cache
	kind, key string
	lock      *flock.Flock
}

func (e *entry) dir() string               { return filepath.Join(e.cache.Dir, e.kind, e.key) }
func (e *entry) path(name string) string   { return filepath.Join(e.dir(), name) }
func (e *entry) policy(name string) string { return e.path(hash(name)[:12]) }

// poll is how often a lock that somebody else holds is asked for.
const poll = 100 * time.Millisecond

// acquire takes the lock, shared with other readers or for e alone, and waits for
// it as long as ctx allows.
func (e *entry) acquire(ctx context.Context, alone bool) error {
	e.release()
	locks := filepath.Join(e.cache.Dir, "locks")
	if err := atomicfile.MkdirAll(locks, 0o700); err != nil {
		return err
	}
	e.lock = flock.New(filepath.Join(locks, e.kind+"-"+e.key), flock.SetPermissions(0o600))
	take := e.lock.TryRLockContext
	if alone {
		take = e.lock.TryLockContext
	}
	if _, err := take(ctx, poll); err != nil {
		e.lock = nil
		return fmt.Errorf("lock of the cache: %w", err)
	}
	return nil
}

// release gives the lock free, if it is held.
func (e *entry) release() {
	if e.lock != nil {
		_ = e.lock.Unlock() // it ends with the process at the latest
		e.lock = nil
	}
}

// touch notes that the entry was used, for evict.
func (e *entry) touch() {
	now := time.Now()
	_ = os.Chtimes(e.dir(), now, now) // an entry that seems old is made anew, at worst
}

// get returns a run and a record of it by each policy, made if it is not there. The
// records are in memory: the entry may be removed.
func (e *entry) get(ctx context.Context, m *nets.Model, train *data.Dataset, cfg nets.Config, policies []history.Policy) (*nets.Run, []*history.Record, error) {
	defer e.release()
	wanted := orAlone(policies)
	// What was made is opened from disk like what was there; that it is gone again
	// takes somebody who removes it in between.
	for range 3 {
		if err := e.acquire(ctx, false); err != nil {
			return nil, nil, err
		}
		run, records, missing := e.open(m, train, wanted, leaveDamage)
		if len(missing) == 0 {
			e.touch()
			return run, records[:len(policies)], nil
		}
		if err := e.acquire(ctx, true); err != nil {
			return nil, nil, err
		}
		if _, _, missing = e.open(m, train, wanted, clearDamage); len(missing) > 0 { // nobody was faster
			if err := e.make(ctx, m, train, cfg, missing); err != nil {
				return nil, nil, err
			}
			e.cache.evict(e.key)
		}
	}
	return nil, nil, fmt.Errorf("%s is removed again and again", e.dir())
}

// read is get without making anything: it returns nil where something is missing. What
// is damaged is said where look is tellDamage.
func (e *entry) read(ctx context.Context, m *nets.Model, train *data.Dataset, policies []history.Policy, look damage) (*nets.Run, []*history.Record, error) {
	if _, err := os.Stat(e.dir()); err != nil {
		return nil, nil, nil // no lock for what is not there
	}
	defer e.release()
	if err := e.acquire(ctx, false); err != nil {
		return nil, nil, err
	}
	run, records, missing := e.open(m, train, orAlone(policies), look)
	if len(missing) > 0 {
		return nil, nil, nil
	}
	e.touch()
	return run, records[:len(policies)], nil
}

// orAlone returns the policies of the records to keep with a run: without any, the
// empty one keeps the run.
func orAlone(policies []history.Policy) []history.Policy {
	if len(policies) == 0 {
		return []history.Policy{{}}
	}
	return policies
}

// damage says what open does about what is damaged.
type damage uint8

const (
	leaveDamage damage = iota // nothing: whoever makes the entry anew finds it again
	tellDamage                // say it: nobody makes the entry anew
	clearDamage               // say it and remove it; the entry must be locked for e alone
)

// open opens the run with its records, and returns the policies of which there is
// none that can be used, each once.
func (e *entry) open(m *nets.Model, train *data.Dataset, policies []history.Policy, look damage) (run *nets.Run, records []*history.Record, missing []history.Policy) {
	lacks := func(p history.Policy) {
		if !slices.ContainsFunc(missing, func(q history.Policy) bool { return q.String() == p.String() }) {
			missing = append(missing, p)
		}
	}
	for _, p := range policies {
		r, rec, err := history.OpenRun(e.policy(p.String()), m.Arch(), train, history.RunOptions{Engine: m.Engine()})
		if err == nil {
			rec, err = rec.InMemory()
		}
		switch {
		case err == nil:
			run = r
		case errors.Is(err, os.ErrNotExist), errors.Is(err, history.ErrInterrupted):
			lacks(p)
		default:
			lacks(p)
			switch look {
			case tellDamage:
				e.cache.say("an entry of the cache cannot be used: %v", err)
			case clearDamage:
				e.cache.say("an entry of the cache cannot be used, and is made anew: %v", err)
				if err := os.RemoveAll(e.policy(p.String())); err != nil {
					e.cache.say("%v", err)
				}
			}
		}
		records = append(records, rec)
	}
	return run, records, missing
}

// make trains the run, and records it by the policies. With one, a training that
// was interrupted goes on.
func (e *entry) make(ctx context.Context, m *nets.Model, train *data.Dataset, cfg nets.Config, policies []history.Policy) error {
	if len(policies) == 1 {
		_, _, err := history.Train(ctx, e.policy(policies[0].String()), policies[0], m.Arch(), train, withEngine(cfg, m))
		return err
	}
	cfg.Hooks = slices.Clone(cfg.Hooks)
	for _, p := range policies {
		dir := e.policy(p.String())
		if err := os.RemoveAll(dir); err != nil { // a run that was interrupted
			return err
		}
		cfg.Hooks = append(cfg.Hooks, history.Create(p, dir))
	}
	_, err := m.Train(ctx, train, cfg)
	return err
}

// withEngine returns cfg with the engine and the numbers of a model.
func withEngine(cfg nets.Config, m *nets.Model) nets.Config {
	cfg.Engine, cfg.DType = m.Engine(), m.DType()
	return cfg
}
