package e2e

import (
	"os"
	"path/filepath"
)

// shotFolder is where pictures go: those for the README beside this file, when asked for, and those of failures into a
// temporary folder.
func shotFolder() string {
	if folder := os.Getenv("KEYFERRY_SCREENSHOTS"); folder != "" {
		return folder
	}
	folder := filepath.Join(os.TempDir(), "keyferry-failures")
	os.MkdirAll(folder, 0o755) // if it cannot be made, taking the picture says so
	return folder
}
