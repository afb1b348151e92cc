package main

import (
	"archive/zip"
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
)

// installArchive fetches the official libtorch zip and unpacks what v keeps of it.
func installArchive(ctx context.Context, c config, root *os.Root, l layout, v variant, stderr io.Writer) ([]record, error) {
	if err := os.MkdirAll(l.downloads(), 0o755); err != nil {
		return nil, err
	}
	name := filepath.Join(l.downloads(), "libtorch-"+version+"-"+v.name+".zip")
	fmt.Fprintf(stderr, "setup: %s\n", c.archiveURL)
	if err := download(ctx, c.archiveURL, name); err != nil {
		return nil, fmt.Errorf("fetching the libtorch archive: %w; without -source archive the wheels of PyPI are used, with -from a folder", err)
	}
	return unpackArchive(ctx, name, c.sha256, root, v, stderr)
}

// unpackArchive checks that the zip is the release that it should be. A file that is
// refused is removed, or it would be found again by the next run.
func unpackArchive(ctx context.Context, name, want string, root *os.Root, v variant, stderr io.Writer) ([]record, error) {
	sum, err := fileSHA256(name)
	if err != nil {
		return nil, err
	}
	got := hex.EncodeToString(sum)
	if want != "" && !strings.EqualFold(got, want) {
		os.Remove(name)
		return nil, &checksumError{filepath.Base(name), got, want}
	}
	if err := checkBuild(name); err != nil {
		os.Remove(name)
		return nil, err
	}
	if want == "" {
		fmt.Fprintf(stderr, "setup: the archive says it is built from commit %s; its SHA-256, which nothing was compared with, is %s\n", commit, got)
	}
	return unpack(ctx, root, name, v.keepArchived)
}

// keepArchived maps the archive's names to the layout: libtorch/lib/… is torch/lib/….
func (v variant) keepArchived(name string) (string, bool) {
	rest, ok := strings.CutPrefix(name, "libtorch/")
	if !ok {
		return "", false
	}
	dest := "torch/" + rest
	return dest, v.keeps(dest)
}

// checkBuild reads the commit that the archive was built from.
func checkBuild(name string) error {
	r, err := zip.OpenReader(name)
	if err != nil {
		return fmt.Errorf("%s is no zip file: %w; what answered was not the libtorch archive", filepath.Base(name), err)
	}
	defer r.Close()
	f, err := r.Open("libtorch/build-hash")
	if err != nil {
		return fmt.Errorf("%s has no libtorch/build-hash: it is not a libtorch archive", filepath.Base(name))
	}
	defer f.Close()
	hash, err := io.ReadAll(io.LimitReader(f, 1<<10))
	if err != nil {
		return err
	}
	if got := strings.TrimSpace(string(hash)); got != commit {
		return fmt.Errorf("%s is built from commit %q, want %s (release %s)", filepath.Base(name), got, commit, version)
	}
	return nil
}

// download fetches url into name, going on from the .part file of an earlier run.
func download(ctx context.Context, url, name string) error {
	if _, err := os.Stat(name); err == nil {
		return nil
	}
	part := name + ".part"
	f, err := os.OpenFile(part, os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer f.Close()
	have, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	if have > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", have))
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusPartialContent:
	case http.StatusOK: // the server starts from the beginning
		if err := f.Truncate(0); err != nil {
			return err
		}
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return err
		}
	case http.StatusRequestedRangeNotSatisfiable: // the part is whole, or of another file
		os.Remove(part)
		return fmt.Errorf("%s: %s: the part fetched earlier does not fit; it was removed, run the command again", url, resp.Status)
	default:
		return fmt.Errorf("%s: %s", url, resp.Status)
	}
	if _, err := io.Copy(f, resp.Body); err != nil {
		return fmt.Errorf("%s: %w; run the command again to go on from here", url, err)
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(part, name)
}
