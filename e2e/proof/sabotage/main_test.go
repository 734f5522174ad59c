// Package sabotage builds leaks into the product and expects a monitor to catch each.
package sabotage

import (
	"testing"

	"keyferry/e2e/browser"
)

func TestMain(m *testing.M) { browser.MainWith(m) }
