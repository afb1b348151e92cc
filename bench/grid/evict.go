package grid

import (
	"cmp"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/gofrs/flock"
)

// kept is an entry on disk.
type kept struct {
	kind, key string
	bytes     int64
	used      time.Time
}

// evict removes entries that nobody uses, those first that were not used for
// longest and the one that was just made never, until the cache is within its limit.
// A clock that jumps makes it choose others, and nothing worse.
func (c *Cache) evict(made string) {
	if c.Stay {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	all, total := c.list()
	slices.SortFunc(all, func(a, b kept) int { return cmp.Or(a.used.Compare(b.used), cmp.Compare(a.key, b.key)) })
	for _, k := range all {
		if total <= c.Limit {
			return
		}
		if k.key != made && c.remove(k) {
			total -= k.bytes
		}
	}
}

// full reports whether nothing more is to be kept.
func (c *Cache) full() bool {
	if !c.Stay {
		return false
	}
	_, total := c.list()
	return total >= c.Limit
}

// list returns the entries, and the bytes of all.
func (c *Cache) list() (all []kept, total int64) {
	for _, kind := range []string{"runs", "retrained"} {
		entries, err := os.ReadDir(filepath.Join(c.Dir, kind))
		if err != nil {
			continue // none yet
		}
		for _, e := range entries {
			k := kept{kind: kind, key: e.Name(), bytes: size(filepath.Join(c.Dir, kind, e.Name()))}
			if info, err := e.Info(); err == nil {
				k.used = info.ModTime()
			}
			all = append(all, k)
			total += k.bytes
		}
	}
	return all, total
}

// remove removes an entry, unless somebody uses it.
func (c *Cache) remove(k kept) bool {
	if k.kind == "runs" {
		lock := flock.New(filepath.Join(c.Dir, "locks", k.kind+"-"+k.key), flock.SetPermissions(0o600))
		if got, err := lock.TryLock(); err != nil || !got {
			return false
		}
		defer lock.Unlock()
	}
	if err := os.RemoveAll(filepath.Join(c.Dir, k.kind, k.key)); err != nil {
		c.say("the cache cannot remove %s: %v", k.key, err)
		return false
	}
	return true
}

// size returns the bytes of the files below a folder.
func size(dir string) (bytes int64) {
	_ = filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			if info, err := e.Info(); err == nil {
				bytes += info.Size()
			}
		}
		return nil // what vanishes meanwhile has no size
	})
	return bytes
}
