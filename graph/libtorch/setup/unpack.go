package main

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// errUnsafeName is an archive entry that would land outside the installation folder.
var errUnsafeName = errors.New("unsafe name in archive")

// unpack writes the entries of a zip file that keep wants, under the names it gives them.
// Every name is checked before the first byte is written; root refuses what a symbolic
// link in the folder itself could do. A file that an earlier run finished is left alone
// if its size and CRC are the entry's.
func unpack(ctx context.Context, root *os.Root, name string, keep func(string) (string, bool)) ([]record, error) {
	r, err := zip.OpenReader(name)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return nil, fmt.Errorf("opening %s: %w", name, err)
	}
	defer r.Close()

	type job struct {
		entry *zip.File
		dest  string
	}
	var jobs []job
	for _, f := range r.File {
		if !filepath.IsLocal(f.Name) || strings.Contains(f.Name, `\`) {
			return nil, fmt.Errorf("%s: %w: %q; nothing of it was unpacked", name, errUnsafeName, f.Name)
		}
		if strings.HasSuffix(f.Name, "/") {
			continue
		}
		dest, ok := keep(f.Name)
		if !ok {
			continue
		}
		if !f.Mode().IsRegular() {
			return nil, fmt.Errorf("%s: %w: %q is not a plain file", name, errUnsafeName, f.Name)
		}
		jobs = append(jobs, job{f, dest})
	}
	files := make([]record, 0, len(jobs))
	for _, j := range jobs {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		rec, err := unpackOne(root, j.entry, j.dest)
		if err != nil {
			return nil, fmt.Errorf("unpacking %s of %s: %w", j.entry.Name, name, err)
		}
		files = append(files, rec)
	}
	return files, nil
}

func unpackOne(root *os.Root, entry *zip.File, dest string) (record, error) {
	if rec, ok := sameAsEntry(root, entry, dest); ok {
		return rec, nil
	}
	src, err := entry.Open()
	if err != nil {
		return record{}, err
	}
	defer src.Close()
	// The zip reader compares size and CRC at the end of the entry.
	return place(root, dest, src)
}

// place writes a file under a temporary name and renames it when it is whole.
func place(root *os.Root, dest string, src io.Reader) (record, error) {
	if err := root.MkdirAll(path.Dir(dest), 0o755); err != nil {
		return record{}, err
	}
	part := dest + ".part"
	f, err := root.OpenFile(part, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o644)
	if err != nil {
		return record{}, err
	}
	h := sha256.New()
	n, err := io.Copy(io.MultiWriter(f, h), src)
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = root.Rename(part, dest)
	}
	if err != nil {
		return record{}, err
	}
	return record{dest, n, hex.EncodeToString(h.Sum(nil))}, nil
}

func sameAsEntry(root *os.Root, entry *zip.File, dest string) (record, bool) {
	info, err := root.Lstat(dest)
	if err != nil || info.Mode()&fs.ModeType != 0 || info.Size() != int64(entry.UncompressedSize64) {
		return record{}, false
	}
	f, err := root.Open(dest)
	if err != nil {
		return record{}, false
	}
	defer f.Close()
	sum, crc := sha256.New(), crc32.NewIEEE()
	n, err := io.Copy(io.MultiWriter(sum, crc), f)
	if err != nil || crc.Sum32() != entry.CRC32 {
		return record{}, false
	}
	return record{dest, n, hex.EncodeToString(sum.Sum(nil))}, true
}
