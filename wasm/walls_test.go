//go:build !js

package main_test

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// TestModuleImports holds the walls around the module: what it links is what a person has to trust,
// and what they download. Besides the standard library that is age, and what age needs.
func TestModuleImports(t *testing.T) {
	own := []string{"keyferry/wasm", "keyferry/wasm/keywrap", "keyferry/wasm/custody", "keyferry/wasm/custody/backup"}
	packages := strings.Fields(goForBrowser(t, "list", "-deps", "keyferry/wasm"))
	for _, needed := range append(own, "crypto/rsa", "filippo.io/age") {
		if !slices.Contains(packages, needed) {
			t.Errorf("the module does not link %s: is this the module?", needed)
		}
	}
	for _, name := range packages {
		if slices.Contains([]string{"crypto/x509", "encoding/json", "net", "net/http", "crypto/tls", "os/exec"}, name) {
			t.Errorf("the module links %s", name)
		}
		domain, _, _ := strings.Cut(name, "/")
		if strings.Contains(domain, ".") && domain != "filippo.io" && !strings.HasPrefix(name, "golang.org/x/") {
			t.Errorf("the module links %s", name)
		}
		if strings.HasPrefix(name, "keyferry/") && !slices.Contains(own, name) {
			t.Errorf("the module links %s", name)
		}
	}
}

// TestPackagesBelowImport holds the wider wall: nothing under wasm that builds for the browser
// reaches the network or the server.
func TestPackagesBelowImport(t *testing.T) {
	for _, name := range strings.Fields(goForBrowser(t, "list", "-deps", "keyferry/wasm/...")) {
		if name == "net/http" || strings.HasPrefix(name, "keyferry/server") {
			t.Errorf("a package under wasm links %s", name)
		}
	}
}

// TestInTheBrowsersGo runs the tests of the packages below as WebAssembly, with the toolchain's own
// runner.
func TestInTheBrowsersGo(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the tests as WebAssembly and runs them in Node")
	}
	if _, err := exec.LookPath("node"); err != nil {
		t.Fatal("this test needs Node 20 or later: install the package nodejs")
	}
	root := strings.TrimSpace(goForBrowser(t, "env", "GOROOT"))
	output := goForBrowser(t, "test", "-exec="+root+"/lib/wasm/go_js_wasm_exec", "keyferry/wasm/...")
	if !strings.Contains(output, "ok  \tkeyferry/wasm/keywrap\t") {
		t.Errorf("the tests of keywrap did not run:\n%s", output)
	}
}

// goForBrowser runs the go tool for js/wasm and returns what it prints.
func goForBrowser(t *testing.T, arguments ...string) string {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", arguments...)
	command.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm", "CGO_ENABLED=0", "GOFLAGS=")
	command.Stderr = t.Output()
	output, err := command.Output()
	if err != nil {
		t.Fatalf("running go %s: %v\n%s", arguments[0], err, output)
	}
	return string(output)
}
