package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// fetcher puts the file of one wheel into a folder.
type fetcher func(ctx context.Context, dir string, w wheel) error

// pip fetches with the user's own pip, whose settings know the index, proxy and
// certificates of this machine.
type pip struct {
	python string
	log    io.Writer
}

func (p pip) fetch(ctx context.Context, dir string, w wheel) error {
	// The wheel's tags are named in full: the Python that runs pip need not be 3.11.
	cmd := exec.CommandContext(ctx, p.python, "-m", "pip", "download",
		"--no-deps", "--no-cache-dir", "--only-binary=:all:", "--disable-pip-version-check",
		"--implementation", "cp", "--python-version", "3.11",
		"--platform", "manylinux1_x86_64", "--platform", "manylinux2014_x86_64",
		"--dest", dir, w.project+"=="+w.version)
	cmd.Stdout, cmd.Stderr = p.log, p.log
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, exec.ErrNotFound):
		return fmt.Errorf("%w: install Python 3 with pip, or put the wheels into a folder and name it with -from", err)
	case err != nil:
		return fmt.Errorf("%s -m pip download %s==%s: %w (pip's own words are above); check the package index, or get %s elsewhere and name its folder with -from, or try -source archive",
			p.python, w.project, w.version, err, w.file)
	}
	return nil
}

// fetchWheel returns the path of the verified wheel, fetching it only if an earlier run
// has not. pip writes into a folder of its own, so that a name under downloads always
// means a whole, verified file.
func fetchWheel(ctx context.Context, fetch fetcher, downloads string, w wheel) (string, error) {
	final := filepath.Join(downloads, w.file)
	if verifySHA256(final, w.sha256) == nil {
		return final, nil
	}
	tmp, err := os.MkdirTemp(downloads, ".fetch-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(tmp)
	if err := fetch(ctx, tmp, w); err != nil {
		return "", fmt.Errorf("fetching %s %s: %w", w.project, w.version, err)
	}
	got := filepath.Join(tmp, w.file)
	if err := verifySHA256(got, w.sha256); err != nil {
		return "", fmt.Errorf("fetching %s %s: %w; the index served another file than the one pinned in plan.go: nothing of it was installed", w.project, w.version, err)
	}
	if err := os.Rename(got, final); err != nil {
		return "", err
	}
	return final, nil
}

// installWheels fetches, verifies and unpacks the wheels of v, one after the other.
func installWheels(ctx context.Context, fetch fetcher, root *os.Root, l layout, v variant, stderr io.Writer) ([]record, error) {
	if err := os.MkdirAll(l.downloads(), 0o755); err != nil {
		return nil, err
	}
	// What a killed run left half done.
	if stale, _ := filepath.Glob(filepath.Join(l.downloads(), ".fetch-*")); stale != nil {
		for _, dir := range stale {
			os.RemoveAll(dir)
		}
	}
	var files []record
	for i, w := range v.wheels {
		fmt.Fprintf(stderr, "setup: %d/%d %s %s\n", i+1, len(v.wheels), w.project, w.version)
		name, err := fetchWheel(ctx, fetch, l.downloads(), w)
		if err != nil {
			return nil, err
		}
		got, err := unpack(ctx, root, name, v.keepName)
		if err != nil {
			return nil, err
		}
		files = append(files, got...)
	}
	return files, nil
}

// keepName is keeps in the form that unpack takes: a wheel's names are the layout's.
func (v variant) keepName(name string) (string, bool) { return name, v.keeps(name) }

// checksumError is a file that is not the one pinned.
type checksumError struct{ Name, Got, Want string }

func (e *checksumError) Error() string {
	return fmt.Sprintf("%s has SHA-256 %s, want %s", e.Name, e.Got, e.Want)
}

func verifySHA256(name, want string) error {
	sum, err := fileSHA256(name)
	if err != nil {
		return err
	}
	if got := hex.EncodeToString(sum); got != want {
		return &checksumError{filepath.Base(name), got, want}
	}
	return nil
}

func fileSHA256(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return nil, err
	}
	return h.Sum(nil), nil
}
