// Package operation runs the console as a company does: for many people, with SQLite and with several
// consoles on one PostgreSQL, under load, through restarts and kills, and through a whole day.
package operation

import (
	"testing"

	"keyferry/e2e/program"
	"keyferry/e2e/proof"
)

func TestMain(m *testing.M) { proof.Main(m, program.Build) }

// found puts a line into the report.
func found(what, figure string) {
	proof.Findings.Add(proof.Findings.About("Operation", "what", "figure"), what, figure)
}
