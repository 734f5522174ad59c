package reference_test

import (
	"path/filepath"
	"strings"
	"testing"

	"keyferry/e2e/proof"
	"keyferry/e2e/proof/patch"
	"keyferry/e2e/proof/reference"
)

// TestProofReferenceSabotage lets the module, a library in it and the toolchain that builds it lie
// in every way that came to mind. Each lie must leave something that the reference does not
// predict.
func TestProofReferenceSabotage(t *testing.T) {
	if testing.Short() {
		t.Skip("builds modules")
	}
	names, err := filepath.Glob(filepath.Join("testdata", "sabotage", "*.sabotage"))
	if err != nil || len(names) == 0 {
		t.Fatalf("%d patches, %v", len(names), err)
	}
	if !*proof.Full {
		names = names[:2]
	}
	about := proof.Findings.About("Sabotage of the module", "lie", "what the reference did not predict")
	people := newParties(t)
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".sabotage"), func(t *testing.T) {
			p := patch.Read(t, name)
			module := filepath.Join(t.TempDir(), "module.wasm")
			p.Build(t, module, []string{"GOOS=js", "GOARCH=wasm", "CGO_ENABLED=0"}, "./wasm")
			left := lies(t, people, module)
			if len(left) == 0 {
				t.Fatal("the reference predicted everything")
			}
			t.Logf("%s\n%s", p.What, strings.Join(left, "\n"))
			proof.Findings.Add(about, p.What, left[0])
		})
	}
}

// lies lets a module make a key with each protection and algorithm, and a passphrase, and returns
// what was not predicted.
func lies(t *testing.T, people *parties, module string) (left []string) {
	t.Helper()
	var singles []single
	runs := []run{{Messages: []message{request("passphrase", nil)}}}
	for i, algorithm := range algorithms {
		one := people.single(t, "generate", protections[i], algorithm)
		singles, runs = append(singles, one), append(runs, one.run)
	}
	transcripts := inNode(t, module, runs...)
	got, random := transcripts[0].result(t)
	if want := reference.Passphrase(random); got["passphrase"] != want || random.Close() != nil {
		left = append(left, "the passphrase is another one than its random bytes make")
	}
	for i, one := range singles {
		unknown, _ := unpredicted(t, one.in, transcripts[i+1])
		for _, what := range unknown {
			left = append(left, one.name+": "+what)
		}
	}
	return left
}

// TestSabotageFits applies every patch, which is quick: one that no longer fits would prove
// nothing.
func TestSabotageFits(t *testing.T) {
	names, err := filepath.Glob(filepath.Join("testdata", "sabotage", "*.sabotage"))
	if err != nil || len(names) == 0 {
		t.Fatalf("%d patches, %v", len(names), err)
	}
	for _, name := range names {
		patch.Read(t, name)
	}
}
