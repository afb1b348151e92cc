package main

import (
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// downloader puts files into a folder, whole and checked or not at all.
type downloader struct {
	client   *http.Client
	stall    time.Duration // without a byte, until the server counts as gone
	pause    time.Duration // before another try
	tries    int           // in which nothing new has come
	progress func(f file, done int64)
	open     func(path string) (partial, error)
}

// partial is a file that grows.
type partial interface {
	io.ReadWriteSeeker
	io.Closer
	Truncate(size int64) error
	Sync() error
}

func newDownloader() *downloader {
	return &downloader{
		client: &http.Client{CheckRedirect: func(req *http.Request, via []*http.Request) error {
			if len(via) >= 5 {
				return errors.New("more than 5 redirects; the server sends in circles")
			}
			return nil
		}},
		stall: time.Minute, pause: 2 * time.Second, tries: 3,
		progress: func(file, int64) {},
		open:     func(path string) (partial, error) { return os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666) },
	}
}

// Errors that another try does not mend.
var (
	errChecksum = errors.New("wrong checksum")
	errPage     = errors.New("the server sent a web page and not the file")
	errSize     = errors.New("wrong size")
)

// fetch puts f into dir. What has come of it before an error stays in
// NAME.part, where the next call goes on; a file under its own name is whole.
func (d *downloader) fetch(ctx context.Context, f file, dir string) error {
	final := filepath.Join(dir, f.name)
	if err := verify(ctx, f, final); err == nil {
		return nil
	} else if !errors.Is(err, os.ErrNotExist) && !errors.Is(err, errChecksum) && !errors.Is(err, errSize) {
		return err
	}
	part := final + ".part"
	out, err := d.open(part)
	if err != nil {
		return err
	}
	defer out.Close()
	at, err := out.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	if at > f.size {
		if at, err = 0, out.Truncate(0); err != nil {
			return err
		}
	}
	most := at
	for idle := 0; at < f.size; {
		got, err := d.try(ctx, f, out, at)
		if at += got; err == nil || at >= f.size {
			continue
		}
		var stop *stopError
		switch {
		case ctx.Err() != nil:
			return fmt.Errorf("%s: interrupted at %d of %d bytes; run the command again to go on there: %w", f.name, at, f.size, ctx.Err())
		case errors.As(err, &stop):
			return fmt.Errorf("%s from %s: %w", f.name, f.url, stop.err)
		}
		// A server that begins anew each time brings nothing new.
		if idle++; at > most {
			idle, most = 0, at
		}
		if idle >= d.tries {
			return fmt.Errorf("%s from %s: %w; %d of %d bytes are there, run the command again to go on there", f.name, f.url, err, at, f.size)
		}
		select {
		case <-time.After(d.pause):
		case <-ctx.Done():
		}
	}
	if err := out.Sync(); err != nil {
		return fmt.Errorf("%s: %w", part, err)
	}
	if err := verify(ctx, f, part); err != nil {
		os.Remove(part)
		return fmt.Errorf("%s: what %s sent is not the file that was published: %w; nothing of it is kept", f.name, f.url, err)
	}
	return os.Rename(part, final)
}

// stopError is one that another try does not mend.
type stopError struct{ err error }

func (e *stopError) Error() string { return e.err.Error() }

func stop(format string, a ...any) error { return &stopError{fmt.Errorf(format, a...)} }

// try asks for the rest of the file from at on, and returns how much of it has
// come.
func (d *downloader) try(ctx context.Context, f file, out partial, at int64) (got int64, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	// A server that says nothing any more is cut off.
	stalled := time.AfterFunc(d.stall, func() { cancel(fmt.Errorf("nothing came for %v", d.stall)) })
	defer stalled.Stop()

	req, err := http.NewRequestWithContext(ctx, http.MethodGet, f.url, nil)
	if err != nil {
		return 0, stop("%w", err)
	}
	if at > 0 {
		req.Header.Set("Range", "bytes="+strconv.FormatInt(at, 10)+"-")
	}
	req.Header.Set("Accept-Encoding", "identity") // the file as it is
	resp, err := d.client.Do(req)
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			return 0, cause
		}
		if strings.Contains(err.Error(), "sends in circles") {
			return 0, stop("%w", err)
		}
		return 0, err
	}
	defer resp.Body.Close()
	whole := false
	switch {
	case resp.StatusCode == http.StatusPartialContent:
		if want := fmt.Sprintf("bytes %d-", at); !strings.HasPrefix(resp.Header.Get("Content-Range"), want) {
			return 0, stop("the server sent another part, %q, than was asked for", resp.Header.Get("Content-Range"))
		}
	case resp.StatusCode == http.StatusOK:
		whole = true // from its beginning, whatever was asked for
	case resp.StatusCode >= 500 || resp.StatusCode == http.StatusTooManyRequests:
		return 0, fmt.Errorf("the server answers %s", resp.Status)
	default:
		return 0, stop("the server answers %s", resp.Status)
	}
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html") {
		return 0, stop("%w; a login or an error page? open the address in a browser", errPage)
	}
	left := f.size - at
	if whole {
		left = f.size
	}
	if n := resp.ContentLength; n >= 0 && n != left {
		return 0, stop("%w: the server announces %d bytes where %d are left of %d", errSize, n, left, f.size)
	}
	if whole && at > 0 {
		if err := out.Truncate(0); err != nil {
			return 0, stop("%w", err)
		}
		got = -at
		at = 0
	}
	if _, err := out.Seek(at, io.SeekStart); err != nil {
		return got, stop("%w", err)
	}
	n, err := d.copy(ctx, f, out, io.LimitReader(resp.Body, left+1), at, stalled)
	got += n
	if n > left {
		out.Truncate(0)
		return -(at), stop("%w: more than the %d bytes that were published", errSize, f.size)
	}
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			return got, cause
		}
		return got, err
	}
	if n < left {
		return got, io.ErrUnexpectedEOF
	}
	return got, nil
}

// copy writes what comes, and says so.
func (d *downloader) copy(ctx context.Context, f file, out io.Writer, body io.Reader, at int64, stalled *time.Timer) (n int64, err error) {
	buf := make([]byte, 1<<16)
	for {
		k, err := body.Read(buf)
		if k > 0 {
			stalled.Reset(d.stall)
			if _, err := out.Write(buf[:k]); err != nil {
				return n, stop("%w; %d bytes are there: free space, or name another folder with -dir, and run the command again", err, at+n)
			}
			n += int64(k)
			d.progress(f, at+n)
		}
		if err == io.EOF {
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
}

// verify compares a file with its published size and checksum.
func verify(ctx context.Context, f file, path string) error {
	in, err := os.Open(path)
	if err != nil {
		return err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return err
	}
	if info.Size() != f.size {
		return fmt.Errorf("%s: %w: %d bytes, want %d", f.name, errSize, info.Size(), f.size)
	}
	var h hash.Hash
	want := f.sha256
	if h = sha256.New(); want == "" {
		h, want = md5.New(), f.md5
	}
	buf := make([]byte, 1<<20)
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := in.Read(buf)
		h.Write(buf[:n])
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != want {
		return fmt.Errorf("%s: %w %s, want %s", f.name, errChecksum, got, want)
	}
	return nil
}
