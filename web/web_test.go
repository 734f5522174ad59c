package web_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/andybalholm/brotli"

	"keyferry/web"
)

func TestDigestNamesTheWholeTree(t *testing.T) {
	digest := func(files fstest.MapFS) string {
		t.Helper()
		tree, err := web.ReadTree(files)
		if err != nil {
			t.Fatal(err)
		}
		return tree.Digest()
	}
	base := fstest.MapFS{"a.css": {Data: []byte("a")}, "js/b.js": {Data: []byte("b")}}
	want := digest(base)
	if len(want) != 32 {
		t.Errorf("the digest %q has not 32 digits", want)
	}
	for name, other := range map[string]fstest.MapFS{
		"other content": {"a.css": {Data: []byte("x")}, "js/b.js": {Data: []byte("b")}},
		"other name":    {"c.css": {Data: []byte("a")}, "js/b.js": {Data: []byte("b")}},
		"one more":      {"a.css": {Data: []byte("a")}, "js/b.js": {Data: []byte("b")}, "c.svg": {}},
	} {
		if digest(other) == want {
			t.Errorf("%s: the digest is the same", name)
		}
	}
	base["a.css.br"] = &fstest.MapFile{Data: []byte("twin")}
	base[".gitignore"] = &fstest.MapFile{Data: []byte("*")}
	if digest(base) != want {
		t.Error("twins and files that no browser loads change the digest")
	}
}

func TestIntegrity(t *testing.T) {
	tree, err := web.ReadTree(fstest.MapFS{"a.js": {Data: []byte("hello world\n")}})
	if err != nil {
		t.Fatal(err)
	}
	// printf 'hello world\n' | openssl dgst -sha256 -binary | base64
	if got, err := tree.Integrity("a.js"); err != nil || got != "sha256-qUiQTy8PR5uPgZdpSzAYSw0u0cHNKh7A+4XSmaGSpEc=" {
		t.Errorf("Integrity = %q, %v", got, err)
	}
	if _, err := tree.SHA256(web.Module); !errors.Is(err, web.ErrNoModule) {
		t.Errorf("a missing module is %v, want %v", err, web.ErrNoModule)
	}
}

// Twins that do not open to their file would make the console serve something else than what it
// names.
func TestTwinsOpenToTheirFiles(t *testing.T) {
	twins, err := filepath.Glob("static/*/*.br")
	if err != nil {
		t.Fatal(err)
	}
	if len(twins) == 0 && !testing.Short() {
		t.Fatal("there are no twins: run make wasm")
	}
	for _, twin := range twins {
		plain, err := os.ReadFile(strings.TrimSuffix(twin, ".br"))
		if err != nil {
			t.Fatal(err)
		}
		compressed, err := os.ReadFile(twin)
		if err != nil {
			t.Fatal(err)
		}
		opened, err := io.ReadAll(brotli.NewReader(bytes.NewReader(compressed)))
		if err != nil || !bytes.Equal(opened, plain) {
			t.Errorf("%s does not open to its file (%v): run make wasm", twin, err)
		}
	}
}

// Every script takes part in type checking.
func TestScriptsAreTypeChecked(t *testing.T) {
	scripts, err := filepath.Glob("pages/*.js")
	asWritten, _ := filepath.Glob("static/js/*.js")
	if err != nil || len(scripts) == 0 || len(asWritten) == 0 {
		t.Fatalf("finding the scripts: %v, %v, %v", scripts, asWritten, err)
	}
	for _, script := range append(scripts, asWritten...) {
		content, err := os.ReadFile(script)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.HasPrefix(content, []byte("// @ts-check\n")) {
			t.Errorf("%s does not begin with // @ts-check", script)
		}
	}
}

// imported is what a script imports from beside it.
var imported = regexp.MustCompile(`(?m)^(?:import|export) (?:.* from )?"\./(\w+\.js)"`)

// No script imports itself by way of others: each can be read when those that it imports are known.
func TestScriptsImportInNoCircle(t *testing.T) {
	const reading, read = 1, 2
	state := map[string]int{}
	edges := 0
	var visit func(path []string)
	visit = func(path []string) {
		name := path[len(path)-1]
		switch state[name] {
		case reading:
			t.Errorf("the scripts import each other: %s", strings.Join(path, ", "))
		case 0:
			state[name] = reading
			content, err := os.ReadFile(filepath.Join("pages", name))
			if err != nil {
				t.Fatal(err)
			}
			for _, match := range imported.FindAllSubmatch(content, -1) {
				edges++
				visit(append(slices.Clone(path), string(match[1])))
			}
			state[name] = read
		}
	}
	scripts, err := filepath.Glob("pages/*.js")
	if err != nil {
		t.Fatal(err)
	}
	for _, script := range scripts {
		visit([]string{filepath.Base(script)})
	}
	if edges < 100 {
		t.Errorf("%d scripts have %d imports: most were not seen", len(scripts), edges)
	}
}
