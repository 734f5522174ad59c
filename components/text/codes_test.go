package text_test

import (
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
)

// documented are codes of the KMS that its documentation has and the local KMS never gives.
var documented = []string{
	"Forbidden.InDebt", "Forbidden.InDebtOverdue", "Forbidden.KmsServiceNotEnabled", "IllegalTimestamp", "Throttling.Api", "Throttling.User",
}

// TestEveryCodeHasWords checks that each code that can reach a person has words in every language,
// and that there are no words for anything else. Codes are those of the module's Go code, of the
// page's scripts and worker, of the console, and of the KMS.
func TestEveryCodeHasWords(t *testing.T) {
	codes := map[string]string{}
	collectGo(t, codes, "../../wasm", isCode)
	collectGo(t, codes, "../../server/console", isRefusal)
	collectGo(t, codes, "../../server/requests", isFault)
	collectGo(t, codes, "../../server/signin", isFault)
	collectScripts(t, codes, "../../web/pages")
	collectScripts(t, codes, "../../web/static/js")
	if len(codes) < 150 {
		t.Fatalf("only %d codes were found: the search is broken", len(codes))
	}
	for _, language := range text.Languages {
		for code, place := range codes {
			if _, ok := language.Faults[code]; !ok {
				t.Errorf("%s: %q, of %s, has no words", language.Tag, code, place)
			}
		}
	}
	for _, code := range documented {
		codes[code] = "the documentation of the KMS"
	}
	collectGo(t, codes, "../../server/kms", isText)
	collectGo(t, codes, "../../server/localkms", isText)
	for _, language := range text.Languages {
		for code := range language.Faults {
			if _, ok := codes[code]; !ok {
				t.Errorf("%s: there are words for %q, and nothing has this code", language.Tag, code)
			}
		}
	}
}

// collectGo adds the codes in the Go files below a folder: the strings that find picks from the
// syntax tree.
func collectGo(t *testing.T, codes map[string]string, folder string, find func(ast.Node) []ast.Expr) {
	t.Helper()
	err := filepath.WalkDir(folder, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(node ast.Node) bool {
			for _, value := range find(node) {
				if literal, ok := value.(*ast.BasicLit); ok && literal.Kind == token.STRING {
					code, _ := strconv.Unquote(literal.Value)
					codes[code] = name
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// isCode picks the values of constants of the type keywrap.Code.
func isCode(node ast.Node) []ast.Expr {
	spec, ok := node.(*ast.ValueSpec)
	if !ok {
		return nil
	}
	kind := spec.Type
	if selector, ok := kind.(*ast.SelectorExpr); ok {
		kind = selector.Sel
	}
	if name, ok := kind.(*ast.Ident); !ok || name.Name != "Code" {
		return nil
	}
	return spec.Values
}

// isRefusal picks the code of a refusal of the console's.
func isRefusal(node ast.Node) []ast.Expr {
	composite, ok := node.(*ast.CompositeLit)
	if !ok || len(composite.Elts) != 2 {
		return nil
	}
	if name, ok := composite.Type.(*ast.Ident); !ok || name.Name != "refusal" {
		return nil
	}
	return composite.Elts[1:]
}

// isFault picks the code of a fault of the requests or of a sign-in.
func isFault(node ast.Node) []ast.Expr {
	composite, ok := node.(*ast.CompositeLit)
	if !ok {
		return nil
	}
	if name, ok := composite.Type.(*ast.Ident); !ok || name.Name != "Fault" {
		return nil
	}
	var codes []ast.Expr
	for _, element := range composite.Elts {
		if pair, ok := element.(*ast.KeyValueExpr); ok {
			element = pair.Value
		}
		codes = append(codes, element)
	}
	return codes
}

// isText picks every string: where the KMS's codes are written, they are strings like others.
func isText(node ast.Node) []ast.Expr {
	if literal, ok := node.(*ast.BasicLit); ok {
		return []ast.Expr{literal}
	}
	return nil
}

// collectScripts adds the codes in the scripts of the page: those in problem(…), failure(…) and
// refusal(…), and those that the scripts which send choose between.
func collectScripts(t *testing.T, codes map[string]string, folder string) {
	t.Helper()
	call := regexp.MustCompile(`(?:problem|failure|refusal)\((?:[^()]|\([^()]*\))*\)`)
	code := regexp.MustCompile(`"([a-z0-9]+(?:_[a-z0-9]+)*)"`)
	files, err := filepath.Glob(filepath.Join(folder, "*.js"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d scripts in %s, %v", len(files), folder, err)
	}
	for _, name := range files {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		found := call.FindAll(content, -1)
		if slices.Contains([]string{"kms.js", "api.js", "order.js", "desk_link_call.js", "desk_link_check.js"}, filepath.Base(name)) {
			found = append(found, regexp.MustCompile(`"(?:import|console|submit|link)_[a-z_]+"|"cancelled"`).FindAll(content, -1)...)
		}
		for _, text := range found {
			for _, match := range code.FindAllSubmatch(text, -1) {
				codes[string(match[1])] = name
			}
		}
	}
}
