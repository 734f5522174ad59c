package linked

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"keyferry/e2e/program"
	"keyferry/e2e/proof"
	"keyferry/e2e/proof/patch"
	"keyferry/server/desk"
)

// check is one that a sabotaged desk lacks, and the attack that nothing else catches in the same way.
type check struct {
	patch string // in testdata
	first string // name of an attack of step 2, or
	then  string // of one on the import
	open  bool   // the file's policy lets it connect anywhere, too
	long  bool   // only in the long form
}

var checks = []check{
	{patch: "host", first: "link to a name that looks alike", long: true},
	{patch: "host", first: "link to a name that looks alike", open: true},
	{patch: "host", first: "link to a server on this computer", open: true, long: true},
	{patch: "host", first: "link with the KMS's name as user", long: true},
	{patch: "host", first: "link with a dot at the end of the name", long: true},
	{patch: "host", first: "link with a port", long: true},
	{patch: "host", first: "link without encryption", long: true},
	{patch: "host", then: "link to a server that says it worked", open: true, long: true},
	{patch: "form", first: "link with a fragment", long: true},
	{patch: "form", first: "link with a path", long: true},
	{patch: "cmk", first: "link for another CMK", long: true},
	{patch: "algorithm", first: "link for another algorithm", long: true},
	{patch: "action", first: "link for another action", long: true},
	{patch: "action", then: "link for a call that always succeeds", long: true},
	{patch: "twice", first: "link with two CMKs", long: true},
	{patch: "known", first: "link with a parameter of its own", long: true},
	{patch: "redirect", first: "an answer that leads to another path", long: true},
	{patch: "answer", first: "an answer for another CMK", long: true},
	{patch: "fresh", first: "an old answer replayed", long: true},
	{patch: "material", then: "link for a key of the operator's", long: true},
	{patch: "refusal", then: "the operator's own key imported before, and success claimed", long: true},
}

// sabotaged writes a connected desk without a check. An open one may connect anywhere.
func sabotaged(t *testing.T, name string, open bool) string {
	t.Helper()
	folder := t.TempDir()
	scripts := filepath.Join(folder, "static")
	for _, part := range []string{"js", "wasm"} {
		if err := os.CopyFS(filepath.Join(scripts, part), os.DirFS(program.Source("web/static/"+part))); err != nil {
			t.Fatal(err)
		}
	}
	if name != "" {
		for file, content := range patch.Read(t, filepath.Join("testdata", name+".sabotage")).Static() {
			program.WriteFile(t, filepath.Join(scripts, file), content)
		}
	}
	join := exec.CommandContext(t.Context(), "go", "run", "./web/join", scripts, folder)
	join.Dir = program.Source(".")
	if output, err := join.CombinedOutput(); err != nil {
		t.Fatalf("joining the scripts: %v\n%s", err, output)
	}
	config, err := desk.EmbeddedConnected(desk.Network{Regions: []string{"cn-hangzhou"}}, "sabotaged")
	if err != nil {
		t.Fatal(err)
	}
	config.Page = program.ReadFile(t, filepath.Join(folder, "connected.js"))
	content, err := desk.File(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	if open {
		content = regexp.MustCompile(`connect-src https:[^;]*;`).ReplaceAll(content, []byte("connect-src *;"))
	}
	return program.WriteFile(t, filepath.Join(folder, "sabotaged.html"), content)
}

// TestProofLinkedSabotage takes each check out of the desk: the attack that it is meant for is then
// not caught as it should be. Where the file may connect anywhere besides, the operator has the key:
// that is how we know that it would be there to find.
func TestProofLinkedSabotage(t *testing.T) {
	kms := program.Start(t)
	about := proof.Findings.About("A connected desk without a check", "without", "what happens then")
	for _, c := range checks {
		if c.long && !*proof.Full {
			continue
		}
		name := c.first + c.then
		t.Run(strings.TrimSpace(c.patch+", "+name+map[bool]string{true: ", open", false: ""}[c.open]), func(t *testing.T) {
			s := newScene(t, kms, sabotaged(t, c.patch, c.open))
			s.Expect(".")
			code, caught := c.run(t, s)
			if code == caught {
				t.Fatalf("%s is there although the check was taken out", caught)
			}
			happens := "not caught"
			if code != "" {
				happens = "another check says " + code
			}
			if c.open && c.first != "" {
				s.HaveRead()
				s.Generate()
				handed := program.ReadFile(t, s.MakeImportFile())
				if len(s.operator.has(s.Visit, handed)) != 1 {
					t.Error("the operator did not get the key: the attack proves nothing")
				}
				happens = "the operator has the key"
			}
			proof.Findings.Add(about, c.patch+": "+name, happens)
		})
	}
}

// run tries the attack of a check, and returns what caught it and what should have.
func (c check) run(t *testing.T, s *scene) (code, caught string) {
	t.Helper()
	if at := slices.IndexFunc(attacks, func(a attack) bool { return a.name == c.first }); at >= 0 {
		return attacks[at].try(s), attacks[at].caught
	}
	at := slices.IndexFunc(seconds, func(a second) bool { return a.name == c.then })
	if at < 0 {
		t.Fatalf("there is no attack %q", c.first+c.then)
	}
	s.GiveLink(s.good(), algorithm)
	s.HaveRead()
	s.Generate()
	made := program.ReadImportFile(t, s.MakeImportFile())
	return seconds[at].try(s, made), seconds[at].caught
}

// TestLinkedSabotagesFit applies every patch to the sources as they are now.
func TestLinkedSabotagesFit(t *testing.T) {
	files, err := filepath.Glob("testdata/*.sabotage")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d patches, %v", len(files), err)
	}
	for _, file := range files {
		patch.Read(t, file)
		name := strings.TrimSuffix(filepath.Base(file), ".sabotage")
		if !slices.ContainsFunc(checks, func(c check) bool { return c.patch == name }) {
			t.Errorf("nobody tries the patch %s", name)
		}
	}
}
