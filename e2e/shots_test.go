package e2e

import (
	"os"
	"path/filepath"
)

// temporaryPictures is where pictures go that nobody keeps: those of failures, and those only for looking at.
func temporaryPictures() string {
	folder := filepath.Join(os.TempDir(), "keyferry-pictures")
	os.MkdirAll(folder, 0o755) // if it cannot be made, taking the picture says so
	return folder
}

// pictureFolder is where the pictures of one look go. KEYFERRY_SCREENSHOTS names the folder for those of the README,
// which are wide and light.
func pictureFolder(how look) string {
	if folder := os.Getenv("KEYFERRY_SCREENSHOTS"); folder != "" && how.width > 1000 && !how.dark {
		return folder
	}
	return temporaryPictures()
}
