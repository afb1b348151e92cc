package audit

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

// grows reports whether the audit is that of s with more methods after those that s
// has, and the same in all else, the records of those methods included.
func (p *plan) grows(s Setup) bool {
	want, n := p.setup, len(s.Variants)
	if n < fixed {
		return false
	}
	if n >= len(want.Variants) || len(s.Settings) != n || !slices.Equal(s.Variants, want.Variants[:n]) || !slices.Equal(s.Settings, want.Settings[:n]) {
		return false
	}
	want.Revision = s.Revision // which mayAdd looks at
	want.Variants, want.Settings, want.History = s.Variants, s.Settings, p.history(n-fixed)
	a, errA := s.text()
	b, errB := want.text()
	return errA == nil && errB == nil && string(a) == string(b)
}

// grown writes the setup of an audit that has got more methods. Until their answers are
// there too, the audit is incomplete.
func (p *plan) grown(f *folder) error {
	if !f.grow {
		return nil
	}
	text, err := f.setup.text()
	if err != nil {
		return err
	}
	if err := f.put(setupFile, text); err != nil {
		return err
	}
	f.grow = false
	return nil
}

// has returns of how many variants a listed file of answers has some: all, but while
// an audit grows.
func (p *plan) has(f *folder, name string) (int, error) {
	info, err := os.Stat(f.path(name))
	if err != nil {
		return 0, fmt.Errorf("%w: %s is missing; run Train to make it", ErrIncomplete, f.path(name))
	}
	// What stands before the numbers is shorter than one variant's.
	return min(int(info.Size()/int64(4*p.rows()*p.Data.Classes)), len(p.variants())), nil
}

// lacking says that methods are not in the folder yet.
func (p *plan) lacking(f *folder, have int) error {
	return fmt.Errorf("%w: %s has no answers of %s yet; run Train to make them", ErrIncomplete, f.dir, strings.Join(p.variants()[have:], ", "))
}
