package browser

import (
	"os"
	"path/filepath"
)

// TemporaryPictures is where pictures go that nobody keeps: those of failures, and those only for looking at.
func TemporaryPictures() string {
	folder := filepath.Join(os.TempDir(), "keyferry-pictures")
	os.MkdirAll(folder, 0o755) // if it cannot be made, taking the picture says so
	return folder
}

// PictureFolder is where the pictures of one look go. KEYFERRY_SCREENSHOTS names the folder for those of the README,
// which are wide and light.
func PictureFolder(how Look) string {
	if folder := os.Getenv("KEYFERRY_SCREENSHOTS"); folder != "" && how.Width > 1000 && !how.Dark {
		return folder
	}
	return TemporaryPictures()
}
