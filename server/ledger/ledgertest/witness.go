// Package ledgertest runs what tests of the ledger need and others wrote.
package ledgertest

import (
	"bufio"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
	_ "modernc.org/sqlite" // the driver "sqlite"
)

// StartWitness runs litewitness, a witness that others wrote, for a log with a public key until the
// test ends. It returns the public key and the address of the witness.
func StartWitness(t *testing.T, origin, public string) (key, address string) {
	t.Helper()
	folder, err := os.MkdirTemp("", "w") // the path of a socket must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	program := filepath.Join(folder, "litewitness")
	build := exec.Command("go", "build", "-o", program, "filippo.io/torchwood/cmd/litewitness")
	build.Dir = source(t)
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the witness: %s", output)
	}
	socket, fingerprint := startAgent(t, folder)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address = listener.Addr().String()
	listener.Close()

	database := filepath.Join(folder, "witness.db")
	command := exec.Command(program, "-name=witness.example/one", "-db="+database, "-ssh-agent="+socket, "-key="+fingerprint, "-listen="+address)
	stderr, err := command.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		command.Process.Kill()
		command.Wait()
	})
	lines := bufio.NewScanner(stderr)
	for key == "" && lines.Scan() {
		if match := regexp.MustCompile(`vkey="?([^" ]+)`).FindStringSubmatch(lines.Text()); match != nil {
			key = match[1]
		}
	}
	go func() {
		for lines.Scan() {
		}
	}()
	introduce(t, database, origin, public)
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if connection, err := net.Dial("tcp", address); err == nil {
			connection.Close()
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the witness does not listen")
		}
	}
	return key, "http://" + address
}

// startAgent keeps a new key for the witness, which asks an SSH agent for signatures.
func startAgent(t *testing.T, folder string) (socket, fingerprint string) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	keys := agent.NewKeyring()
	if err := keys.Add(agent.AddedKey{PrivateKey: private}); err != nil {
		t.Fatal(err)
	}
	key, err := ssh.NewPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	socket = filepath.Join(folder, "agent")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			go agent.ServeAgent(keys, connection)
		}
	}()
	return socket, ssh.FingerprintSHA256(key)
}

// introduce tells the witness of the log, as its operator would.
func introduce(t *testing.T, database, origin, public string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+database+"?mode=rw&_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	empty := sha256.Sum256(nil) // the root of a tree without entries
	if _, err := db.Exec("INSERT INTO log (origin, tree_size, tree_hash) VALUES (?, 0, ?)",
		origin, base64.StdEncoding.EncodeToString(empty[:])); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("INSERT INTO key (origin, key) VALUES (?, ?)", origin, public); err != nil {
		t.Fatal(err)
	}
}

// source returns the folder of the module that pins the witness.
func source(t *testing.T) string {
	t.Helper()
	output, err := exec.Command("go", "list", "-f", "{{.Dir}}", "keyferry/server/ledger/ledgertest").Output()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(strings.TrimSpace(string(output)), "litewitness")
}
