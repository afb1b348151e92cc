//go:build libtorch

package libtorch

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// graphOps reads the names of all op types from the source of package graph,
// so that an op added there without a kernel here is noticed.
func graphOps(t *testing.T) (names []string) {
	files, err := filepath.Glob("../*.go")
	require.NoError(t, err)
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		ast.Inspect(f, func(n ast.Node) bool {
			d, ok := n.(*ast.FuncDecl)
			if !ok || d.Name.Name != "Infer" || d.Recv == nil {
				return true
			}
			if id, ok := d.Recv.List[0].Type.(*ast.Ident); ok {
				names = append(names, id.Name)
			}
			return false
		})
	}
	require.Greater(t, len(names), 30)
	return names
}
