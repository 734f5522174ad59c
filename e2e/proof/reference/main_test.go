package reference_test

import (
	"testing"

	"keyferry/e2e/proof"
)

func TestMain(m *testing.M) { proof.Main(m) }
