package patch

import (
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
	server, desk := filepath.Join(folder, "keyferry"), filepath.Join(folder, "desk.html")
	var scripts string
	if p.ChangesPages() {
		scripts = p.joined(t)
	} else {
		join := filepath.Join(folder, "join")
		p.Build(t, join, nil, "./web/join")
		scripts = p.copyScripts(t)
		run(t, join, scripts)
	}
	joined := &Patch{files: map[string][]byte{}}
	for _, name := range []string{"page.js", "worker.js"} {
		joined.files[program.Source("web/desk/"+name)] = program.ReadFile(t, filepath.Join(scripts, "desk", name))
	}
	joined.Build(t, server, nil, "./server")
	run(t, server, "desk", desk)
	return desk
}

// WriteConnectedDesk writes a connected desk with the changed scripts. It may reach more than the
// KMS of its network, if more is given.
func (p *Patch) WriteConnectedDesk(t *testing.T, network desk.Network, more ...components.Reached) string {
	t.Helper()
	config, err := desk.EmbeddedConnected(network, "sabotaged")
	if err != nil {
		t.Fatal(err)
	}
	scripts := filepath.Join(p.joined(t), "desk")
	config.Page, config.Worker = program.ReadFile(t, filepath.Join(scripts, "connected.js")), program.ReadFile(t, filepath.Join(scripts, "worker.js"))
	config.Reached = append(config.Reached, more...)
	content, err := desk.File(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	return program.WriteFile(t, filepath.Join(t.TempDir(), "desk.html"), content)
}

func run(t *testing.T, name string, arguments ...string) {
	t.Helper()
	command := exec.CommandContext(t.Context(), name, arguments...)
	command.Dir = program.Source(".")
	if output, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", filepath.Base(name), err, output)
	}
}
