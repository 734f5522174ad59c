//go:build unix

package localkms

import (
	"errors"
	"os"
	"syscall"
)

// lockFile keeps other processes from the state while the file is open. The
// system lets go of it when the process ends, however that comes.
func lockFile(file *os.File) error {
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return errors.New("another process uses this state")
	}
	return nil
}

// checkMode refuses a key that others may read.
func checkMode(file *os.File) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return errors.New("others may read it: its mode must be 0600")
	}
	return nil
}
