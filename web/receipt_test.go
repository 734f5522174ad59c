package web_test

import (
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
)

// TestReceipts writes and reads the receipts of testdata/receipts.json with the page's script, in
// Node: files that were written when the module wrote them read as before, and are written again as
// the same bytes.
func TestReceipts(t *testing.T) {
	output := runReceipts(t, "testdata/receipts.mjs")
	if !regexp.MustCompile(`^checked 1\d{3}\n$`).Match(output) {
		t.Errorf("%s", output)
	}
}

// TestReceiptReaderTakesAnything gives the reader random and changed receipts, other ones in each
// run. A failure names the seed.
func TestReceiptReaderTakesAnything(t *testing.T) {
	seed := strconv.FormatUint(uint64(rand.Uint32()), 10)
	count := "5000"
	if testing.Short() {
		count = "1000"
	}
	if output := runReceipts(t, "testdata/receipts_fuzz.mjs", seed, count); len(output) > 0 {
		t.Errorf("seed %s:\n%s", seed, output)
	}
}

// runReceipts runs a script of the tests with the page's receipt_file.js, in Node.
func runReceipts(t *testing.T, script string, arguments ...string) []byte {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		if testing.Short() {
			t.Skip("runs a script of the page in Node")
		}
		t.Fatal("this test needs Node 20 or later: install the package nodejs")
	}
	content, err := os.ReadFile("pages/receipt_file.js")
	if err != nil {
		t.Fatal(err)
	}
	// The suffix tells Node that it is a module.
	copied := filepath.Join(t.TempDir(), "receipt_file.mjs")
	if err := os.WriteFile(copied, content, 0o600); err != nil {
		t.Fatal(err)
	}
	output, err := exec.CommandContext(t.Context(), node, append([]string{script, copied}, arguments...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	return output
}
