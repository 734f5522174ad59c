package patch

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"keyferry/e2e/program"
)

// WriteDesk writes the desk's file as a program does whose joiner of scripts is changed.
func (p *Patch) WriteDesk(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	join, server, desk := filepath.Join(folder, "join"), filepath.Join(folder, "keyferry"), filepath.Join(folder, "desk.html")
	p.Build(t, join, nil, "./web/join")
	run(t, join, program.Source("web/static"), folder)
	joined := &Patch{files: map[string][]byte{}}
	for _, name := range []string{"page.js", "worker.js"} {
		content, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		joined.files[program.Source("web/desk/"+name)] = content
	}
	joined.Build(t, server, nil, "./server")
	run(t, server, "desk", desk)
	return desk
}

func run(t *testing.T, name string, arguments ...string) {
	t.Helper()
	if output, err := exec.CommandContext(t.Context(), name, arguments...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", filepath.Base(name), err, output)
	}
}
