// Package linked tests the whole import with the desk: a console that signs two links, and a desk
// from the disk that makes both calls.
package linked

import (
	"testing"

	"keyferry/e2e/browser"
)

func TestMain(m *testing.M) { browser.Main(m) }
