package bench_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/bench"
)

// TestReadmeProgram: the program in the README is the one that Example runs.
func TestReadmeProgram(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	block := regexp.MustCompile("(?s)```go\n(.*?)```").FindSubmatch(readme)
	require.NotNil(t, block, "the README has no Go program")
	example, err := os.ReadFile("example_test.go")
	require.NoError(t, err)
	indented := "\t" + strings.ReplaceAll(strings.TrimSpace(string(block[1])), "\n", "\n\t")
	require.True(t, strings.Contains(string(example), indented+"\n"), "bring the README and bench's Example in line")
}

// TestReadmeTable: the results in the README are those of the evidence file.
func TestReadmeTable(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	results, err := bench.ReadFile("../docs/evidence/quick-mnist.jsonl")
	require.NoError(t, err)
	table, err := bench.NewTable(results)
	require.NoError(t, err)
	require.True(t, strings.Contains(string(readme), table.Markdown()), "paste what go run ./bench/report docs/evidence/quick-mnist.jsonl prints")
}
