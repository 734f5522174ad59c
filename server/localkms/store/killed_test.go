package store

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// killedChild is the environment variable that makes this test binary a process to be killed.
const killedChild = "KEYFERRY_TEST_KILLED_CHILD"

func TestMain(m *testing.M) {
	if file := os.Getenv(killedChild); file != "" {
		liveUntilKilled(file)
		return
	}
	os.Exit(m.Run())
}

// liveUntilKilled changes one key and one alias at a time, together, and says so when it is done.
// Now and then it replaces everything by the same, so that kills meet that too.
func liveUntilKilled(file string) {
	fail := func(err error) {
		if err != nil {
			fmt.Println("error", err)
			os.Exit(1)
		}
	}
	s, err := Open(file, silent, nothing)
	fail(err)
	for n := len(accountOf(s, "one").order); ; n++ {
		k := specimen(n)
		fail(put(s, "one", k))
		fmt.Printf("done %d %x\n", n, k.Material)
		if n%8 == 0 {
			fail(s.Adopt(&Store{accounts: s.accounts, secrets: s.secrets}))
		}
	}
}

func accountOf(s *Store, name string) *Account {
	if s.accounts[name] == nil {
		return newAccount()
	}
	return s.accounts[name]
}

// Killed at any moment, the store comes back with every change that it had acknowledged, and no
// half of another.
func TestKilled(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state")
	var materials []string
	for round := range 25 {
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), killedChild+"="+file)
		stdout, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		kill := time.AfterFunc(time.Duration(5+round*7)*time.Millisecond, func() { child.Process.Kill() })
		materials = append(materials, told(t, stdout, len(materials))...)
		kill.Stop()
		child.Process.Kill()
		child.Wait()

		s := openFile(t, file)
		acct := accountOf(s, "one")
		if n := len(acct.order); n != len(materials) && n != len(materials)+1 {
			t.Fatalf("round %d: %d keys came back, %d were told of", round, n, len(materials))
		}
		for n, k := range acct.order {
			if acct.aliases["alias/"+k.ID] != k.ID || k.ID != specimen(n).ID {
				t.Fatalf("round %d: half of change %d came back", round, n)
			}
			if n == len(materials) {
				materials = append(materials, fmt.Sprintf("%x", k.Material)) // done, not told
			} else if got := fmt.Sprintf("%x", k.Material); got != materials[n] {
				t.Fatalf("round %d: other material came back in key %d", round, n)
			}
		}
		closeFile(t, s)
	}
	t.Logf("%d changes in 25 lives", len(materials))
}

// told reads what a child says it has done, until it is killed.
func told(t *testing.T, stdout io.Reader, first int) []string {
	t.Helper()
	var materials []string
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		var n int
		var material string
		if _, err := fmt.Sscanf(lines.Text(), "done %d %s", &n, &material); err != nil || len(material) != 64 {
			if strings.HasPrefix(lines.Text(), "error") {
				t.Fatal(lines.Text())
			}
			break // a line that the kill cut
		}
		if n != first+len(materials) {
			t.Fatalf("the child did change %d after %d", n, first+len(materials)-1)
		}
		materials = append(materials, material)
	}
	return materials
}
