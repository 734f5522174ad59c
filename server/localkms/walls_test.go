package localkms_test

import (
	"os/exec"
	"strings"
	"testing"
)

// The local KMS unwraps with code of its own, so that it is a second opinion
// on the browser's; and it ships without the clients that test it.
func TestWalls(t *testing.T) {
	deps, err := exec.Command("go", "list", "-deps", "keyferry/server/localkms/...").Output()
	if err != nil {
		t.Fatalf("listing dependencies: %v", err)
	}
	for _, wall := range []string{"keyferry/wasm", "keyferry/components", "keyferry/server/kms", "keyferry/server/console", "github.com/labstack/echo", "github.com/aliyun/", "github.com/alibabacloud-go/"} {
		if strings.Contains(string(deps), wall) {
			t.Errorf("it links %s", wall)
		}
	}
}
