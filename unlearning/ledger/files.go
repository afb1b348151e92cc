package ledger

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/internal/atomicfile"
)

// Files of a ledger, in the folder of the run that it was made of.
const (
	headerName  = "ledger.json"
	journalName = "journal.jsonl"
	pendingName = "pending"
	queueName   = "queue.json"
	modelName   = "model.safetensors"
	tableName   = "examples-%06d.bin"
	runName     = "generation-%06d" // the run after that many changes; the first is the folder's own
	retrainName = "retraining-%06d" // the same, where it comes from training
)

// version of the format of all files but the run's.
const version = 1

// header is the content of ledger.json: what does not change.
type header struct {
	Version int       `json:"version"`
	Created time.Time `json:"created"`
	Policy  string    `json:"policy"` // with which retraining records
	Key     string    `json:"key"`    // keyed digest of nothing: tells the key from others
	Limits  Limits    `json:"limits"`
	// Encoding says how raw data became what was trained on, see OpenData.
	Encoding *data.Encoding `json:"encoding,omitempty"`
}

// writeSummed writes a JSON object and, on a line of its own, its SHA-256.
func writeSummed(path string, v any) error {
	raw, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return atomicfile.WritePrivate(path, func(w io.Writer) error {
		_, err := fmt.Fprintf(w, "%s\n%x\n", raw, sha256.Sum256(raw))
		return err
	})
}

// readSummed reads it back; what is not what was written wraps ErrDamaged.
func readSummed(path string, v any) error {
	raw, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%s: %w: it is missing", path, ErrDamaged)
	}
	if err != nil {
		return err
	}
	body, _, err := parseSummed(raw)
	if err == nil {
		err = json.Unmarshal(body, v)
	}
	if err != nil {
		return fmt.Errorf("%s: %w: %v", path, ErrDamaged, err)
	}
	return nil
}

var errSum = errors.New("its checksum is wrong")

// parseSummed returns the object of such a file and its checksum.
func parseSummed(raw []byte) (body []byte, sum string, err error) {
	at := bytes.LastIndexByte(bytes.TrimSuffix(raw, []byte("\n")), '\n')
	if at < 0 {
		return nil, "", errSum
	}
	body = raw[:at]
	if sum = fmt.Sprintf("%x", sha256.Sum256(body)); sum+"\n" != string(raw[at+1:]) {
		return nil, "", errSum
	}
	return body, sum, nil
}

// fileSum returns the SHA-256 of a file.
func fileSum(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	_, err = io.Copy(h, f)
	return fmt.Sprintf("%x", h.Sum(nil)), err
}

// removeFile removes a file that may not be there.
func removeFile(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

func (l *Ledger) path(name string) string { return filepath.Join(l.dir, name) }
