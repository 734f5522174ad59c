package bench

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"keyferry/e2e/browser"
	"keyferry/e2e/program"
)

var base = flag.String("base", "", "folder of another checkout, whose build is measured beside this one")

// What is built before the benchmarks run.
var (
	emptyProgram string // the program with the empty module in place of each module
	wrapModule   string // the module that wraps again and again
	baseProgram  string // the program of the other checkout, if there is one
)

func TestMain(m *testing.M) {
	flag.Parse()
	if flag.Lookup("test.bench").Value.String() == "" {
		os.Exit(m.Run()) // the tests need no build
	}
	folder, err := os.MkdirTemp("", "keyferry-bench-")
	if err == nil {
		err = errors.Join(buildEmpty(folder), buildWraps(folder), buildBase())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
	program.Binary = program.Source("bin/keyferry") // as make build makes it
	browser.MainWith(afterwards{m, func() {
		os.RemoveAll(folder)
		fmt.Printf("\n%s, %s/%s, %d cores\n\n%s", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), &measured)
	}})
}

// afterwards does something when the benchmarks have run.
type afterwards struct {
	*testing.M
	do func()
}

func (a afterwards) Run() int {
	defer a.do()
	return a.M.Run()
}

// command runs a command in a folder.
func command(folder string, environment []string, name string, arguments ...string) error {
	c := exec.Command(name, arguments...)
	c.Dir, c.Env = folder, append(os.Environ(), environment...)
	if output, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %v: %v\n%s", name, arguments, err, output)
	}
	return nil
}

// goBuild builds a package without what a debugger needs.
func goBuild(environment []string, output string, more ...string) error {
	arguments := append([]string{"build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", output}, more...)
	return command(program.Source("."), append(environment, "CGO_ENABLED=0"), "go", arguments...)
}

var forBrowser = []string{"GOOS=js", "GOARCH=wasm"}

// buildEmpty builds the program with the empty module in place of each module, compressed files
// included.
func buildEmpty(folder string) error {
	packed := filepath.Join(folder, "packed")
	module := filepath.Join(packed, "empty.wasm")
	if err := goBuild(forBrowser, module, "./e2e/bench/empty"); err != nil {
		return err
	}
	if err := command(program.Source("."), nil, "go", "run", "./web/pack", packed); err != nil {
		return err
	}
	modules, err := filepath.Glob(program.Source("web/static/wasm/*.wasm"))
	if err != nil {
		return err
	}
	replaced := map[string]string{}
	for _, file := range modules {
		for _, suffix := range []string{"", ".br", ".gz"} {
			replaced[file+suffix] = module + suffix
		}
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replaced})
	if err != nil {
		return err
	}
	file := filepath.Join(folder, "overlay.json")
	emptyProgram = filepath.Join(folder, "keyferry-empty")
	return errors.Join(os.WriteFile(file, overlay, 0o600), goBuild(nil, emptyProgram, "-overlay", file, "./server"))
}

// buildWraps builds the module that wraps again and again, with the settings of those that are
// shipped.
func buildWraps(folder string) error {
	wrapModule = filepath.Join(folder, "wrapmodule.wasm")
	return command(program.Source("."), nil, "go", "run", "./wasm/build", "-o", folder, "./e2e/bench/wrapmodule")
}

func buildBase() error {
	if *base == "" {
		return nil
	}
	baseProgram = filepath.Join(*base, "bin", "keyferry")
	return command(*base, nil, "make", "build")
}
