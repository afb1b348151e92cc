package unlearning

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/internal/purpose"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// InParts forgets U in parts by a method, one request after another by Forget: each
// begins with the run, and its record, that the one before has left. It is what a model
// comes to when requests arrive over time, to be compared with one request for all.
type InParts struct {
	Parts  int    // of nearly the same size, chosen by the run's seed; at most as many as examples
	Method Method // for each of them: a cost is that of a part
}

// Name implements Method.
func (m InParts) Name() string {
	if m.Method == nil {
		return fmt.Sprintf("in-parts:%d", m.Parts)
	}
	return fmt.Sprintf("in-parts:%d:%s", m.Parts, m.Method.Name())
}

// History implements Method.
func (m InParts) History(p Plan) history.Policy {
	if m.Method == nil {
		return history.Policy{}
	}
	return m.Method.History(p)
}

// Unlearn implements Method. The cost is that of all parts.
func (m InParts) Unlearn(ctx context.Context, p Problem) (*Result, error) {
	req, done, err := Begin(m, p)
	if err != nil || done != nil {
		return done, err
	}
	if m.Parts < 1 || m.Method == nil {
		return req.Fail(fmt.Errorf("%d parts by the method %v; say how many requests there are, and by what each is served", m.Parts, m.Method))
	}
	all := p.Forget.Positions()
	r := purpose.Rand(p.Run.Config.Seed, purpose.Parts, 0)
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	parts := min(m.Parts, len(all))
	sum := &Result{Method: m.Name()}
	for k := range parts {
		part := slices.Sorted(slices.Values(all[k*len(all)/parts : (k+1)*len(all)/parts]))
		// Where they stand now: those before them that are forgotten do not count.
		forgotten := slices.Sorted(slices.Values(all[:k*len(all)/parts]))
		for i, at := range part {
			before, _ := slices.BinarySearch(forgotten, at)
			part[i] = at - before
		}
		if p.Forget, err = data.ForgetPositions(p.Run.Data.Len(), part); err != nil {
			return req.Fail(err)
		}
		res, next, err := Forget(ctx, m.Method, p, Next{})
		if err != nil {
			return req.Fail(fmt.Errorf("request %d of %d: %w", k+1, parts, err))
		}
		sum.GradEvals += res.GradEvals
		sum.Elapsed += res.Elapsed
		sum.BytesRead += res.BytesRead
		sum.Params, sum.BytesKept, sum.Route, sum.RouteReason = res.Params, max(sum.BytesKept, res.BytesKept), res.Route, res.RouteReason
		for g, n := range res.Guards {
			if sum.Guards == nil {
				sum.Guards = map[Guard]int{}
			}
			sum.Guards[g] += n
		}
		p = next
	}
	return sum, nil
}

// inParts reads the argument of a notation, "10:mini:0.02".
func inParts(arg string) (Method, error) {
	count, notation, _ := strings.Cut(arg, ":")
	parts, err := strconv.Atoi(count)
	if err != nil || parts < 1 || notation == "" {
		return nil, errors.New("say how many requests, and the method for each, as in in-parts:10:mini:0.02")
	}
	m, err := ByName(notation)
	if err != nil {
		return nil, err
	}
	return InParts{parts, m}, nil
}
