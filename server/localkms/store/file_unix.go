//go:build unix

package store

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// openOwn opens a file that nobody else can have put there or can read: not a link, with one
// name, owned by this user, mode 0600. With os.O_CREATE it makes one that is so.
func openOwn(path string, flag int) (*os.File, error) {
	file, err := os.OpenFile(path, flag|syscall.O_NOFOLLOW, 0o600)
	if errors.Is(err, syscall.ELOOP) {
		return nil, fmt.Errorf("%s is a link: remove it", path)
	}
	if err != nil {
		return nil, err
	}
	if err := checkOwn(file); err != nil {
		file.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return file, nil
}

func checkOwn(file *os.File) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	switch {
	case !info.Mode().IsRegular():
		return errors.New("it is not a file")
	case info.Mode().Perm()&0o077 != 0:
		return errors.New("others may read it: its mode must be 0600")
	case ok && int(stat.Uid) != os.Geteuid():
		return errors.New("it belongs to another user: remove it")
	case ok && stat.Nlink != 1:
		return errors.New("it has a second name (a hard link): remove it")
	}
	return nil
}

// lockFile keeps other processes from the state while the file is open. The system releases the
// lock when the process ends, however it ends.
func lockFile(file *os.File) error {
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return errors.New("another process uses this state")
	}
	return nil
}
