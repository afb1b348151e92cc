package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
)

// errNothingThere is a -from folder without anything that can be installed.
var errNothingThere = errors.New("no libtorch and no wheels there")

// installFolder installs from what the user has: an unpacked libtorch, or the wheels.
func installFolder(ctx context.Context, from string, root *os.Root, v variant, stderr io.Writer) ([]record, error) {
	if info, err := os.Stat(from); err != nil {
		return nil, fmt.Errorf("-from: %w", err)
	} else if !info.IsDir() {
		return nil, fmt.Errorf("-from %s is a file: name the folder that holds it", from)
	}
	for _, torch := range []string{from, filepath.Join(from, "torch"), filepath.Join(from, "libtorch")} {
		if _, err := os.Stat(filepath.Join(torch, "lib", "libtorch_cpu.so")); err == nil {
			fmt.Fprintf(stderr, "setup: copying libtorch from %s\n", torch)
			return copyTree(ctx, torch, root, v)
		}
	}
	if _, err := os.Stat(filepath.Join(from, v.wheels[len(cpuWheels)-1].file)); err == nil {
		return unpackFolder(ctx, from, root, v, stderr)
	}
	return nil, fmt.Errorf("-from %s: %w: want lib/libtorch_cpu.so and include/ in it (or in its torch or libtorch folder), or %s and its companions",
		from, errNothingThere, v.wheels[len(cpuWheels)-1].file)
}

// unpackFolder unpacks wheels where they lie, verified like fetched ones.
func unpackFolder(ctx context.Context, from string, root *os.Root, v variant, stderr io.Writer) ([]record, error) {
	var files []record
	for i, w := range v.wheels {
		fmt.Fprintf(stderr, "setup: %d/%d %s\n", i+1, len(v.wheels), w.file)
		name := filepath.Join(from, w.file)
		if err := verifySHA256(name, w.sha256); err != nil {
			return nil, fmt.Errorf("-from %s: %w; get it with: python3 -m pip download --no-deps %s==%s", from, err, w.project, w.version)
		}
		got, err := unpack(ctx, root, name, v.keepName)
		if err != nil {
			return nil, err
		}
		files = append(files, got...)
	}
	return files, nil
}

// copyTree copies what v keeps of an unpacked libtorch, and of the nvidia folder that
// stands beside it in a Python installation.
func copyTree(ctx context.Context, torch string, root *os.Root, v variant) ([]record, error) {
	var files []record
	for _, tree := range []struct{ from, name string }{
		{filepath.Join(torch, "lib"), "torch/lib"},
		{filepath.Join(torch, "include"), "torch/include"},
		{filepath.Join(filepath.Dir(torch), "nvidia"), "nvidia"},
	} {
		err := filepath.WalkDir(tree.from, func(name string, d fs.DirEntry, err error) error {
			if err != nil {
				if tree.name == "nvidia" && name == tree.from && errors.Is(err, fs.ErrNotExist) {
					return fs.SkipAll // an official libtorch has no such folder
				}
				return err
			}
			if err := ctx.Err(); err != nil || d.IsDir() {
				return err
			}
			rel, err := filepath.Rel(tree.from, name)
			if err != nil {
				return err
			}
			dest := path.Join(tree.name, filepath.ToSlash(rel))
			if !v.keeps(dest) {
				return nil
			}
			src, err := os.Open(name)
			if err != nil {
				return err
			}
			defer src.Close()
			rec, err := place(root, dest, src)
			if err != nil {
				return err
			}
			files = append(files, rec)
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("copying %s: %w", tree.from, err)
		}
	}
	return files, nil
}
