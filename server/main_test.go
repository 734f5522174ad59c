package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"keyferry/server/kms"
	"keyferry/server/localkms"
	"keyferry/server/localkms/localkmstest"
	"keyferry/web"
)

// output keeps what a command said to the person.
type output struct {
	mu    sync.Mutex
	lines bytes.Buffer
	more  chan struct{} // has something in it once more was written
}

func newOutput() *output { return &output{more: make(chan struct{}, 1)} }

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	select {
	case o.more <- struct{}{}:
	default:
	}
	return o.lines.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.lines.String()
}

// command runs a command line until the test ends, and returns what it says.
type command struct {
	said  *output
	stop  context.CancelFunc
	ended chan error
}

func run(t *testing.T, arguments ...string) *command {
	t.Helper()
	return runLogging(t, io.Discard, arguments...)
}

// runLogging is run with the log going somewhere.
func runLogging(t *testing.T, log io.Writer, arguments ...string) *command {
	t.Helper()
	given := &commands{}
	parsed, err := newParser(given).Parse(arguments)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	c := &command{said: newOutput(), stop: stop, ended: make(chan error, 1)}
	parsed.BindTo(ctx, (*context.Context)(nil))
	parsed.Bind(terminal{out: c.said, log: newLog(log, given.LogFormat), wrappingKeys: localkmstest.WrappingKeys(t)})
	go func() { c.ended <- parsed.Run() }()
	t.Cleanup(stop)
	return c
}

// wait returns the first match of a pattern in what the command says.
func (c *command) wait(t *testing.T, pattern string) string {
	t.Helper()
	return c.waitIn(t, c.said, pattern)
}

// waitIn is wait for what goes elsewhere, such as the log.
func (c *command) waitIn(t *testing.T, said *output, pattern string) string {
	t.Helper()
	want := regexp.MustCompile(pattern)
	limit := time.After(10 * time.Second)
	for {
		if match := want.FindStringSubmatch(said.String()); match != nil {
			return match[len(match)-1]
		}
		select {
		case <-said.more:
		case err := <-c.ended:
			t.Fatalf("the command ended with %v after saying:\n%s", err, said)
		case <-limit:
			t.Fatalf("the command never said %s, but:\n%s", pattern, said)
		}
	}
}

// finish tells the command to stop and expects it to end well.
func (c *command) finish(t *testing.T) {
	t.Helper()
	c.stop()
	select {
	case err := <-c.ended:
		if err != nil {
			t.Errorf("the command ended with %v", err)
		}
	case <-time.After(15 * time.Second):
		t.Fatal("the command does not end")
	}
}

// refused expects a command line to end with an error that has these words.
func refused(t *testing.T, words string, arguments ...string) {
	t.Helper()
	c := run(t, arguments...)
	select {
	case err := <-c.ended:
		if err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%v ended with %v, want %q in it", arguments, err, words)
		}
	case <-time.After(10 * time.Second):
		t.Errorf("%v runs, want an error with %q", arguments, words)
	}
}

func TestRefusedCommandLines(t *testing.T) {
	local := "--localkms-listen=127.0.0.1:0"
	for _, test := range []struct {
		words     string
		arguments []string
	}{
		{"--allow-unauthenticated", []string{"serve", "--listen=0.0.0.0:0", local}},
		{"--allow-unauthenticated", []string{"serve", "--listen=:0", local}},
		{"--allow-unauthenticated", []string{"serve", "--listen=192.0.2.1:80", local}},
		{"--allow-unauthenticated", []string{"localkms", "--listen=0.0.0.0:0"}},
		{"--allow-unauthenticated", []string{"localkms", "--listen=127.0.0.1:0", "--control-listen=0.0.0.0:0"}},
		{"not host:port", []string{"serve", "--listen=8787", local}},
		{"without TLS", []string{"serve", "--listen=127.0.0.1:0", "--localkms-listen=0.0.0.0:0", "--allow-unauthenticated"}},
		{"must stay on a loopback address", []string{"serve", "--listen=127.0.0.1:0", local, "--localkms-control-listen=0.0.0.0:0", "--allow-unauthenticated"}},
		{"are for --kms=alibaba", []string{"serve", "--listen=127.0.0.1:0", local, "--network=vpc"}},
		{"no local KMS", []string{"serve", "--listen=127.0.0.1:0", "--kms=alibaba", "--localkms-control-listen=127.0.0.1:0"}},
		{"go together", []string{"localkms", "--listen=127.0.0.1:0", "--tls-cert=main.go"}},
		{"leave --tls-cert", []string{"localkms", "--listen=127.0.0.1:0", "--tls-cert=main.go", "--tls-key=main.go", "--tls-self-signed=x"}},
		{"main.go", []string{"localkms", "--listen=127.0.0.1:0", "--seed=main.go"}},
		{"main.go", []string{"localkms", "--listen=127.0.0.1:0", "--access-keys=main.go"}},
	} {
		if test.arguments[0] == "serve" && !moduleBuilt(t) {
			t.Fatal("the WebAssembly module is not built: run make wasm")
		}
		refused(t, test.words, test.arguments...)
	}
}

