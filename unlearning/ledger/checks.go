package ledger

import (
	"fmt"
	"io/fs"
	"os"
	"slices"

	"github.com/miniunlearn/miniunlearn/data"
)

// checkUnseen returns an error unless Options.Unseen can be compared with the
// examples of the run, of which none may be among them.
func (l *Ledger) checkUnseen() error {
	unseen := l.options.Unseen
	if unseen == nil || unseen.Len() == 0 {
		return nil
	}
	fail := func(err error) error { return fmt.Errorf("Options.Unseen: %w", err) }
	if err := unseen.Validate(); err != nil {
		return fail(err)
	}
	if err := l.run.Model.Arch().Fits(unseen); err != nil {
		return fail(err)
	}
	known := map[mark]bool{}
	for _, m := range l.table {
		known[m] = true
	}
	var seen []string
	for i, m := range l.key.marks(unseen) {
		if known[m] {
			seen = append(seen, unseen.Key(i))
		}
	}
	if len(seen) > 0 {
		return fail(fmt.Errorf("%d of its %d examples were trained on: %s; give a validation set", len(seen), unseen.Len(), some(seen)))
	}
	return nil
}

// checkData returns an error if somebody has changed the data set that the ledger was
// given, or the order of its rows: a run of what it is now would be written, which
// neither these data nor those of before could open again.
func (l *Ledger) checkData(ds *data.Dataset) error {
	order, err := l.table.match(ds, l.key.marks(ds))
	if err == nil && !slices.IsSorted(order) {
		err = fmt.Errorf("%w: their order is another one", ErrData)
	}
	if err != nil {
		return fmt.Errorf("the data were changed after the ledger was opened: %w", err)
	}
	return nil
}

// checkLinks returns an error if what is to be removed one day, files of the ledger and
// of the run in a folder of it, are symbolic links: what they lead to would stay.
func (l *Ledger) checkLinks(run string) error {
	dirs := []string{"."}
	if run != "." {
		dirs = append(dirs, run)
	}
	for _, dir := range dirs {
		entries, err := os.ReadDir(l.path(dir))
		if err != nil {
			return err
		}
		for _, e := range entries {
			if e.Type()&fs.ModeSymlink != 0 && e.Name() != modelName { // which is replaced where it is
				return fmt.Errorf("%s is a symbolic link: when it is removed, what it leads to stays; put that in its place", l.path(dir+"/"+e.Name()))
			}
		}
	}
	return nil
}

// checkQueue returns an error if the queue is older than the journal: a request of
// today would get the number of one that has been served.
func (l *Ledger) checkQueue() error {
	for _, e := range l.journal.entries {
		for _, r := range e.Requests {
			var n int
			if _, err := fmt.Sscanf(r.ID, requestName, &n); err == nil && n >= l.queue.Next {
				return fmt.Errorf("%s: %w: it is older than entry %d of the journal, which has served %s", l.path(queueName), ErrDamaged, e.Number, r.ID)
			}
		}
	}
	return nil
}
