package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/miniunlearn/miniunlearn/bench"
	"github.com/miniunlearn/miniunlearn/bench/page"
)

// input is what was read.
type input struct {
	results []bench.Result
	audits  []page.Audit
	sources []page.Source
	isAudit []bool // of each source
}

// read reads results: JSON Lines of bench/sweep, results.json of an audit, or
// folders that hold one of them; without any, JSON Lines from stdin.
func read(paths []string, stdin io.Reader) (in input, err error) {
	if len(paths) == 0 {
		if in.results, err = bench.ReadJSONL(stdin, "stdin"); err != nil {
			return in, err
		}
		in.add("standard input", len(in.results))
	}
	for _, path := range paths {
		if err := in.read(path); err != nil {
			return in, err
		}
	}
	if len(in.results)+len(in.audits) == 0 {
		return in, errors.New("no results to report; give files or folders that bench/sweep or bench/auditrun wrote")
	}
	return in, nil
}

// read reads one file or folder.
func (in *input) read(path string) error {
	file := path
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		if file, err = within(path); err != nil {
			return err
		}
	}
	if strings.HasSuffix(file, ".json") {
		a, err := page.ReadAudit(file)
		if err != nil {
			return err
		}
		in.audits = append(in.audits, a)
		in.sources = append(in.sources, page.Source{Name: path, Note: "an audit"})
		in.isAudit = append(in.isAudit, true)
		return nil
	}
	results, err := bench.ReadFile(file)
	if err != nil {
		return err
	}
	in.results = append(in.results, results...)
	in.add(path, len(results))
	return nil
}

func (in *input) add(name string, results int) {
	in.sources = append(in.sources, page.Source{Name: name, Note: fmt.Sprintf("%d results", results)})
	in.isAudit = append(in.isAudit, false)
}

// within returns the file with results that a folder holds.
func within(folder string) (string, error) {
	for _, name := range []string{"results.jsonl", "results.json"} {
		if _, err := os.Stat(filepath.Join(folder, name)); err == nil {
			return filepath.Join(folder, name), nil
		} else if !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
	}
	return "", fmt.Errorf("%s holds neither results.jsonl, which bench/sweep writes, nor results.json, which bench/auditrun does", folder)
}
