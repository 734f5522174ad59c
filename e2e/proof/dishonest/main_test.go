// Package dishonest puts a lying console in front of a person and of keyferry verify.
package dishonest

import (
	"testing"

	"keyferry/e2e/browser"
)

func TestMain(m *testing.M) { browser.Main(m) }
