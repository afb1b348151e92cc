package audit

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestEvidence: the tables of the audits that the documentation shows are what their
// results say.
func TestEvidence(t *testing.T) {
	files, err := filepath.Glob("../../docs/evidence/audit-*/results.json")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		r := &Result{}
		require.NoError(t, json.Unmarshal(text, r), file)
		table, err := os.ReadFile(filepath.Join(filepath.Dir(file), "table.md"))
		require.NoError(t, err)
		require.Equal(t, r.Markdown(), string(table), file)
	}
}
