package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/miniunlearn/miniunlearn/data"
)

// audit is the audit run of 64 shadows, a line of its own.
type audit struct {
	What    string  `json:"what"` // audit
	Command string  `json:"command"`
	WallS   float64 `json:"wall_s"`
	PeakMiB float64 `json:"peak_mib"` // resident memory
}

// auditArgs are the flags of bench/auditrun, without the folder of its results.
const auditArgs = "-dataset mnist -net mlp:784-200-10 -n 10000 -epochs 10 -batch 64 -lr 0.05 " +
	"-methods mini,retrain-other-seed,no-op -shadows 64 -targets 16 -share 0.2"

// runAudit times the audit, once.
func runAudit(ctx context.Context, root, folder string, stderr io.Writer) (*audit, error) {
	if os.Getenv(data.EnvData) == "" {
		return nil, fmt.Errorf("-audit needs MNIST: set %s", data.EnvData)
	}
	program := filepath.Join(folder, "auditrun")
	build := exec.CommandContext(ctx, "go", "build", "-o", program, "./bench/auditrun")
	build.Dir = root
	if text, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("go build ./bench/auditrun: %w\n%s", err, text)
	}
	cmd := exec.CommandContext(ctx, program, append(strings.Fields(auditArgs), "-out", filepath.Join(folder, "audit.out"))...)
	cmd.Env, cmd.Stderr = environ(), stderr
	start := time.Now()
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("auditrun: %w", err)
	}
	a := &audit{What: "audit", Command: "go run ./bench/auditrun " + auditArgs, WallS: time.Since(start).Seconds()}
	a.PeakMiB = peakMiB(cmd.ProcessState)
	return a, nil
}

// String describes the run, or says that there was none.
func (a *audit) String() string {
	if a == nil {
		return "This run left the audit out (`-audit`).\n"
	}
	wall := time.Duration(a.WallS+0.5) * time.Second
	return fmt.Sprintf("`%s`: %v of wall time, %.0f MiB of memory at its peak.\n", a.Command, wall, a.PeakMiB)
}
