package browser

import (
	"testing"

	"keyferry/e2e/firefox"
)

// LaunchFirefox starts a Firefox that asks for pages in a language; it ends with the test.
func LaunchFirefox(t testing.TB, language string) *firefox.Browser {
	t.Helper()
	launched, err := firefox.Launch(t.Context(), firefox.Config{Folder: t.TempDir(), Language: language})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(launched.Close)
	return launched
}
