package store

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
)

// Open returns the store that a state file keeps, or a new one; an empty path keeps the state in
// memory. A new store is filled by plant before anything is written, so a file never has half of
// a seed.
//
// The state is two files: path, and path with ".key", which holds the key that the first is
// encrypted under. Both must be files of their own, not links, and the key readable by its owner
// alone. One process at a time can use them.
func Open(path string, log *slog.Logger, plant func(*Store) error) (*Store, error) {
	s := New(log)
	if path == "" {
		return s, plant(s)
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("opening state file: %v", err)
	}
	keys, err := openKeyFile(path + ".key")
	if err != nil {
		return nil, fmt.Errorf("opening state file: %w", err)
	}
	if s.file, err = openDatabase(path, keys, s, plant); err != nil {
		keys.file.Close()
		return nil, fmt.Errorf("opening state file %s: %w", path, err)
	}
	s.file.lock = keys.file
	return s, nil
}

// openDatabase opens or creates the file at path. A new one is made under another name and gets
// its own when it and its key are whole, so a process that is killed leaves nothing half made.
func openDatabase(path string, keys *keyFile, s *Store, plant func(*Store) error) (*database, error) {
	isNew, err := missing(path)
	if err != nil {
		return nil, err
	}
	if isNew && keys.empty {
		if err := create(path+".new", keys, s, plant); err != nil {
			return nil, err
		}
	}
	if isNew {
		// Not after a kill between the two steps, nor just created: then there is only a key.
		if err := os.Rename(path+".new", path); errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("it does not exist, but its key file does: bring the file back, or delete %s.key to start anew", path)
		} else if err != nil {
			return nil, err
		}
		if err := syncDir(filepath.Dir(path)); err != nil {
			return nil, err
		}
		clear(s.accounts) // what counts is what the file holds
	}
	if keys.empty {
		return nil, fmt.Errorf("its key file %s.key is empty: bring the key back, or delete both to start anew", path)
	}
	return openExisting(path, keys, s)
}

// create makes the file of a new store, and then writes its key.
func create(path string, keys *keyFile, s *Store, plant func(*Store) error) error {
	if err := plant(s); err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	d, err := connect(path)
	if err != nil {
		return err
	}
	keys.generate()
	d.seal = newSealer(keys.key)
	if err := errors.Join(d.create(s), d.close()); err != nil {
		return err
	}
	return keys.write()
}

func openExisting(path string, keys *keyFile, s *Store) (*database, error) {
	if err := recognise(path); err != nil {
		return nil, err
	}
	d, err := connect(path)
	if err != nil {
		return nil, damaged(err)
	}
	d.seal = newSealer(keys.key)
	if err = d.load(s); err == nil {
		err = d.checkSize(path)
	}
	if err != nil {
		d.close()
		return nil, err
	}
	return d, nil
}

// missing reports whether there is no file at path; a link is an error, wherever it leads.
func missing(path string) (bool, error) {
	for _, name := range []string{path, path + "-journal", path + ".new"} {
		info, err := os.Lstat(name)
		if err == nil && !info.Mode().IsRegular() {
			return false, fmt.Errorf("%s is not a file of its own, but a link or something else: remove it", name)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return false, err
		}
	}
	_, err := os.Lstat(path)
	return err != nil, nil
}

// recognise refuses a file that is not an SQLite file, and says what to do with an older one.
func recognise(path string) error {
	file, err := openOwn(path, os.O_RDONLY)
	if err != nil {
		return err
	}
	defer file.Close()
	start := make([]byte, 100)
	n, _ := file.Read(start)
	switch {
	case bytes.HasPrefix(start, []byte("SQLite format 3\x00")) && n == len(start):
		return nil
	case bytes.HasPrefix(start, []byte("# State of a Keyferry local KMS")):
		return errors.New("an earlier Keyferry wrote it, in a form that this one does not read: " +
			"name another file, or delete it with its .key file to start anew")
	case n == 0:
		return fmt.Errorf("it is empty; %w", errDamaged)
	}
	return errors.New("it is not the state of a local KMS: name another file")
}

// checkSize finds a file that was cut inside its last page, which SQLite reads as zeros.
func (d *database) checkSize(path string) error {
	var pages, size int64
	if err := d.value(&pages, "PRAGMA page_count"); err != nil {
		return damaged(err)
	}
	if err := d.value(&size, "PRAGMA page_size"); err != nil {
		return damaged(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.Size() != pages*size {
		return fmt.Errorf("it was cut; %w", errDamaged)
	}
	return nil
}

// syncDir makes a renaming durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
