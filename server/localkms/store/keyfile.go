package store

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
)

// keyFile is the file with the key of a state file, 64 hex digits. It is locked while it is open:
// that keeps a second process away from the state.
type keyFile struct {
	file  *os.File
	key   []byte
	empty bool // the state has not been created yet
}

// openKeyFile opens and locks a key file, and makes an empty one if there is none.
func openKeyFile(path string) (*keyFile, error) {
	file, err := openOwn(path, os.O_RDWR|os.O_CREATE)
	if err != nil {
		return nil, fmt.Errorf("key file: %w", err)
	}
	k := &keyFile{file: file}
	if err = lockFile(file); err == nil {
		err = k.read()
	}
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("key file %s: %w", path, err)
	}
	return k, nil
}

func (k *keyFile) read() error {
	text, err := io.ReadAll(io.LimitReader(k.file, 2*sealerKeySize+2))
	if err != nil {
		return err
	}
	if k.empty = len(text) == 0; k.empty {
		return nil
	}
	k.key, err = hex.DecodeString(string(bytes.TrimSpace(text)))
	if err != nil || len(k.key) != sealerKeySize {
		return errors.New("it does not hold 64 hex digits")
	}
	// Nobody's random key looks so, but a key that somebody put there may.
	if bytes.Count(k.key, k.key[:1]) == len(k.key) {
		return errors.New("it holds one byte again and again, which is not a key that this program made: delete it")
	}
	return nil
}

// generate makes a fresh key, which is not in the file yet.
func (k *keyFile) generate() {
	k.key = make([]byte, sealerKeySize)
	rand.Read(k.key) // never fails: crypto/rand ends the program first
}

func (k *keyFile) write() error {
	if _, err := k.file.WriteAt([]byte(hex.EncodeToString(k.key)+"\n"), 0); err != nil {
		return err
	}
	k.empty = false
	return k.file.Sync()
}
