package web_test

import "testing"

// TestTogether asks for many things within a moment.
func TestTogether(t *testing.T) {
	if output := runScript(t, "testdata/together.mjs"); string(output) != "checked 4\n" {
		t.Errorf("%s", output)
	}
}
