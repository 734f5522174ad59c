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
	"keyferry/server/store"
	"keyferry/server/store/storetest"
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

// What is not set has its default, and what is set stays.
func TestDefaults(t *testing.T) {
	var c Config
	defaults(&c)
	if c.Idle != 30*time.Minute || c.Limit != 12*time.Hour || c.GroupsClaim != "groups" || c.PerAddress != 20 || c.Patience != 10*time.Second {
		t.Errorf("the defaults are %v, %v, %q, %v, %v", c.Idle, c.Limit, c.GroupsClaim, c.PerAddress, c.Patience)
	}
	c = Config{Idle: time.Minute, Limit: time.Hour, GroupsClaim: "teams", PerAddress: 1, Patience: time.Second}
	defaults(&c)
	if c.Idle != time.Minute || c.Limit != time.Hour || c.GroupsClaim != "teams" || c.PerAddress != 1 || c.Patience != time.Second {
		t.Errorf("what was set is %v, %v, %q, %v, %v", c.Idle, c.Limit, c.GroupsClaim, c.PerAddress, c.Patience)
	}
}

// oneRow reads one value.
func oneRow(t *testing.T, db *store.DB, into any, query string, args ...any) {
	t.Helper()
	if err := db.Row(t.Context(), []any{into}, query, args...); err != nil {
		t.Fatal(err)
	}
}

// A session ends at the end of its idle time, and not before. That it was used is noted after a
// twentieth of that time or a minute, whichever is less. One without an idle time notes nothing.
func TestIdleTime(t *testing.T) {
	db := storetest.Open(t, storetest.URL(t, store.SQLite))
	seen := time.Now()
	for i, test := range []struct {
		idle, after  time.Duration
		found, noted bool
	}{
		{10 * time.Minute, 30 * time.Second, true, false},
		{10 * time.Minute, 30*time.Second + time.Microsecond, true, true},
		{40 * time.Minute, time.Minute, true, false},
		{40 * time.Minute, time.Minute + time.Microsecond, true, true},
		{40 * time.Minute, 40*time.Minute - time.Microsecond, true, true},
		{40 * time.Minute, 40 * time.Minute, false, false},
		{0, 0, true, false},
		{0, time.Hour, true, false},
	} {
		token := fmt.Sprint("token ", i)
		storetest.Exec(t, db, "INSERT INTO signin_sessions (token, person, sid, data, until, idle, seen) VALUES (?, '', '', ?, ?, ?, ?)",
			token, []byte("x"), seen.Add(2*time.Hour).UnixMicro(), test.idle.Microseconds(), seen.UnixMicro())
		now := seen.Add(test.after)
		all := &table{db: db, now: func() time.Time { return now }}
		if _, found, err := all.FindCtx(t.Context(), token); err != nil || found != test.found {
			t.Errorf("idle time %v, after %v: found %v, %v", test.idle, test.after, found, err)
		}
		var last int64
		oneRow(t, db, &last, "SELECT seen FROM signin_sessions WHERE token = ?", token)
		want := seen
		if test.noted {
			want = now
		}
		if last != want.UnixMicro() {
			t.Errorf("idle time %v, after %v: last seen %v later", test.idle, test.after, time.Duration(last-seen.UnixMicro())*time.Microsecond)
		}
	}
}

// What has ended is removed at the moment that it ends, of every kind.
func TestSweep(t *testing.T) {
	db := storetest.Open(t, storetest.URL(t, store.SQLite))
	now := time.Now()
	for name, until := range map[string]int64{"over": now.UnixMicro(), "not yet": now.UnixMicro() + 1} {
		storetest.Exec(t, db, "INSERT INTO signin_sessions (token, person, sid, data, until, idle, seen) VALUES (?, '', '', ?, ?, 0, 0)", name, []byte("x"), until)
		storetest.Exec(t, db, "INSERT INTO signin_guests (secret, request, code, deadline, wrong, used) VALUES (?, ?, '', ?, 0, 0)", name, name, until)
		storetest.Exec(t, db, "INSERT INTO signin_logouts (jti, until) VALUES (?, ?)", name, until)
	}
	if err := db.Write(t.Context(), func(tx *store.Tx) error { return sweep(tx, now) }); err != nil {
		t.Fatal(err)
	}
	for kind, name := range map[string]string{"signin_sessions": "token", "signin_guests": "secret", "signin_logouts": "jti"} {
		var left string
		oneRow(t, db, &left, "SELECT max("+name+") FROM "+kind) // "over" is the last by name
		if left != "not yet" {
			t.Errorf("%s: %q is left", kind, left)
		}
	}
	if err := db.Write(t.Context(), func(tx *store.Tx) error {
		for _, want := range []bool{true, false} {
			if was, err := end(tx, "not yet"); err != nil || was != want {
				t.Errorf("ending a session: %v, want %v; %v", was, want, err)
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}
