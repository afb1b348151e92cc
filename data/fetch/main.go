// Fetch downloads data sets from where their authors, or a mirror that is named,
// publish them, for data.Open to find.
//
//	go run ./data/fetch covtype mnist     into the user's cache
//	go run ./data/fetch -dir FOLDER mnist into FOLDER/mnist, for MINIUNLEARN_DATA=FOLDER
//	go run ./data/fetch -list             what there is, with sources and licences
//	go run ./data/fetch -verify mnist     checks what is there, and downloads nothing
//
// Nothing in this module downloads anything without being asked in this way. A
// download that was cut goes on where it stopped when the command is run again;
// a file is under its name only when it is whole and its checksum right.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"github.com/miniunlearn/miniunlearn/data"
	"github.com/miniunlearn/miniunlearn/internal/folderlock"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr, catalog(), newDownloader())
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "fetch:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer, sets []set, d *downloader) error {
	fs := flag.NewFlagSet("fetch", flag.ContinueOnError)
	fs.SetOutput(stderr)
	list := fs.Bool("list", false, "list the data sets, their sources and licences")
	check := fs.Bool("verify", false, "check the files that are there, and download nothing")
	dir := fs.String("dir", "", "`folder` above the sets' own; empty for the user's cache")
	if err := fs.Parse(args); err != nil {
		return err
	}
	if *list {
		return show(stdout, sets)
	}
	if fs.NArg() == 0 {
		return errors.New("name the data sets to fetch; -list lists them")
	}
	root := *dir
	if root == "" {
		var err error
		if root, err = data.Cache(); err != nil {
			return err
		}
	}
	for _, name := range fs.Args() {
		s, err := byName(sets, name)
		if err != nil {
			return err
		}
		folder := filepath.Join(root, s.name)
		if *check {
			for _, f := range s.files {
				if err := verify(ctx, f, filepath.Join(folder, f.name)); err != nil {
					return fmt.Errorf("%s: %w; fetch it again: go run ./data/fetch %s", s.name, err, s.name)
				}
			}
			fmt.Fprintf(stdout, "%s: %s: all files are as published\n", s.name, folder)
			continue
		}
		fmt.Fprintf(stdout, "%s, %s (%s), licence: %s\n", s.name, s.cite, s.page, s.licence)
		if err := d.fetchSet(ctx, s, folder, stderr); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		fmt.Fprintf(stdout, "%s: all files are in %s\n", s.name, folder)
	}
	return nil
}

// fetchSet fetches the files of a set that are not there.
func (d *downloader) fetchSet(ctx context.Context, s set, folder string, stderr io.Writer) error {
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return err
	}
	lock, err := folderlock.Acquire(folder)
	if err != nil {
		return err
	}
	defer lock.Release()
	for _, f := range s.files {
		done := d.bar(f, stderr)
		err := d.fetch(ctx, f, folder)
		done()
		if err != nil {
			return err
		}
	}
	return nil
}

// bar shows the progress of f on a terminal until the returned function is
// called.
func (d *downloader) bar(f file, stderr io.Writer) (done func()) {
	out, ok := stderr.(*os.File)
	if !ok || !term.IsTerminal(int(out.Fd())) {
		return func() {}
	}
	bar := progressbar.NewOptions64(f.size, progressbar.OptionSetWriter(out), progressbar.OptionShowBytes(true), progressbar.OptionSetDescription(f.name), progressbar.OptionClearOnFinish())
	old := d.progress
	d.progress = func(_ file, at int64) { bar.Set64(at) }
	return func() { bar.Finish(); d.progress = old }
}

func show(w io.Writer, sets []set) error {
	var b strings.Builder
	for _, s := range sets {
		fmt.Fprintf(&b, "%s: %s; licence: %s\n  %s\n", s.name, s.cite, s.licence, s.page)
		for _, f := range s.files {
			sum := "SHA-256 " + f.sha256
			if f.sha256 == "" {
				sum = "MD5 " + f.md5
			}
			fmt.Fprintf(&b, "  %s, %.1f MB, %s\n    %s (checksum: %s)\n", f.name, float64(f.size)/1e6, sum, f.url, f.by)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
