package program

import (
	"os"
	"path/filepath"
	"testing"
)

// StartTeam runs a console for several people, the made-up ones of --demo-people, under a Cedar
// policy, on a database of its own, until the test ends. Short tests skip it.
func StartTeam(t testing.TB, policy string, flags ...string) *Program {
	t.Helper()
	if testing.Short() {
		t.Skip("starts programs")
	}
	folder := t.TempDir()
	rules := filepath.Join(folder, "policy")
	if err := os.Mkdir(rules, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(rules, "team.cedar"), []byte(policy), 0o600); err != nil {
		t.Fatal(err)
	}
	return Start(t, append(flags, "--database="+filepath.Join(folder, "keyferry.db"), "--policy="+rules, "--demo-people")...)
}
