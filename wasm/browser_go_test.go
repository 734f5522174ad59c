//go:build !js

package main_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

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
	output := goForBrowser(t, "test", "-short", "-exec="+root+"/lib/wasm/go_js_wasm_exec", "keyferry/wasm/...")
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
