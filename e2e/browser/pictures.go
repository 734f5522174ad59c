package browser

import (
	"os"
	"path/filepath"
)

// TemporaryPictures is where pictures go that nobody keeps: those of failures, and those only for
// looking at.
func TemporaryPictures() string {
	folder := filepath.Join(os.TempDir(), "keyferry-pictures")
	os.MkdirAll(folder, 0o755) // if it cannot be made, taking the picture says so
	return folder
}
