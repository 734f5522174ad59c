// Package many tests the import of many keys in one go, in a real Chromium.
package many

import (
	"testing"

	"keyferry/e2e/browser"
)

func TestMain(m *testing.M) { browser.Main(m) }
