package store_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"keyferry/server/store"
)

// On a full disk a transaction fails with a clear error and leaves what was there; when there is
// room again, the same DB goes on.
func TestFullDisk(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can make a small disk")
	}
	disk := t.TempDir()
	if output, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", disk).CombinedOutput(); err != nil {
		t.Skipf("this machine lets nobody make a small disk: %s", output)
	}
	t.Cleanup(func() {
		if output, err := exec.Command("umount", disk).CombinedOutput(); err != nil {
			t.Errorf("%s", output)
		}
	})
	url := filepath.Join(disk, "keyferry.db")
	db, err := store.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() // before the disk goes
	count(t, db)
	write(t, db, func(tx *store.Tx) error {
		_, err := tx.Exec("CREATE TABLE filler (value TEXT)")
		return err
	})
	add := func(tx *store.Tx) error {
		if err := increase(tx); err != nil {
			return err
		}
		_, err := tx.Exec("INSERT INTO filler VALUES (?)", strings.Repeat("x", 20_000))
		return err
	}
	ballast := filepath.Join(disk, "ballast")
	made := 0
	for range 3 {
		if err := os.WriteFile(ballast, make([]byte, room(t, disk)-200_000), 0o600); err != nil {
			t.Fatal(err)
		}
		for {
			if err = db.Write(t.Context(), add); err != nil {
				break
			}
			made++
		}
		if !errors.Is(err, store.ErrFull) {
			t.Errorf("the error is %v", err)
		}
		if n := counted(t, db); n != made {
			t.Errorf("%d transactions are there, %d were made", n, made)
		}
		if err := os.Remove(ballast); err != nil {
			t.Fatal(err)
		}
		write(t, db, func(tx *store.Tx) error {
			if _, err := tx.Exec("DELETE FROM filler"); err != nil {
				return err
			}
			return increase(tx)
		})
		if made++; counted(t, db) != made {
			t.Errorf("after there was room again, %d transactions are there, %d were made", counted(t, db), made)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := store.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if n := counted(t, again); n != made {
		t.Errorf("%d transactions are there after a restart, %d were made", n, made)
	}
}

// room returns how many bytes fit on a disk.
func room(t *testing.T, disk string) uint64 {
	t.Helper()
	var stat syscall.Statfs_t
	if err := syscall.Statfs(disk, &stat); err != nil {
		t.Fatal(err)
	}
	return stat.Bavail * uint64(stat.Bsize)
}
