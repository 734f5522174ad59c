// Command join joins scripts, so that each page loads one:
//
//	go run ./web/join web
//
// The scripts of the console's pages go to static/pages. Those of the desk go to desk: it is one
// file and can import nothing. The output is the source with its imports resolved: nothing is
// shortened or renamed without need, so that a person can read it. It depends on the sources alone.
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/evanw/esbuild/pkg/api"
)

// pages are the scripts of the console's pages, in the folder pages.
var pages = []string{
	"check", "desk", "drill", "import", "keys", "ledger", "lost", "many", "new_request", "plain",
	"request", "requests", "signin",
}

// desk are the scripts of the desk, by the name of the result. All become plain scripts: a page from
// a disk has no origin, and browsers load no modules for it.
var desk = map[string]string{
	"page.js":      "pages/desk_file.js",
	"connected.js": "pages/desk_connected.js",
	"many.js":      "pages/desk_many.js",
	"worker.js":    "static/js/worker.js",
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: join FOLDER")
		os.Exit(2)
	}
	if err := joinAll(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "web/join:", err)
		os.Exit(1)
	}
}

func joinAll(folder string) error {
	for _, page := range pages {
		name := page + ".js"
		if err := join(folder, "pages/"+name, "static/pages/"+name, api.FormatESModule); err != nil {
			return err
		}
	}
	for name, entry := range desk {
		if err := join(folder, entry, "desk/"+name, api.FormatIIFE); err != nil {
			return err
		}
	}
	return nil
}

// join joins a script and what it imports into one file.
func join(folder, entry, output string, format api.Format) error {
	absolute, err := filepath.Abs(folder)
	if err != nil {
		return err
	}
	result := api.Build(api.BuildOptions{
		EntryPoints:   []string{filepath.Join(absolute, filepath.FromSlash(entry))},
		AbsWorkingDir: absolute, // remarks in the output name files from here
		Bundle:        true,
		Format:        format,
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
		return fmt.Errorf("joining %s: %v", entry, errors.Join(errs...))
	}
	joined := result.OutputFiles[0].Contents
	return os.WriteFile(filepath.Join(folder, filepath.FromSlash(output)), joined, 0o644)
}
