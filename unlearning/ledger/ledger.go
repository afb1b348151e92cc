package ledger

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/graph"
	"github.com/miniunlearn/miniunlearn/internal/folderlock"
	"github.com/miniunlearn/miniunlearn/nets"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// Options configure a ledger. Key is needed; other zero values work.
type Options struct {
	// Key is the secret of the keyed digests, the same for a ledger's whole life. See
	// KeyFile.
	Key Key
	// Arch is the architecture of the run; the zero value takes the one of package
	// nets that the run names.
	Arch nets.Arch
	// Engine is the engine to compute with, nil for graph.NewWalker(0).
	Engine graph.Engine
	// LR is the schedule of the run, where it is none of package nets.
	LR nets.LRSchedule
	// Unseen are examples like those of the training set that the model was not
	// trained on: a validation set, never the test set. With them a certificate tells
	// what the model still knows of what it has forgotten. One that was trained on, by
	// its id and all of it, is an error.
	Unseen *data.Dataset
	// DueExamples and DueAfter say when requests are due, see Ledger.Due.
	DueExamples int
	DueAfter    time.Duration
	// Limits make Forget ask for retraining. Create writes them down for good; where
	// Open is given others than zero, the smaller of each counts.
	Limits Limits
	// Now is the clock of the journal, nil for time.Now.
	Now func() time.Time
}

// Ledger owns the folder of a trained run and forgets from it, one request after the
// other, over the years. It may be used by several goroutines.
type Ledger struct {
	dir     string
	key     Key
	options Options
	head    header
	lock    *folderlock.Lock
	now     func() time.Time

	forgetting sync.Mutex // held while requests are served

	mu      sync.Mutex // of what follows
	journal journal
	queue   queue
	serving []Request // that a Forget is at
	run     *nets.Run // on what is left
	record  *history.Record
	table   table
	broken  error // a commit that did not end; Open ends it
	closed  bool
}

// Create makes a ledger of the folder of a finished run, as history.Train leaves it,
// and returns it open. ds are the examples that were trained on. They must carry
// their owner's ids: positions do not last where examples are deleted.
//
// From here on the folder is the ledger's. A Create that was interrupted can be
// called again.
func Create(ctx context.Context, dir string, ds *data.Dataset, o Options) (*Ledger, error) {
	fail := func(err error) (*Ledger, error) { return nil, fmt.Errorf("ledger: create: %w", err) }
	if err := o.Key.validate(); err != nil {
		return fail(err)
	}
	if err := o.Limits.validate(); err != nil {
		return fail(err)
	}
	if err := ds.Validate(); err != nil {
		return fail(err)
	}
	if ds.IDs == nil && ds.Keys == nil {
		return fail(errors.New("the data have no ids: set IDs or Keys to those by which their owners will ask, which stay the same when others are deleted"))
	}
	l := &Ledger{dir: dir, key: slices.Clone(o.Key), options: o, now: o.clock()}
	run, rec, err := l.openRun(dir, ds)
	if err != nil {
		return fail(err)
	}
	l.run, l.record, l.table, l.queue = run, rec, l.key.marks(ds), queue{Next: 1}
	if err := l.checkUnseen(); err != nil {
		return fail(err)
	}
	if l.lock, err = folderlock.Acquire(dir); err != nil {
		return fail(err)
	}
	if err := l.create(ctx); err != nil {
		l.lock.Release()
		return fail(err)
	}
	return l, nil
}

