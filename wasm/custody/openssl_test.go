//go:build !js

package custody_test

import (
	"bytes"
	"encoding/hex"
	"os/exec"
	"strings"
	"testing"

	"keyferry/wasm/custody"
)

// TestOpenSSLAgrees has the openssl program compute check values of random keys.
func TestOpenSSLAgrees(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Fatal("this test needs the program openssl, version 3: install the package openssl")
	}
	for range 8 {
		m := randomMaterial(t)
		command := exec.CommandContext(t.Context(), "openssl", "mac", "-cipher", "AES-256-CBC",
			"-macopt", "hexkey:"+hex.EncodeToString(m[:]), "-in", "/dev/stdin", "CMAC")
		command.Stdin = bytes.NewReader(make([]byte, 16))
		command.Stderr = t.Output()
		output, err := command.Output()
		if err != nil {
			t.Fatalf("running openssl: %v", err)
		}
		if want, got := strings.ToUpper(string(output[:10])), custody.CheckValue(m).String(); got != want {
			t.Errorf("%x: check value %s, and openssl's %s", m, got, want)
		}
	}
}
