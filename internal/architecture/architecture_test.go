// Package architecture keeps docs/architecture.md true: its tree lists every source
// file with what the file itself says of it, and imports point one way.
//
//	go test ./internal/architecture -regen
//
// writes the tree anew.
package architecture

import (
	"cmp"
	"flag"
	"fmt"
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

var regen = flag.Bool("regen", false, "write the tree of docs/architecture.md anew")

const (
	root   = "../.."
	module = "github.com/miniunlearn/miniunlearn/"
	page   = root + "/docs/architecture.md"
	begin  = "<!-- tree: go test ./internal/architecture -regen -->\n"
	end    = "<!-- end of tree -->\n"
)

// layers are the folders from the bottom up. A package may import those of its own
// folder, of folders before it in this list, and internal ones, which may import graph.
var layers = []string{
	"internal", "data", "graph", "nets", "unlearning/defaults", "unlearning/history", "unlearning/contraction", "unlearning", "unlearning/baselines", "unlearning/tune", "unlearning/ledger",
	"attacks", "bench", "examples",
}

// alone are the folders that import none of ours but internal ones: attacks take
// plain slices, and data and graph do not know of each other.
var alone = []string{"attacks", "data", "graph", "unlearning/defaults"}

// layer returns the number of a package's folder: the longest that it is in.
func layer(pkg string) int {
	best := -1
	for i, l := range layers {
		if (pkg == l || strings.HasPrefix(pkg, l+"/")) && (best < 0 || len(l) > len(layers[best])) {
			best = i
		}
	}
	return best
}

// sources returns the non-test files of every package, by folder.
func sources(t *testing.T) map[string][]string {
	files := map[string][]string{}
	require.NoError(t, filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel := filepath.ToSlash(strings.TrimPrefix(strings.TrimPrefix(p, root), string(filepath.Separator)))
		if d.IsDir() {
			if name := d.Name(); rel != "" && (strings.HasPrefix(name, ".") || name == "testdata" || name == "docs") {
				return filepath.SkipDir
			}
			return nil
		}
		if strings.HasSuffix(rel, ".go") && !strings.HasSuffix(rel, "_test.go") && path.Dir(rel) != "." {
			files[path.Dir(rel)] = append(files[path.Dir(rel)], path.Base(rel))
		}
		return nil
	}))
	return files
}

func parse(t *testing.T, pkg, file string, mode parser.Mode) *ast.File {
	f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, pkg, file), nil, mode)
	require.NoError(t, err)
	return f
}

// TestImports: no arrow points back.
func TestImports(t *testing.T) {
	for pkg, files := range sources(t) {
		from := layer(pkg)
		require.GreaterOrEqual(t, from, 0, "%s is in no layer; add its folder to layers", pkg)
		for _, file := range files {
			for _, spec := range parse(t, pkg, file, parser.ImportsOnly).Imports {
				pkg2, ours := strings.CutPrefix(strings.Trim(spec.Path.Value, `"`), module)
				to := layer(pkg2)
				switch {
				case !ours || to == from || layers[to] == "internal":
				case layers[from] == "internal":
					require.Equal(t, "graph", pkg2, "%s/%s imports %s; internal packages know tensors at most", pkg, file, pkg2)
				default:
					require.Less(t, to, from, "%s/%s imports %s: an arrow back", pkg, file, pkg2)
					require.NotContains(t, alone, layers[from], "%s/%s imports %s, and should import none of ours", pkg, file, pkg2)
				}
			}
		}
	}
}

// sentence returns the first sentence of a comment, in one line.
func sentence(comment string) string {
	text := strings.Join(strings.Fields(new(doc.Package).Synopsis(comment)), " ")
	const most = 110
	if r := []rune(text); len(r) > most {
		cut := string(r[:most])
		text = cut[:strings.LastIndexByte(cut, ' ')] + " …"
	}
	return strings.TrimRight(link.ReplaceAllString(text, "$1$2"), ".,:")
}

// link is a link of a doc comment.
var link = regexp.MustCompile(`(^|[ (])\[([\w.*]+)\]`)

