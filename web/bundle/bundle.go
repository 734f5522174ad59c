// Package bundle joins the scripts of the desk, which is one file and can import nothing. The console's scripts stay as
// they are written. The output is the source with its imports resolved: nothing is shortened or renamed without need, so
// that a person can read it.
package bundle

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/evanw/esbuild/pkg/api"
)

// entries are the scripts that are joined, by the name of the result. Both become plain scripts: a page from a disk has no
// origin, and browsers load no modules for it.
var entries = map[string]string{
	"page.js":   "js/desk_file.js",
	"worker.js": "js/worker.js",
}

// Desk joins the page's script and the worker's of the desk, from the folder with the static files. The results are
// named page.js and worker.js.
func Desk(static string) (map[string][]byte, error) {
	scripts := map[string][]byte{}
	for name, entry := range entries {
		joined, err := join(filepath.Join(static, filepath.FromSlash(entry)))
		if err != nil {
			return nil, fmt.Errorf("joining %s: %v", entry, err)
		}
		scripts[name] = joined
	}
	return scripts, nil
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
