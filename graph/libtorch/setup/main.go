package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"syscall"
)

// config is the command line, plus the seams that tests replace.
type config struct {
	from   string // folder to install from, instead of the network
	source string // "wheels" or "archive"
	sha256 string // expected checksum of the archive; empty: unchecked
	dir    string // installation folder; empty: in the user's cache
	cuda   bool
	print  bool // print the exports of a finished installation, install nothing
	verify bool // hash every installed file, not only its size

	fetch      fetcher // fetches one wheel
	archiveURL string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := command(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintf(os.Stderr, "setup: %v\n", err)
		os.Exit(1)
	}
}

func command(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	c := config{fetch: pip{python: "python3", log: stderr}.fetch}
	flags := flag.NewFlagSet("setup", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&c.from, "from", "", "install from this `folder`: an unpacked libtorch 2.1.0, or the wheels")
	flags.StringVar(&c.source, "source", "wheels", "where to fetch from without -from: wheels (PyPI) or archive (the official zip)")
	flags.StringVar(&c.sha256, "sha256", "", "with -source archive: refuse an archive of another `checksum`")
	flags.StringVar(&c.dir, "dir", "", "install into this `folder` (default: libtorch-2.1.0-cpu or -cu121 in the user's cache)")
	flags.BoolVar(&c.cuda, "cuda", false, "keep the CUDA libraries (4 GB instead of 0.5)")
	flags.BoolVar(&c.print, "print", false, "print the exports of a finished installation and install nothing")
	flags.BoolVar(&c.verify, "verify", false, "hash every file of a finished installation again")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q: the folder to install from is -from, the one to install into -dir", flags.Arg(0))
	}
	if c.source != "wheels" && c.source != "archive" {
		return fmt.Errorf("-source %q: want wheels or archive", c.source)
	}
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		return fmt.Errorf("%s/%s: the pinned libtorch is for linux/amd64; elsewhere unpack libtorch %s yourself and set CGO_CXXFLAGS and CGO_LDFLAGS as this command's exports.go does", runtime.GOOS, runtime.GOARCH, version)
	}
	v := cpu
	if c.cuda {
		v = cu121
	}
	if c.archiveURL == "" {
		c.archiveURL = v.archive
	}
	return setup(ctx, c, v, stdout, stderr)
}
