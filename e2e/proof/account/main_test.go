// Package account accounts for every byte that leaves the browser, or stays in it: what the
// reference predicts is taken away, and nothing may be left.
package account

import (
	"testing"

	"keyferry/e2e/browser"
)

func TestMain(m *testing.M) { browser.MainWith(m) }
