package program

import (
	"archive/tar"
	"errors"
	"io"
	"os"
	"strings"
	"testing"

	"filippo.io/age"
)

// Archived are the keys in an archive of many keys, by CMK.
func Archived(t testing.TB, archive, passphrase string) map[string][]byte {
	t.Helper()
	file, err := os.Open(archive)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	identity, err := age.NewScryptIdentity(passphrase)
	if err != nil {
		t.Fatal(err)
	}
	content, err := age.Decrypt(file, identity)
	if err != nil {
		t.Fatal(err)
	}
	keys := map[string][]byte{}
	for entries := tar.NewReader(content); ; {
		entry, err := entries.Next()
		if errors.Is(err, io.EOF) {
			return keys
		}
		if err != nil {
			t.Fatal(err)
		}
		if id, isKey := strings.CutSuffix(entry.Name, ".key"); isKey {
			if keys[id], err = io.ReadAll(entries); err != nil {
				t.Fatal(err)
			}
		}
	}
}
