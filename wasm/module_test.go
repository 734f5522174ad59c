//go:build !js

package main_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// builds remembers the modules that this run of the tests has built.
var builds sync.Map // of tags to func() (folder string, err error)

// TestMain removes the built modules in the end.
func TestMain(m *testing.M) {
	code := m.Run()
	builds.Range(func(_, build any) bool {
		folder, _ := build.(func() (string, error))()
		os.RemoveAll(folder)
		return true
	})
	os.Exit(code)
}

// builtModule returns a folder with keyferry.wasm and wasm_exec.js, built by the command that
// builds what is shipped, without the module that estimates passphrases. No tags make the shipped module; testvariant makes the one that
// variant_js.go changes.
func builtModule(t *testing.T, tags string) string {
	t.Helper()
	if testing.Short() {
		t.Skip("builds the module and runs it in Node")
	}
	build, _ := builds.LoadOrStore(tags, sync.OnceValues(func() (string, error) {
		folder, err := os.MkdirTemp("", "keyferry-module-")
		if err != nil {
			return "", err
		}
		command := exec.Command("go", "run", "./build", "-tags", tags, "-o", folder, "keyferry/wasm")
		command.Stderr = os.Stderr
		if err := command.Run(); err != nil {
			return folder, err
		}
		return folder, os.Rename(filepath.Join(folder, "wasm.wasm"), filepath.Join(folder, "keyferry.wasm"))
	}))
	folder, err := build.(func() (string, error))()
	if err != nil {
		t.Fatalf("building the module: %v", err)
	}
	return folder
}

// node returns the command that runs a script of testdata in Node, where each job is so short that
// compiling the module with optimizations would take longer than it.
func node(t *testing.T, script string, arguments ...string) *exec.Cmd {
	t.Helper()
	program, err := exec.LookPath("node")
	if err != nil {
		t.Fatal("these tests need Node 20 or later: install the package nodejs")
	}
	command := exec.CommandContext(t.Context(), program, append([]string{"--liftoff-only", filepath.Join("testdata", script)}, arguments...)...)
	command.Stderr = t.Output()
	return command
}

// call is a call of a function of the module's global.
type call struct {
	Function  string `json:"function"`
	Arguments []any  `json:"arguments"`
	Before    []call `json:"before,omitempty"` // calls in the same instance, which must resolve
	Memory    string `json:"memory,omitempty"` // file for the linear memory
}

// outcome is how a call ended.
type outcome struct {
	Resolved          json.RawMessage `json:"resolved"`
	Rejected          json.RawMessage `json:"rejected"`
	RejectedPrototype bool            `json:"rejectedPrototype"` // a plain object
	Exited            bool            `json:"exited"`            // the program ended first
	Globals           []string        `json:"globals"`
	Output            string          `json:"output"`
}

// bridge runs each call in an instance of its own.
func bridge(t *testing.T, folder string, calls ...call) []outcome {
	t.Helper()
	for i := range calls {
		if calls[i].Arguments == nil {
			calls[i].Arguments = []any{}
		}
	}
	input, err := json.Marshal(calls)
	if err != nil {
		t.Fatal(err)
	}
	command := node(t, "bridge.mjs", folder)
	command.Stdin = bytes.NewReader(input)
	output, err := command.Output()
	if err != nil {
		t.Fatalf("running the module in Node: %v", err)
	}
	var outcomes []outcome
	decode(t, output, &outcomes)
	if len(outcomes) != len(calls) {
		t.Fatalf("%d outcomes of %d calls", len(outcomes), len(calls))
	}
	return outcomes
}

// decode decodes JSON strictly: a field that the test does not know is an error.
func decode(t *testing.T, text []byte, into any) {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		t.Fatalf("decoding %q: %v", text, err)
	}
}
