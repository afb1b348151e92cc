package ledger

import (
	"errors"
	"fmt"
	"os"

	"github.com/miniunlearn/miniunlearn/unlearning/history"
)

// Errors that callers may branch on. None of them changes anything in the folder.
var (
	// ErrDamaged: a file of the folder is missing, cut or changed.
	ErrDamaged = errors.New("the ledger is damaged")
	// ErrVersion: another version of this package wrote the folder.
	ErrVersion = errors.New("another version of the ledger's format")
	// ErrKey: the key is not the one that the ledger was made with.
	ErrKey = errors.New("not the ledger's key")
	// ErrData: the data set is not what is left of the ledger's.
	ErrData = errors.New("not the data that are left")
	// ErrServed: the request has been served.
	ErrServed = errors.New("the request has been served already")
	// ErrQueued: an example is in a request that waits.
	ErrQueued = errors.New("an earlier request waits for the same example")
	// ErrRetrain: a limit is reached, and only retraining serves further requests.
	ErrRetrain = errors.New("a limit is reached: retrain")
	// ErrHistory: the record holds too little for the method.
	ErrHistory = errors.New("too little history is left for the method")
	// ErrEmpty: no request waits.
	ErrEmpty = errors.New("no request waits")
	// ErrClosed: the ledger has been closed.
	ErrClosed = errors.New("the ledger is closed")
)

// ofRun says of an error about the run in the ledger's folder, whose files are the
// ledger's, what it is to the ledger.
func ofRun(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, history.ErrVersion):
		return fmt.Errorf("%w: %w", ErrVersion, err)
	case errors.Is(err, history.ErrDamaged), errors.Is(err, os.ErrNotExist):
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return err
}