func (l *Ledger) create(ctx context.Context) error {
	if _, err := os.Stat(l.path(journalName)); err == nil {
		return fmt.Errorf("%s is a ledger already; open it with ledger.Open", l.dir)
	}
	if q, err := readQueue(l.path(queueName)); err == nil && q.Next > 1 { // one whose journal is lost
		return fmt.Errorf("%s: %w: requests were noted in it, and it has no journal; restore that", l.dir, ErrDamaged)
	}
	if err := l.checkLinks("."); err != nil {
		return err
	}
	desc, err := history.Describe(l.dir)
	if err != nil {
		return err
	}
	if desc.Run.Order.Holes != (data.Holes{}) {
		return errors.New("the run itself is one without some examples")
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	// Written in this order, and the journal's first entry last: without it the folder
	// is no ledger yet.
	l.head = header{Version: version, Created: l.now(), Policy: desc.Policy, Key: l.key.check(), Limits: l.options.Limits, Encoding: l.run.Data.Encoding}
	if err := writeSummed(l.path(headerName), l.head); err != nil {
		return err
	}
	_, sum, err := readHeader(l.dir)
	if err != nil {
		return err
	}
	table := fmt.Sprintf(tableName, 0)
	if err := l.table.write(l.path(table)); err != nil {
		return err
	}
	tableSum, err := fileSum(l.path(table))
	if err != nil {
		return err
	}
	if err := l.saveModel("."); err != nil {
		return err
	}
	if err := writeSummed(l.path(queueName), l.queue); err != nil {
		return err
	}
	l.journal.chain = sum
	return l.append(&Entry{
		Kind: KindCreated, Folder: ".", Run: &desc, Left: l.run.Data.Len(), Engine: desc.Run.Engine, DType: desc.Run.DType,
		After: l.record.Final(), DataAfter: l.key.digest(l.table), Table: tableSum, Since: &Since{},
	})
}

// OpenData opens what is left of the data of a ledger, from where a specification of
// data.Open says: the examples are treated as they were when the run was trained. To
// open a file anew is something else: without the rows that were deleted, columns
// have other means, and rows are dealt to training and test in another way.
func OpenData(ctx context.Context, dir, spec string) (*data.Splits, error) {
	h, _, err := readHeader(dir)
	if err != nil {
		return nil, err
	}
	if e := h.Encoding; e != nil && e.Split != nil {
		return e.Open(ctx, spec)
	}
	return data.Open(ctx, spec)
}

// Open opens a ledger in another process. ds are the examples that are left: those
// that were trained on, without those that have been forgotten, in any order; OpenData
// opens them.
//
// What a death of the program has left half-done is ended or undone first: a request
// is served or it waits. Everything but the record's gradients is read and compared
// with the journal, these when they are used; Verify reads all.
func Open(ctx context.Context, dir string, ds *data.Dataset, o Options) (*Ledger, error) {
	fail := func(err error) (*Ledger, error) { return nil, fmt.Errorf("ledger: open: %w", err) }
	if err := o.Key.validate(); err != nil {
		return fail(err)
	}
	h, _, err := readHeader(dir) // before anything is locked or made
	if err != nil {
		return nil, err
	}
	if h.Key != o.Key.check() {
		return fail(fmt.Errorf("%w: %s was made with another one", ErrKey, dir))
	}
	if err := ds.Validate(); err != nil {
		return fail(err)
	}
	lock, err := folderlock.Acquire(dir)
	if err != nil {
		return fail(err)
	}
	l := &Ledger{dir: dir, key: slices.Clone(o.Key), options: o, head: h, lock: lock, now: o.clock()}
	l.options.Limits = h.Limits.and(o.Limits)
	if err := l.open(ctx, ds); err != nil {
		lock.Release()
		return fail(err)
	}
	return l, nil
}

func (l *Ledger) open(ctx context.Context, ds *data.Dataset) error {
	if err := l.load(); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	now := l.journal.last()
	if err := l.checkLinks(now.Folder); err != nil {
		return err
	}
	var err error
	if l.table, err = l.readTable(now); err != nil {
		return err
	}
	order, err := l.table.match(ds, l.key.marks(ds))
	if err != nil {
		return err
	}
	ds = inOrder(ds, order)
	if got := l.key.digest(l.table); got != now.DataAfter {
		return fmt.Errorf("%s: %w: its keyed digest is not the journal's", l.path(now.table()), ErrDamaged)
	}
	run, rec, err := l.openRun(l.path(now.Folder), ds)
	if errors.Is(err, history.ErrInterrupted) { // it had ended when it became the ledger's
		return fmt.Errorf("%s: %w: the end of the run is missing", l.path(now.Folder), ErrDamaged)
	}
	if err != nil {
		return ofRun(err)
	}
	if rec.Final() != now.After {
		return fmt.Errorf("%s: %w: it is not the run that the journal tells of", l.path(now.Folder), ErrDamaged)
	}
	l.run, l.record = run, rec
	if err := l.checkUnseen(); err != nil {
		return err
	}
	if err := l.tidy(); err != nil {
		return err
	}
	return l.checkModel(now)
}

// load reads queue and journal, and ends a change that was interrupted after it
// counted.
func (l *Ledger) load() error {
	_, sum, err := readHeader(l.dir)
	if err != nil {
		return err
	}
	raw, err := os.ReadFile(l.path(journalName))
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%s: %w: it has no journal; restore that, or, if ledger.Create was interrupted, call it again", l.dir, ErrDamaged)
	}
	if err != nil {
		return err
	}
	if l.journal, err = parseJournal(raw, sum); err != nil {
		return fmt.Errorf("%s: %w", l.path(journalName), err)
	}
	if l.queue, err = readQueue(l.path(queueName)); err != nil {
		return err
	}
	if err := l.recover(); err != nil {
		return err
	}
	if l.journal.last() == nil {
		return fmt.Errorf("%s: %w: it has no entry", l.path(journalName), ErrDamaged)
	}
	return l.checkQueue()
}

