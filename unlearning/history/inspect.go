package history

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Contents tells what lies in a folder.
type Contents struct {
	Dir, Policy string
	Run         Fingerprint
	Complete    bool   // whether the run has ended
	Final       string // digest of the parameters that it ended with, once complete
	// At is the step up to which a run that has not ended is saved, where no logit
	// gradients are summed: a training that goes on there takes no step before it
	// again.
	At int
	// Kinds sums up the files by what they hold, in the order of a run.
	Kinds []Kind
	// Unlisted are files that the manifest does not know: written when the process
	// died, or somebody else's.
	Unlisted []string
	// Torn says that the manifest ends in half a line, as a death leaves it.
	Torn bool
}

// Kind is a kind of files.
type Kind struct {
	Name  string
	Files int
	Bytes int64
}

// Inspect reads all files of a folder and compares them with what the manifest
// says of them. Whatever can be told is told; the error, if any, wraps ErrDamaged
// and names every file that is not what was written.
func Inspect(dir string) (*Contents, error) {
	s, err := openFolder(dir)
	if err != nil {
		return nil, err
	}
	c := &Contents{Dir: dir, Policy: s.head.Policy, Run: s.head.Run, Complete: s.complete(), Torn: s.m.torn}
	if end := s.m.last(kindEnd); end != nil {
		c.Final = end.Final
	}
	for _, e := range s.m.entries {
		if e.Tally != nil {
			c.At = max(c.At, e.At)
		}
	}
	kinds := []Kind{{string("header and manifest"), 2, s.size + s.m.size}}
	known := []string{headerName, manifestName}
	var bad []error
	for _, e := range s.live() {
		known = append(known, e.File.File)
		if err := checkFile(dir, *e.File); err != nil {
			bad = append(bad, s.damaged(*e.File, err))
		}
		i := slices.IndexFunc(kinds, func(k Kind) bool { return k.Name == string(e.Kind) })
		if i < 0 {
			i = len(kinds)
			kinds = append(kinds, Kind{Name: string(e.Kind)})
		}
		kinds[i].Files++
		kinds[i].Bytes += e.File.Bytes
	}
	c.Kinds = kinds
	entries, err := os.ReadDir(dir)
	if err != nil {
		bad = append(bad, fmt.Errorf("history: inspect: %w", err))
	}
	for _, e := range entries {
		if name := e.Name(); name[0] != '.' && !e.IsDir() && !slices.Contains(known, name) || strings.HasSuffix(name, ".tmp") {
			c.Unlisted = append(c.Unlisted, filepath.Base(name))
		}
	}
	return c, errors.Join(bad...)
}

// String is a report for people.
func (c *Contents) String() string {
	var b strings.Builder
	state := "finished"
	if !c.Complete {
		state = fmt.Sprintf("interrupted, saved up to step %d", c.At)
	}
	f := c.Run
	fmt.Fprintf(&b, "%s: a run of %s, %s\n\n", c.Dir, f.Arch, state)
	row := func(name string, value any) { fmt.Fprintf(&b, "  %-22s %v\n", name, value) }
	row("policy", c.Policy)
	row("examples", fmt.Sprintf("%d, %d of them deleted since", f.Order.N, f.Order.Holes.Len()))
	row("steps", fmt.Sprintf("%d of batches of %d, seed %d", f.Steps, f.Order.Batch, f.Order.Seed))
	row("learning rate", fmt.Sprintf("%s, momentum %g, weight decay %g, augmentation %s", f.LR, f.Momentum, f.WeightDecay, f.Augment))
	row("computed", fmt.Sprintf("in %s by %s", f.DType, f.Engine))
	if c.Final != "" {
		row("w_T, SHA-256", c.Final)
	}
	fmt.Fprintf(&b, "\n  %-22s %6s %14s\n", "kind", "files", "bytes")
	var all Kind
	for _, k := range c.Kinds {
		fmt.Fprintf(&b, "  %-22s %6d %14d\n", k.Name, k.Files, k.Bytes)
		all.Files += k.Files
		all.Bytes += k.Bytes
	}
	fmt.Fprintf(&b, "  %-22s %6d %14d\n", "all", all.Files, all.Bytes)
	if c.Torn {
		b.WriteString("\n  the manifest ends in half a line, as a death leaves it; it does not count\n")
	}
	if len(c.Unlisted) > 0 {
		fmt.Fprintf(&b, "\n  not listed: %s\n", strings.Join(c.Unlisted, ", "))
	}
	return b.String()
}
