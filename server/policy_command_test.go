package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// TestPolicyCommands asks the example policies on the command line.
func TestPolicyCommands(t *testing.T) {
	typo := t.TempDir()
	if err := os.WriteFile(filepath.Join(typo, "a.cedar"), []byte("permit (principal, action,\n resorce);"), 0o600); err != nil {
		t.Fatal(err)
	}
	example := filepath.Join("policy", "example")
	for name, test := range map[string]struct {
		arguments []string
		status    int
		says      []string // said or in the error
	}{
		"check":      {[]string{"check", example}, 0, []string{"10 policies in limits.cedar, people.cedar are valid."}},
		"check typo": {[]string{"check", typo}, 1, []string{"a.cedar:2: found resorce"}},
		"ask typo":   {[]string{"ask", typo, "--action=import"}, 2, []string{"a.cedar:2: found resorce"}},
		"allowed": {[]string{"ask", example, "--person=ines", "--group=staff, all", "--group=payments", "--action=import",
			"--key=key-1", "--region=cn-hangzhou", "--label=payments/ledger"}, 0,
			[]string{"allowed\n", "approvals: 1, from crypto-officers\n", "decided by people.cedar:18\n"}},
		"guest": {[]string{"ask", example, "--kind=guest", "--action=import"}, 0,
			[]string{"approvals: 2, from crypto-officers, security, one of each group at least\n"}},
		"forbidden": {[]string{"ask", example, "--group=payments", "--action=import", "--region=ap-southeast-1", "--label=payments/x"}, 1,
			[]string{"denied\n", "decided by limits.cedar:4\n"}},
		"not permitted": {[]string{"ask", example, "--group=pay,ments", "--action=import"}, 1, []string{"denied\nNo policy permits it.\n"}},
		"own request":   {[]string{"ask", example, "--person=robin", "--group=platform", "--action=cancel", "--requester=robin"}, 0, []string{"allowed\napprovals: none\n"}},
	} {
		t.Run(name, func(t *testing.T) {
			c := run(t, append([]string{"policy"}, test.arguments...)...)
			err := <-c.ended
			said, status := c.said.String(), 0
			if err != nil {
				said += err.Error()
				if code := kong.ExitCoder(nil); errors.As(err, &code) {
					status = code.ExitCode()
				}
			}
			if status != test.status {
				t.Errorf("status %d, want %d", status, test.status)
			}
			for _, want := range test.says {
				if !strings.Contains(said, want) {
					t.Errorf("no %q in:\n%s", want, said)
				}
			}
		})
	}
	if _, err := newParser(&commands{}).Parse([]string{"policy", "ask", example, "--action=destroy"}); err == nil {
		t.Error("an unknown action was taken")
	}
}
