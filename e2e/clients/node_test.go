package clients

import (
	"bufio"
	"fmt"
	"io"
	"keyferry/e2e/program"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// node is a process of Node.js that holds the clients from npm.
type node struct {
	in  io.Writer
	out chan []byte
	log *program.Log
}

// startNode starts a process that ends with the test.
func startNode(t *testing.T) *node {
	t.Helper()
	executable := installed(t, "node")
	for _, name := range []string{"kms20160120", "openapi-client", "pop-core"} {
		if _, err := os.Stat(filepath.Join("..", "node_modules", "@alicloud", name, "package.json")); err != nil {
			t.Fatalf("npm's @alicloud/%s is missing: run make tools", name)
		}
	}
	readScripts(t)
	command := exec.Command(executable, filepath.Join("testdata", "serve.mjs"))
	// Nothing of the machine's own settings for the vendor's clients.
	command.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir()}
	n := &node{out: make(chan []byte), log: &program.Log{}}
	command.Stderr = n.log
	in, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	n.in = in
	go n.read(out)
	t.Cleanup(func() { n.end(t, command, in) })
	return n
}

// readScripts lets go test know that the tests depend on the scripts, so that it
// does not show an old result when one of them has changed.
func readScripts(t *testing.T) {
	t.Helper()
	scripts, err := filepath.Glob(filepath.Join("testdata", "*.mjs"))
	if err != nil {
		t.Fatal(err)
	}
	for _, script := range scripts {
		if _, err := os.ReadFile(script); err != nil {
			t.Fatal(err)
		}
	}
}

func (n *node) read(out io.Reader) {
	defer close(n.out)
	scanner := bufio.NewScanner(out)
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		n.out <- append([]byte(nil), scanner.Bytes()...)
	}
}

// exchange sends a line and returns the one that comes back.
func (n *node) exchange(t *testing.T, line []byte) []byte {
	t.Helper()
	if _, err := fmt.Fprintf(n.in, "%s\n", line); err != nil {
		t.Fatalf("asking node: %v\n%s", err, n.log)
	}
	select {
	case reply, more := <-n.out:
		if !more {
			t.Fatalf("node ended:\n%s", n.log)
		}
		return reply
	case <-time.After(30 * time.Second):
		t.Fatalf("node did not answer within 30 s:\n%s", n.log)
	}
	return nil
}

// end closes the process's input, upon which it ends by itself.
func (n *node) end(t *testing.T, command *exec.Cmd, in io.Closer) {
	in.Close()
	patience := time.AfterFunc(10*time.Second, func() { command.Process.Kill() })
	defer patience.Stop()
	for range n.out {
	}
	if err := command.Wait(); err != nil {
		t.Errorf("node ended with %v:\n%s", err, n.log)
	}
}

// installed returns the path of a program that the tests need.
func installed(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("%s is missing: run make tools", name)
	}
	return path
}
