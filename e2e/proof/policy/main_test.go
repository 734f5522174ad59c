// Package policy attacks the pages and the worker, and expects the browser to refuse and report
// each attack.
package policy

import (
	"testing"

	"keyferry/e2e/browser"
)

func TestMain(m *testing.M) { browser.MainWith(m) }
