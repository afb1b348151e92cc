package data

import (
	"bytes"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestFuzzLong fuzzes every reader for a minute, or for MINIUNLEARN_FUZZTIME.
func TestFuzzLong(t *testing.T) {
	if os.Getenv("MINIUNLEARN_LONG") == "" {
		t.Skip("a minute for each reader; set MINIUNLEARN_LONG=1")
	}
	duration := os.Getenv("MINIUNLEARN_FUZZTIME")
	if duration == "" {
		duration = "60s"
	}
	for _, pkg := range []string{".", "./files", "./table", "./images", "./arrays", "./parquet"} {
		list, err := exec.CommandContext(t.Context(), "go", "test", pkg, "-list", "^Fuzz").Output()
		require.NoError(t, err)
		for _, name := range regexp.MustCompile(`(?m)^Fuzz\w+`).FindAllString(string(list), -1) {
			t.Run(strings.TrimPrefix(pkg, "./")+"/"+name, func(t *testing.T) {
				// Minimising what is merely new takes a minute for each input.
				cmd := exec.CommandContext(t.Context(), "go", "test", pkg, "-run", "^$", "-fuzz", "^"+name+"$", "-fuzztime", duration, "-fuzzminimizetime", "10x")
				out, err := cmd.CombinedOutput()
				require.NoError(t, err, "%s", out[max(0, len(out)-4000):])
				lines := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
				t.Logf("%s", lines[max(0, len(lines)-3)])
			})
		}
	}
}
