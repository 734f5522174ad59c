package main

import (
	"os/exec"
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
		packages: "keyferry/server/console", only: []string{"keyferry/server/console", "keyferry/server/kms/...", "keyferry/server/address", "keyferry/server/textfile", "keyferry/components/...", "keyferry/web"},
		why: "the console has no code that makes, wraps or unwraps keys",
	},
	{
		packages: "keyferry/server/kms", only: []string{"keyferry/server/kms/...", "keyferry/server/address", "keyferry/server/textfile"}, never: []string{echoPath + "/..."},
		why: "the client of the KMS knows neither the web app nor keys",
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
		packages: "keyferry/server", never: []string{"keyferry/wasm/...", "keyferry/e2e/...", "github.com/alibabacloud-go/...", "github.com/playwright-community/..."},
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

// Echo v4 is near the end of its support: moving to another framework must stay a change of one
// package.
func TestEchoIsImportedByTheConsoleAlone(t *testing.T) {
	output, err := exec.CommandContext(t.Context(), "go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "keyferry/...").Output()
	if err != nil {
		t.Fatalf("running go list: %v", err)
	}
	var importers []string
	for line := range strings.Lines(string(output)) {
		names := strings.Fields(line)
		if slices.ContainsFunc(names[1:], func(name string) bool { return within(name, []string{echoPath + "/..."}) }) {
			importers = append(importers, names[0])
		}
	}
	if want := []string{"keyferry/server/console"}; !slices.Equal(importers, want) {
		t.Errorf("Echo is imported by %v, want %v", importers, want)
	}
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
