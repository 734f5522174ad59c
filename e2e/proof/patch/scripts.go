package patch

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"keyferry/e2e/program"
)

// below returns the changed files below a folder of the repository, by their names from there.
func (p *Patch) below(folder string) map[string][]byte {
	found := map[string][]byte{}
	for path, content := range p.files {
		if name, below := strings.CutPrefix(path, program.Source(folder)+string(filepath.Separator)); below {
			found[filepath.ToSlash(name)] = content
		}
	}
	return found
}

// ChangesPages holds for a patch of what the console's pages load.
func (p *Patch) ChangesPages() bool {
	for path := range p.files {
		if isOfPages(path) {
			return true
		}
	}
	return false
}

// Static returns the files that the console's pages load and that differ because of the change, by
// their names below web/static.
func (p *Patch) Static(t *testing.T) map[string][]byte {
	t.Helper()
	changed := p.below("web/static")
	if len(p.below("web/pages")) == 0 {
		return changed
	}
	joined, err := filepath.Glob(filepath.Join(p.joined(t), "static", "pages", "*.js"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range joined {
		name := "pages/" + filepath.Base(file)
		content := program.ReadFile(t, file)
		if !bytes.Equal(content, program.ReadFile(t, program.Source("web/static/"+name))) {
			changed[name] = content
		}
	}
	return changed
}

// joined returns a folder like web, with the changed scripts and what web/join makes of them.
func (p *Patch) joined(t *testing.T) string {
	t.Helper()
	folder := p.copyScripts(t)
	run(t, "go", "run", "./web/join", folder)
	return folder
}

// copyScripts copies what web/join reads, with the changes.
func (p *Patch) copyScripts(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	for _, part := range []string{"pages", "static/js"} {
		if err := os.CopyFS(filepath.Join(folder, part), os.DirFS(program.Source("web/"+part))); err != nil {
			t.Fatal(err)
		}
	}
	for _, part := range []string{"desk", "static/pages", "static/wasm"} {
		if err := os.MkdirAll(filepath.Join(folder, part), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	const runtime = "static/wasm/wasm_exec.js"
	program.WriteFile(t, filepath.Join(folder, runtime), program.ReadFile(t, program.Source("web/"+runtime)))
	for name, content := range p.below("web") {
		if strings.HasSuffix(name, ".js") {
			program.WriteFile(t, filepath.Join(folder, filepath.FromSlash(name)), content)
		}
	}
	return folder
}
