package ledger

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/miniunlearn/miniunlearn/data"
)

// Request is a request to forget that waits to be served.
type Request struct {
	ID       string    `json:"id"`
	Received time.Time `json:"received"`
	IDs      []string  `json:"ids"` // the owner's ids of the examples, data.Dataset.Key
}

// queue is the content of queue.json. When its requests have been served, they are
// no longer in it.
type queue struct {
	Next     int       `json:"next"` // number of the next request
	Requests []Request `json:"requests"`
}

// requestName is the id of a request by its number.
const requestName = "r-%06d"

func readQueue(path string) (queue, error) {
	var q queue
	err := readSummed(path, &q)
	return q, err
}

// Request notes that the examples of these ids are to be forgotten, and returns the
// request's own id. When it returns, the request survives a death of the program. It
// is served by the next Forget, together with all others that wait.
//
// An id that no example has is a *data.IDError: it was never in the training set, or
// has been forgotten. Asking for the same ids as a request that was served is
// ErrServed; for an example of a request that waits, ErrQueued.
func (l *Ledger) Request(ids ...string) (string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fail := func(err error) (string, error) { return "", fmt.Errorf("ledger: request: %w", err) }
	if err := l.usable(); err != nil {
		return fail(err)
	}
	if len(ids) == 0 {
		return fail(errors.New("it names no examples"))
	}
	if id, e := l.journal.served(l.key.setDigest(ids)); e != nil {
		return fail(fmt.Errorf("%w: as %s, on %s, by entry %d of the journal", ErrServed, id, e.Time.Format(time.DateOnly), e.Number))
	}
	if _, err := data.ForgetByID(l.run.Data, ids...); err != nil {
		if e := (*data.IDError)(nil); errors.As(err, &e) && !e.Duplicate {
			err = fmt.Errorf("%w; an example that has been forgotten has no id any more, see the journal", err)
		}
		return fail(err)
	}
	asked := map[string]bool{}
	for _, id := range ids {
		asked[id] = true
	}
	for _, r := range l.queue.Requests {
		for _, id := range r.IDs {
			if asked[id] {
				return fail(fmt.Errorf("%w: %s, of %s, names %q", ErrQueued, r.ID, r.Received.Format(time.DateOnly), id))
			}
		}
	}
	r := Request{ID: fmt.Sprintf(requestName, l.queue.Next), Received: l.now(), IDs: distinct(ids)}
	next := queue{l.queue.Next + 1, append(slices.Clone(l.queue.Requests), r)}
	if err := writeSummed(l.path(queueName), next); err != nil {
		return fail(err)
	}
	l.queue = next
	return r.ID, nil
}

// Withdraw takes back a request that waits. One that a Forget is at no longer does.
func (l *Ledger) Withdraw(id string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	fail := func(err error) error { return fmt.Errorf("ledger: withdraw: %w", err) }
	if err := l.usable(); err != nil {
		return fail(err)
	}
	named := func(r Request) bool { return r.ID == id }
	i := slices.IndexFunc(l.queue.Requests, named)
	if i < 0 || slices.ContainsFunc(l.serving, named) {
		return fail(fmt.Errorf("no request %s waits", id))
	}
	next := queue{l.queue.Next, slices.Delete(slices.Clone(l.queue.Requests), i, i+1)}
	if err := writeSummed(l.path(queueName), next); err != nil {
		return fail(err)
	}
	l.queue = next
	return nil
}

// Waiting returns the requests that wait, in the order in which they came.
func (l *Ledger) Waiting() []Request {
	l.mu.Lock()
	defer l.mu.Unlock()
	waiting := slices.Clone(l.queue.Requests)
	for i := range waiting {
		waiting[i].IDs = slices.Clone(waiting[i].IDs)
	}
	return waiting
}

// Due reports whether the requests that wait should be served: they name as many
// examples as Options.DueExamples, or the first of them has waited for
// Options.DueAfter. Without both, any request is due.
func (l *Ledger) Due() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.queue.Requests) == 0 {
		return false
	}
	switch o := l.options; {
	case o.DueExamples == 0 && o.DueAfter == 0:
		return true
	case o.DueExamples > 0 && l.named() >= o.DueExamples:
		return true
	default:
		// Where the clock went wrong, a request may come from the future: as far as
		// DueAfter it is waited for, and no further.
		return o.DueAfter > 0 && l.now().Sub(l.queue.Requests[0].Received).Abs() >= o.DueAfter
	}
}

// named is the number of examples that the requests that wait name; an id may be that
// of several. mu is held.
func (l *Ledger) named() (examples int) {
	waiting := map[string]bool{}
	for _, r := range l.queue.Requests {
		for _, id := range r.IDs {
			waiting[id] = true
		}
	}
	for i := range l.run.Data.Len() {
		if waiting[l.run.Data.Key(i)] {
			examples++
		}
	}
	return examples
}
