//go:build !unix

package localkms

import "os"

// lockFile does nothing where the standard library has no lock to offer.
func lockFile(*os.File) error { return nil }

// checkMode does nothing where a file's mode says nothing about readers.
func checkMode(*os.File) error { return nil }
