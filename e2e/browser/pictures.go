package browser

import (
	"os"
	"path/filepath"
)

// TemporaryPictures is where pictures of failures go.
func TemporaryPictures() string {
	folder := filepath.Join(os.TempDir(), "keyferry-pictures")
	os.MkdirAll(folder, 0o755) // if it cannot be made, taking the picture says so
	return folder
}
