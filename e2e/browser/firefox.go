package browser

import (
	"testing"

	"keyferry/e2e/firefox"
)

// LaunchFirefox starts a Firefox that asks for pages in a language; it ends with the test.
func LaunchFirefox(t testing.TB, language string) *firefox.Browser {
	t.Helper()
	return LaunchFirefoxWith(t, firefox.Config{Language: language})
}

// LaunchFirefoxWith is the same with more set up. The folder is the test's.
func LaunchFirefoxWith(t testing.TB, config firefox.Config) *firefox.Browser {
	t.Helper()
	config.Folder = t.TempDir()
	launched, err := firefox.Launch(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(launched.Close)
	return launched
}
