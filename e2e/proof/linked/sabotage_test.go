package linked

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"keyferry/e2e/browser"
	"keyferry/e2e/program"
	"keyferry/e2e/proof"
	"keyferry/e2e/proof/patch"
	"keyferry/server/desk"
)

// without writes a connected desk from whose scripts a check was taken out. An open one may connect
// anywhere, too.
func without(t *testing.T, check string, how reach, open bool) string {
	t.Helper()
	network := desk.Network{Regions: []string{"cn-hangzhou"}}
	if how == overLoopback {
		network.Endpoint = how.origin()
	}
	file := patch.Read(t, filepath.Join("testdata", check+".sabotage")).WriteConnectedDesk(t, network)
	if !open {
		return file
	}
	content := program.ReadFile(t, file)
	opened := regexp.MustCompile(`connect-src https?:[^;]*;`).ReplaceAll(content, []byte("connect-src *;"))
	if string(opened) == string(content) {
		t.Fatal("the policy was not opened")
	}
	return program.WriteFile(t, file, opened)
}

// patches are the names of all checks that can be taken out.
func patches(t *testing.T) (names []string) {
	t.Helper()
	files, err := filepath.Glob("testdata/*.sabotage")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d patches, %v", len(files), err)
	}
	for _, file := range files {
		names = append(names, strings.TrimSuffix(filepath.Base(file), ".sabotage"))
	}
	return names
}

// TestProofLinkedSabotage takes each check out of the desk: the attacks that it is meant for are then
// not caught as they should be, and so the tests that try them would fail.
func TestProofLinkedSabotage(t *testing.T) {
	mustBeLong(t)
	browser.OwnShell(t, world.chromiumArguments()...)
	kms := program.Start(t)
	for _, check := range patches(t) {
		t.Run(check, func(t *testing.T) {
			tried := 0
			for _, how := range []reach{overTLS, overLoopback} {
				tried += tryWithout(t, kms, check, how)
			}
			for _, a := range seconds {
				if a.check != check {
					continue
				}
				tried++
				t.Run("then "+a.name, func(t *testing.T) {
					s := newScene(t, kms, overTLS, without(t, check, overTLS, false))
					s.Expect(".")
					made := program.ReadImportFile(t, s.toSecond())
					mustMiss(t, check, a.name, a.try(s, made), a.caught)
				})
			}
			if tried == 0 {
				t.Error("no attack is meant for this check")
			}
		})
	}
}

// tryWithout tries every attack on step 2 that a check is meant for: over TLS all, and on this
// computer those that are for there alone. It returns their number.
func tryWithout(t *testing.T, kms *program.Program, check string, how reach) (tried int) {
	t.Helper()
	var s *scene
	for _, a := range attacks {
		if a.check != check || !a.of(how) {
			continue
		}
		if s == nil {
			s = newScene(t, kms, how, without(t, check, how, false))
			s.Expect(".")
		}
		tried++
		t.Run(how.name+" "+a.name, func(t *testing.T) {
			s.T = t
			mustMiss(t, check, a.name, a.try(s), a.caught)
		})
		s.T = t
	}
	return tried
}

// mustMiss fails the test if an attack is caught although the check for it was taken out.
func mustMiss(t *testing.T, check, name, code, caught string) {
	t.Helper()
	if code == caught {
		t.Fatalf("%s is there although the check was taken out", caught)
	}
	happens := "not caught"
	if code != "" {
		happens = "another check says " + code
	}
	about := proof.Findings.About("A connected desk without a check", "without", "what", "what happens then")
	proof.Findings.Add(about, check, name, happens)
}

// TestProofLinkedOpen lets a desk without a check connect anywhere, besides: now the operator has
// the key. That is how we know that it would be there to find.
func TestProofLinkedOpen(t *testing.T) {
	kms := program.Start(t)
	for i, test := range []struct{ check, attack string }{
		{"host", "link to a name that begins like the KMS's"},
		{"host", "link to a server on this computer"},
		{"redirect", "an answer that leads to another address"},
	} {
		if i > 0 && !*proof.Full {
			continue
		}
		t.Run(test.attack, func(t *testing.T) {
			at := slices.IndexFunc(attacks, func(a attack) bool { return a.name == test.attack })
			if at < 0 {
				t.Fatal("there is no such attack")
			}
			s := newScene(t, kms, overTLS, without(t, test.check, overTLS, true))
			s.Expect(".")
			if code := attacks[at].try(s); code != "" {
				t.Fatalf("caught by %s", code)
			}
			if stolen := s.has(program.ReadFile(t, s.makeFile())); len(stolen) != 1 {
				t.Errorf("the operator has %d keys: the attack proves nothing", len(stolen))
			}
			about := proof.Findings.About("A connected desk without a check that may connect anywhere", "without", "what", "what happens then")
			proof.Findings.Add(about, test.check, test.attack, "the operator has the key")
		})
	}
}

// TestLinkedSabotagesFit applies every patch to the sources as they are now. Each takes out a check
// that is some attack's, and every check has its patch.
func TestLinkedSabotagesFit(t *testing.T) {
	names := patches(t)
	used := map[string]bool{}
	for _, a := range attacks {
		used[a.check] = true
	}
	for _, a := range seconds {
		used[a.check] = true
	}
	delete(used, "")
	for _, name := range names {
		patch.Read(t, filepath.Join("testdata", name+".sabotage"))
		if !used[name] {
			t.Errorf("no attack is meant for %s", name)
		}
		delete(used, name)
	}
	if len(used) > 0 {
		t.Errorf("these checks cannot be taken out: %v", used)
	}
}