// inOrder returns the data set with its rows in an order, itself if they are.
func inOrder(ds *data.Dataset, order []int) *data.Dataset {
	for i, at := range order {
		if i != at {
			return ds.Subset(order)
		}
	}
	return ds
}

// openRun opens the run in a folder.
func (l *Ledger) openRun(dir string, ds *data.Dataset) (*nets.Run, *history.Record, error) {
	arch := l.options.Arch
	if arch.Logits == nil {
		d, err := history.Describe(dir)
		if err != nil {
			return nil, nil, err
		}
		if arch, err = nets.Parse(d.Run.Arch, ds); err != nil {
			return nil, nil, fmt.Errorf("%w; set Options.Arch to the architecture that was trained", err)
		}
	}
	return history.OpenRun(dir, arch, ds, history.RunOptions{Engine: l.options.Engine, LR: l.options.LR})
}

// usable says whether the ledger may be used; mu is held.
func (l *Ledger) usable() error {
	switch {
	case l.closed:
		return ErrClosed
	case l.broken != nil:
		return fmt.Errorf("the last change was not ended, open the ledger again: %w", l.broken)
	}
	return l.lock.Check()
}

// Close gives the folder free. It waits for a Forget that is under way.
func (l *Ledger) Close() error {
	l.forgetting.Lock()
	defer l.forgetting.Unlock()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	return l.lock.Release()
}

// Classifier returns the model as it is to be served, a copy of its own.
func (l *Ledger) Classifier() nets.Classifier {
	l.mu.Lock()
	defer l.mu.Unlock()
	return nets.Classifier{Model: l.run.Model.Clone(), Params: l.run.Params.Clone()}
}

// Data returns the examples that are left, in the order of the run. They must not be
// changed.
func (l *Ledger) Data() *data.Dataset {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.run.Data
}

// Run returns the run as it stands, on the data that are left, and its record: that
// of the training that never saw what has been forgotten. They must not be changed.
func (l *Ledger) Run() (*nets.Run, *history.Record) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.run, l.record
}

// Journal returns the entries so far. What they point to must not be changed.
func (l *Ledger) Journal() []Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]Entry(nil), l.journal.entries...)
}

func (o Options) clock() func() time.Time {
	now := o.Now
	if now == nil {
		now = time.Now
	}
	return func() time.Time { return now().UTC().Truncate(time.Second) }
}

// program names what writes the journal.
func program() string {
	name := "miniunlearn"
	if info, ok := debug.ReadBuildInfo(); ok {
		v := info.Main.Version
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				v = s.Value
			}
		}
		if v != "" {
			name += " " + v
		}
	}
	return fmt.Sprintf("%s, %s, %s/%s", name, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
