//go:build !js

package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
)

// asset is a file for the browser.
type asset struct {
	name    string
	content []byte
}

// install writes the asset where it is not there already. It returns a line that says what there
// is.
func (a asset) install(folder string) (string, error) {
	file := filepath.Join(folder, a.name)
	if !holds(file, a.content) {
		if err := writeWhole(file, a.content); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("%s: %d bytes, sha256 %x", a.name, len(a.content), sha256.Sum256(a.content)), nil
}

// holds reports whether the file has this content.
func holds(file string, content []byte) bool {
	old, err := os.ReadFile(file)
	return err == nil && bytes.Equal(old, content)
}

// writeWhole replaces the file in one step, so that a server that reads at the same time never sees
// half of it.
func writeWhole(file string, content []byte) error {
	temporary, err := os.CreateTemp(filepath.Dir(file), ".new-")
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name()) // fails, as it should, once renamed
	if _, err := temporary.Write(content); err != nil {
		temporary.Close()
		return err
	}
	if err := temporary.Chmod(0o644); err != nil {
		temporary.Close()
		return err
	}
	if err := temporary.Close(); err != nil {
		return err
	}
	return os.Rename(temporary.Name(), file)
}
