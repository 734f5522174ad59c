//go:build !js

package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

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
