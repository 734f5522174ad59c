package web_test

import (
	"regexp"
	"testing"
)

// TestLinks reads links with the script of a connected desk, in Node.
func TestLinks(t *testing.T) {
	if output := runScript(t, "testdata/links.mjs"); !regexp.MustCompile(`^checked \d\d+\n$`).Match(output) {
		t.Errorf("%s", output)
	}
}
