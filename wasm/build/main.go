//go:build !js

// Command build builds the modules for the browser into a folder:
//
//	go run ./wasm/build -o web/static/wasm
//
// It writes keyferry.wasm, strength.wasm and the wasm_exec.js of the same Go toolchain, and prints
// the SHA-256 of each. The output depends on the sources and the toolchain alone, so that anyone
// can build it again and compare; settings.env has what a build depends on. Tests build variants of
// the module by their build tags, and other packages in place of the modules, in the same way:
//
//	go run ./wasm/build -o folder ./e2e/bench/wrapmodule
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	out := flag.String("o", "web/static/wasm", "folder to write to")
	tags := flag.String("tags", "", "build tags, for tests; none builds what is shipped")
	flag.Parse()
	if err := run(*out, *tags, named(flag.Args())); err != nil {
		fmt.Fprintln(os.Stderr, "wasm/build:", err)
		os.Exit(1)
	}
}

// run builds into the folder and prints one line for each asset.
func run(folder, tags string, modules []module) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("making the output folder: %v", err)
	}
	var assets []asset
	for _, m := range modules {
		content, err := buildModule(m.packagePath, tags)
		if err != nil {
			return err
		}
		assets = append(assets, asset{m.file, content})
	}
	glue, err := readGlue()
	if err != nil {
		return err
	}
	for _, asset := range append(assets, asset{"wasm_exec.js", glue}) {
		line, err := asset.install(folder)
		if err != nil {
			return fmt.Errorf("writing %s: %v", asset.name, err)
		}
		fmt.Println(line)
	}
	return nil
}
