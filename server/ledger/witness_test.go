package ledger

import (
	"bufio"
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"database/sql"
	"encoding/base64"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
	"golang.org/x/mod/sumdb/note"

	"keyferry/server/store"
	"keyferry/server/store/storetest"
)

// startWitness runs litewitness, a witness that others wrote, for the log of a key.
func startWitness(t *testing.T, log Key) Witness {
	t.Helper()
	folder, err := os.MkdirTemp("", "w") // the path of a socket must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	program := filepath.Join(folder, "litewitness")
	build := exec.Command("go", "build", "-o", program, "filippo.io/torchwood/cmd/litewitness")
	build.Dir = "testdata/witness"
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the witness: %s", output)
	}
	socket, fingerprint := startAgent(t, folder)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
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
	var key string
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
	introduce(t, database, log)
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if connection, err := net.Dial("tcp", address); err == nil {
			connection.Close()
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the witness does not listen")
		}
	}
	w, err := ParseWitness(key + " http://" + address + "/")
	if err != nil {
		t.Fatalf("%s: %v", key, err)
	}
	return w
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
func introduce(t *testing.T, database string, log Key) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+database+"?mode=rw&_pragma=busy_timeout(10000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("INSERT INTO log (origin, tree_size, tree_hash) VALUES (?, 0, ?)",
		log.Origin(), base64.StdEncoding.EncodeToString(emptyRoot[:])); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("INSERT INTO key (origin, key) VALUES (?, ?)", log.Origin(), log.Public()); err != nil {
		t.Fatal(err)
	}
}

// A witness ends rewriting by somebody who has the database and the key, without anybody having
// kept anything.
func TestWitness(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a witness")
	}
	db := storetest.Open(t, storetest.URL(t, store.SQLite))
	key := testKey(t)
	log := openLog(t, db, key)
	witness := startWitness(t, key)
	server := httptest.NewServer(log.Handler())
	defer server.Close()
	check := Check{Key: key.Verifier(), Witnesses: []note.Verifier{witness.Key}}
	if _, err := Verify(t.Context(), FromDatabase(db), check); !errors.Is(err, ErrAltered) {
		t.Errorf("a log that the witness has not seen: %v", err)
	}
	for _, n := range []int{5, 7, 0} {
		fill(t, db, log, n)
		if err := log.Cosign(t.Context(), http.DefaultClient, []Witness{witness}); err != nil {
			t.Fatal(err)
		}
	}
	other, err := NewKey("witness.example/two")
	if err != nil {
		t.Fatal(err)
	}
	if err := log.Cosign(t.Context(), http.DefaultClient, []Witness{{witness.URL, other.Verifier()}}); err == nil {
		t.Error("a cosignature by another key was taken")
	}
	fill(t, db, log, 3)
	var export bytes.Buffer
	if _, err := Export(t.Context(), FromDatabase(db), &export); err != nil {
		t.Fatal(err)
	}
	exported, err := FromExport(&export)
	if err != nil {
		t.Fatal(err)
	}
	for name, from := range map[string]Source{"database": FromDatabase(db), "url": FromURL(server.URL, http.DefaultClient), "export": exported} {
		report, err := Verify(t.Context(), from, check)
		if err != nil || len(report.Cosigned) != 1 || report.Cosigned[0].Entries != 12 || time.Since(report.Cosigned[0].At) > time.Hour {
			t.Errorf("from the %s: %+v, %v", name, report, err)
		}
	}

	// Mallory has the key, and changes an entry that the witness has seen.
	entries := allEntries(t, db)
	forged := append([][]byte(nil), entries...)
	forged[4] = entryBytes(t, 1000)
	mallory := openLog(t, storetest.Open(t, storetest.URL(t, store.SQLite)), key)
	for name, history := range map[string][][]byte{"changed": forged, "shorter": entries[:6]} {
		rewrite(t, mallory.db, mallory, history)
		if err := mallory.Cosign(t.Context(), http.DefaultClient, []Witness{witness}); !errors.Is(err, ErrAltered) {
			t.Errorf("the witness cosigns a history that is %s: %v", name, err)
		}
		cosigned, err := log.Cosigned(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for shown, checkpoint := range map[string]string{"the old checkpoint": string(cosigned), "one without the witness": headCheckpoint(t, mallory.db)} {
			change(t, mallory.db, "DELETE FROM ledger_cosigned")
			change(t, mallory.db, "INSERT INTO ledger_cosigned (id, checkpoint) VALUES (1, ?)", checkpoint)
			if _, err := Verify(t.Context(), FromDatabase(mallory.db), check); !errors.Is(err, ErrAltered) {
				t.Errorf("a history that is %s, with %s: %v", name, shown, err)
			}
		}
	}
}

func TestParseWitness(t *testing.T) {
	for _, text := range []string{
		"", "a", "a+b+c http://x", "witness.example/one+00000000+BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA http://x",
		testKey(t).Public() + " http://127.0.0.1",
	} {
		if _, err := ParseWitness(text); err == nil {
			t.Errorf("%q was taken for a witness", text)
		}
	}
}
