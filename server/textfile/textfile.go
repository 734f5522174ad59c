// Package textfile reads files that people write: settings, lists of keys, certificates. It bounds
// what it reads and understands the byte order marks that editors on Windows put first. Its errors
// do not hold the name of the file, so that a caller decides whether to show it.
package textfile

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// Limit is how many bytes Read takes at most.
const Limit = 16 << 20

// Read returns the text of a file in UTF-8 without a byte order mark. UTF-16 is converted when a
// byte order mark announces it. A pipe is read to its end.
func Read(name string) ([]byte, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, unnamed(err)
	}
	defer file.Close()
	return decode(file, Limit)
}

// ReadRegular is Read for a file that a running program looks into by itself. It refuses what could
// keep it waiting for ever, such as a named pipe or a device, and more than limit bytes.
func ReadRegular(name string, limit int64) ([]byte, error) {
	file, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0) // a named pipe opens at once
	if err != nil {
		return nil, unnamed(err)
	}
	defer file.Close()
	info, err := file.Stat()
	switch {
	case err != nil:
		return nil, unnamed(err)
	case info.IsDir():
		return nil, errors.New("it is a directory")
	case !info.Mode().IsRegular():
		return nil, errors.New("it is not a regular file")
	}
	return decode(file, limit)
}

// Certificates returns the certificates of a PEM file. An empty name means none of its own: the
// result is nil, which crypto/tls takes as the system's.
func Certificates(name string) (*x509.CertPool, error) {
	if name == "" {
		return nil, nil
	}
	text, err := Read(name)
	if err != nil {
		return nil, fmt.Errorf("reading the CA file %s: %w", name, err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("reading the CA file: %s holds no PEM certificate", name)
	}
	return roots, nil
}

func decode(file io.Reader, limit int64) ([]byte, error) {
	content, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err != nil {
		return nil, unnamed(err)
	}
	if int64(len(content)) > limit {
		return nil, fmt.Errorf("it is larger than %d KiB", limit>>10)
	}
	text, _, err := transform.Bytes(unicode.BOMOverride(transform.Nop), content)
	if err != nil {
		return nil, errors.New("its text cannot be decoded")
	}
	return text, nil
}

// unnamed leaves the file's name out of an error.
func unnamed(err error) error {
	var named *fs.PathError
	if errors.As(err, &named) {
		return named.Err
	}
	return err
}
