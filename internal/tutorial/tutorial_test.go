// Package tutorial runs docs/tutorial.md: a page that a reader follows in an empty
// folder is followed there by a test.
package tutorial

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// block is a fenced block with its language, or a comment with what the last
// commands have to have said.
var block = regexp.MustCompile("(?ms)^```(\\w*)\n(.*?)^```$|^<!-- says: (.*?) -->$")

// named finds the file that a block is for, at the end of the paragraph before.
var named = regexp.MustCompile("`([\\w/]+\\.(?:go|json))`:\\s*$")

// TestTutorial writes every file and runs every command of the page, in its order.
func TestTutorial(t *testing.T) {
	root, err := filepath.Abs("../..")
	require.NoError(t, err)
	text, err := os.ReadFile(filepath.Join(root, "docs", "tutorial.md"))
	require.NoError(t, err)
	dir := t.TempDir()
	files, commands, said := 0, 0, ""
	for _, at := range block.FindAllSubmatchIndex(text, -1) {
		part := func(i int) string {
			if at[2*i] < 0 {
				return ""
			}
			return string(text[at[2*i]:at[2*i+1]])
		}
		switch language, content, want := part(1), part(2), part(3); {
		case want != "":
			require.Contains(t, said, want)
		case language == "go" || language == "json":
			name := named.FindSubmatch(text[:at[0]])
			require.NotNil(t, name, "no file is named before\n%s", content)
			path := filepath.Join(dir, string(name[1]))
			require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
			require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
			files++
		case language == "sh":
			said = sh(t, root, dir, content)
			commands++
		default:
			t.Fatalf("what is a block of %q?\n%s", language, content)
		}
	}
	require.Equal(t, 4, files)
	require.Equal(t, 8, commands)
	page, err := os.ReadFile(filepath.Join(dir, "ward.html"))
	require.NoError(t, err)
	for _, want := range []string{"<title>The ward</title>", "70 results", "shadow models"} {
		require.Contains(t, string(page), want)
	}
}

// sh runs commands as a reader would, but for the module, which is this one and not
// one that is fetched.
func sh(t *testing.T, root, dir, commands string) string {
	t.Helper()
	const fetch = "go get github.com/miniunlearn/miniunlearn\n"
	if strings.Contains(commands, fetch) {
		commands = strings.Replace(commands, fetch, fmt.Sprintf("go work init . '%s'\n", root), 1)
		sum, err := os.ReadFile(filepath.Join(root, "go.sum"))
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(filepath.Join(dir, "go.work.sum"), sum, 0o600))
	}
	cmd := exec.CommandContext(t.Context(), "sh", "-euc", commands)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=", "GOFLAGS=", "XDG_CACHE_HOME="+filepath.Join(dir, "cache"), "GOCACHE="+cache(t))
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s\n%s", commands, out)
	return string(out)
}

// cache is the user's cache of builds, wherever other caches are.
func cache(t *testing.T) string {
	out, err := exec.CommandContext(t.Context(), "go", "env", "GOCACHE").Output()
	require.NoError(t, err)
	return strings.TrimSpace(string(out))
}
