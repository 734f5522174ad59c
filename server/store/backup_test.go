package store_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"keyferry/server/store"
	"keyferry/server/store/storetest"
)

// A backup that is made while others write is one state of the database, and restores to it.
func TestBackup(t *testing.T) {
	url := storetest.Empty(t, store.SQLite)
	db := storetest.Open(t, url)
	count(t, db)
	ctx, stop := context.WithCancel(t.Context())
	var writers sync.WaitGroup
	for range 2 {
		writers.Go(func() {
			for ctx.Err() == nil {
				if err := db.Write(context.WithoutCancel(ctx), increase); err != nil {
					t.Error(err)
				}
			}
		})
	}
	folder := t.TempDir()
	last := 0
	for _, name := range []string{"a", "b", "c"} {
		file, back := filepath.Join(folder, name), filepath.Join(folder, "back "+name+".db")
		least := counted(t, db)
		if err := store.Backup(t.Context(), "sqlite:"+url, file); err != nil {
			t.Fatal(err)
		}
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("the backup: %v, %v", info, err)
		}
		if err := store.Restore(t.Context(), file, back); err != nil {
			t.Fatal(err)
		}
		restored := storetest.Open(t, back)
		if last = counted(t, restored); last < least {
			t.Errorf("the backup has %d transactions, and %d were made before", last, least)
		}
		write(t, restored, increase)
	}
	stop()
	writers.Wait()
	if left, _ := filepath.Glob(filepath.Join(folder, "*.partial")); len(left) > 0 {
		t.Errorf("files are left over: %v", left)
	}
}

// What would overwrite something, or is no backup, is refused, and nothing is left behind.
func TestBackupRefuses(t *testing.T) {
	url := storetest.Empty(t, store.SQLite)
	count(t, storetest.Open(t, url))
	folder := t.TempDir()
	good, cut, other, text := filepath.Join(folder, "good"), filepath.Join(folder, "cut"), filepath.Join(folder, "other"), filepath.Join(folder, "text")
	if err := store.Backup(t.Context(), url, good); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{
		cut: content[:len(content)/2], text: []byte("text"), other: bytes.ReplaceAll(content, []byte("migrations"), []byte("migrationz")),
	} {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	new := filepath.Join(folder, "new.db")
	for words, try := range map[string]func() error{
		"good exists":            func() error { return store.Backup(t.Context(), url, good) },
		"no such file":           func() error { return store.Backup(t.Context(), url+".missing", new) },
		"stop the console":       func() error { return store.Restore(t.Context(), good, url) },
		"no whole database":      func() error { return store.Restore(t.Context(), cut, new) },
		"not a database":         func() error { return store.Restore(t.Context(), text, new) },
		"not one of Keyferry's":  func() error { return store.Restore(t.Context(), other, new) },
		"pg_dump and pg_restore": func() error { return store.Backup(t.Context(), "postgres://x", new) },
	} {
		if err := try(); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("the error is %v, want %q in it", err, words)
		}
		if _, err := os.Stat(new); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s: a file was written", words)
		}
	}
}
