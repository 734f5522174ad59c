package build

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"keyferry/e2e/program"
	"keyferry/e2e/proof"
)

// TestProofBuild runs make build on two copies of the sources, in folders of different names and
// depths, the second time in an environment full of settings that change a program. Every file that
// it makes must be the same in both. In the long form the second has an empty build cache, an empty
// module cache and no compressed files; the short one builds on what is there already.
func TestProofBuild(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the program three times")
	}
	began := time.Now()
	base := t.TempDir()
	plain := copyOfSources(t, filepath.Join(base, "a"))
	hostile := copyOfSources(t, filepath.Join(base, "a longer name", "of 名字", "b"))
	hostile.env = append(hostile.env, upsetting(t, hostile.folder)...)
	form := "the caches that are there"
	if *proof.Full {
		form = "empty caches beside those that are there"
		hostile.ownCaches(t, filepath.Join(base, "c", "b"))
	} else {
		hostile.takeTwins(t)
	}
	plain.takeTwins(t)
	first, second := plain.make(t, "build"), hostile.make(t, "build")
	for name, sum := range first {
		if second[name] != sum {
			t.Errorf("%s: two builds of the same sources give %.16s… and %.16s…", name, sum, second[name])
		}
	}
	if len(first) != len(second) || first[builtProgram] == "" || first["web/static/wasm/keyferry.wasm"] == "" {
		t.Errorf("the builds made %d and %d files", len(first), len(second))
	}

	// Were the sums not of what was built, no change could show.
	plain.append(t, "web/pages/copy.js", "addEventListener(\"changed\", () => {})\n")
	target, changes := "wasm", "web/static/pages/import.js"
	if *proof.Full {
		target, changes = "build", builtProgram
	}
	if changed := plain.make(t, target); changed[changes] == first[changes] {
		t.Errorf("one line more in a script gives the same %s: what was compared was not what was built", changes)
	}
	proof.Findings.Add(proof.Findings.About("Checkable build", "two folders, hostile environment in the second, and", "files compared", "different", "seconds"),
		form, strconv.Itoa(len(first)), strconv.Itoa(different(first, second)), fmt.Sprintf("%.0f", time.Since(began).Seconds()))
}

// builtProgram is what make build makes, as a path in the tree.
const builtProgram = "bin/keyferry"

func different(first, second map[string]string) int {
	count := 0
	for name, sum := range first {
		if second[name] != sum {
			count++
		}
	}
	return count
}

// sources is a copy of the repository's files.
type sources struct {
	folder string
	env    []string
}

// copyOfSources copies the files that git tracks, and those that are new and not ignored.
func copyOfSources(t *testing.T, folder string) *sources {
	t.Helper()
	list := exec.Command("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	list.Dir = program.Source(".")
	output, err := list.Output()
	if err != nil {
		t.Fatalf("listing the sources: %v", err)
	}
	s := &sources{folder: folder}
	for name := range strings.SplitSeq(string(output), "\x00") {
		if info, err := os.Lstat(program.Source(name)); name != "" && err == nil && info.Mode().IsRegular() {
			s.take(t, name)
		}
	}
	return s
}

// take copies one file of the repository.
func (s *sources) take(t *testing.T, name string) {
	t.Helper()
	content, err := os.ReadFile(program.Source(name))
	if err != nil {
		t.Fatal(err)
	}
	target := filepath.Join(s.folder, name)
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(target, content, 0o644); err != nil {
		t.Fatal(err)
	}
}

// takeTwins copies the compressed files too, which take longer to make than everything else.
func (s *sources) takeTwins(t *testing.T) {
	t.Helper()
	err := filepath.WalkDir(program.Source("web/static"), func(name string, entry fs.DirEntry, err error) error {
		if err == nil && (strings.HasSuffix(name, ".br") || strings.HasSuffix(name, ".gz")) {
			s.take(t, filepath.ToSlash(strings.TrimPrefix(name, program.Source(".")+string(filepath.Separator))))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// upsetting is an environment that would change the program if the Makefile let it.
func upsetting(t *testing.T, folder string) []string {
	t.Helper()
	stored := filepath.Join(folder, "stored.env")
	if err := os.WriteFile(stored, []byte("GOAMD64=v3\nGOARM64=v9.0\nGOFIPS140=latest\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	return []string{
		"CGO_ENABLED=1",
		"GOENV=" + stored,
		"GOEXPERIMENT=nogreenteagc",
		"GOFLAGS=-ldflags=-X=main.version=9 -buildvcs=true -tags=custody",
		"GOOS=" + runtime.GOOS,
		"GOWASM=satconv",
		"LANG=zh_CN.UTF-8",
		"TZ=Asia/Shanghai",
	}
}

// ownCaches gives the copy a build cache and a module cache of its own. The second is filled from
// the present one, so that nothing is fetched.
func (s *sources) ownCaches(t *testing.T, folder string) {
	t.Helper()
	present, err := exec.Command("go", "env", "GOMODCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	modules := filepath.Join(folder, "modules")
	s.env = append(s.env,
		"GOCACHE="+filepath.Join(folder, "build"),
		"GOMODCACHE="+modules,
		"GOPROXY=file://"+filepath.ToSlash(strings.TrimSpace(string(present)))+"/cache/download",
		"GOSUMDB=off",
	)
	t.Cleanup(func() { // modules are kept read-only, folders included
		filepath.WalkDir(modules, func(name string, entry fs.DirEntry, err error) error {
			if err == nil && entry.IsDir() {
				return os.Chmod(name, 0o755)
			}
			return nil
		})
	})
}

// append adds to a file of the copy.
func (s *sources) append(t *testing.T, name, text string) {
	t.Helper()
	file, err := os.OpenFile(filepath.Join(s.folder, name), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteString(text); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
}

// make runs make and returns the SHA-256 of the program and of every file that goes into it for a
// browser.
func (s *sources) make(t *testing.T, targets ...string) map[string]string {
	t.Helper()
	command := exec.Command("make", targets...)
	command.Dir, command.Env = s.folder, append(os.Environ(), s.env...)
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("make %s: %v\n%s", targets, err, bytes.TrimSpace(output))
	}
	sums := map[string]string{}
	for _, built := range []string{"bin", "web/static"} {
		err := fs.WalkDir(os.DirFS(s.folder), built, func(name string, entry fs.DirEntry, err error) error {
			if name == built && errors.Is(err, fs.ErrNotExist) {
				return nil // make release makes no bin
			}
			if err != nil || entry.IsDir() {
				return err
			}
			content, err := os.ReadFile(filepath.Join(s.folder, name))
			sum := sha256.Sum256(content)
			sums[name] = hex.EncodeToString(sum[:])
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return sums
}
