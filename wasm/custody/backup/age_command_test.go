//go:build !js

package backup_test

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"keyferry/wasm/custody/backup"
)

// program returns the path of a program of the named Debian package.
func program(t *testing.T, name, from string) string {
	t.Helper()
	if testing.Short() {
		t.Skip("runs the age command")
	}
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("this test needs the program %s: install the package %s", name, from)
	}
	return path
}

func run(t *testing.T, command *exec.Cmd) []byte {
	t.Helper()
	command.Stderr = t.Output()
	output, err := command.Output()
	if err != nil {
		t.Fatalf("running %s: %v", command.Path, err)
	}
	return output
}

func writeFile(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestAgeOpens has the age command open what we make to a recipient, and opens what
// it makes.
func TestAgeOpens(t *testing.T) {
	age := program(t, "age", "age")
	v, m, folder := readVectors(t), randomMaterial(t), t.TempDir()
	identity, file := filepath.Join(folder, "identity"), filepath.Join(folder, "backup.age")
	writeFile(t, identity, []byte(v.Identity+"\n"))
	writeFile(t, file, makeBackup(t, m, backup.To{Recipients: []string{v.Recipient}}))
	if opened := run(t, exec.CommandContext(t.Context(), age, "-d", "-i", identity, file)); !bytes.Equal(opened, m[:]) {
		t.Errorf("the age command gave %d bytes, and not the key", len(opened))
	}
	for _, armor := range [][]string{nil, {"-a"}} {
		command := exec.CommandContext(t.Context(), age, append(armor, "-r", v.Recipient)...)
		command.Stdin = bytes.NewReader(m[:])
		restored(t, run(t, command), backup.With{Identity: []byte(v.Identity)}, "ok", m)
	}
}

// TestAgeOpensWithPassphrase has the age command open what we make to a passphrase: a generated
// one, and one whose accents are typed in one character or in two. Neither we nor age take these
// for the same.
func TestAgeOpensWithPassphrase(t *testing.T) {
	generated, err := backup.GeneratePassphrase()
	if err != nil {
		t.Fatal(err)
	}
	composed, decomposed := "Schl\u00fcssel \u5bc6\u94a5 caf\u00e9", "Schlu\u0308ssel \u5bc6\u94a5 cafe\u0301"
	for _, passphrase := range []string{string(generated), composed, decomposed} {
		t.Run(passphrase, func(t *testing.T) { ageOpens(t, []byte(passphrase)) })
	}
	m := randomMaterial(t)
	file := makeBackup(t, m, backup.To{Passphrase: []byte(composed), WorkFactor: 15})
	restored(t, file, backup.With{Passphrase: []byte(composed)}, "ok", m)
	restored(t, file, backup.With{Passphrase: []byte(decomposed)}, backup.CodeWrongPassphrase, nil)
}

// ageOpens has the age command open a backup. It asks for the passphrase on a terminal, which the
// program script plays.
func ageOpens(t *testing.T, passphrase []byte) {
	age, script := program(t, "age", "age"), program(t, "script", "bsdutils")
	m, folder := randomMaterial(t), t.TempDir()
	file, opened := filepath.Join(folder, "backup.age"), filepath.Join(folder, "key")
	writeFile(t, file, makeBackup(t, m, backup.To{Passphrase: passphrase, WorkFactor: 16}))
	command := exec.CommandContext(t.Context(), script, "-qec", age+" -d -o "+opened+" "+file, "/dev/null")
	keyboard, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	screen, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	reader := bufio.NewReader(screen)
	shown, err := reader.ReadString(':')
	if err != nil || !strings.Contains(shown, "passphrase") {
		t.Fatalf("the age command shows %q, %v", shown, err)
	}
	if _, err := keyboard.Write(append(passphrase, '\n')); err != nil {
		t.Fatal(err)
	}
	// The keyboard stays open until the command has ended: script takes its end for
	// the end of everything.
	rest, _ := reader.ReadString(0)
	if err := command.Wait(); err != nil {
		t.Fatalf("opening with the age command: %v, %q", err, rest)
	}
	if content, err := os.ReadFile(opened); err != nil || !bytes.Equal(content, m[:]) {
		t.Errorf("the age command gave %d bytes, and not the key: %v", len(content), err)
	}
}
