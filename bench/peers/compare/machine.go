package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// machine is the first line of a file: where and how the rows were measured.
type machine struct {
	What     string  `json:"what"` // machine
	CPU      string  `json:"cpu"`
	Cores    int     `json:"cores"`
	ISA      string  `json:"isa"` // the widest vectors that the CPU has
	Go       string  `json:"go"`
	Torch    string  `json:"torch,omitempty"`
	OpenBLAS string  `json:"openblas,omitempty"`
	Commit   string  `json:"commit"`
	Modified bool    `json:"modified"` // the working tree was not that commit's
	Date     string  `json:"date"`
	Rounds   int     `json:"rounds"`
	Seconds  float64 `json:"seconds"` // for each row and round
	WallS    float64 `json:"wall_s"`
	// Others is the share of the cores' time, while the rounds ran, that went
	// to other processes or to other machines of the host; −1 if unknown.
	Others  float64   `json:"others"`
	Load    string    `json:"load"` // averages before the first round
	LeftOut []leftOut `json:"left_out,omitempty"`
}

// leftOut is a side that could not be run, and why.
type leftOut struct {
	Side string `json:"side"`
	Why  string `json:"why"`
}

// mostOthers is the share of the cores' time up to which others do not count.
const mostOthers = 0.05

func describe(ctx context.Context) machine {
	m := machine{What: "machine", Cores: runtime.NumCPU(), Go: runtime.Version(), Date: time.Now().UTC().Format(time.DateOnly)}
	m.CPU, m.ISA = cpu()
	m.Commit = strings.TrimSpace(output(ctx, "git", "rev-parse", "--short=12", "HEAD"))
	m.Modified = output(ctx, "git", "status", "--porcelain", "--untracked-files=no") != ""
	load, _ := os.ReadFile("/proc/loadavg")
	if f := strings.Fields(string(load)); len(f) > 2 {
		m.Load = strings.Join(f[:3], " ")
	}
	return m
}

// output returns what a command prints, or nothing if it fails.
func output(ctx context.Context, name string, args ...string) string {
	b, err := exec.CommandContext(ctx, name, args...).Output()
	if err != nil {
		return ""
	}
	return string(b)
}

func cpu() (name, isa string) {
	name, isa = "unknown CPU", "unknown"
	text, _ := os.ReadFile("/proc/cpuinfo")
	var family, model string
	for line := range strings.Lines(string(text)) {
		key, value, _ := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		switch strings.TrimSpace(key) {
		case "model name":
			name = value
		case "cpu family":
			family = value
		case "model":
			model = value
		case "flags":
			flags := strings.Fields(value)
			for _, f := range []string{"avx2", "avx512f"} {
				for _, have := range flags {
					if have == f {
						isa = f
					}
				}
			}
		}
	}
	if family != "" {
		name += fmt.Sprintf(" (family %s, model %s)", family, model)
	}
	return name, isa
}

// usage is the processor time, in seconds, of everybody up to a moment.
type usage struct {
	at  time.Time
	all float64
	ok  bool // the system tells
}

func readUsage() usage {
	u := usage{at: time.Now()}
	text, err := os.ReadFile("/proc/stat")
	u.ok = err == nil
	line, _, _ := bytes.Cut(text, []byte("\n"))
	f := strings.Fields(string(line))
	for _, i := range []int{1, 2, 3, 6, 7, 8} { // user, nice, system, irq, softirq, steal
		if i < len(f) {
			v, _ := strconv.ParseFloat(f[i], 64)
			u.all += v / 100
		}
	}
	return u
}

// others returns the share of the cores' time since u that did not go into
// our processes' ours seconds, or −1 if that cannot be told.
func (u usage) others(ours float64, cores int) float64 {
	now := readUsage()
	if !u.ok || !now.ok {
		return -1
	}
	s := (now.all - u.all - ours) / (now.at.Sub(u.at).Seconds() * float64(cores))
	return max(0, min(1, s))
}
