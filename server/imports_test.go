package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// boundaries says what each part of Keyferry may link: SECURITY.md rests on it. A path that ends in
// /... also means every package below it.
var boundaries = []struct {
	packages string   // a pattern, as go list takes it
	browser  bool     // whether they are built for the browser
	only     []string // of this module, nothing but these; nil allows all
	never    []string
	foreign  []string // of other modules, nothing but these; nil allows all
	why      string
}{
	{
		packages: "keyferry/server/console", only: []string{"keyferry/server/console", "keyferry/server/kms/...", "keyferry/server/address", "keyferry/server/textfile", "keyferry/server/body", "keyferry/components/...", "keyferry/web",
			"keyferry/server/requests", "keyferry/server/person", "keyferry/server/policy", "keyferry/server/ledger", "keyferry/server/store", "keyferry/server/importfile", "keyferry/server/limit", "keyferry/server/feeds"},
		why: "the console has no code that makes, wraps or unwraps keys",
	},
	{
		packages: "keyferry/server/kms", only: []string{"keyferry/server/kms/...", "keyferry/server/address", "keyferry/server/textfile"}, never: []string{echoPath + "/..."},
		why: "the client of the KMS knows neither the web app nor keys",
	},
	{
		packages: "keyferry/server/requests", only: []string{"keyferry/server/requests", "keyferry/server/kms/...", "keyferry/server/address", "keyferry/server/textfile",
			"keyferry/server/person", "keyferry/server/policy", "keyferry/server/ledger", "keyferry/server/store", "keyferry/server/limit"},
		never: []string{echoPath + "/..."},
		why:   "requests know neither the web app nor how people sign in",
	},
	{
		packages: "keyferry/server/reminders", only: []string{"keyferry/server/reminders", "keyferry/server/requests", "keyferry/server/kms/...", "keyferry/server/address", "keyferry/server/textfile",
			"keyferry/server/person", "keyferry/server/policy", "keyferry/server/ledger", "keyferry/server/store", "keyferry/components/text"},
		never: []string{echoPath + "/..."},
		why:   "what writes to people and webhooks knows nothing of sign-in and of the web app",
	},
	{
		packages: "keyferry/server/localkms/...", only: []string{"keyferry/server/localkms/...", "keyferry/server/address"},
		never: []string{echoPath + "/...", "github.com/aliyun/...", "github.com/alibabacloud-go/..."},
		why:   "the local KMS unwraps with code of its own, so that it checks keywrap instead of repeating it",
	},
	{
		packages: "keyferry/server/policy", only: []string{"keyferry/server/policy", "keyferry/server/person"}, never: []string{"net/http", "database/sql"},
		why: "policies decide by what they are asked, and by nothing else",
	},
	{
		packages: "keyferry/components/...", only: []string{"keyferry/components/..."}, never: []string{echoPath + "/...", "github.com/aliyun/..."},
		why: "a page shows what it is given",
	},
	{
		packages: "keyferry/server", never: []string{"keyferry/wasm/...", "keyferry/e2e/...", "github.com/alibabacloud-go/...", "github.com/playwright-community/...", "github.com/zitadel/..."},
		why: "the program makes no keys, and clients that only tests use are not shipped",
	},
	{
		packages: "keyferry/wasm", browser: true, only: []string{"keyferry/wasm", "keyferry/wasm/keywrap", "keyferry/wasm/custody/..."},
		never:   []string{"net/...", "crypto/tls", "crypto/x509", "encoding/json", "os/exec", "time/tzdata", "filippo.io/age/plugin", "filippo.io/age/agessh"},
		foreign: []string{"filippo.io/...", "golang.org/x/..."},
		why:     "everybody downloads the module and trusts it with keys",
	},
	{
		packages: "keyferry/wasm/...", browser: true, only: []string{"keyferry/wasm/..."}, never: []string{"net/http", "crypto/tls"},
		why: "what runs in the browser reaches no network and no server code",
	},
}

const echoPath = "github.com/labstack/echo"

func TestWhatEachPartLinks(t *testing.T) {
	for _, boundary := range boundaries {
		t.Run(boundary.packages, func(t *testing.T) {
			t.Parallel()
			linked := linkedBy(t, boundary.packages, boundary.browser)
			for _, name := range linked {
				ours := within(name, []string{"keyferry/..."})
				domain, _, _ := strings.Cut(name, "/")
				foreign := !ours && strings.Contains(domain, ".")
				if ours && boundary.only != nil && !within(name, boundary.only) || within(name, boundary.never) ||
					foreign && boundary.foreign != nil && !within(name, boundary.foreign) {
					t.Errorf("it links %s, but %s", name, boundary.why)
				}
			}
		})
	}
}

