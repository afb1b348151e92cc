package ledger

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// Replaying is what an auditor needs to replay a journal, beside the journal and the
// data that were trained on.
type Replaying struct {
	Key Key
	// Requests are the ids that each request named, by the request's own id.
	Requests map[string][]string
	// Dir is a new or empty folder for the runs.
	Dir string
	// Arch, Engine and LR are as in Options, and Initial the parameters that the run
	// began with, where they are none of its seed's.
	Arch    nets.Arch
	Engine  graph.Engine
	LR      nets.LRSchedule
	Initial *graph.Tensor
	// Methods are those that the journal names and that cannot be made from what it
	// says: methods of one's own, and ones that are configured by functions or
	// interfaces.
	Methods map[string]unlearning.Method
	// Progress, if not nil, is told of each entry when it has been replayed.
	Progress func(Replayed)
}

// Replayed is an entry that was replayed.
type Replayed struct {
	Entry Entry
	// After is the digest of the parameters that the replay has found. Same says that
	// it is the journal's, so that every bit of every parameter is.
	After string
	Same  bool
}

// Replay does again what a journal tells of, from training on, and compares the
// parameters after each change with those that the journal says there were. ds are
// the data that were trained on, with all that has been forgotten since. The first
// difference is not the end: the replay goes on from its own parameters. The error
// is about what keeps an entry from being replayed at all.
func Replay(ctx context.Context, entries []Entry, ds *data.Dataset, o Replaying) ([]Replayed, error) {
	fail := func(err error) ([]Replayed, error) { return nil, fmt.Errorf("ledger: replay: %w", err) }
	if err := o.Key.validate(); err != nil {
		return fail(err)
	}
	if len(entries) == 0 || entries[0].Run == nil {
		return fail(errors.New("there is no journal"))
	}
	if err := ds.Validate(); err != nil {
		return fail(err)
	}
	if there, err := os.ReadDir(o.Dir); o.Dir == "" || len(there) > 0 {
		return fail(fmt.Errorf("Replaying.Dir: %q is not empty; name a new folder", o.Dir))
	} else if err != nil && !errors.Is(err, os.ErrNotExist) {
		return fail(err)
	}
	first := entries[0]
	if got := o.Key.digest(o.Key.marks(ds)); got != first.DataAfter {
		return fail(fmt.Errorf("%w: their keyed digest is not that of entry 0: rows that were deleted since are missing, or they are other data, in another order, or the key is another", ErrData))
	}
	cfg, err := first.Run.TrainConfig(o.LR)
	if err != nil {
		return fail(err)
	}
	cfg.Engine, cfg.From = o.Engine, o.Initial
	if o.Arch.Logits == nil {
		if o.Arch, err = nets.Parse(first.Run.Run.Arch, ds); err != nil {
			return fail(err)
		}
	}
	policy, err := history.ParsePolicy(first.Run.Policy)
	if err != nil {
		return fail(err)
	}
	r := &replayer{Replaying: o, policy: policy}
	run, rec, err := history.Train(ctx, filepath.Join(o.Dir, fmt.Sprintf(runName, 0)), policy, o.Arch, ds, cfg)
	if err != nil {
		return fail(err)
	}
	r.now = unlearning.Problem{Run: run, History: rec}
	r.add(first)
	for _, e := range entries[1:] {
		if e.Kind == KindAudited {
			continue
		}
		if err := r.replay(ctx, e); err != nil {
			return r.done, fmt.Errorf("ledger: replay: entry %d: %w", e.Number, err)
		}
		r.add(e)
	}
	return r.done, nil
}

type replayer struct {
	Replaying
	policy history.Policy
	now    unlearning.Problem
	done   []Replayed
}

// add compares the run as it stands with an entry.
func (r *replayer) add(e Entry) {
	after := r.now.History.Final()
	d := Replayed{e, after, after == e.After}
	r.done = append(r.done, d)
	if r.Progress != nil {
		r.Progress(d)
	}
}

// replay does what an entry tells of.
func (r *replayer) replay(ctx context.Context, e Entry) error {
	var ids []string
	for _, s := range e.Requests {
		own, ok := r.Requests[s.ID]
		if !ok {
			return fmt.Errorf("the ids of request %s are missing; give those of every request in Replaying.Requests", s.ID)
		}
		if r.Key.setDigest(own) != s.Set {
			return fmt.Errorf("the ids that are given for request %s are not those that were asked for: their keyed digest is another one", s.ID)
		}
		ids = append(ids, own...)
	}
	run := r.now.Run
	f, err := data.ForgetByID(run.Data, ids...)
	if err != nil {
		return err
	}
	left := run.Data.Subset(f.Retained(run.Data.Len()))
	if got := r.Key.digest(r.Key.marks(left)); got != e.DataAfter {
		return fmt.Errorf("%w: the data that are left have another keyed digest", ErrData)
	}
	dir := filepath.Join(r.Dir, e.Folder)
	if e.Kind == KindRetrained {
		cfg := run.Config
		cfg.Holes = run.Order.Without(f).Holes
		r.now = unlearning.Problem{}
		r.now.Run, r.now.History, err = history.Train(ctx, dir, r.policy, run.Model.Arch(), left, cfg)
		return err
	}
	m, err := r.method(e.Method)
	if err != nil {
		return err
	}
	if _, given := r.Methods[e.Method.Name]; !given && e.Certificate != nil && e.Certificate.Guarantee != nil {
		return fmt.Errorf("the method %s drew noise from a secret key, which no journal holds; give the method with the key in Replaying.Methods", e.Method.Name)
	}
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	p := r.now
	p.Forget = f
	_, r.now, err = unlearning.Forget(ctx, m, p, unlearning.Next{Left: left, Dir: dir, Of: e.of()})
	return err
}

// method makes the method of an entry from what it says.
func (r *replayer) method(used *MethodUsed) (unlearning.Method, error) {
	if used == nil {
		return nil, errors.New("it names no method")
	}
	if m, ok := r.Methods[used.Name]; ok {
		return m, nil
	}
	cannot := func(why any) (unlearning.Method, error) {
		return nil, fmt.Errorf("the method %s, %s, cannot be made from the journal: %v; give it in Replaying.Methods", used.Name, used.Type, why)
	}
	known, err := unlearning.ByName(used.Name)
	if err != nil {
		return cannot(err)
	}
	v := reflect.New(reflect.TypeOf(known))
	if err := json.Unmarshal(used.Config, v.Interface()); err != nil {
		return cannot(err)
	}
	m, ok := v.Elem().Interface().(unlearning.Method)
	if got := fmt.Sprintf("%T", m); !ok || got != used.Type {
		return cannot(fmt.Sprintf("the name is that of %s here", got))
	}
	if same, err := json.Marshal(m); err != nil || !bytes.Equal(same, used.Config) {
		return cannot("its configuration does not come back as it was")
	}
	return m, nil
}
