// Command pack writes the compressed twins of static files:
//
//	go run ./web/pack web/static
//
// Each file that a browser loads gets a .br and a .gz beside it, which the console serves in its
// place. The output depends on the files alone.
package main

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"

	"github.com/andybalholm/brotli"
	"golang.org/x/sync/errgroup"
)

// compressible are the kinds of files that gain by it.
var compressible = []string{".css", ".js", ".svg", ".wasm"}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: pack FOLDER")
		os.Exit(2)
	}
	if err := pack(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "web/pack:", err)
		os.Exit(1)
	}
}

// pack writes the missing and outdated twins below a folder, and removes twins whose file is gone.
func pack(folder string) error {
	var writers errgroup.Group
	writers.SetLimit(runtime.NumCPU())
	walked := filepath.WalkDir(folder, func(file string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil || entry.IsDir():
			return err
		case slices.ContainsFunc(twins, func(t twin) bool { return filepath.Ext(file) == t.suffix }):
			return removeOrphan(file)
		case !slices.Contains(compressible, filepath.Ext(file)):
			return nil
		}
		content, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		for _, t := range twins {
			writers.Go(func() error {
				if err := t.write(file+t.suffix, content); err != nil {
					return fmt.Errorf("compressing %s: %v", file, err)
				}
				return nil
			})
		}
		return nil
	})
	return errors.Join(walked, writers.Wait())
}

func removeOrphan(file string) error {
	_, err := os.Stat(file[:len(file)-len(filepath.Ext(file))])
	if errors.Is(err, fs.ErrNotExist) {
		return os.Remove(file)
	}
	return err
}

// twin is a compressed form that is served in place of a file.
type twin struct {
	suffix     string
	compress   func(io.Writer) (io.WriteCloser, error)
	decompress func(io.Reader) (io.Reader, error)
}

// twins are deterministic: neither form holds a time or a name.
var twins = []twin{
	{
		suffix: ".br",
		compress: func(w io.Writer) (io.WriteCloser, error) {
			return brotli.NewWriterOptions(w, brotli.WriterOptions{Quality: brotli.BestCompression, LGWin: 24}), nil
		},
		decompress: func(r io.Reader) (io.Reader, error) { return brotli.NewReader(r), nil },
	},
	{
		suffix:     ".gz",
		compress:   func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriterLevel(w, gzip.BestCompression) },
		decompress: func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) },
	},
}

// write writes the twin of content. Compressing takes seconds and decompressing does not: a twin
// that opens to the content is kept.
func (t twin) write(file string, content []byte) error {
	if old, err := os.ReadFile(file); err == nil && t.opensTo(old, content) {
		return nil
	}
	var compressed bytes.Buffer
	writer, err := t.compress(&compressed)
	if err != nil {
		return err
	}
	if _, err := writer.Write(content); err != nil {
		return err
	}
	if err := writer.Close(); err != nil {
		return err
	}
	return os.WriteFile(file, compressed.Bytes(), 0o644)
}

// opensTo reports whether compressed opens to the content.
func (t twin) opensTo(compressed, content []byte) bool {
	reader, err := t.decompress(bytes.NewReader(compressed))
	if err != nil {
		return false
	}
	opened, err := io.ReadAll(reader)
	return err == nil && bytes.Equal(opened, content)
}
