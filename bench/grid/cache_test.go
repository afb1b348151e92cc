package grid

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/nets"
	_ "github.com/miniunlearn/miniunlearn/unlearning/baselines"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// TestEvict: the cache keeps to its limit, and what is in use stays.
func TestEvict(t *testing.T) {
	o := options(t)
	few := one()
	few.Seeds, few.Methods = Seeds{1, 2}, List[string]{"before"}
	p := planned(t, few)
	_, err := p.Run(t.Context(), o)
	require.NoError(t, err)
	all := size(o.Cache.Dir)
	o.Cache.Limit = all / 2
	o.Cache.evict("")
	left := size(o.Cache.Dir)
	require.LessOrEqual(t, left, all/2)
	require.Positive(t, left)

	o.Cache.Limit = 0
	o.Fresh = true
	out, err := p.Run(t.Context(), o)
	require.NoError(t, err, "entries in use may exceed the limit")
	require.Equal(t, 2, out.Computed)
	o.Cache.evict("")
	require.Zero(t, size(filepath.Join(o.Cache.Dir, "runs")))
}

// TestCacheUnwritable: without a folder to write to, runs are trained where they
// are asked for, and that is said.
func TestCacheUnwritable(t *testing.T) {
	p := planned(t, one())
	o := options(t)
	require.NoError(t, os.WriteFile(o.Cache.Dir, nil, 0o600)) // a file
	var said []string
	o.Cache.Say = func(s string) { said = append(said, s) }
	out, err := p.Run(t.Context(), o)
	require.NoError(t, err)
	require.Zero(t, out.Failed()+out.Missing())
	require.Contains(t, said[0], "the run is trained without the cache: ")
	require.Contains(t, strings.Join(said, "\n"), "the cache cannot keep a reference: ")
}

// TestCacheMemorised: the record that says what was memorised is the one that a method needs,
// and a cache keeps it once.
func TestCacheMemorised(t *testing.T) {
	s := one()
	s.Forget, s.Methods = List[string]{"memorised:0.1"}, List[string]{"before", "rum:0.5", "retrain"}
	p := planned(t, s)
	o := options(t) // what its cache says is an error
	out, err := p.Run(t.Context(), o)
	require.NoError(t, err)
	require.Zero(t, out.Failed()+out.Missing())
	runs, err := filepath.Glob(filepath.Join(o.Cache.Dir, "runs", "*", "*"))
	require.NoError(t, err)
	require.Len(t, runs, 1, "one record, of logit gradients")

	req := p.requests[0]
	train, _, err := req.Request()
	require.NoError(t, err)
	model, err := nets.NewModel(req.Arch, o.Engines[0], req.Config.DType)
	require.NoError(t, err)
	o = options(t)
	gradients := history.LogitGradients()
	_, records, err := o.Cache.Train(t.Context(), model, train, req.Config, []history.Policy{gradients, gradients})
	require.NoError(t, err)
	require.Len(t, records, 2, "one for each that was asked for")
}
