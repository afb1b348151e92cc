package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"
)

// setup installs v unless it is there, and writes the exports to stdout.
func setup(ctx context.Context, c config, v variant, stdout, stderr io.Writer) error {
	l, err := newLayout(c.dir, v)
	if err != nil {
		return err
	}
	if c.print {
		m, err := readManifest(l, v)
		if err == nil {
			err = m.check(l, c.verify)
		}
		if err != nil {
			return fmt.Errorf("no finished libtorch %s (%s) in %s: %w; run the command without -print to install it", version, v.name, l.root, err)
		}
		return writeExports(stdout, l, v, m)
	}

	if err := os.MkdirAll(l.root, 0o755); err != nil {
		return fmt.Errorf("making the installation folder: %w; name another with -dir", err)
	}
	unlock, err := lock(ctx, l, stderr)
	if err != nil {
		return err
	}
	defer unlock()

	m, err := readManifest(l, v)
	if err == nil {
		err = m.check(l, c.verify)
	}
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			fmt.Fprintf(stderr, "setup: installing again: %v\n", err)
		}
		if m, err = install(ctx, c, v, l, stderr); err != nil {
			return err
		}
	}
	return writeExports(stdout, l, v, m)
}

// install fills the folder and writes the manifest last, so that a manifest means a
// finished installation.
func install(ctx context.Context, c config, v variant, l layout, stderr io.Writer) (manifest, error) {
	start := time.Now()
	if err := os.Remove(l.manifest()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return manifest{}, err
	}
	root, err := os.OpenRoot(l.root)
	if err != nil {
		return manifest{}, err
	}
	defer root.Close()

	m := manifest{Version: version, Variant: v.name}
	switch {
	case c.from != "":
		m.Source = "folder"
		m.Files, err = installFolder(ctx, c.from, root, v, stderr)
	case c.source == "archive":
		m.Source = "archive"
		m.Files, err = installArchive(ctx, c, root, l, v, stderr)
	default:
		m.Source = "wheels"
		m.Files, err = installWheels(ctx, c.fetch, root, l, v, stderr)
	}
	if err != nil {
		return manifest{}, err
	}
	if m.NewABI, err = checkTorch(l, v); err != nil {
		return manifest{}, err
	}
	stubs, err := writeStubs(root)
	if err != nil {
		return manifest{}, err
	}
	m.Files = append(m.Files, stubs...)
	if err := m.write(root); err != nil {
		return manifest{}, err
	}
	if err := root.RemoveAll("downloads"); err != nil {
		return manifest{}, fmt.Errorf("removing the downloads: %w", err)
	}
	fmt.Fprintf(stderr, "setup: libtorch %s (%s) is in %s: %d files, %d MB, %.0f s\n",
		version, v.name, l.root, len(m.Files), m.bytes()>>20, time.Since(start).Seconds())
	return m, nil
}
