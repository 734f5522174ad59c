package web_test

import (
	"regexp"
	"testing"
)

// TestManyLists brings lists of CMKs and manifests to the page for many keys.
func TestManyLists(t *testing.T) {
	output := runScript(t, "testdata/many.mjs")
	if !regexp.MustCompile(`^checked [1-9]\d\n$`).Match(output) {
		t.Errorf("%s", output)
	}
}
