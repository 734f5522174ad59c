package web_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
)

// TestReceipts writes and reads the receipts of testdata/receipts.json with the page's script, in
// Node: files that were written when the module wrote them read as before, and are written again as
// the same bytes.
func TestReceipts(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		if testing.Short() {
			t.Skip("runs a script of the page in Node")
		}
		t.Fatal("this test needs Node 20 or later: install the package nodejs")
	}
	script, err := os.ReadFile("static/js/receipt_file.js")
	if err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(t.TempDir(), "receipt_file.mjs") // the suffix tells Node that it is a module
	if err := os.WriteFile(copied, script, 0o600); err != nil {
		t.Fatal(err)
	}
	output, err := exec.CommandContext(t.Context(), node, "testdata/receipts.mjs", copied).CombinedOutput()
	if err != nil || !regexp.MustCompile(`^checked 1\d{3}\n$`).Match(output) {
		t.Errorf("%v\n%s", err, output)
	}
}
