// Package memory searches the memory of the browser for keys after a job has ended.
package memory

import (
	"testing"

	"keyferry/e2e/browser"
)

func TestMain(m *testing.M) { browser.MainWith(m) }
