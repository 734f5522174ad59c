package web_test

import (
	"regexp"
	"testing"
)

// TestKeyLines brings lines and CSV files with CMKs to the page that makes requests.
func TestKeyLines(t *testing.T) {
	output := runScript(t, "testdata/key_lines.mjs")
	if !regexp.MustCompile(`^checked [1-9]\d\n$`).Match(output) {
		t.Errorf("%s", output)
	}
}
