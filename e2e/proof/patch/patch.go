// Package patch changes copies of source files: the product's, a dependency's or the toolchain's.
// It is how tests build a leak into the product.
package patch

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"keyferry/e2e/program"
)

// Patch is a set of source files as they are after a change.
type Patch struct {
	What  string // in one sentence
	files map[string][]byte
	bases map[string]bool // patches that others build on, which are applied once
}

// Read reads patches and applies them, one after the other, to the sources as they are now. The
// first line of one says what it does; a line "on NAME" names another patch in the same folder that
// comes first. Then come sections, each a line "file NAME" and changes: a line <<<<<<<, what is there
// now, a line =======, what is there afterwards, a line >>>>>>>. NAME is one of the repository, or one
// that begins with "module " and a path of a module, or with "toolchain ".
//
// What a change replaces must be there exactly once: a patch that no longer fits fails the test,
// since the leak would then not happen and nothing could catch it.
func Read(t *testing.T, names ...string) *Patch {
	t.Helper()
	p := &Patch{files: map[string][]byte{}, bases: map[string]bool{}}
	for _, name := range names {
		p.read(t, name)
	}
	if len(p.files) == 0 {
		t.Fatalf("%v changes nothing", names)
	}
	return p
}

// Of gives one file of the repository another content.
func Of(what, file string, content []byte) *Patch {
	return &Patch{What: what, files: map[string][]byte{program.Source(file): content}}
}

func (p *Patch) read(t *testing.T, name string) {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	what, rest, _ := strings.Cut(string(content), "\n")
	rest = strings.TrimLeft(rest, "\n")
	if line, more, ok := strings.Cut(rest, "\n"); ok && strings.HasPrefix(line, "on ") {
		if base := filepath.Join(filepath.Dir(name), strings.TrimPrefix(line, "on ")+".sabotage"); !p.bases[base] {
			p.bases[base] = true
			p.read(t, base)
		}
		rest = more
	}
	p.What = what
	for section := range strings.SplitSeq("\n"+strings.TrimLeft(rest, "\n"), "\nfile ") {
		file, changes, _ := strings.Cut(section, "\n")
		for change := range strings.SplitSeq(changes, "<<<<<<<\n") {
			if strings.TrimSpace(change) != "" {
				p.apply(t, name, file, change)
			}
		}
	}
}

