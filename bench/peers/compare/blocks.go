package main

import (
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/miniunlearn/miniunlearn/internal/atomicfile"
)

// blocks are the texts made of a run, by name.
func blocks(f *run) map[string]string {
	b := map[string]string{
		"machine": f.Machine.String(),
		"asked":   f.Machine.warning() + askedTable(f).String(),
		"stock":   f.Machine.warning() + stockTable(f).String(),
		"hvp":     f.Machine.warning() + hvpTable(f).String(),
		"many":    f.Machine.warning() + manyTable(f).String(),
		"gemm":    f.Machine.warning() + gemmTable(f).String(),
		"allocs":  allocTable(f).String(),
		"audit":   f.Audit.String(),
	}
	var steps strings.Builder
	steps.WriteString(f.Machine.warning())
	for _, isa := range []string{"avx2", "native"} {
		for _, threads := range f.threads() {
			title := "Both sides limited to AVX2"
			if isa == "native" {
				title = "Unrestricted"
			}
			fmt.Fprintf(&steps, "%s, %s:\n\n%s\n", title, plural(threads, "thread"), stepTable(f, threads, isa))
		}
	}
	b["steps"] = strings.TrimSpace(steps.String()) + "\n"
	return b
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// idle reports whether the machine is known to have had nothing else to do.
func (m machine) idle() bool { return m.Others >= 0 && m.Others <= mostOthers }

// warning says that the machine was not idle, or nothing. Waiting threads suffer
// most from a busy machine, so not even the ratios can be trusted.
func (m machine) warning() string {
	switch {
	case m.Others < 0:
		return "**Whether the machine was idle is not known: these figures decide nothing.**\n\n"
	case !m.idle():
		return fmt.Sprintf("**Busy machine: these figures decide nothing.** Other processes took %.0f%% of the cores' time.\n\n", 100*m.Others)
	}
	return ""
}

// String describes the run.
func (m machine) String() string {
	var b strings.Builder
	state := ""
	if m.Modified {
		state = " with changes"
	}
	fmt.Fprintf(&b, "%s at commit %s%s, in %v: %s of %g s for each row, by turns, on %s of %s with %s; %s",
		m.Date, m.Commit, state, (time.Duration(m.WallS) * time.Second), plural(m.Rounds, "round"), m.Seconds, plural(m.Cores, "core"), m.CPU, m.ISA, m.Go)
	if m.Torch != "" {
		b.WriteString(", PyTorch " + m.Torch)
	}
	if m.OpenBLAS != "" {
		b.WriteString(", OpenBLAS " + m.OpenBLAS)
	}
	b.WriteString(".")
	if m.Others >= 0 {
		fmt.Fprintf(&b, " Meanwhile other processes took %.1f%% of the cores' time; the load before was %s.", 100*m.Others, m.Load)
	}
	b.WriteString("\n")
	for _, l := range m.LeftOut {
		fmt.Fprintf(&b, "\nLEFT OUT: `%s`: %s\n", l.Side, l.Why)
	}
	return b.String()
}

var mark = regexp.MustCompile(`(?s)<!-- speed:([a-z]+) -->\n(.*?)<!-- /speed -->`)

// fill puts the blocks between their marks in text. Marks of a block that there
// is not are an error, and so is a text without any.
func fill(text string, of map[string]string) (string, error) {
	var names []string
	for n := range of {
		names = append(names, n)
	}
	slices.Sort(names)
	if !mark.MatchString(text) {
		return "", fmt.Errorf("no marks <!-- speed:NAME --> … <!-- /speed -->; NAME is one of %s", strings.Join(names, ", "))
	}
	var err error
	text = mark.ReplaceAllStringFunc(text, func(s string) string {
		name := mark.FindStringSubmatch(s)[1]
		block, ok := of[name]
		if !ok {
			err = fmt.Errorf("speed:%s: there is no such block; want one of %s", name, strings.Join(names, ", "))
		}
		return "<!-- speed:" + name + " -->\n" + block + "<!-- /speed -->"
	})
	return text, err
}

// fillFile fills the marks of a file.
func fillFile(path string, f *run) error {
	old, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	text, err := fill(string(old), blocks(f))
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return atomicfile.Write(path, func(w io.Writer) error {
		_, err := io.WriteString(w, text)
		return err
	})
}
