package signin

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"keyferry/server/person"
)

// Names of the ledger have the characters that it takes, and at most 128 of them.
func TestOneWord(t *testing.T) {
	form := regexp.MustCompile(`^[A-Za-z0-9._:/@-]$`)
	for r := range rune(256) {
		if s := string(r); oneWord(s) != form.MatchString(s) {
			t.Errorf("%q: %v", s, oneWord(s))
		}
	}
	if !oneWord(strings.Repeat("a", 128)) || oneWord(strings.Repeat("a", 129)) || oneWord("") {
		t.Error("the longest and the empty name")
	}
}

// What a provider says is cut to the limits: names to 200 characters, groups to 256 bytes and to
// 20,000 of them.
func TestNamesAreCut(t *testing.T) {
	if got := oneLine(strings.Repeat("密", 200)); got != strings.Repeat("密", 200) {
		t.Errorf("a name of 200 characters has %d bytes", len(got))
	}
	if got := oneLine(strings.Repeat("密", 201)); got != strings.Repeat("密", 200) {
		t.Errorf("a name of 201 characters has %d bytes", len(got))
	}
	long := strings.Repeat("g", 256)
	if got := groupNames([]any{long, long + "g", "", "a\x00"}); len(got) != 1 || got[0] != long {
		t.Errorf("%d groups", len(got))
	}
	many := make([]any, 20_001)
	for i := range many {
		many[i] = fmt.Sprint("group ", i)
	}
	if got := groupNames(many); len(got) != 20_000 {
		t.Errorf("%d groups", len(got))
	}
}

// Somebody is fresh for five minutes after they proved who they are, and not before they did, by
// more than a minute of another clock.
func TestFreshFor(t *testing.T) {
	now := time.Now()
	for age, want := range map[time.Duration]bool{
		0: true, 5*time.Minute - 1: true, 5 * time.Minute: false, -time.Minute + 1: true, -time.Minute: false,
	} {
		if got := Fresh(person.Person{Kind: person.Directory, SignedIn: now.Add(-age)}, now); got != want {
			t.Errorf("after %v: %v", age, got)
		}
	}
}

// The flags together are no provider, or all that belongs to one; the secret has a size.
func TestFlagsLimits(t *testing.T) {
	if _, err := (Flags{}).Config(); err != nil {
		t.Errorf("no flags: %v", err)
	}
	for name, flags := range map[string]Flags{
		"scopes": {OIDCScope: []string{"x"}}, "classes": {OIDCACR: []string{"x"}}, "a file": {OIDCClientSecretFile: "x"}, "below 0": {SignInsPerAddress: -1},
	} {
		if _, err := flags.Config(); err == nil {
			t.Errorf("%s without a provider: taken", name)
		}
	}
	file := filepath.Join(t.TempDir(), "secret")
	for size, good := range map[int]bool{4096: true, 4097: false} {
		if err := os.WriteFile(file, []byte(strings.Repeat("x", size)), 0o600); err != nil {
			t.Fatal(err)
		}
		if c, err := (Flags{OIDCIssuer: "https://provider.example", OIDCClientSecretFile: file}).Config(); (err == nil) != good || good && len(c.ClientSecret) != size {
			t.Errorf("a secret of %d bytes: %v", size, err)
		}
	}
}
