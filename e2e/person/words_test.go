package person

import (
	"cmp"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"keyferry/components/text"
	"keyferry/e2e/program"
)

// Every test that the page "What this proves" and SECURITY.md name is there.
func TestEveryNamedTestExists(t *testing.T) {
	tests := map[string]bool{}
	err := filepath.WalkDir(program.Source("."), func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.Name() == "node_modules" {
			return cmp.Or(err, fs.SkipDir)
		}
		if strings.HasSuffix(name, "_test.go") {
			content, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			for _, match := range regexp.MustCompile(`(?m)^func (Test\w+)\(`).FindAllSubmatch(content, -1) {
				tests[string(match[1])] = true
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	document, err := os.ReadFile(program.Source("SECURITY.md"))
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile(`\bTest[A-Z]\w+`).FindAllString(string(document), -1)
	if len(named) < 5 {
		t.Errorf("SECURITY.md names %d tests", len(named))
	}
	for _, list := range append(slices.Clone(text.HoldsTests), text.CannotTests...) {
		named = append(named, list...)
	}
	for _, name := range named {
		if !tests[name] {
			t.Errorf("there is no %s", name)
		}
	}
}
