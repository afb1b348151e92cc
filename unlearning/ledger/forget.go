package ledger

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"time"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/internal/atomicfile"
	"github.com/miniunlearn/miniunlearn/internal/vector"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// change is a change of the model on its way: from a run, by requests, to another.
type change struct {
	entry    Entry
	requests []Request
	method   unlearning.Method
	retrain  bool

	before, after   *nets.Run
	recordBefore    *history.Record
	record          *history.Record
	forget          data.ForgetSet
	left            *data.Dataset
	table           table
	result          *unlearning.Result
	since           Since
	trainedOn       int // examples of the last training
	retrainingCosts float64
}

// Forget serves all requests that wait by a method, in one go, and returns what the
// journal says of it. Before it returns, everything of the forgotten examples is
// removed from the folder: their marks, their logit gradients, the gradients and the
// parameters that they took part in. The examples themselves are their owner's to
// delete; the ledger's data set, see Data, is without them.
//
// unlearning.Retrain trains again on what is left, in the recorded order, and
// records it anew: its error is none, and what has added up begins again. It does
// so without waiting requests, too. A retraining that was interrupted goes on from
// where it was when it is asked for again.
//
// On an error nothing has changed and the requests wait on, unless a receipt comes
// with it: then they have been served, and only what follows was interrupted. Open
// ends that.
func (l *Ledger) Forget(ctx context.Context, m unlearning.Method) (*Receipt, error) {
	l.forgetting.Lock()
	defer l.forgetting.Unlock()
	c, err := l.begin(m)
	if err != nil {
		return nil, fmt.Errorf("ledger: forget: %w", err)
	}
	defer l.end()
	var r *Receipt
	if err = l.solve(ctx, c); err == nil {
		r, err = l.commit(c)
	}
	if err != nil && r == nil {
		err = errors.Join(err, l.undo(c))
	}
	if err != nil {
		err = fmt.Errorf("ledger: forget: %w", err)
	}
	return r, err
}

// end lets go of the requests that were being served.
func (l *Ledger) end() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.serving = nil
}

// undo removes what a change that came to nothing has written. What has been trained
// again stays: it goes on when it is asked for.
func (l *Ledger) undo(c *change) error {
	c.entry.Number = l.next()
	err := removeFile(l.path(c.entry.table()))
	if !c.retrain {
		err = errors.Join(err, os.RemoveAll(l.path(c.entry.Folder)))
	}
	return err
}

// begin says what the change is to be.
func (l *Ledger) begin(m unlearning.Method) (*change, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.usable(); err != nil {
		return nil, err
	}
	if m = plain(m); m == nil {
		return nil, errors.New("there is no method")
	}
	c := &change{method: m, requests: slices.Clone(l.queue.Requests), before: l.run, recordBefore: l.record}
	if r, ok := m.(unlearning.Retrain); ok && r.Other == 0 {
		c.retrain = true
	}
	if len(c.requests) == 0 && !c.retrain {
		return nil, ErrEmpty
	}
	last := l.journal.last()
	c.since, c.trainedOn = *last.Since, l.trainedOn()
	var ids []string
	e := Entry{
		Kind: KindForgotten, Engine: l.run.Model.Engine().Name(), DType: l.run.Model.DType().String(),
		Before: last.After, DataBefore: last.DataAfter, Folder: fmt.Sprintf(runName, l.journal.changes()),
	}
	if c.retrain {
		e.Kind, e.Folder = KindRetrained, fmt.Sprintf(retrainName, l.journal.changes())
	}
	for _, r := range c.requests {
		ids = append(ids, r.IDs...)
		f, err := data.ForgetByID(l.run.Data, r.IDs...)
		if err != nil {
			return nil, err
		}
		e.Requests = append(e.Requests, Served{r.ID, r.Received, f.Len(), l.key.setDigest(r.IDs)})
	}
	var err error
	if c.forget, err = data.ForgetByID(l.run.Data, ids...); err != nil {
		return nil, err
	}
	n := l.run.Data.Len()
	if c.forget.Len() == n {
		return nil, fmt.Errorf("%w: the requests name all %d examples; delete the model", unlearning.ErrNothingLeft, n)
	}
	if !c.retrain {
		share := float64(c.forget.Len()) / float64(c.trainedOn)
		if err := l.options.Limits.check(c.since, len(c.requests), c.forget.Len(), share); err != nil {
			return nil, err
		}
	}
	e.Examples, e.Set, e.Left = c.forget.Len(), l.key.setDigest(ids), n-c.forget.Len()
	config, err := json.Marshal(m)
	if err != nil {
		return nil, fmt.Errorf("method %s: its configuration cannot be written down: %w", m.Name(), err)
	}
	e.Method = &MethodUsed{m.Name(), fmt.Sprintf("%T", m), config}
	c.entry, l.serving = e, c.requests
	c.left = l.run.Data.Subset(c.forget.Retained(n))
	c.table = slices.Clone(l.table)
	live := c.table.live()
	for i := range c.forget.All() {
		c.table[live[i]] = mark{}
	}
	return c, nil
}

