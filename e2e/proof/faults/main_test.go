// Package faults interrupts imports in every way and expects that no key is lost.
package faults

import (
	"testing"

	"keyferry/e2e/browser"
)

func TestMain(m *testing.M) { browser.Main(m) }
