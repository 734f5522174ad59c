//go:build !unix

package store

import "os"

// openOwn opens a file. Mode and owner say nothing about readers here.
func openOwn(path string, flag int) (*os.File, error) { return os.OpenFile(path, flag, 0o600) }

// lockFile does nothing where the standard library has no lock. SQLite's own still keeps a second
// process away.
func lockFile(*os.File) error { return nil }
