//go:build !js

package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// modulePackage is the package of the module that holds key material.
const modulePackage = "keyferry/wasm"

// modules are what a browser may load. The second is the first with age, for
// backups; the third estimates passphrases and never sees a key.
var modules = []struct{ file, packagePath, tags string }{
	{"keyferry.wasm", modulePackage, ""},
	{"custody.wasm", modulePackage, "custody"},
	{"strength.wasm", modulePackage + "/strength", ""},
}

// pinned are the settings that the bytes of the module depend on. GOENV=off is
// among them because an empty setting in the environment does not override what
// `go env -w` has stored.
var pinned = []string{
	"CGO_ENABLED=0",
	"GOARCH=wasm",
	"GOENV=off",
	"GOEXPERIMENT=",
	"GOFIPS140=off", // FIPS mode panics at start on js/wasm
	"GOFLAGS=",
	"GOOS=js",
	"GOTOOLCHAIN=local",
	"GOWASM=",
	"GOWORK=off",
}

// buildArguments is the command line after `go`, without -o, tags and the package.
var buildArguments = []string{"build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w"}

// buildModule compiles a module of the current directory's sources. No tags make
// what is shipped.
func buildModule(packagePath, tags string) ([]byte, error) {
	folder, err := os.MkdirTemp("", "keyferry-build-")
	if err != nil {
		return nil, fmt.Errorf("making a temporary folder: %v", err)
	}
	defer os.RemoveAll(folder)
	file := filepath.Join(folder, "module.wasm")
	arguments := append(slices.Clone(buildArguments), "-o", file)
	if tags != "" {
		arguments = append(arguments, "-tags", tags)
	}
	arguments = append(arguments, packagePath)
	if _, err := goCommand(arguments...); err != nil {
		return nil, err
	}
	return os.ReadFile(file)
}

// readGlue returns the toolchain's wasm_exec.js, which fits only modules of the
// same toolchain.
func readGlue() ([]byte, error) {
	root, err := goCommand("env", "GOROOT")
	if err != nil {
		return nil, err
	}
	return os.ReadFile(filepath.Join(strings.TrimSpace(string(root)), "lib", "wasm", "wasm_exec.js"))
}

// kept are the settings that say where modules come from and where caches are,
// which may stand in the file that GOENV=off hides.
var kept = []string{
	"GOAUTH", "GOCACHE", "GOINSECURE", "GOMODCACHE", "GONOPROXY", "GONOSUMDB", "GOPATH", "GOPRIVATE", "GOPROXY", "GOSUMDB",
}

// goCommand runs the go tool with the pinned settings and returns what it prints.
func goCommand(arguments ...string) ([]byte, error) {
	environment, err := pinnedEnvironment()
	if err != nil {
		return nil, err
	}
	return execute(environment, arguments...)
}

// pinnedEnvironment is the environment with the pinned settings.
func pinnedEnvironment() ([]string, error) {
	output, err := execute(os.Environ(), append([]string{"env"}, kept...)...)
	if err != nil {
		return nil, err
	}
	environment := os.Environ()
	values := strings.Split(string(output), "\n") // one a line, in the order asked
	for i, name := range kept {
		environment = append(environment, name+"="+strings.TrimSuffix(values[i], "\r"))
	}
	return append(environment, pinned...), nil
}

// execute runs the go tool and returns what it prints.
func execute(environment []string, arguments ...string) ([]byte, error) {
	command := exec.Command("go", arguments...)
	command.Env = environment
	var complaint bytes.Buffer
	command.Stderr = &complaint
	output, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("running go %s: %v\n%s", arguments[0], err, complaint.Bytes())
	}
	return output, nil
}
