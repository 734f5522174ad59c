//go:build !js

package main_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"keyferry/wasm/keywrap/keywraptest"
)

// emptyModule is WebAssembly without anything in it.
const emptyModule = "\x00asm\x01\x00\x00\x00"

// posted is what the worker posted, and how much of the module's memory was not zero at that
// moment; nil while there was no module.
type posted struct {
	Data struct {
		Type   string          `json:"type"`
		Result json.RawMessage `json:"result"`
		Error  json.RawMessage `json:"error"`
	} `json:"data"`
	Memory *int `json:"memory"`
}

// workerTest is a place where the worker and its modules are served.
type workerTest struct {
	script string // the file worker.js, with wasm_exec.js where it imports it from
	server *httptest.Server
	files  map[string]string // served modules, by path
}

func newWorkerTest(t *testing.T) *workerTest {
	t.Helper()
	shipped, crashing := builtModule(t, ""), builtModule(t, "testvariant")
	folder := t.TempDir()
	w := &workerTest{
		script: filepath.Join(folder, "js", "worker.js"),
		files: map[string]string{
			"/keyferry.wasm":    string(readModule(t, shipped)),
			"/testvariant.wasm": string(readModule(t, crashing)),
			"/empty.wasm":       emptyModule,
			"/broken.wasm":      emptyModule + "broken",
		},
	}
	copyFile(t, filepath.Join("..", "web", "static", "js", "worker.js"), w.script)
	copyFile(t, filepath.Join(shipped, "wasm_exec.js"), filepath.Join(folder, "wasm", "wasm_exec.js"))
	if err := os.WriteFile(filepath.Join(folder, "package.json"), []byte(`{"type": "module"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	w.server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		content, ok := w.files[strings.TrimPrefix(r.URL.Path, "/text")]
		if !ok {
			http.NotFound(rw, r)
			return
		}
		rw.Header().Set("Content-Type", "application/wasm")
		if strings.HasPrefix(r.URL.Path, "/text") {
			rw.Header().Set("Content-Type", "text/plain")
		}
		rw.Write([]byte(content))
	}))
	t.Cleanup(w.server.Close)
	return w
}

// request is a message for the worker. The integrity is that of the module.
func (w *workerTest) request(path, job string, o options) map[string]any {
	digest := sha256.Sum256([]byte(w.files[strings.TrimPrefix(path, "/text")]))
	return map[string]any{
		"module":    w.server.URL + path,
		"integrity": "sha256-" + base64.StdEncoding.EncodeToString(digest[:]),
		"job":       job,
		"options":   o,
	}
}

// run gives the messages to a new worker and returns what it posted until it
// closed. A worker that prints, or that never ends, fails the test.
func (w *workerTest) run(t *testing.T, messages ...any) []posted {
	t.Helper()
	input, err := json.Marshal(messages)
	if err != nil {
		t.Fatal(err)
	}
	command := node(t, "worker.mjs", w.script)
	command.Stdin = bytes.NewReader(input)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	defer context.AfterFunc(ctx, func() { command.Process.Kill() })()
	output, err := command.Output()
	if err != nil {
		t.Fatalf("running the worker in Node (a minute at most): %v", err)
	}
	var transcript struct {
		Posts   []posted `json:"posts"`
		Printed []string `json:"printed"`
	}
	decode(t, output, &transcript)
	if len(transcript.Printed) != 0 {
		t.Errorf("the worker printed %q", transcript.Printed)
	}
	return transcript.Posts
}

func TestWorkerDoesItsJob(t *testing.T) {
	w := newWorkerTest(t)
	for _, algorithm := range algorithms {
		posts := w.run(t, w.request("/keyferry.wasm", "prepare", preparation(options{"algorithm": algorithm})))
		if len(posts) != 2 || posts[0].Data.Type != "ready" || posts[1].Data.Type != "done" {
			t.Fatalf("%s: the worker posted %+v, want ready and done", algorithm, posts)
		}
		openPrepared(t, algorithm, posts[1].Data.Result)
		if posts[0].Memory == nil || *posts[0].Memory == 0 {
			t.Errorf("%s: no module in memory while it was ready, so that zeros afterwards prove nothing", algorithm)
		}
		if posts[1].Memory == nil || *posts[1].Memory != 0 {
			t.Errorf("%s: the module's memory was not all zeros when the answer left", algorithm)
		}
	}
	posts := w.run(t, w.request("/keyferry.wasm", "inspect", options{"publicKey": keywraptest.PublicKey()}))
	if len(posts) != 2 || !strings.Contains(string(posts[1].Data.Result), testFingerprint()) {
		t.Errorf("inspect: the worker posted %+v", posts)
	}
}

// TestWorkerFails checks that each way to fail is an answer with a code, the last
// thing that the worker posts, and that the memory is zeros by then.
func TestWorkerFails(t *testing.T) {
	w := newWorkerTest(t)
	key := options{"publicKey": keywraptest.PublicKey()}
	inspect := w.request("/keyferry.wasm", "inspect", key)
	with := func(name string, value any) map[string]any {
		request := maps.Clone(inspect)
		request[name] = value
		return request
	}
	otherIntegrity := w.request("/empty.wasm", "inspect", nil)["integrity"]
	tests := []struct {
		name     string
		want     string
		messages []any
	}{
		{"null", "bad_request", []any{nil}},
		{"text", "bad_request", []any{"inspect"}},
		{"no module", "bad_request", []any{with("module", nil)}},
		{"no integrity", "bad_request", []any{with("integrity", nil)}},
		{"empty integrity", "bad_request", []any{with("integrity", "")}},
		{"integrity of an unknown hash", "bad_request", []any{with("integrity", "md5-AAAA")}},
		{"two integrities", "bad_request", []any{with("integrity", inspect["integrity"].(string)+" "+otherIntegrity.(string))}},
		{"unknown job", "bad_request", []any{with("job", "export")}},
		{"job of the prototype", "bad_request", []any{with("job", "constructor")}},
		{"two requests", "bad_request", []any{inspect, inspect}},
		{"job of an earlier version", "bad_request", []any{with("job", "generate")}},
		{"no options", "bad_request", []any{with("options", nil)}},
		{"missing argument", "bad_request", []any{w.request("/keyferry.wasm", "prepare", key)}},
		{"argument of another type", "bad_request", []any{with("options", options{"publicKey": 7})}},
		{"refused by the module", "wrapping_key_not_base64", []any{with("options", options{"publicKey": "words"})}},
		{"module not found", "module_unavailable", []any{w.request("/none.wasm", "inspect", key)}},
		{"server away", "module_unavailable", []any{with("module", "http://127.0.0.1:1/keyferry.wasm")}},
		{"not a URL", "module_unavailable", []any{with("module", "http://")}},
		{"module served as text", "module_unavailable", []any{w.request("/text/keyferry.wasm", "inspect", key)}},
		{"module that does not compile", "module_unavailable", []any{w.request("/broken.wasm", "inspect", key)}},
		{"another module", "module_integrity", []any{with("integrity", otherIntegrity)}},
		{"module without a program", "module_crashed", []any{w.request("/empty.wasm", "inspect", key)}},
		{"panic", "internal", []any{w.crash("panic")}},
		{"error of an unknown kind", "internal", []any{w.crash("foreign error")}},
		{"panic elsewhere", "module_crashed", []any{w.crash("panic elsewhere")}},
		{"exit", "module_crashed", []any{w.crash("exit")}},
		{"exit later", "module_crashed", []any{w.crash("exit later")}},
		{"fatal error", "module_crashed", []any{w.crash("fatal")}},
		{"fatal error later", "module_crashed", []any{w.crash("fatal later")}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			posts := w.run(t, test.messages...)
			last := posts[len(posts)-1]
			if last.Data.Type != "failed" || len(posts) > 2 || len(posts) == 2 && posts[0].Data.Type != "ready" {
				t.Fatalf("the worker posted %+v, want failed, or ready and failed", posts)
			}
			var got failure
			decode(t, last.Data.Error, &got)
			if got.Code != test.want {
				t.Errorf("failed with %s, want %s", last.Data.Error, test.want)
			}
			if last.Memory != nil && *last.Memory != 0 {
				t.Errorf("%d bytes of the module's memory were not zero when the answer left", *last.Memory)
			}
		})
	}
}

// crash is a request that makes the variant of the module for tests die.
func (w *workerTest) crash(way string) map[string]any {
	return w.request("/testvariant.wasm", "inspect", options{"publicKey": "crashtest: " + way})
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	content, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, content, 0o600); err != nil {
		t.Fatal(err)
	}
}
