// Package leaks searches everything that a run left behind for the keys that were in it.
package leaks

import (
	"testing"

	"keyferry/e2e/browser"
)

func TestMain(m *testing.M) { browser.MainWith(m) }
