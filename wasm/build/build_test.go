//go:build !js

package main

import (
	"crypto/sha256"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// TestReproducible builds the module here, and from a copy of its sources: in another folder, with
// an empty build cache and in an environment full of settings that change a module. The bytes must
// be the same.
func TestReproducible(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles the standard library")
	}
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(root)
	plain, err := buildModule(modulePackage, "")
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"CGO_ENABLED":  "1",
		"GOEXPERIMENT": "nogreenteagc",
		"GOFIPS140":    "latest",
		"GOFLAGS":      "-ldflags=-X=main.x=y -buildvcs=true",
		"GOOS":         "linux",
		"GOWASM":       "satconv",
	} {
		t.Setenv(name, value)
	}
	hostile := buildCopy(t, root, filepath.Join(t.TempDir(), "a longer name", "b"))
	if sha256.Sum256(plain) != hostile {
		t.Errorf("two builds of the same sources differ: %x and %x", sha256.Sum256(plain), hostile)
	}
}

// buildCopy copies what the module is built from into the folder, builds there with an empty cache,
// and returns the module's SHA-256.
func buildCopy(t *testing.T, root, folder string) [sha256.Size]byte {
	t.Helper()
	if err := os.CopyFS(filepath.Join(folder, "wasm"), os.DirFS(filepath.Join(root, "wasm"))); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"go.mod", "go.sum"} {
		content, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Chdir(folder)
	t.Setenv("GOCACHE", filepath.Join(folder, "cache"))
	module, err := buildModule(modulePackage, "")
	if err != nil {
		t.Fatal(err)
	}
	return sha256.Sum256(module)
}

// TestInstall checks that an asset is written, replaced when it changes, and left alone while it
// does not.
func TestInstall(t *testing.T) {
	folder := t.TempDir()
	for _, content := range []string{"the old text", "the new text"} {
		if _, err := (asset{"example.js", []byte(content)}).install(folder); err != nil {
			t.Fatal(err)
		}
		if got := readFile(t, folder, "example.js"); string(got) != content {
			t.Errorf("the asset is %q, want %q", got, content)
		}
	}
	before := inodes(t, folder)
	if _, err := (asset{"example.js", []byte("the new text")}).install(folder); err != nil {
		t.Fatal(err)
	}
	for name, info := range inodes(t, folder) {
		if !os.SameFile(info, before[name]) {
			t.Errorf("%s was written again, although nothing had changed", name)
		}
	}
}

func readFile(t *testing.T, folder, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func inodes(t *testing.T, folder string) map[string]fs.FileInfo {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	infos := map[string]fs.FileInfo{}
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil {
			t.Fatal(err)
		}
		infos[entry.Name()] = info
	}
	return infos
}
