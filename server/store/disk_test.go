package store_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"keyferry/server/store"
	"keyferry/server/store/storetest"
)

// What is deleted is gone from all files soon after, though the database is open.
func TestDeletedIsGone(t *testing.T) {
	url := storetest.Empty(t, store.SQLite)
	db := storetest.Open(t, url)
	count(t, db)
	secret := strings.Repeat("ciphertext", 1000)
	write(t, db, func(tx *store.Tx) error {
		if _, err := tx.Exec("CREATE TABLE kept (value TEXT)"); err != nil {
			return err
		}
		_, err := tx.Exec("INSERT INTO kept VALUES (?)", secret)
		return err
	})
	if !inFiles(t, url, "ciphertextciphertext") {
		t.Fatal("what was written is not in the files")
	}
	write(t, db, func(tx *store.Tx) error {
		_, err := tx.Exec("UPDATE kept SET value = ''")
		return err
	})
	for deadline := time.Now().Add(20 * time.Second); inFiles(t, url, "ciphertextciphertext"); {
		if time.Now().After(deadline) {
			t.Fatal("what was deleted is still in the files")
		}
		write(t, db, increase) // goes on under load
	}
}

// inFiles reports whether a text is in the file of a database or in those beside it.
func inFiles(t *testing.T, url, text string) bool {
	t.Helper()
	files, err := filepath.Glob(url + "*")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(content, []byte(text)) {
			return true
		}
	}
	return false
}

// A file that was cut is refused, and not read as if its end were empty.
func TestCutFile(t *testing.T) {
	url := storetest.Empty(t, store.SQLite)
	db, err := store.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	count(t, db)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(url)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("others can read the file: %v", info.Mode())
	}
	for _, size := range []int64{info.Size() - 100, info.Size() - 4096, 5000, 100} {
		if err := os.Truncate(url, size); err != nil {
			t.Fatal(err)
		}
		if db, err := store.Open(t.Context(), url); err == nil {
			db.Close()
			t.Errorf("a file of %d of %d bytes was opened", size, info.Size())
		}
	}
}

// Other files are refused, and left as they are.
func TestNotADatabase(t *testing.T) {
	file := filepath.Join(t.TempDir(), "letter.txt")
	text := []byte(strings.Repeat("Dear Sir or Madam. ", 100))
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if db, err := store.Open(t.Context(), file); err == nil {
		db.Close()
		t.Error("a letter was opened")
	}
	if now, err := os.ReadFile(file); err != nil || !bytes.Equal(now, text) {
		t.Errorf("the letter was changed (%v)", err)
	}
	for _, url := range []string{"", "sqlite:", "/", filepath.Join(file, "x"), "postgres://nobody:pa55word@127.0.0.1:1/none"} {
		_, err := store.Open(t.Context(), url)
		if err == nil || strings.Contains(fmt.Sprint(err), "pa55word") {
			t.Errorf("opening %q: %v", url, err)
		}
	}
}