func (p *Patch) apply(t *testing.T, name, file, change string) {
	t.Helper()
	before, after, separated := strings.Cut(change, "=======\n")
	after, _, ended := strings.Cut(after, ">>>>>>>")
	before, after = strings.TrimSuffix(before, "\n"), strings.TrimSuffix(after, "\n")
	if !separated || !ended || before == "" {
		t.Fatalf("%s: a change of %s is not written as one", name, file)
	}
	path := source(t, file)
	content, begun := p.files[path]
	if !begun {
		var err error
		if content, err = os.ReadFile(path); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	if n := strings.Count(string(content), before); n != 1 {
		t.Fatalf("%s no longer fits %s: %q is there %d times", name, file, before, n)
	}
	p.files[path] = []byte(strings.Replace(string(content), before, after, 1))
}

// source is the path of a file that a patch names.
func source(t *testing.T, name string) string {
	t.Helper()
	from, file, _ := strings.Cut(name, " ")
	switch from {
	case "toolchain":
		return filepath.Join(ask(t, "env", "GOROOT"), "src", filepath.FromSlash(file))
	case "module":
		module, file, _ := strings.Cut(file, " ")
		return filepath.Join(ask(t, "list", "-m", "-f", "{{.Dir}}", module), filepath.FromSlash(file))
	}
	return program.Source(name)
}

// ask returns what the go command prints. The answers stay the same while tests run, and each takes
// a second.
func ask(t *testing.T, arguments ...string) string {
	t.Helper()
	question := strings.Join(arguments, " ")
	if known, ok := asked.Load(question); ok {
		return known.(string)
	}
	command := exec.CommandContext(t.Context(), "go", arguments...)
	command.Stderr = t.Output()
	output, err := command.Output()
	if err != nil {
		t.Fatalf("go %s: %v", question, err)
	}
	answer := strings.TrimSpace(string(output))
	asked.Store(question, answer)
	return answer
}

// asked are the answers of the go command, by the question.
var asked sync.Map

// Build builds a package of the product with the changed files in place of the real ones, which
// stay as they are. What the patch changes of the console's pages is left out: see Static.
func (p *Patch) Build(t *testing.T, output string, environment []string, arguments ...string) {
	t.Helper()
	p.build(t, false, output, environment, arguments...)
}

// BuildWithPages is Build with the changed files of the console's pages, without compressed twins.
func (p *Patch) BuildWithPages(t *testing.T, output string, environment []string, arguments ...string) {
	t.Helper()
	p.build(t, true, output, environment, arguments...)
}

func (p *Patch) build(t *testing.T, pages bool, output string, environment []string, arguments ...string) {
	t.Helper()
	folder := t.TempDir()
	overlay := struct{ Replace map[string]string }{map[string]string{}}
	var flags []string
	built := maps.Clone(p.files)
	maps.DeleteFunc(built, func(path string, _ []byte) bool { return isOfPages(path) })
	if pages {
		for name, content := range p.Static(t) {
			path := program.Source("web/static/" + name)
			built[path] = content
			overlay.Replace[path+".br"], overlay.Replace[path+".gz"] = "", "" // there are none
		}
	}
	for path, content := range built {
		if module, version, ok := dependency(path); ok {
			flags = append(flags, p.copied(t, folder, module, version)...)
			continue
		}
		overlay.Replace[path] = filepath.Join(folder, fmt.Sprint(len(overlay.Replace))+filepath.Ext(path))
		if err := os.WriteFile(overlay.Replace[path], content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if len(overlay.Replace) == 0 && len(flags) == 0 {
		t.Fatal("the patch changes nothing that is built")
	}
	description, err := json.Marshal(overlay)
	if err != nil {
		t.Fatal(err)
	}
	// Nobody debugs what is built: without tables for that, linking takes a quarter less.
	flags = append(flags, "-overlay", program.Kept(t, "overlay.json", description), "-ldflags=-s -w", "-o", output)
	command := exec.CommandContext(t.Context(), "go", append(append([]string{"build"}, flags...), arguments...)...)
	command.Dir, command.Env = program.Source("."), append(os.Environ(), environment...)
	if complaint, err := command.CombinedOutput(); err != nil {
		t.Fatalf("building with the patch: %v\n%s", err, complaint)
	}
}

// isOfPages holds for a file that the console's pages load, or that web/join makes one of.
func isOfPages(path string) bool {
	return strings.HasPrefix(path, program.Source("web/static")) || strings.HasPrefix(path, program.Source("web/pages"))
}

// dependency takes the path of a file in the cache of modules apart.
func dependency(path string) (module, version string, ok bool) {
	_, below, ok := strings.Cut(filepath.ToSlash(path), "/pkg/mod/")
	module, rest, versioned := strings.Cut(below, "@")
	version, _, _ = strings.Cut(rest, "/")
	return module, version, ok && versioned
}

// copied makes a changed copy of a module, and returns the flags with which a build takes it: the
// toolchain lets nobody replace files in the cache.
func (p *Patch) copied(t *testing.T, folder, module, version string) []string {
	t.Helper()
	from := ask(t, "list", "-m", "-f", "{{.Dir}}", module)
	to := filepath.Join(folder, "module")
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	for path, content := range p.files {
		name, inside := strings.CutPrefix(path, from)
		if !inside {
			continue
		}
		changed := filepath.Join(to, name)
		if err := os.Chmod(changed, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(changed, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"go.mod", "go.sum"} {
		content, err := os.ReadFile(program.Source(name))
		if err != nil {
			t.Fatal(err)
		}
		if name == "go.mod" {
			content = fmt.Appendf(content, "\nreplace %s %s => %s\n", module, version, to)
		}
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return []string{"-modfile", filepath.Join(folder, "go.mod")}
}
