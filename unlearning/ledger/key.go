package ledger

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"os"
	"path/filepath"

	"github.com/miniunlearn/miniunlearn/internal/atomicfile"
)

// Key is the secret of a ledger's keyed digests. Without it nobody can tell from the
// ledger whether a person's data were in the training set, or are to be forgotten:
// keep it elsewhere than the ledger. With it, and the data, an auditor can check
// what the journal says.
type Key []byte

// NewKey returns a random key.
func NewKey() Key {
	k := make(Key, 32)
	rand.Read(k) // never fails
	return k
}

// KeyFile reads the key in a file, in hex. A file that is missing is made, with a
// new key, for its owner alone; of several callers that find it missing one makes it.
func KeyFile(path string) (Key, error) {
	fail := func(err error) (Key, error) { return nil, fmt.Errorf("ledger: key: %w", err) }
	raw, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		if err := newKeyFile(path); err != nil && !errors.Is(err, os.ErrExist) {
			return fail(err)
		}
		raw, err = os.ReadFile(path)
	}
	if err != nil {
		return fail(err)
	}
	if len(raw) == 0 {
		return fail(fmt.Errorf("%s is empty: another process is making it, or has died over it; try again, and remove it if it stays so", path))
	}
	k, err := hex.DecodeString(string(bytes.TrimSpace(raw)))
	if err != nil || len(k) < leastKey {
		return fail(fmt.Errorf("%s does not hold %d hex digits or more", path, 2*leastKey))
	}
	return k, nil
}

// newKeyFile makes a file of a new key, unless there is one.
func newKeyFile(path string) error {
	if err := atomicfile.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(f, "%x\n", []byte(NewKey()))
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return atomicfile.SyncFolder(filepath.Dir(path))
}

// leastKey is the bytes that a key has at least.
const leastKey = 16

func (k Key) validate() error {
	if len(k) < leastKey {
		return fmt.Errorf("ledger: a key of %d bytes; take one of ledger.KeyFile or ledger.NewKey, and keep it elsewhere than the ledger", len(k))
	}
	return nil
}

// mac is a keyed digest of fields, of which no two lists look alike.
type mac struct{ h hash.Hash }

func (k Key) mac(what string) mac {
	m := mac{hmac.New(sha256.New, k)}
	m.field([]byte(what))
	return m
}

func (m mac) field(raw []byte) {
	var n [8]byte
	binary.LittleEndian.PutUint64(n[:], uint64(len(raw)))
	m.h.Write(n[:])
	m.h.Write(raw)
}

func (m mac) hex() string { return hex.EncodeToString(m.h.Sum(nil)) }

// check tells this key from others.
func (k Key) check() string { return k.mac("key").hex() }