// plain returns the method that a pointer leads to: the journal names methods as they
// are when they are values, and nil is none.
func plain(m unlearning.Method) unlearning.Method {
	v := reflect.ValueOf(m)
	if v.Kind() != reflect.Pointer {
		return m
	}
	if v.IsNil() {
		return nil
	}
	if m, ok := v.Elem().Interface().(unlearning.Method); ok {
		return m
	}
	return m
}

// trainedOn is the number of examples of the last training; mu is held.
func (l *Ledger) trainedOn() int {
	for _, e := range slices.Backward(l.journal.entries) {
		if e.Kind == KindRetrained || e.Kind == KindCreated {
			return e.Left
		}
	}
	return l.run.Data.Len()
}

// solve finds the new model and writes its run. Nothing counts yet.
func (l *Ledger) solve(ctx context.Context, c *change) (err error) {
	dir := l.path(c.entry.Folder)
	if err := l.checkData(c.before.Data); err != nil {
		return err
	}
	c.retrainingCosts = unlearning.RetrainCost(unlearning.Problem{Run: c.before, Forget: c.forget})
	if c.retrain {
		err = l.retrain(ctx, c, dir)
	} else {
		if err = os.RemoveAll(dir); err == nil { // what an earlier attempt has left
			err = l.unlearn(ctx, c, dir)
		}
	}
	if err != nil {
		var gap *history.GapError
		if errors.As(err, &gap) || errors.Is(err, history.ErrNoLogitGradients) || errors.Is(err, unlearning.ErrNoHistory) {
			err = fmt.Errorf("%w: %w; call Forget with unlearning.Retrain, or with a method that needs less", ErrHistory, err)
		}
		if errors.Is(err, history.ErrDamaged) { // a missing file may be one of the method's own
			err = ofRun(err)
		}
		return err
	}
	if c.entry.Certificate, err = l.certify(ctx, c); err != nil {
		return err
	}
	return l.describe(c)
}

func (l *Ledger) unlearn(ctx context.Context, c *change, dir string) error {
	// A method that changes parameters, which it must not, changes its own.
	run := *c.before
	run.Initial, run.Params = run.Initial.Clone(), run.Params.Clone()
	if run.Momentum != nil {
		run.Momentum = run.Momentum.Clone()
	}
	p := unlearning.Problem{Run: &run, Forget: c.forget, History: c.recordBefore, OtherEngine: l.options.Engine != nil}
	res, next, err := unlearning.Forget(ctx, c.method, p, unlearning.Next{Left: c.left, Dir: dir, Of: c.entry.of()})
	if err != nil {
		return err
	}
	c.result, c.after, c.record = res, next.Run, next.History
	return nil
}

// retrain trains again on what is left, or goes on with it.
func (l *Ledger) retrain(ctx context.Context, c *change, dir string) error {
	policy, err := history.ParsePolicy(l.head.Policy)
	if err != nil {
		return err
	}
	cfg := c.before.Config
	cfg.Hooks, cfg.Holes = nil, c.before.Order.Without(c.forget).Holes
	began := time.Now()
	train := func() error {
		c.after, c.record, err = history.Train(ctx, dir, policy, c.before.Model.Arch(), c.left, cfg)
		return err
	}
	if err := train(); errors.Is(err, history.ErrMismatch) || errors.Is(err, history.ErrDamaged) || errors.Is(err, history.ErrVersion) {
		// One of other requests, which has not been needed.
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
		if err := train(); err != nil {
			return err
		}
	} else if err != nil {
		return err
	}
	c.after.Config.Hooks = nil
	c.result = &unlearning.Result{Method: c.method.Name(), Params: c.after.Params, GradEvals: c.after.GradEvals, Elapsed: time.Since(began)}
	return nil
}

