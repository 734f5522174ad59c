// Package program builds and starts the program under test and speaks to its local KMS. Whatever
// a test starts ends with the test.
package program

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// own is the path of the program that Build makes.
var own = Source("bin/e2e/keyferry")

// Binary is the path of the program under test: what Build makes, or what make build made.
var Binary = own

// root is the folder of the repository: the nearest one above the working directory with a go.mod.
var root = func() string {
	folder, err := os.Getwd()
	for err == nil && folder != filepath.Dir(folder) {
		if _, err := os.Stat(filepath.Join(folder, "go.mod")); err == nil {
			return folder
		}
		folder = filepath.Dir(folder)
	}
	panic("the tests do not run in the repository")
}()

// Source returns the path of a file of the repository, given by its name from the root.
func Source(name string) string { return filepath.Join(root, filepath.FromSlash(name)) }

// Build brings the program of the tests and the compressed files in it up to date, unless make did
// so for all packages and says so by KEYFERRY_TESTS_BUILT. It leaves alone what make build made.
func Build() error {
	if os.Getenv("KEYFERRY_TESTS_BUILT") != "" {
		return nil
	}
	for _, arguments := range [][]string{
		{"run", "./web/join", "web"},
		{"run", "./web/pack", "web/static"},
		{"build", "-o", own, "./server"},
	} {
		command := exec.Command("go", arguments...)
		command.Dir = root
		if output, err := command.CombinedOutput(); err != nil {
			return fmt.Errorf("go %s: %v\n%s", arguments[0], err, output)
		}
	}
	return nil
}
