package person

import (
	"cmp"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"keyferry/components/text"
	"keyferry/e2e/program"
)

// Every code that can reach a person has words in every language: those of the module's Go code, of
// the page's scripts and worker, and of the console.
func TestEveryCodeHasWords(t *testing.T) {
	codes := map[string]string{}
	for _, folder := range []string{"wasm/keywrap", "wasm/custody", "wasm/custody/backup", "wasm", "server/console"} {
		for code, place := range goCodes(t, program.Source(folder)) {
			codes[code] = place
		}
	}
	for code, place := range scriptCodes(t) {
		codes[code] = place
	}
	if len(codes) < 60 {
		t.Fatalf("only %d codes were found: the search is broken", len(codes))
	}
	for code, place := range codes {
		for _, language := range text.Languages {
			if _, ok := language.Faults[code]; !ok {
				t.Errorf("%s: %q, of %s, has no words", language.Tag, code, place)
			}
		}
	}
}

// Every test that the page "What this proves" and SECURITY.md name is there.
func TestEveryNamedTestExists(t *testing.T) {
	tests := map[string]bool{}
	err := filepath.WalkDir(program.Source("."), func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.Name() == "node_modules" {
			return cmp.Or(err, fs.SkipDir)
		}
		if strings.HasSuffix(name, "_test.go") {
			content, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			for _, match := range regexp.MustCompile(`(?m)^func (Test\w+)\(`).FindAllSubmatch(content, -1) {
				tests[string(match[1])] = true
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	document, err := os.ReadFile(program.Source("SECURITY.md"))
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile(`\bTest[A-Z]\w+`).FindAllString(string(document), -1)
	if len(named) < 5 {
		t.Errorf("SECURITY.md names %d tests", len(named))
	}
	for _, list := range append(slices.Clone(text.HoldsTests), text.CannotTests...) {
		named = append(named, list...)
	}
	for _, name := range named {
		if !tests[name] {
			t.Errorf("there is no %s", name)
		}
	}
}

// goCodes finds the constants of the type Code and the console's own refusals.
func goCodes(t *testing.T, folder string) map[string]string {
	t.Helper()
	found := map[string]string{}
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(node ast.Node) bool {
			switch n := node.(type) {
			case *ast.ValueSpec:
				if isCode(n.Type) {
					for _, value := range n.Values {
						addCode(found, value, name)
					}
				}
			case *ast.CompositeLit:
				if kind, ok := n.Type.(*ast.Ident); ok && kind.Name == "refusal" && len(n.Elts) == 2 {
					addCode(found, n.Elts[1], name)
				}
			}
			return true
		})
	}
	return found
}

func isCode(kind ast.Expr) bool {
	switch k := kind.(type) {
	case *ast.Ident:
		return k.Name == "Code"
	case *ast.SelectorExpr:
		return k.Sel.Name == "Code"
	}
	return false
}

func addCode(found map[string]string, value ast.Expr, place string) {
	if literal, ok := value.(*ast.BasicLit); ok && literal.Kind == token.STRING {
		code, _ := strconv.Unquote(literal.Value)
		found[code] = place
	}
}

// scriptCodes finds problem("…") and failure("…", …) in the page's scripts, and the codes that they
// name as literals.
func scriptCodes(t *testing.T) map[string]string {
	t.Helper()
	call := regexp.MustCompile(`(?:problem|failure)\("([a-z_]+)"`)
	literal := regexp.MustCompile(`"((?:import|console|module|key|token|expiry)_[a-z_]+)"`)
	found := map[string]string{}
	files, err := filepath.Glob(program.Source("web/static/js/*.js"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, pattern := range []*regexp.Regexp{call, literal} {
			for _, match := range pattern.FindAllSubmatch(content, -1) {
				found[string(match[1])] = name
			}
		}
	}
	return found
}
