package purpose_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/miniunlearn/miniunlearn/internal/purpose"
)

// TestStreams: the three ways to a stream are one, and nothing but the same seed, use
// and index gives it.
func TestStreams(t *testing.T) {
	seen := map[uint64]bool{}
	for seed := range uint64(20) {
		for use := purpose.Use(1); use < 80; use++ {
			for index := range uint64(20) {
				p := purpose.Stream(seed, use, index)
				first := p.Uint64()
				require.Equal(t, first, purpose.Rand(seed, use, index).Uint64())
				require.Equal(t, first, purpose.Seed(seed, use, index))
				require.False(t, seen[first], "seed %d, use %d, index %d", seed, use, index)
				seen[first] = true
			}
		}
	}
}

// TestNumbers: no two uses share a number, and none has one that is other modules'.
func TestNumbers(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "purpose.go", nil, 0)
	require.NoError(t, err)
	owner := map[int]string{}
	for _, decl := range file.Decls {
		constants, ok := decl.(*ast.GenDecl)
		if !ok || constants.Tok != token.CONST {
			continue
		}
		for _, spec := range constants.Specs {
			c := spec.(*ast.ValueSpec)
			require.Len(t, c.Values, 1, "%s needs a number of its own", c.Names[0])
			n, err := strconv.Atoi(c.Values[0].(*ast.BasicLit).Value)
			require.NoError(t, err)
			require.Empty(t, owner[n], "%s has the number of another", c.Names[0])
			require.True(t, n > 0 && n < 1000, "%s", c.Names[0])
			owner[n] = c.Names[0].Name
		}
	}
	require.Greater(t, len(owner), 30)
}

// TestEveryGenerator: no other code of the module makes a generator, or a seed of
// another by arithmetic.
func TestEveryGenerator(t *testing.T) {
	allowed := map[string]string{
		"internal/purpose": "here",
		"graph/enginetest": "test values of engines, which no seed of a user reaches",
		"bench/peers":      "numbers to multiply, the same for all peers",
		"examples":         "pictures and tables of their own",

		"unlearning/baselines/noise.go": "noise that a secret key draws, so that nobody can take it off",
	}
	require.NoError(t, filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		rel := filepath.ToSlash(strings.TrimPrefix(path, "../../"))
		for dir := range allowed {
			if rel == dir || strings.HasPrefix(rel, dir+"/") {
				return nil
			}
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		require.NoError(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok {
				if sel, ok := call.Fun.(*ast.SelectorExpr); ok && (sel.Sel.Name == "NewPCG" || sel.Sel.Name == "NewChaCha8") {
					require.Fail(t, "a generator without a purpose", "%s: name its use in internal/purpose", rel)
				}
			}
			if sum, ok := n.(*ast.BinaryExpr); ok && (sum.Op == token.ADD || sum.Op == token.XOR) && (isSeed(sum.X) || isSeed(sum.Y)) {
				require.Fail(t, "a seed made by arithmetic", "%s: use purpose.Seed", rel)
			}
			return true
		})
		return nil
	}))
}

// isSeed reports whether an expression is a variable or field named for a seed.
func isSeed(e ast.Expr) bool {
	switch x := e.(type) {
	case *ast.Ident:
		return strings.EqualFold(x.Name, "seed")
	case *ast.SelectorExpr:
		return x.Sel.Name == "Seed"
	}
	return false
}
