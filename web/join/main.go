// Command join joins the scripts of the desk, which is one file and can import nothing:
//
//	go run ./web/join web/static web/desk
//
// The console's scripts stay as they are written. The output is the source with its imports
// resolved: nothing is shortened or renamed without need, so that a person can read it. It depends
// on the sources alone.
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/evanw/esbuild/pkg/api"
)

// entries are the scripts that are joined, by the name of the result. All become plain scripts: a
// page from a disk has no origin, and browsers load no modules for it.
var entries = map[string]string{
	"page.js":      "js/desk_file.js",
	"connected.js": "js/desk_connected.js",
	"many.js":      "js/desk_many.js",
	"worker.js":    "js/worker.js",
}

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: join STATIC OUTPUT")
		os.Exit(2)
	}
	for name, entry := range entries {
		if err := write(filepath.Join(os.Args[2], name), filepath.Join(os.Args[1], filepath.FromSlash(entry))); err != nil {
			fmt.Fprintf(os.Stderr, "web/join: joining %s: %v\n", entry, err)
			os.Exit(1)
		}
	}
}

// write joins an entry and what it imports into one file.
func write(file, entry string) error {
	joined, err := join(entry)
	if err != nil {
		return err
	}
	return os.WriteFile(file, joined, 0o644)
}

func join(entry string) ([]byte, error) {
	absolute, err := filepath.Abs(entry)
	if err != nil {
		return nil, err
	}
	result := api.Build(api.BuildOptions{
		EntryPoints:   []string{absolute},
		AbsWorkingDir: filepath.Dir(filepath.Dir(absolute)), // remarks in the output name files from here
		Bundle:        true,
		Format:        api.FormatIIFE,
		Target:        api.ES2022,
		Charset:       api.CharsetUTF8,
		LegalComments: api.LegalCommentsInline,
		Outfile:       "joined.js",
	})
	var errs []error
	for _, message := range append(result.Errors, result.Warnings...) {
		errs = append(errs, errors.New(message.Text))
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return result.OutputFiles[0].Contents, nil
}