// moduleBuilt reports whether serve can start at all.
func moduleBuilt(t *testing.T) bool {
	t.Helper()
	tree, err := web.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	_, err = tree.SHA256(web.Module)
	return err == nil
}

func TestServeAndStop(t *testing.T) {
	if !moduleBuilt(t) {
		t.Fatal("the WebAssembly module is not built: run make wasm")
	}
	c := run(t, "--listen=127.0.0.1:0", "--localkms-listen=127.0.0.1:0")
	address := c.wait(t, `console on (http://127\.0\.0\.1:\d+)`)
	if !strings.Contains(c.said.String(), "NEVER FOR REAL KEYS") {
		t.Errorf("it does not warn of the local KMS:\n%s", c.said)
	}
	for _, path := range []string{"/", "/proof", "/healthz", "/readyz"} {
		response, err := http.Get(address + path)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", path, response.Status)
		}
	}
	c.finish(t)
	if _, err := http.Get(address + "/"); err == nil {
		t.Error("it still answers after it was told to stop")
	}
}

func TestFlagsReadTheEnvironment(t *testing.T) {
	t.Setenv("KEYFERRY_LISTEN", "127.0.0.1:0")
	t.Setenv("KEYFERRY_REGION", "cn-shanghai")
	c := run(t, "localkms")
	c.wait(t, `region cn-shanghai`)
	c.finish(t)
}

