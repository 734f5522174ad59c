package sabotage

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"keyferry/e2e/program"
)

// patch is a sabotage of the sources: files as they are after it.
type patch struct {
	what  string            // in one sentence
	files map[string][]byte // by their names in the repository
}

// readPatch reads a patch and applies it to the sources as they are now. Each of its places must be
// there, once: a patch that no longer fits fails the test, since the leak would then not happen and
// nothing would catch it.
func readPatch(t *testing.T, name string) *patch {
	t.Helper()
	p := &patch{files: map[string][]byte{}}
	p.read(t, name)
	return p
}

func (p *patch) read(t *testing.T, name string) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	what, rest, _ := strings.Cut(string(content), "\n")
	rest = strings.TrimLeft(rest, "\n")
	if line, more, ok := strings.Cut(rest, "\n"); ok && strings.HasPrefix(line, "on ") {
		p.read(t, strings.TrimPrefix(line, "on ")+".sabotage")
		rest = more
	}
	p.what = what
	for section := range strings.SplitSeq(rest, "\nfile ") {
		file, changes, _ := strings.Cut(strings.TrimPrefix(strings.TrimLeft(section, "\n"), "file "), "\n")
		for change := range strings.SplitSeq(changes, "<<<<<<<\n") {
			if strings.TrimSpace(change) != "" {
				p.apply(t, name, file, change)
			}
		}
	}
}

// apply makes one change: what is above the line of equal signs becomes what is below.
func (p *patch) apply(t *testing.T, name, file, change string) {
	t.Helper()
	before, after, separated := strings.Cut(change, "=======\n")
	after, _, ended := strings.Cut(after, ">>>>>>>")
	before, after = strings.TrimSuffix(before, "\n"), strings.TrimSuffix(after, "\n")
	if !separated || !ended || before == "" {
		t.Fatalf("%s: a change of %s is not written as one", name, file)
	}
	content, begun := p.files[file]
	if !begun {
		var err error
		if content, err = os.ReadFile(program.Source(file)); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	if n := strings.Count(string(content), before); n != 1 {
		t.Fatalf("%s no longer fits %s: %q is there %d times", name, file, before, n)
	}
	p.files[file] = []byte(strings.Replace(string(content), before, after, 1))
}

// build builds a package of the product with the patched sources in place of the real ones, which
// stay as they are.
func (p *patch) build(t *testing.T, output string, environment []string, arguments ...string) {
	t.Helper()
	folder := t.TempDir()
	overlay := struct{ Replace map[string]string }{map[string]string{}}
	for name, content := range p.files {
		if filepath.Ext(name) != ".go" {
			continue
		}
		real, err := filepath.Abs(program.Source(name))
		if err != nil {
			t.Fatal(err)
		}
		overlay.Replace[real] = filepath.Join(folder, fmt.Sprintf("%d.go", len(overlay.Replace)))
		if err := os.WriteFile(overlay.Replace[real], content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if len(overlay.Replace) == 0 {
		t.Fatal("the sabotage changes no Go code: there is nothing to build")
	}
	description, err := json.Marshal(overlay)
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command("go", append([]string{"build", "-overlay", program.Kept(t, "overlay.json", description), "-o", output}, arguments...)...)
	command.Dir, command.Env = program.Source("."), append(os.Environ(), environment...)
	if complaint, err := command.CombinedOutput(); err != nil {
		t.Fatalf("building the sabotage: %v\n%s", err, complaint)
	}
}
