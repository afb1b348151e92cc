package ledger

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/miniunlearn/miniunlearn/internal/folderlock"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// State is what Verify found in the folder of a ledger.
type State struct {
	Entries []Entry
	Waiting int               // requests in the queue
	Run     *history.Contents // of the run as it stands
	Other   []string          // files that are none of the ledger's
	Pending bool              // whether a change waits to be ended by Open
}

// Verify reads every file of a ledger and compares it with what the journal says. It
// needs neither key nor data, changes nothing and takes no lock; while a change is
// made it may find half of it. Errors wrap ErrDamaged and name every file that is
// not what was written.
func Verify(dir string) (*State, error) {
	fail := func(err error) (*State, error) { return nil, fmt.Errorf("ledger: verify: %w", err) }
	_, sum, err := readHeader(dir)
	if err != nil {
		return nil, err
	}
	l := &Ledger{dir: dir}
	raw, err := os.ReadFile(l.path(journalName))
	if err != nil {
		return fail(fmt.Errorf("%w: %w", ErrDamaged, err))
	}
	if l.journal, err = parseJournal(raw, sum); err != nil {
		return fail(fmt.Errorf("%s: %w", l.path(journalName), err))
	}
	s := &State{Entries: l.journal.entries}
	if pending, err := os.ReadFile(l.path(pendingName)); err == nil {
		s.Pending = true
		if !l.journal.has(pending) {
			if _, err := l.journal.next(pending); err != nil {
				return fail(fmt.Errorf("%s: %w", l.path(pendingName), err))
			}
		}
	} else if !errors.Is(err, os.ErrNotExist) {
		return fail(err)
	}
	now := l.journal.last()
	if now == nil || len(l.journal.torn) > 0 && !s.Pending {
		return fail(fmt.Errorf("%s: %w: it ends too early", l.path(journalName), ErrDamaged))
	}
	var bad []error
	if l.queue, err = readQueue(l.path(queueName)); err == nil {
		err = l.checkQueue()
	}
	if err != nil {
		bad = append(bad, err)
	}
	s.Waiting = len(l.queue.Requests)
	if _, err := l.readTable(now); err != nil {
		bad = append(bad, err)
	}
	if s.Run, err = history.Inspect(l.path(now.Folder)); err != nil {
		bad = append(bad, ofRun(err))
	}
	if s.Run != nil && s.Run.Final != now.After {
		bad = append(bad, fmt.Errorf("%s: %w: it is not the run that entry %d tells of", l.path(now.Folder), ErrDamaged, now.Number))
	}
	if err := l.checkModel(now); err != nil && !s.Pending {
		bad = append(bad, err)
	}
	if s.Other, err = l.others(now); err != nil {
		bad = append(bad, err)
	}
	if err := errors.Join(bad...); err != nil {
		return s, fmt.Errorf("ledger: verify: %w", err)
	}
	return s, nil
}

// others lists what lies in the folder and is none of the ledger's.
func (l *Ledger) others(now *Entry) ([]string, error) {
	entries, err := os.ReadDir(l.dir)
	known := []string{headerName, journalName, queueName, modelName, pendingName, now.table(), folderlock.Name}
	if now.Folder != "." {
		known = append(known, now.Folder)
	}
	var other []string
	for _, e := range entries {
		if name := e.Name(); !slices.Contains(known, name) && !(now.Folder == "." && history.IsFile(name)) {
			other = append(other, name)
		}
	}
	return other, err
}

// String is a report for people.
func (s *State) String() string {
	var b strings.Builder
	for _, e := range s.Entries {
		what := ""
		if len(e.Requests) > 0 {
			what = fmt.Sprintf("%d requests, %d examples", len(e.Requests), e.Examples)
		}
		if e.Method != nil {
			what += ", by " + e.Method.Name
		}
		if e.Kind == KindAudited {
			what = string(e.Audit)
		}
		fmt.Fprintf(&b, "  entry %3d  %s  %-9s  %6d left  %.12s  %s\n", e.Number, e.Time.Format("2006-01-02 15:04"), e.Kind, e.Left, e.After, strings.TrimPrefix(what, ", "))
	}
	fmt.Fprintf(&b, "\n  %d requests wait\n", s.Waiting)
	if s.Pending {
		b.WriteString("  a change counts that is not ended: ledger.Open ends it\n")
	}
	if len(s.Other) > 0 {
		fmt.Fprintf(&b, "  none of the ledger's: %s\n", strings.Join(s.Other, ", "))
	}
	if s.Run != nil {
		fmt.Fprintf(&b, "\n%s\n", s.Run)
	}
	return b.String()
}
