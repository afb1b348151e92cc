package audit

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"

	"github.com/miniunlearn/miniunlearn/attacks"
	"github.com/miniunlearn/miniunlearn/attacks/verdict"
	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// Config says what to audit. Data, Arch, Methods and Dir must be set.
type Config struct {
	// Data is the pool. Each model trains on a random half of it; the rest is
	// that model's unseen data.
	Data *data.Dataset
	Arch nets.Arch
	// Train says how. Its Seed is the whole audit's: halves, models, attacks.
	// Each model has a seed of its own drawn from it. Drop, Only, From and
	// Hooks must not be set; what else nets refuses is refused before anything
	// is written.
	Train nets.Config
	// Candidates may be asked to be forgotten, and are what the attacks look
	// at; the zero value means all of Data.
	Candidates data.ForgetSet
	// Share of the candidates that a model trained on are then forgotten; 0
	// means 0.2. With 1 none remains In, and the games that need it are left
	// out.
	Share float64
	// Methods are audited on the same models, each against the retrained ones.
	// OtherSeed is always among them, whether it is named or not: it is what the
	// others are compared with.
	Methods []Subject
	// Queries are the copies of each candidate that models are asked about besides
	// the candidate itself; nil means those of Queries, and an empty slice none.
	Queries []Query
	// Attacks learn from the shadows and are tried on the targets; nil means U-LiRA's,
	// both directions.
	Attacks []attacks.Attack
	// Shadows and Targets are numbers of models; 0 means 64 and 16.
	Shadows, Targets int
	// Fit is how LiRA fits an example's few signals. The zero value,
	// attacks.PerExample, wants dozens of models in each state; take
	// attacks.Shrunk with fewer.
	Fit attacks.Fit
	// Level is the confidence of each verdict as a whole; 0 means 0.95.
	Level float64
	// Sensitivity and Loss are what an audit must be able to find before it says
	// passed, and Deals the number of random deals that its tests compare with: see
	// verdict.Config.
	Sensitivity, Loss float64
	Deals             int
	// History is what each run records; nil chooses what the methods ask for.
	History *history.Policy
	// Dir is the folder of the signals, made if missing. It holds one audit,
	// and one process at a time may use it.
	Dir string
	// KeepRuns lets trained models, with their records, stay in Dir until they have this
	// many bytes: a method that the audit gets later then costs itself alone. A model that is
	// begun when they have is not kept, and is trained again for such a method. Those under
	// way then, no more than Workers, are kept besides, so that there may be as many
	// models' bytes more. 0 keeps none.
	KeepRuns int64
	// Workers is the number of models at a time; 0 means GOMAXPROCS.
	Workers int
	// Progress, if not nil, is told after each model how many are done.
	Progress func(done, total int)
	// Say, if not nil, is told what went wrong with a model that was kept, and was mended.
	Say func(string)
}

// Subject is a method under audit. Its name tells it from others in results, and
// methods of different settings in a folder that is gone on with.
type Subject = unlearning.Named

// The variants that every audit has, besides one for each method.
const (
	Before    = "before"
	Retrained = "retrained"
	// Reference is OtherSeed's: retrained models that share nothing with the others.
	Reference = "retrain-other-seed"
)

// fixed is the number of variants before the methods.
const fixed = 3

// ErrConfig is wrapped by errors about a Config that cannot be audited.
var ErrConfig = errors.New("audit: bad configuration")

func bad(format string, args ...any) error {
	return fmt.Errorf("%w: "+format, append([]any{ErrConfig}, args...)...)
}

