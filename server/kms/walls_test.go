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

// The server has no code that makes, wraps or unwraps keys.
func TestWalls(t *testing.T) {
	own := map[string]bool{"keyferry/server/kms": true, "keyferry/server/address": true, "keyferry/server/textfile": true}
	for _, name := range goList(t, "-deps", "keyferry/server/kms") {
		if strings.HasPrefix(name, "keyferry/") && !own[name] || strings.HasPrefix(name, "github.com/labstack/") {
			t.Errorf("links %s", name)
		}
	}
}