// says returns what a file is about: its package comment, or the comment of the
// declaration that is called like the file, or of its first type or function,
// exported ones before others.
func says(f *ast.File, name string) string {
	if f.Doc != nil {
		return sentence(f.Doc.Text())
	}
	type candidate struct {
		rank int
		text string
	}
	var all []candidate
	add := func(id *ast.Ident, comment *ast.CommentGroup, rank int) {
		if comment == nil || sentence(comment.Text()) == "" || id.Name == "Error" || id.Name == "String" {
			return
		}
		lower := strings.ToLower(id.Name)
		switch base := strings.TrimSuffix(name, ".go"); {
		case lower == base || lower == "new"+base:
			rank -= 100
		case strings.HasPrefix(base, lower) || strings.HasPrefix(lower, base):
			rank -= 50
		}
		if !id.IsExported() {
			rank += 10
		}
		all = append(all, candidate{rank, sentence(comment.Text())})
	}
	for _, decl := range f.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil {
				add(d.Name, d.Doc, 1)
			} else {
				add(d.Name, d.Doc, 25)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				comment := d.Doc
				switch s := spec.(type) {
				case *ast.TypeSpec:
					if s.Doc != nil {
						comment = s.Doc
					}
					add(s.Name, comment, 0)
				case *ast.ValueSpec:
					if s.Doc != nil {
						comment = s.Doc
					}
					add(s.Names[0], comment, 20)
				}
			}
		}
	}
	if len(all) == 0 { // a file for some machines, beside one for others
		for _, group := range f.Comments {
			if tags, ok := strings.CutPrefix(group.List[0].Text, "//go:build "); ok {
				return "built where " + tags
			}
		}
		_, machine, _ := strings.Cut(strings.TrimSuffix(name, ".go"), "_")
		return "built for " + machine
	}
	return slices.MinFunc(all, func(a, b candidate) int { return a.rank - b.rank }).text
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// TestTree: the page lists the files that there are.
func TestTree(t *testing.T) {
	files := sources(t)
	var b strings.Builder
	b.WriteString(begin)
	pkgs := slices.SortedFunc(maps.Keys(files), func(a, b string) int {
		last := func(pkg string) int { return btoi(layers[layer(pkg)] == "internal") }
		return cmp.Or(last(a)-last(b), layer(a)-layer(b), strings.Compare(a, b))
	})
	for _, pkg := range pkgs {
		fmt.Fprintf(&b, "\n`%s`\n\n", pkg)
		slices.Sort(files[pkg])
		for _, file := range files[pkg] {
			fmt.Fprintf(&b, "* `%s`: %s\n", file, says(parse(t, pkg, file, parser.ParseComments), file))
		}
	}
	b.WriteString("\n" + end)
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	before, rest, ok := strings.Cut(string(text), begin)
	require.True(t, ok, "%s has no line %s", page, begin)
	_, after, ok := strings.Cut(rest, end)
	require.True(t, ok, "%s has no line %s", page, end)
	want := before + b.String() + after
	if *regen {
		require.NoError(t, os.WriteFile(page, []byte(want), 0o644))
		return
	}
	require.Equal(t, want, string(text), "run go test ./internal/architecture -regen")
}

// TestReferences: the pages that comments and other pages name exist.
func TestReferences(t *testing.T) {
	named := regexp.MustCompile(`\bdocs/[\w./-]+\.(?:md|jsonl|svg)\b`)
	linked := regexp.MustCompile(`\]\(([^)#]+)(?:#[^)]*)?\)`)
	count := 0
	exists := func(where, target string) {
		count++
		_, err := os.Stat(target)
		require.NoError(t, err, "%s names %s", where, target)
	}
	require.NoError(t, filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			if err == nil && d.Name() == ".git" {
				return filepath.SkipDir
			}
			return err
		}
		ext := filepath.Ext(p)
		if ext != ".go" && ext != ".md" {
			return nil
		}
		text, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		for _, name := range named.FindAllString(string(text), -1) {
			exists(p, filepath.Join(root, name))
		}
		if ext == ".md" {
			for _, m := range linked.FindAllStringSubmatch(string(text), -1) {
				if !strings.Contains(m[1], "://") {
					exists(p, filepath.Join(filepath.Dir(p), m[1]))
				}
			}
		}
		return nil
	}))
	require.Greater(t, count, 20)
}