// describe fills in what the journal says of a change that has been found.
func (l *Ledger) describe(c *change) error {
	e, res := &c.entry, c.result
	e.Cost = &Cost{GradEvals: res.GradEvals, OfRetraining: res.GradEvals / c.retrainingCosts, Seconds: res.Elapsed.Seconds(), BytesRead: res.BytesRead}
	if e.Certificate != nil {
		e.Cost.Certificate = e.Certificate.evals
	}
	e.Route, e.Reason = string(res.Route), res.RouteReason
	for g, n := range maps.All(res.Guards) {
		if e.Guards == nil {
			e.Guards = map[string]int{}
		}
		e.Guards[string(g)] = n
	}
	e.After, e.DataAfter = c.record.Final(), l.key.digest(c.table)
	if c.retrain {
		e.Since = &Since{}
	} else {
		s := c.since
		s.Requests += len(c.requests)
		s.Examples += c.forget.Len()
		s.Share = float64(s.Examples) / float64(c.trainedOn)
		if way := vector.Distance(c.before.Initial, c.before.Params); way > 0 {
			s.Moved += vector.Distance(c.before.Params, c.after.Params) / way
		}
		if est := e.Certificate.Estimated; est.Excess != nil {
			s.ExcessBefore += float64(c.forget.Len()) * est.ExcessBefore
			s.ExcessAfter += float64(c.forget.Len()) * est.Excess.Value
		}
		e.Since = &s
	}
	e.Number = l.next()
	path := l.path(e.table())
	if err := c.table.write(path); err != nil {
		return err
	}
	var err error
	e.Table, err = fileSum(path)
	return err
}

// next is the number of the next entry.
func (l *Ledger) next() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.journal.entries)
}

// table is the name of the file of the marks after an entry.
func (e *Entry) table() string { return fmt.Sprintf(tableName, e.Number) }

// commit makes the change count, and removes what was before it.
func (l *Ledger) commit(c *change) (*Receipt, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	line, err := l.stamp(&c.entry)
	if err != nil {
		return nil, err
	}
	at("solved")
	if err := l.lock.Check(); err != nil {
		return nil, err
	}
	// From here on it counts: Open goes on from this file.
	err = atomicfile.WritePrivate(l.path(pendingName), func(w io.Writer) error { _, err := w.Write(line); return err })
	if err != nil && !errors.Is(err, atomicfile.ErrNotDurable) {
		return nil, err
	}
	at("pending")
	l.run, l.record, l.table = c.after, c.record, c.table
	err = l.finish(&c.entry, line)
	if err != nil {
		l.broken = err
	}
	return &Receipt{c.entry}, err
}

// stamp numbers an entry, dates it and closes it.
func (l *Ledger) stamp(e *Entry) ([]byte, error) {
	e.Number, e.Time, e.Version, e.Program = len(l.journal.entries), l.now(), version, program()
	return seal(l.journal.chain, e)
}

// append adds an entry that changes nothing else.
func (l *Ledger) append(e *Entry) error {
	line, err := l.stamp(e)
	if err != nil {
		return err
	}
	err = atomicfile.WritePrivate(l.path(pendingName), func(w io.Writer) error { _, err := w.Write(line); return err })
	if err != nil && !errors.Is(err, atomicfile.ErrNotDurable) {
		return err
	}
	if err = l.appendJournal(*e, line); err == nil {
		err = l.removePending()
	}
	l.broken = err
	return err
}

func (l *Ledger) appendJournal(e Entry, line []byte) error {
	if err := appendLine(l.path(journalName), l.journal.size, line); err != nil {
		return err
	}
	l.journal.entries = append(l.journal.entries, e)
	l.journal.chain, l.journal.size, l.journal.torn = e.Hash, l.journal.size+int64(len(line)), nil
	return nil
}

// finish does what follows from an entry that counts.
func (l *Ledger) finish(e *Entry, line []byte) error {
	if err := l.appendJournal(*e, line); err != nil {
		return err
	}
	at("journal")
	return l.tidy()
}

// saveModel makes the parameters of the run in a folder those that are to be served.
func (l *Ledger) saveModel(folder string) error {
	from, err := os.Open(l.path(filepath.Join(folder, history.FinalFile)))
	if err != nil {
		return err
	}
	defer from.Close()
	return atomicfile.WritePrivate(l.path(modelName), func(w io.Writer) error { _, err := io.Copy(w, from); return err })
}

// Note adds what somebody found in an audit of the model to the journal: any value
// that JSON can hold.
func (l *Ledger) Note(audit any) error {
	l.forgetting.Lock()
	defer l.forgetting.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := l.usable(); err != nil {
		return fmt.Errorf("ledger: note: %w", err)
	}
	raw, err := json.Marshal(audit)
	if err == nil {
		var compact bytes.Buffer
		if err = json.Compact(&compact, raw); err == nil {
			raw = compact.Bytes()
		}
	}
	if err == nil {
		last := l.journal.last()
		err = l.append(&Entry{Kind: KindAudited, Left: last.Left, After: last.After, DataAfter: last.DataAfter, Audit: raw})
	}
	if err != nil {
		return fmt.Errorf("ledger: note: %w", err)
	}
	return nil
}

// at is called where a change has reached a stage, for tests of deaths.
var at = func(stage string) {}
