package audit

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/miniunlearn/miniunlearn/attacks/verdict"
)

// keptRow is what was found of a variant, as a file.
type keptRow struct {
	Key       string             `json:"key"` // of what it was found with
	Row       *Row               `json:"row"`
	Exposures []verdict.Exposure `json:"exposures"`
}

func rowFile(name string) string { return private + "row-" + fileName(name) + ".json" }

// program is the digest of this executable, "" where it cannot be read: what
// another one found may be something else.
var program = sync.OnceValue(func() string {
	path, err := os.Executable()
	if err != nil {
		return ""
	}
	f, err := os.Open(path)
	if err != nil {
		return ""
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return ""
	}
	return hex.EncodeToString(h.Sum(nil))
})

// rowKey identifies everything that a row depends on: the program, how it judges, what
// was audited, and the answers of the variant and of those that it is compared with; ""
// if that cannot be known. What other methods answer is not part of it.
func (a *analysis) rowKey(name, digest string) string {
	if program() == "" {
		return ""
	}
	setup := a.folder.setup
	setup.Variants, setup.Settings, setup.History = nil, nil, ""
	text, err := setup.text()
	if err != nil {
		return ""
	}
	h := sha256.New()
	fmt.Fprintln(h, program(), a.Fit, a.Level, a.Deals, a.Sensitivity, a.Loss, name, digest, a.digests)
	h.Write(text)
	for _, attack := range a.Attacks {
		settings, err := json.Marshal(attack)
		if err != nil {
			return ""
		}
		fmt.Fprintf(h, "%s %T %s\n", attack.Name(), attack, settings)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// complete reports the first model that is missing.
func (p *plan) complete(f *folder) error {
	for _, d := range p.pools {
		for m := range d.models {
			if _, listed := f.sums[d.file(m)+".npy"]; !listed {
				_, err := f.get(d.file(m) + ".npy")
				return err
			}
			have, err := p.has(f, d.file(m)+".npy")
			if err != nil {
				return err
			}
			if have < len(p.variants()) {
				if _, err := f.get(d.file(m) + ".npy"); err != nil { // it is cut, and not of fewer methods
					return err
				}
				return p.lacking(f, have)
			}
		}
	}
	return nil
}

// kept returns what an earlier analysis found of a variant, nil if nothing.
func (a *analysis) kept(name, key string) (*Row, error) {
	content, err := a.folder.get(rowFile(name))
	if errors.Is(err, ErrIncomplete) || errors.Is(err, ErrDamaged) {
		return nil, nil // to be found again
	}
	if err != nil {
		return nil, err
	}
	var k keptRow
	if err := json.Unmarshal(content, &k); err != nil || key == "" || k.Key != key || k.Row == nil || k.Row.Verdict == nil {
		return nil, nil
	}
	k.Row.Verdict.Exposures = k.Exposures
	return k.Row, nil
}

// keep writes what was found.
func (a *analysis) keep(row *Row, key string) error {
	if key == "" || a.folder.readOnly() {
		return nil
	}
	content, err := json.Marshal(keptRow{key, row, row.Verdict.Exposures})
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	return a.folder.put(rowFile(row.Name), content)
}
