// Package person tests what a person does with the console, the desk and the local KMS page: the
// built program in a real Chromium, with the local KMS as the judge of what arrived.
package person

import (
	"testing"

	"keyferry/e2e/browser"
)

func TestMain(m *testing.M) { browser.Main(m) }
