package patch

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"keyferry/components"
	"keyferry/e2e/program"
	"keyferry/server/desk"
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
		joined.files[program.Source("web/desk/"+name)] = program.ReadFile(t, filepath.Join(folder, name))
	}
	joined.Build(t, server, nil, "./server")
	run(t, server, "desk", desk)
	return desk
}

// WriteConnectedDesk writes a connected desk with the changed scripts. It may reach more than the
// KMS of its network, if more is given.
func (p *Patch) WriteConnectedDesk(t *testing.T, network desk.Network, more ...components.Reached) string {
	t.Helper()
	folder := t.TempDir()
	scripts := filepath.Join(folder, "static")
	for _, part := range []string{"js", "wasm"} {
		if err := os.CopyFS(filepath.Join(scripts, part), os.DirFS(program.Source("web/static/"+part))); err != nil {
			t.Fatal(err)
		}
	}
	for name, content := range p.Static() {
		program.WriteFile(t, filepath.Join(scripts, filepath.FromSlash(name)), content)
	}
	join := filepath.Join(folder, "join")
	run(t, "go", "build", "-o", join, "keyferry/web/join")
	run(t, join, scripts, folder)
	config, err := desk.EmbeddedConnected(network, "sabotaged")
	if err != nil {
		t.Fatal(err)
	}
	config.Page, config.Worker = program.ReadFile(t, filepath.Join(folder, "connected.js")), program.ReadFile(t, filepath.Join(folder, "worker.js"))
	config.Reached = append(config.Reached, more...)
	content, err := desk.File(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	return program.WriteFile(t, filepath.Join(folder, "desk.html"), content)
}

func run(t *testing.T, name string, arguments ...string) {
	t.Helper()
	if output, err := exec.CommandContext(t.Context(), name, arguments...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", filepath.Base(name), err, output)
	}
}
