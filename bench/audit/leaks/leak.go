package leaks

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/purpose"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// Leak is a method that leaves a flaw.
type Leak struct {
	Flaw string // "keeps-tenth"
	Does string // what it leaves, in a phrase

	leave func(ctx context.Context, b *bench) (*graph.Tensor, error)
}

// Name implements unlearning.Method.
func (l Leak) Name() string { return "leak:" + l.Flaw }

// History implements unlearning.Method: no record is needed.
func (Leak) History(unlearning.Plan) history.Policy { return history.Policy{} }

// Unlearn implements unlearning.Method.
func (l Leak) Unlearn(ctx context.Context, p unlearning.Problem) (*unlearning.Result, error) {
	if p.Run == nil || p.Run.Params == nil || p.Forget.Len() == 0 {
		return nil, fmt.Errorf("leaks: %s: the problem has no finished run, or nothing to forget", l.Name())
	}
	if err := p.Forget.Validate(p.Run.Data.Len()); err != nil {
		return nil, fmt.Errorf("leaks: %s: %w", l.Name(), err)
	}
	w, err := l.leave(ctx, newBench(p))
	if err != nil {
		return nil, fmt.Errorf("leaks: %s: %w", l.Name(), err)
	}
	return &unlearning.Result{Method: l.Name(), Params: w}, nil
}

// ByName returns the leak of a name such as "keeps-tenth".
func ByName(flaw string) (Leak, error) {
	var known []string
	for _, l := range Leaks() {
		if l.Flaw == flaw {
			return l, nil
		}
		known = append(known, l.Flaw)
	}
	return Leak{}, fmt.Errorf("leaks: unknown flaw %q; known are %s", flaw, strings.Join(known, ", "))
}

func init() {
	unlearning.Register("leak", "FLAW", func(arg string) (unlearning.Method, error) {
		if arg == "" {
			arg = "trained"
		}
		return ByName(arg)
	})
}

// stream is a generator of its own for each use of a run.
func stream(p unlearning.Problem, use uint64) *rand.Rand {
	return purpose.Rand(p.Run.Config.Seed, purpose.Leak, use)
}
