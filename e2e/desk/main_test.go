// Package desk tests what a person does with the offline console: as a page, as a file without any
// network and on a static host, with OpenSSL, an HSM and the vendor's SDK around it.
package desk

import (
	"testing"

	"keyferry/e2e/browser"
)

func TestMain(m *testing.M) { browser.Main(m) }
