// Package custody tests how a person makes or brings key material, keeps a copy, proves it and
// imports it again, in a real Chromium.
package custody

import (
	"testing"

	"keyferry/e2e/browser"
)

func TestMain(m *testing.M) { browser.Main(m) }
