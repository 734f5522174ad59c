// Package linked lets dishonest consoles, proxies and links try to get the key of a person who uses
// a connected desk.
package linked

import (
	"fmt"
	"os"
	"testing"

	"keyferry/e2e/browser"
	"keyferry/e2e/proof"
)

// world is the network of Chromium in these tests.
var world *network

func TestMain(m *testing.M) {
	var err error
	if world, err = newNetwork(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	browser.MainWith(m, world.chromiumArguments()...)
}

// mustBeLong leaves a test to the long form.
func mustBeLong(t *testing.T) {
	t.Helper()
	if !*proof.Full {
		t.Skip("part of the long form, make prove")
	}
}