// withDefaults fills in and checks what needs no data.
func (c Config) withDefaults() (Config, error) {
	c.Share, c.Level = cmp.Or(c.Share, 0.2), cmp.Or(c.Level, 0.95)
	c.Shadows, c.Targets = cmp.Or(c.Shadows, 64), cmp.Or(c.Targets, 16)
	c.Workers = cmp.Or(c.Workers, runtime.GOMAXPROCS(0))
	c.Train.Epochs, c.Train.Batch = cmp.Or(c.Train.Epochs, 1), cmp.Or(c.Train.Batch, 64)
	if c.Train.LR == nil {
		c.Train.LR = nets.ConstantRate(0.05)
	}
	switch t := c.Train; {
	case c.Data == nil:
		return c, bad("Data is nil; give the examples to audit")
	case c.Arch.Logits == nil:
		return c, bad("Arch is empty; give one such as nets.MLP")
	case t.Drop.Len() > 0 || t.Only != nil || t.From != nil || len(t.Hooks) > 0:
		return c, bad("Train sets Drop, Only, From or Hooks; the audit chooses each model's examples and start itself")
	case !(c.Share > 0 && c.Share <= 1):
		return c, bad("Share %g is outside (0, 1]", c.Share)
	case !(c.Level > 0 && c.Level < 1):
		return c, bad("Level %g is outside (0, 1)", c.Level)
	case c.Shadows < 0 || c.Targets < 0 || c.Workers < 0:
		return c, bad("Shadows %d, Targets %d and Workers %d must not be negative", c.Shadows, c.Targets, c.Workers)
	case c.Dir == "":
		return c, bad("Dir is empty; name the folder that keeps the signals")
	case len(c.Methods) == 0:
		return c, bad("no methods; give at least one")
	}
	c.Methods = slices.DeleteFunc(slices.Clone(c.Methods), func(m Subject) bool {
		_, reference := m.Method.(OtherSeed)
		return reference && (m.Name == "" || m.Name == Reference)
	})
	seen := map[string]bool{Before: true, Retrained: true, Reference: true}
	for i := range c.Methods {
		m := &c.Methods[i]
		if m.Method == nil {
			return c, bad("method %d is nil", i)
		}
		if _, several := m.Method.(unlearning.Ensembler); several {
			return c, bad("method %d, %s: %w", i, m.Method.Name(), unlearning.ErrEnsemble)
		}
		m.Name = cmp.Or(m.Name, m.Method.Name())
		if m.Name == "" || strings.HasPrefix(m.Name, ".") {
			return c, bad("method %d has the name %q; give it a Name that can be a folder's", i, m.Name)
		}
		if seen[fileName(m.Name)] {
			return c, bad("the name %q is taken; give method %d another Name", m.Name, i)
		}
		seen[fileName(m.Name)] = true
	}
	if c.Queries == nil {
		c.Queries = Queries(c.Data.Shape)
	}
	for i, q := range c.Queries {
		if q.Name == "" || q.Copy == nil {
			return c, bad("query %d has no Name or no Copy", i)
		}
		if err := q.fits(c.Data.Shape); err != nil {
			return c, err
		}
	}
	if c.Attacks == nil {
		c.Attacks = []attacks.Attack{attacks.LiRA{Fit: c.Fit}, attacks.Direction{Fit: c.Fit}}
	}
	if err := c.judge().Validate(); err != nil {
		return c, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	return c, nil
}

// judge returns how verdicts are made.
func (c Config) judge() verdict.Config {
	return verdict.Config{Level: c.Level, Deals: c.Deals, Sensitivity: c.Sensitivity, Loss: c.Loss, Attacks: c.Attacks, Seed: c.Train.Seed}
}

// variants names the rows of a signal file.
func (c Config) variants() []string {
	v := []string{Before, Retrained, Reference}
	for _, m := range c.Methods {
		v = append(v, m.Name)
	}
	return v
}

// records returns what runs record, and for each method the index of its own record,
// −1 for none. Each method has the record that it asks for, whatever others ask for: an
// audit that gets another method has the same answers of those that it had.
func (c Config) records(m *nets.Model) (all []history.Policy, of []int) {
	if c.History != nil {
		return []history.Policy{*c.History}, make([]int, len(c.Methods))
	}
	var methods []unlearning.Method
	for _, s := range c.Methods {
		methods = append(methods, s.Method)
	}
	half := &data.Dataset{Y: make([]int32, c.Data.Len()/2)}
	return unlearning.Policies(unlearning.Plan{Model: m, Data: half, Config: c.Train}, methods...)
}

// counts returns how many of a pool's models hold each candidate in each state.
func counts(models int, share float64) (out, in, forgotten int) {
	half := models / 2
	forgotten = int(math.Round(share * float64(half)))
	return models - half, half - forgotten, forgotten
}

// manyModels is what nobody trains.
const manyModels = 1_000_000

// checkCounts reports a pool with too few models, and how many would do.
func checkCounts(pool string, models int, share float64, least int) error {
	short := func(models int) (st attacks.State, n int, short bool) {
		out, in, forgotten := counts(models, share)
		switch {
		case out < least:
			return attacks.Out, out, true
		case forgotten < least:
			return attacks.Forgotten, forgotten, true
		case in < least && share < 1:
			return attacks.In, in, true
		}
		return 0, 0, false
	}
	st, n, lacks := short(models)
	if !lacks {
		return nil
	}
	enough := models + 1
	for enough < manyModels {
		if _, _, lacks := short(enough); !lacks {
			break
		}
		enough++
	}
	would := fmt.Sprintf("use more models; %d would do", enough)
	if enough == manyModels {
		would = "take a share further from 0 and 1"
	}
	return fmt.Errorf("%w: %w: with %d %s models and share %g each example is %q in %d of them, and %d are needed; %s",
		ErrConfig, attacks.ErrTooFewShadows, models, pool, share, st, n, least, would)
}
