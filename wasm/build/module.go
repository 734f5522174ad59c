//go:build !js

package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// modulePackage is the package of the module that holds key material.
const modulePackage = "keyferry/wasm"

// module is a file to build, and the package that it is built from.
type module struct{ file, packagePath string }

// named returns the modules of these packages, each with the package's name. Without any it returns
// what a browser may load: the module that has to do with key material, and the one that estimates
// passphrases and never sees a key.
func named(packages []string) []module {
	if len(packages) == 0 {
		return []module{{"keyferry.wasm", modulePackage}, {"strength.wasm", modulePackage + "/strength"}}
	}
	var modules []module
	for _, p := range packages {
		modules = append(modules, module{path.Base(p) + ".wasm", p})
	}
	return modules
}

// buildModule compiles a module of the current directory's sources. No tags make what is shipped.
func buildModule(packagePath, tags string) ([]byte, error) {
	folder, err := os.MkdirTemp("", "keyferry-build-")
	if err != nil {
		return nil, fmt.Errorf("making a temporary folder: %v", err)
	}
	defer os.RemoveAll(folder)
	file := filepath.Join(folder, "module.wasm")
	arguments := slices.Concat([]string{"build"}, settings.arguments, []string{"-o", file})
	if tags != "" {
		arguments = append(arguments, "-tags", tags)
	}
	arguments = append(arguments, packagePath)
	if _, err := goCommand(arguments...); err != nil {
		return nil, err
	}
	module, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	joined, err := joinSegments(module)
	if err != nil {
		return nil, fmt.Errorf("joining the data segments of %s: %v", packagePath, err)
	}
	return joined, nil
}

// readGlue returns the toolchain's wasm_exec.js, which fits only modules of the same toolchain.
func readGlue() ([]byte, error) {
	file, err := toolchainFile("wasm_exec.js")
	if err != nil {
		return nil, err
	}
	return os.ReadFile(file)
}

// toolchainFile is the path of a file that the toolchain has for modules.
func toolchainFile(name string) (string, error) {
	root, err := goCommand("env", "GOROOT")
	return filepath.Join(strings.TrimSpace(string(root)), "lib", "wasm", name), err
}

// goCommand runs the go tool with the pinned settings and returns what it prints.
func goCommand(arguments ...string) ([]byte, error) {
	environment, err := pinnedEnvironment()
	if err != nil {
		return nil, err
	}
	return execute(environment, arguments...)
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