// client is the console's own client, which trusts the certificates of the file.
func client(t *testing.T, address, authorities string) *kms.Client {
	t.Helper()
	_, host, _ := strings.Cut(address, "://")
	made, err := kms.New(kms.Config{
		Region: localkms.DefaultRegion, Endpoint: host, CAFile: authorities, PlainHTTP: authorities == "",
		AccessKeyID: localkms.DefaultAccessKeyID, AccessKeySecret: localkms.DefaultAccessKeySecret,
	})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

var spec = kms.WrappingSpec{Algorithm: "RSAES_OAEP_SHA_256", KeySpec: "RSA_2048"}

func TestLocalKMSWithTLS(t *testing.T) {
	authorities := filepath.Join(t.TempDir(), "ca.pem")
	c := run(t, "localkms", "--listen=127.0.0.1:0", "--tls-self-signed="+authorities)
	address := c.wait(t, `LOCAL KMS on (https://127\.0\.0\.1:\d+)`)
	key := localkms.DefaultSeed().Keys[0].KeyID
	if _, err := client(t, address, authorities).ImportParameters(t.Context(), key, spec); err != nil {
		t.Errorf("with the certificate authority of the file: %v", err)
	}
	other := filepath.Join(t.TempDir(), "other.pem")
	if _, err := selfSigned(other, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := client(t, address, other).ImportParameters(t.Context(), key, spec); !errors.Is(err, kms.ErrUnreachable) {
		t.Errorf("with another certificate authority: %v", err)
	}
	c.finish(t)
}

func TestLocalKMSKeepsItsState(t *testing.T) {
	folder := t.TempDir()
	seed := filepath.Join(folder, "seed.json")
	if err := os.WriteFile(seed, []byte(`{"keys":[{"keyId":"key-hzzseeded","origin":"EXTERNAL"}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	state := filepath.Join(folder, "state")
	for range 2 {
		arguments := []string{"localkms", "--listen=127.0.0.1:0", "--state=" + state}
		if _, err := os.Stat(state); err != nil {
			arguments = append(arguments, "--seed="+seed) // the first time only: the second has the state
		}
		c := run(t, arguments...)
		address := c.wait(t, `LOCAL KMS on (http://127\.0\.0\.1:\d+)`)
		if _, err := client(t, address, "").ImportParameters(t.Context(), "key-hzzseeded", spec); err != nil {
			t.Errorf("the seeded CMK: %v", err)
		}
		c.finish(t)
	}
}

func TestListensOnLoopbackAlone(t *testing.T) {
	for _, host := range []string{"127.0.0.1", "127.0.0.2", "localhost"} {
		listener, err := (open{}).listen("x", net.JoinHostPort(host, "0"))
		if err != nil {
			t.Errorf("%s: %v", host, err)
			continue
		}
		listener.Close()
	}
	for _, host := range []string{"", "0.0.0.0", "::", "192.0.2.1", "keyferry.example"} {
		if _, err := (open{}).listen("x", net.JoinHostPort(host, "0")); err == nil || !strings.Contains(err.Error(), "--allow-unauthenticated") {
			t.Errorf("%q: error is %v", host, err)
		}
	}
}

// TestByteOrderMarks has files as editors on Windows save them.
func TestByteOrderMarks(t *testing.T) {
	folder := t.TempDir()
	seed, keys := filepath.Join(folder, "seed.json"), filepath.Join(folder, "keys.json")
	for name, text := range map[string]string{
		seed: `{"keys":[{"keyId":"key-hzzseeded","origin":"EXTERNAL"}]}`,
		keys: `[{"id":"` + localkms.DefaultAccessKeyID + `","secret":"` + localkms.DefaultAccessKeySecret + `"}]`,
	} {
		if err := os.WriteFile(name, []byte("\xef\xbb\xbf"+text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c := run(t, "localkms", "--listen=127.0.0.1:0", "--seed="+seed, "--access-keys="+keys)
	address := c.wait(t, `LOCAL KMS on (http://127\.0\.0\.1:\d+)`)
	if _, err := client(t, address, "").ImportParameters(t.Context(), "key-hzzseeded", spec); err != nil {
		t.Error(err)
	}
	c.finish(t)
}

// TestReadyzNamesTheLink has a circle of profiles, which once ended the program.
func TestReadyzNamesTheLink(t *testing.T) {
	home := t.TempDir()
	if err := os.Mkdir(filepath.Join(home, ".aliyun"), 0o700); err != nil {
		t.Fatal(err)
	}
	circle := `{"current":"a","profiles":[` +
		`{"name":"a","mode":"ChainableRamRoleArn","ram_role_arn":"acs:ram::1:role/r","source_profile":"b"},` +
		`{"name":"b","mode":"ChainableRamRoleArn","ram_role_arn":"acs:ram::1:role/r","source_profile":"a"}]}`
	if err := os.WriteFile(filepath.Join(home, ".aliyun/config.json"), []byte(circle), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, pair := range os.Environ() {
		if name, _, _ := strings.Cut(pair, "="); strings.HasPrefix(name, "ALIBABA_CLOUD_") {
			t.Setenv(name, "")
		}
	}
	t.Setenv("HOME", home)
	t.Setenv("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true")
	var log output
	c := runLogging(t, &log, "serve", "--listen=127.0.0.1:0", "--kms=alibaba")
	address := c.wait(t, `console on (http://127\.0\.0\.1:\d+)`)
	for path, want := range map[string]int{"/readyz": http.StatusServiceUnavailable, "/healthz": http.StatusOK} {
		response, err := http.Get(address + path)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if response.StatusCode != want {
			t.Errorf("%s answers %s, want %d", path, response.Status, want)
		}
	}
	for _, line := range []string{"no credentials yet", "not ready"} {
		if !regexp.MustCompile(`msg="` + line + `".*config\.json \(there, but the source_profile .* in a circle: correct source_profile`).MatchString(log.String()) {
			t.Errorf("the log does not explain %q:\n%s", line, log.String())
		}
	}
	c.finish(t)
}

func TestDeskFilesAreWrittenWhole(t *testing.T) {
	folder := t.TempDir()
	fresh, old, link := filepath.Join(folder, "fresh"), filepath.Join(folder, "old"), filepath.Join(folder, "link")
	if err := os.WriteFile(old, []byte("much longer than what comes"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(old, link); err != nil {
		t.Fatal(err)
	}
	for name, mode := range map[string]os.FileMode{fresh: 0o644, old: 0o600, link: 0o600} {
		if err := writeFile(name, []byte("new")); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if content, err := os.ReadFile(name); err != nil || string(content) != "new" || info.Mode() != mode {
			t.Errorf("%s holds %q, mode %v, %v", name, content, info.Mode(), err)
		}
	}
	if names, _ := filepath.Glob(filepath.Join(folder, "*")); len(names) != 3 {
		t.Errorf("files are left over: %v", names)
	}
	if err := writeFile("/dev/null", []byte("new")); err != nil {
		t.Error(err)
	}
	if err := writeFile(filepath.Join(folder, "none", "x"), nil); err == nil {
		t.Error("a folder that is not there was written to")
	}
}
