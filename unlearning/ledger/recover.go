package ledger

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/miniunlearn/miniunlearn/internal/atomicfile"
	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// recover appends an entry that counts, since the file of it is whole, and that a
// death has kept out of the journal.
func (l *Ledger) recover() error {
	j := &l.journal
	line, err := os.ReadFile(l.path(pendingName))
	if errors.Is(err, os.ErrNotExist) {
		if len(j.torn) > 0 {
			return fmt.Errorf("%s: %w: entry %d is cut", l.path(journalName), ErrDamaged, len(j.entries))
		}
		return nil
	}
	if err != nil {
		return err
	}
	if len(j.torn) == 0 && j.has(line) {
		return nil
	}
	e, err := j.next(line)
	if err != nil {
		return fmt.Errorf("%s: %w", l.path(pendingName), err)
	}
	return l.appendJournal(e, line)
}

// tidy ends what follows from the last entry: the model to serve is its run's, its
// requests no longer wait, and nothing is left of what was before. It may be
// interrupted and done again.
func (l *Ledger) tidy() error {
	now := l.journal.last()
	if err := atomicfile.Sweep(l.dir); err != nil {
		return err
	}
	if err := l.serveModel(now); err != nil {
		return err
	}
	at("model")
	if err := l.dequeue(); err != nil {
		return err
	}
	at("queue")
	if now.Folder != "." {
		if err := history.Remove(l.dir); err != nil {
			return err
		}
	}
	entries, err := os.ReadDir(l.dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if name := e.Name(); l.isPast(name, now) {
			if err := os.RemoveAll(l.path(name)); err != nil {
				return err
			}
			at("removed")
		}
	}
	if err := atomicfile.SyncFolder(l.dir); err != nil {
		return err
	}
	return l.removePending()
}

// isPast reports whether a file or folder belongs to a run before the last entry, or
// to an attempt that came to nothing. A retraining that was interrupted is none: it
// goes on when it is asked for again.
func (l *Ledger) isPast(name string, now *Entry) bool {
	var n int
	for _, format := range []string{runName, retrainName, tableName} {
		if k, err := fmt.Sscanf(name, format, &n); k != 1 || err != nil || fmt.Sprintf(format, n) != name {
			continue
		}
		switch format {
		case tableName:
			return name != now.table()
		case retrainName:
			return name != now.Folder && n < l.journal.changes()
		}
		return name != now.Folder
	}
	return false
}

// serveModel makes the model to serve that of the last entry. Where no change was
// interrupted it is not touched.
func (l *Ledger) serveModel(now *Entry) error {
	if _, err := os.Stat(l.path(pendingName)); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return l.saveModel(now.Folder)
}

// of says in a file of parameters whose they are.
func (e *Entry) of() string {
	var ids []string
	for _, r := range e.Requests {
		ids = append(ids, r.ID)
	}
	return strings.TrimSpace(fmt.Sprintf("%s %s", e.Kind, strings.Join(ids, " ")))
}

// checkModel compares the model to serve with the last entry.
func (l *Ledger) checkModel(now *Entry) error {
	got, err := fileSum(l.path(modelName))
	var want string
	if err == nil {
		want, err = fileSum(l.path(filepath.Join(now.Folder, history.FinalFile)))
	}
	if err == nil && got != want {
		err = fmt.Errorf("it is not that of entry %d of the journal", now.Number)
	}
	if err != nil {
		return fmt.Errorf("%s: %w: %w", l.path(modelName), ErrDamaged, err)
	}
	return nil
}

// dequeue takes from the queue what the journal says was served.
func (l *Ledger) dequeue() error {
	served := map[string]bool{}
	for _, e := range l.journal.entries {
		for _, r := range e.Requests {
			served[r.ID] = true
		}
	}
	next := l.queue
	next.Requests = slices.DeleteFunc(slices.Clone(next.Requests), func(r Request) bool { return served[r.ID] })
	if len(next.Requests) == len(l.queue.Requests) {
		return nil
	}
	if err := writeSummed(l.path(queueName), next); err != nil {
		return err
	}
	l.queue = next
	return nil
}

func (l *Ledger) removePending() error {
	if err := removeFile(l.path(pendingName)); err != nil {
		return err
	}
	return atomicfile.SyncFolder(l.dir)
}

// readTable reads the marks after an entry.
func (l *Ledger) readTable(now *Entry) (table, error) {
	path := l.path(now.table())
	sum, err := fileSum(path)
	if err == nil && sum != now.Table {
		err = errSum
	}
	var t table
	if err == nil {
		t, err = readTable(path, l.journal.entries[0].Left)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w", path, ErrDamaged, err)
	}
	return t, nil
}
