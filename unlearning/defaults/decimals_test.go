package defaults_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"math"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// elsewhere lists the decimal numbers below unlearning that may stand outside this
// package, by file and number, with the reason. A number that was fitted belongs
// here, under a name; one that is not gets a line below. Whole numbers count as no
// decimals, however they are written. A file without a number is one of a published
// method, all of whose numbers are constants with their source beside them.
var elsewhere = map[string]string{
	"baselines/noise.go 1e-5":         "a choice: the δ that papers of differential privacy report",
	"baselines/noisyfinetune.go 0.1":  "as published",
	"baselines/newton.go 1e-3":        "a tolerance, as is usual for conjugate gradients",
	"baselines/shrinkperturb.go 0.5":  "as published",
	"baselines/shrinkperturb.go 0.1":  "as published",
	"baselines/badteacher.go":         "as published",
	"baselines/cfk.go":                "as published",
	"baselines/l1sparse.go":           "as published",
	"baselines/scrub.go":              "as published",
	"baselines/ct.go":                 "as published",
	"baselines/msg.go":                "as published",
	"baselines/sfron.go":              "as published",
	"baselines/rum.go":                "as published",
	"baselines/neggrad.go":            "as published",
	"baselines/neggradplus.go":        "as published",
	"baselines/salun.go":              "as published",
	"history/logitgradients.go 1e-30": "far from the ends of a float64",
	"history/policy.go 1e-9":          "what rounding may add to a whole number",
	"history/recorder.go 0.004":       "a choice: the share of the time that saving may take",
	"ledger/certificate.go 0.05":      "the level of an interval",
	"tune/space.go":                   "ranges, of which trials choose",
}

// TestDecimals lists the decimal numbers below unlearning, and fails on new ones and
// on entries of the list above that are gone.
func TestDecimals(t *testing.T) {
	found := map[string]bool{}
	require.NoError(t, filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel("..", path)
		if err != nil {
			return err
		}
		if entry.IsDir() && (rel == "defaults" || rel == "internal") {
			return filepath.SkipDir // these numbers, and those of tests
		}
		if entry.IsDir() || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			lit, ok := n.(*ast.BasicLit)
			if !ok || lit.Kind != token.FLOAT {
				return true
			}
			if v, err := strconv.ParseFloat(lit.Value, 64); err != nil || v != math.Trunc(v) {
				name := filepath.ToSlash(rel)
				if _, whole := elsewhere[name]; !whole {
					name += " " + lit.Value
				}
				found[name] = true
			}
			return true
		})
		return nil
	}))
	require.NotEmpty(t, found)
	for number := range found {
		require.Contains(t, elsewhere, number, "a decimal number outside of package defaults: name it there, with its unit and what it was fitted on")
	}
	for number := range elsewhere {
		require.True(t, found[number], "%s is listed and is not there", number)
	}
}
