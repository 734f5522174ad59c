package kms

import (
	"os/exec"
	"strings"
	"testing"
)

func goList(t *testing.T, arguments ...string) []string {
	t.Helper()
	output, err := exec.CommandContext(t.Context(), "go", append([]string{"list"}, arguments...)...).Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	return strings.Fields(string(output))
}

// What keeps DEBUG=sdk from printing rests on being initialised before net.
func TestQuietImportsNothingButOS(t *testing.T) {
	imports := goList(t, "-f", `{{join .Imports " "}}`, "keyferry/server/kms/internal/quiet")
	if len(imports) != 1 || imports[0] != "os" {
		t.Errorf("imports %v, want os alone", imports)
	}
}
