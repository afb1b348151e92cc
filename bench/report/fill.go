package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/miniunlearn/miniunlearn/internal/atomicfile"
)

// block is a table in a Markdown file, between a comment with the arguments
// that make it and one that ends it.
var block = regexp.MustCompile(`(?s)(<!-- report (.*?) -->\n).*?(<!-- /report -->)`)

// filled returns a Markdown file with its tables made anew. Their files are
// named from the folder that holds it.
func filled(path string) (old, renewed []byte, err error) {
	if old, err = os.ReadFile(path); err != nil {
		return nil, nil, err
	}
	renewed = block.ReplaceAllFunc(old, func(b []byte) []byte {
		m := block.FindSubmatch(b)
		args := words(string(m[2]), filepath.Dir(path))
		switch {
		case err != nil:
			return b
		case bytes.Count(b, []byte("<!-- report ")) > 1:
			err = fmt.Errorf("%s: report %s: no line <!-- /report --> ends this table", path, m[2])
			return b
		case slices.ContainsFunc(args, func(a string) bool { return a == "-fill" || a == "-figure" || a == "-html" }):
			err = fmt.Errorf("%s: report %s: a page holds tables only", path, m[2])
			return b
		}
		var table, stderr bytes.Buffer
		if code := run(args, strings.NewReader(""), &table, &stderr); code != 0 {
			err = fmt.Errorf("%s: report %s: %s", path, m[2], strings.TrimSpace(stderr.String()))
		}
		return bytes.Join([][]byte{m[1], table.Bytes(), m[3]}, nil)
	})
	if err == nil && !block.Match(old) {
		err = fmt.Errorf("%s has no line <!-- report ARGUMENTS --> to fill a table in after", path)
	}
	return old, renewed, err
}

// words splits arguments at spaces outside of double quotes, and puts dir
// before names of results.
func words(s, dir string) []string {
	var out []string
	for _, w := range regexp.MustCompile(`"[^"]*"|\S+`).FindAllString(s, -1) {
		if w = strings.Trim(w, `"`); strings.HasSuffix(w, ".jsonl") {
			w = filepath.Join(dir, w)
		}
		out = append(out, w)
	}
	return out
}

func fill(path string) error {
	_, renewed, err := filled(path)
	if err != nil {
		return err
	}
	return atomicfile.Write(path, func(w io.Writer) error {
		_, err := w.Write(renewed)
		return err
	})
}
