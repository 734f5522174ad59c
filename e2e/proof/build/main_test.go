// Package build builds the program twice and compares every byte.
package build

import (
	"testing"

	"keyferry/e2e/proof"
)

func TestMain(m *testing.M) { proof.Main(m) }
