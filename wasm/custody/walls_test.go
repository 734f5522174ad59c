//go:build !js

package custody_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// TestImports holds the walls of the two packages. What they link is downloaded by
// everybody, and trusted with keys.
func TestImports(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the go tool")
	}
	for name, forbidden := range map[string][]string{
		"keyferry/wasm/custody":        {"net", "net/http", "crypto/x509", "encoding/json", "time/tzdata", "regexp", "filippo.io/age"},
		"keyferry/wasm/custody/backup": {"net", "net/http", "crypto/x509", "encoding/json", "os/exec", "filippo.io/age/plugin", "filippo.io/age/agessh"},
	} {
		command := exec.CommandContext(t.Context(), "go", "list", "-deps", name)
		command.Env = append(command.Environ(), "GOOS=js", "GOARCH=wasm")
		command.Stderr = t.Output()
		output, err := command.Output()
		if err != nil {
			t.Fatalf("running go list: %v", err)
		}
		links := strings.Fields(string(output))
		if !slices.Contains(links, "keyferry/wasm/keywrap") {
			t.Errorf("%s does not link keywrap: is this the package?", name)
		}
		for _, link := range links {
			if slices.Contains(forbidden, link) || strings.HasPrefix(link, "keyferry/server") {
				t.Errorf("%s links %s", name, link)
			}
		}
	}
}
