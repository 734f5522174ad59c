package console_test

import (
	"os/exec"
	"strings"
	"testing"
)

// The walls of the house that no package below keeps for itself: what may link what.
func TestWalls(t *testing.T) {
	for _, wall := range []struct {
		packages string
		never    []string
		why      string
	}{
		{"keyferry/server/console", []string{"keyferry/wasm", "keyferry/server/localkms"},
			"the console has no code that makes, wraps or unwraps keys"},
		{"keyferry/components/...", []string{"keyferry/server", "keyferry/wasm", "github.com/aliyun", "github.com/labstack/echo"},
			"pages show what they are given"},
		{"keyferry/server", []string{"github.com/alibabacloud-go", "github.com/playwright-community", "keyferry/wasm"},
			"clients that only the tests use stay out of what is shipped"},
	} {
		output, err := exec.Command("go", "list", "-deps", wall.packages).Output()
		if err != nil {
			t.Fatal(err)
		}
		for _, linked := range strings.Fields(string(output)) {
			for _, never := range wall.never {
				if linked == never || strings.HasPrefix(linked, never+"/") {
					t.Errorf("%s links %s, but %s", wall.packages, linked, wall.why)
				}
			}
		}
	}
}