// importers says which packages alone may import a library.
var importers = []struct {
	library string   // and what is below it
	by      []string // packages of this module
	why     string
}{
	{echoPath, []string{"keyferry/server/console"}, "Echo v4 is near the end of its support, and moving to another framework must stay a change of one package"},
	{"github.com/boombuler/barcode", []string{"keyferry/server/console"}, "only the pages show QR codes"},
	{"github.com/cedar-policy/cedar-go", []string{"keyferry/server/policy"}, "the console knows no Cedar"},
	{"github.com/coreos/go-oidc", []string{"keyferry/server/signin"}, "the console knows no OpenID Connect"},
	{"github.com/prometheus/client_golang", []string{"keyferry/server/metrics"}, "everything else tells what happened, and does not know who counts"},
	{"go.opentelemetry.io", []string{"keyferry/server/trace"}, "everything else tells what happened, and does not know who traces"},
	{"github.com/wneessen/go-mail", []string{"keyferry/server/reminders"}, "nothing else writes to people"},
	{"github.com/jackc/pgx", []string{"keyferry/server/store", "keyferry/server/store/storetest"}, "the console knows no database"},
}

func TestWhoImportsALibrary(t *testing.T) {
	output, err := exec.CommandContext(t.Context(), "go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "keyferry/...").Output()
	if err != nil {
		t.Fatalf("running go list: %v", err)
	}
	for _, one := range importers {
		var found []string
		for line := range strings.Lines(string(output)) {
			names := strings.Fields(line)
			if slices.ContainsFunc(names[1:], func(name string) bool { return within(name, []string{one.library + "/..."}) }) {
				found = append(found, names[0])
			}
		}
		if !slices.Equal(found, one.by) {
			t.Errorf("%s is imported by %v, want %v: %s", one.library, found, one.by, one.why)
		}
	}
}

// callers are the packages that may name the client of the KMS: requests calls it, and the program
// makes it and hands it to requests. The doctor gets parameters, and never imports. The console cannot
// be given the client: see requests.Relay.
var callers = []string{"keyferry/server/requests", "keyferry/server", "keyferry/server/kms", "keyferry/server/doctor"}

// Only package requests calls the KMS. Everybody else may name the types of package kms, but not
// its client, and in package main nothing but New is used of it.
func TestOnlyRequestsCallsTheKMS(t *testing.T) {
	output, err := exec.CommandContext(t.Context(), "go", "list", "-f", "{{.ImportPath}} {{.Dir}} {{join .GoFiles \" \"}}", "keyferry/...").Output()
	if err != nil {
		t.Fatalf("running go list: %v", err)
	}
	checked := 0
	for line := range strings.Lines(string(output)) {
		fields := strings.Fields(line)
		name, folder := fields[0], fields[1]
		for _, file := range fields[2:] {
			checked++
			for _, used := range ofTheClient(t, filepath.Join(folder, file)) {
				method := used != "New" && used != "Client"
				if !slices.Contains(callers, name) || method && name == "keyferry/server" ||
					used == "ImportKeyMaterial" && name == "keyferry/server/doctor" {
					t.Errorf("%s/%s uses kms.%s, but only requests calls the KMS", name, file, used)
				}
			}
		}
	}
	if checked < 200 {
		t.Errorf("only %d files were read", checked)
	}
}

// ofTheClient returns what a file uses of package kms that makes, is or calls its client. In a file
// that imports package kms, every call of a method with the name of one of the two calls counts, but
// for those of the console on its Relay.
func ofTheClient(t *testing.T, name string) (used []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	imports := slices.ContainsFunc(file.Imports, func(i *ast.ImportSpec) bool { return i.Path.Value == `"keyferry/server/kms"` })
	if !imports {
		return nil
	}
	place := filepath.ToSlash(name)
	relay := strings.HasSuffix(place, "server/console/relay.go") || strings.HasSuffix(place, "server/console/relay_many.go")
	// These have links from a Relay or from package requests.
	signs := relay || strings.HasSuffix(place, "server/link.go") || strings.HasSuffix(place, "server/console/api_link.go")
	ast.Inspect(file, func(node ast.Node) bool {
		selector, ok := node.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		of, _ := selector.X.(*ast.Ident)
		switch what := selector.Sel.Name; {
		case of != nil && of.Name == "kms" && (what == "New" || what == "Client"):
			used = append(used, what)
		case !relay && (what == "ImportParameters" || what == "ImportKeyMaterial"):
			used = append(used, what)
		case !signs && (what == "ParametersLink" || what == "ImportLink" || what == "WrappedLink"):
			used = append(used, what)
		}
		return true
	})
	return used
}

func linkedBy(t *testing.T, packages string, browser bool) []string {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", "list", "-deps", packages)
	if browser {
		command.Env = append(command.Environ(), "GOOS=js", "GOARCH=wasm")
	}
	command.Stderr = t.Output()
	output, err := command.Output()
	if err != nil {
		t.Fatalf("running go list: %v", err)
	}
	linked := strings.Fields(string(output))
	if !slices.ContainsFunc(linked, func(name string) bool { return within(name, []string{packages}) }) {
		t.Fatalf("go list does not name %s", packages)
	}
	return linked
}

// within reports whether a package is one of the paths, or below one that ends in /...
func within(name string, paths []string) bool {
	return slices.ContainsFunc(paths, func(path string) bool {
		tree, whole := strings.CutSuffix(path, "/...")
		return name == tree || whole && strings.HasPrefix(name, tree+"/")
	})
}
