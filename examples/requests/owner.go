package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/miniunlearn/miniunlearn/data"
)

// folder is where all lies. In earnest the key and the data are elsewhere than the
// ledger: on other machines, with other people.
type folder string

func (f folder) run() string   { return filepath.Join(string(f), "run") }        // the ledger
func (f folder) key() string   { return filepath.Join(string(f), "key") }        // of its keyed digests
func (f folder) table() string { return filepath.Join(string(f), "digits.csv") } // the owner's data
func (f folder) asked() string { return filepath.Join(string(f), "asked.json") } // the owner's list of who asked

// spec is the table as data.Open reads it: each customer has several rows.
func (f folder) spec() string {
	return "csv:" + f.table() + "?label=digit&id=customer&repeats=yes&validation=0.1"
}

// makeTable writes the handwritten digits as a table of customers who wrote nine
// digits each.
func (f folder) makeTable() error {
	var b strings.Builder
	b.WriteString("customer,digit")
	for p := range 64 {
		fmt.Fprintf(&b, ",pixel%02d", p)
	}
	b.WriteString("\n")
	digits := data.Digits()
	row := 0
	for _, ds := range []*data.Dataset{digits.Train, digits.Validation, digits.Test} {
		for i := range ds.Len() {
			fmt.Fprintf(&b, "customer-%03d,%d", row/9, ds.Y[i])
			for _, v := range ds.Row(i) {
				fmt.Fprintf(&b, ",%g", 16*v)
			}
			b.WriteString("\n")
			row++
		}
	}
	return os.WriteFile(f.table(), []byte(b.String()), 0o600)
}

// deleteRows deletes the rows of customers from the table, if there are any.
func (f folder) deleteRows(of []string) error {
	raw, err := os.ReadFile(f.table())
	if err != nil {
		return err
	}
	var left strings.Builder
	for line := range strings.Lines(string(raw)) {
		if customer, _, _ := strings.Cut(line, ","); !slices.Contains(of, customer) {
			left.WriteString(line)
		}
	}
	return replace(f.table(), []byte(left.String()))
}

// readAsked reads who has asked, by the ledger's number of the request.
func (f folder) readAsked() (map[string][]string, error) {
	asked := map[string][]string{}
	raw, err := os.ReadFile(f.asked())
	if errors.Is(err, fs.ErrNotExist) {
		return asked, nil
	}
	if err == nil {
		err = json.Unmarshal(raw, &asked)
	}
	return asked, err
}

func (f folder) writeAsked(asked map[string][]string) error {
	raw, err := json.Marshal(asked)
	if err != nil {
		return err
	}
	return replace(f.asked(), raw)
}

// replace replaces a file: a crash leaves the old one or the new one.
func replace(path string, content []byte) error {
	if err := os.WriteFile(path+".new", content, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}
