//go:build !js

package main

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// TestInTheBrowsersGo runs the tests of the modules' packages as WebAssembly, compiled as what is
// shipped, with the toolchain's own runner.
func TestInTheBrowsersGo(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the tests as WebAssembly and runs them in Node")
	}
	if _, err := exec.LookPath("node"); err != nil {
		t.Fatal("this test needs Node 20 or later: install the package nodejs")
	}
	runner, err := toolchainFile("go_js_wasm_exec")
	if err != nil {
		t.Fatal(err)
	}
	output, err := goCommand(slices.Concat([]string{"test", "-short", "-vet=off", "-exec=" + runner}, settings.arguments, []string{"keyferry/wasm/..."})...)
	if err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	if !strings.Contains(string(output), "ok  \tkeyferry/wasm/keywrap\t") {
		t.Errorf("the tests of keywrap did not run:\n%s", output)
	}
}
