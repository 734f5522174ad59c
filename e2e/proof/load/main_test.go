// Package load puts a console under the load of many people and of slow clients.
package load

import (
	"testing"

	"keyferry/e2e/program"
	"keyferry/e2e/proof"
)

func TestMain(m *testing.M) { proof.Main(m, program.Build) }
