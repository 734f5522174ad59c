package reference_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"keyferry/e2e/proof/reference"
)

// shipped is where the files lie that are served to browsers.
var shipped = filepath.Join("..", "..", "..", "web", "static")

// message is one message to a worker, posted when the worker has posted that many.
type message struct {
	Data  map[string]any `json:"data"`
	After int            `json:"after"`
}

// run is one life of a worker.
type run struct {
	Messages []message `json:"messages"`
	Seed     *string   `json:"seed,omitempty"`
}

// transcript is what came of a run.
type transcript struct {
	Posts   []json.RawMessage `json:"posts"`
	Draws   [][]byte          `json:"draws"`
	Printed []string          `json:"printed"`
	Others  []string          `json:"others"`
}

// file and array write bytes in a message.
func file(content []byte) map[string]any  { return map[string]any{"$file": content} }
func array(content []byte) map[string]any { return map[string]any{"$bytes": content} }

// request is the first message to a worker. The driver knows the module.
func request(job string, more map[string]any) message {
	data := map[string]any{"module": map[string]any{"$module": true}, "integrity": map[string]any{"$integrity": true}, "job": job}
	for name, value := range more {
		data[name] = value
	}
	return message{Data: data}
}

// shippedModule is the module as browsers get it.
func shippedModule(t *testing.T) string {
	t.Helper()
	name := filepath.Join(shipped, "wasm", "keyferry.wasm")
	if _, err := os.Stat(name); err != nil {
		t.Fatalf("the module is missing: run make wasm (%v)", err)
	}
	return name
}

// inNode runs the shipped worker with a module, one run after the other.
func inNode(t *testing.T, module string, runs ...run) []transcript {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Fatal("Node is missing: run make tools")
	}
	folder := t.TempDir()
	for _, name := range []string{"js/worker.js", "wasm/wasm_exec.js"} {
		content, err := os.ReadFile(filepath.Join(shipped, filepath.FromSlash(name)))
		if err != nil {
			t.Fatalf("a file is missing: run make wasm (%v)", err)
		}
		write(t, filepath.Join(folder, filepath.FromSlash(name)), content)
	}
	write(t, filepath.Join(folder, "package.json"), []byte(`{"type": "module"}`))
	input, err := json.Marshal(runs)
	if err != nil {
		t.Fatal(err)
	}
	arguments := []string{filepath.Join("testdata", "worker.mjs"), filepath.Join(folder, "js", "worker.js"), module}
	if testing.Short() {
		arguments = slices.Insert(arguments, 0, "--liftoff-only") // a few short jobs are not worth optimizing the module for
	}
	command := exec.CommandContext(t.Context(), node, arguments...)
	command.Stdin, command.Stderr = bytes.NewReader(input), t.Output()
	began := time.Now()
	output, err := command.Output()
	if err != nil {
		t.Fatalf("running the module in Node: %v", err)
	}
	var transcripts []transcript
	if err := json.Unmarshal(output, &transcripts); err != nil || len(transcripts) != len(runs) {
		t.Fatalf("%d transcripts of %d runs: %v", len(transcripts), len(runs), err)
	}
	t.Logf("%d runs in %v", len(runs), time.Since(began).Round(10*time.Millisecond))
	return transcripts
}

func write(t *testing.T, name string, content []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// startup is what Go's runtime draws as the module starts, for the seeds of its maps and its
// scheduler.
const startup = "seeds of Go's runtime"

// result checks what no reference needs to know, and returns the result of the job and the random
// bytes that it drew.
func (tr transcript) result(t *testing.T) (map[string]any, *reference.Stream) {
	t.Helper()
	if len(tr.Printed) != 0 || len(tr.Others) != 0 {
		t.Errorf("the worker printed %q and asked for %q", tr.Printed, tr.Others)
	}
	var last map[string]any
	for i, post := range tr.Posts {
		last, _ = decoded(t, post).(map[string]any)
		if i == 0 && string(post) != `{"type":"ready"}` {
			t.Errorf("the first message of the worker is %s", post)
		}
	}
	result, ok := last["result"].(map[string]any)
	if last["type"] != "done" || !ok || len(last) != 2 {
		t.Fatalf("the worker ended with %v", last)
	}
	random := reference.NewStream(tr.Draws)
	random.Take(startup, 32)
	return result, random
}

func decoded(t *testing.T, text []byte) (value any) {
	t.Helper()
	if err := json.Unmarshal(text, &value); err != nil {
		t.Fatal(err)
	}
	return value
}
