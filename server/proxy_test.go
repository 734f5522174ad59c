package main

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// recipe returns the example in the README for a kind of proxy.
func recipe(t *testing.T, kind string) string {
	t.Helper()
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile("(?s)```" + kind + "\n(.*?)```").FindSubmatch(text)
	if found == nil {
		t.Fatalf("the README has no recipe for %s", kind)
	}
	return string(found[1])
}

// replace changes each first string of a pair, which must be there, into the second.
func replace(t *testing.T, text string, pairs ...string) string {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(text, pairs[i]) {
			t.Fatalf("the recipe lacks %q:\n%s", pairs[i], text)
		}
		text = strings.ReplaceAll(text, pairs[i], pairs[i+1])
	}
	return text
}

// certificateFiles makes a certificate for 127.0.0.1 and returns the files of its authority, its
// chain and its key.
func certificateFiles(t *testing.T) (authority, chain, key string) {
	t.Helper()
	folder := t.TempDir()
	authority, chain, key = filepath.Join(folder, "ca.pem"), filepath.Join(folder, "chain.pem"), filepath.Join(folder, "key.pem")
	made, err := selfSigned(authority, nil)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(made.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	var certificates []byte
	for _, der := range made.Certificate {
		certificates = append(certificates, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})...)
	}
	for name, content := range map[string][]byte{chain: certificates, key: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})} {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return authority, chain, key
}

// freeAddress returns a loopback address that nothing listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// startProxy runs a program of Debian's until the test ends, and waits until it listens.
func startProxy(t *testing.T, address, name string, arguments ...string) {
	t.Helper()
	program, err := exec.LookPath(name)
	if err != nil {
		if program, err = exec.LookPath("/usr/sbin/" + name); err != nil {
			t.Fatalf("%s is not installed: run make tools", name)
		}
	}
	ctx, stop := context.WithCancel(context.Background())
	command := exec.CommandContext(ctx, program, arguments...)
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = 10 * time.Second
	command.Stdout, command.Stderr = t.Output(), t.Output()
	command.Env = append(os.Environ(), "HOME="+t.TempDir())
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	t.Cleanup(func() { stop(); <-ended })
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		connection, err := net.Dial("tcp", address)
		if err == nil {
			connection.Close()
			return
		}
		if time.Now().After(deadline) || len(ended) > 0 {
			t.Fatalf("%s does not listen on %s", name, address)
		}
	}
}

// startNginx runs nginx with these servers in its configuration.
func startNginx(t *testing.T, address, servers string) {
	t.Helper()
	folder := t.TempDir()
	file := filepath.Join(folder, "nginx.conf")
	var temporary string
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		temporary += fmt.Sprintf("%s_temp_path %s/%s;\n", kind, folder, kind)
	}
	user := ""
	if os.Geteuid() == 0 {
		user = "user root;\n"
	}
	text := user + "daemon off;\nworker_processes 1;\nerror_log stderr;\npid " + folder + "/pid;\nevents {}\nhttp {\naccess_log off;\n" +
		temporary + servers + "}\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	startProxy(t, address, "nginx", "-e", "stderr", "-p", folder, "-c", file)
}

// startConsole runs a console that answers to a public name and returns its host:port.
func startConsole(t *testing.T, allowed string) (string, *command) {
	t.Helper()
	if !moduleBuilt(t) {
		t.Fatal("the WebAssembly module is not built: run make wasm")
	}
	c := run(t, "serve", "--listen=127.0.0.1:0", "--localkms-listen=127.0.0.1:0", "--allowed-host="+allowed)
	return strings.TrimPrefix(c.wait(t, `console on (http://127\.0\.0\.1:\d+)`), "http://"), c
}

// checkVerify runs keyferry verify and expects its verdict.
func checkVerify(t *testing.T, address, authority, want string) {
	t.Helper()
	c := run(t, "verify", "https://"+address, "--kms=local", "--ca-file="+authority)
	select {
	case err := <-c.ended:
		if fmt.Sprint(err) != want {
			t.Errorf("verify ended with %v, want %s:\n%s", err, want, c.said)
		}
		if named := strings.Contains(c.said.String(), "header Content-Security-Policy"); named != (err != nil) {
			t.Errorf("verify ended with %v, and names the policy: %v:\n%s", err, named, c.said)
		}
	case <-time.After(4 * time.Minute):
		t.Error("verify does not end")
	}
}

// status asks through a proxy, as a browser that knows it by this name does.
func status(t *testing.T, address, host string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+address+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Host = host
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	return response.StatusCode
}

const differs = "the console differs from this binary"

// TestNginx runs the README's recipe, and the two ways to get the Host wrong.
func TestNginx(t *testing.T) {
	if testing.Short() {
		t.Skip("compares a whole console several times")
	}
	console, _ := startConsole(t, "keyferry.example")
	authority, chain, key := certificateFiles(t)
	for _, test := range []struct{ name, host, want string }{
		{"as in the README", "proxy_set_header Host $http_host;", "<nil>"},
		{"the default Host", "", differs},
		{"$host, which has no port", "proxy_set_header Host $host;", differs},
	} {
		t.Run(test.name, func(t *testing.T) {
			address := freeAddress(t)
			startNginx(t, address, replace(t, recipe(t, "nginx"), "listen 443 ssl", "listen "+address+" ssl",
				"/etc/ssl/keyferry.pem", chain, "/etc/ssl/keyferry.key", key, "http://127.0.0.1:8787", "http://"+console,
				"proxy_set_header Host $http_host;", test.host))
			checkVerify(t, address, authority, test.want)
		})
	}
}

// TestCaddy runs the README's recipe.
func TestCaddy(t *testing.T) {
	if testing.Short() {
		t.Skip("compares a whole console")
	}
	console, _ := startConsole(t, "keyferry.example")
	authority, chain, key := certificateFiles(t)
	address := freeAddress(t)
	site := replace(t, recipe(t, "caddy"), "    servers {", "    admin off\n    auto_https disable_redirects\n    servers {", "keyferry.example {", "https://"+address+" {\n    bind 127.0.0.1\n    tls "+chain+" "+key, "127.0.0.1:8787", console)
	file := filepath.Join(t.TempDir(), "Caddyfile")
	if err := os.WriteFile(file, []byte(site), 0o600); err != nil {
		t.Fatal(err)
	}
	startProxy(t, address, "caddy", "run", "--adapter", "caddyfile", "--config", file)
	checkVerify(t, address, authority, "<nil>")
}

// TestAllowedHostAsPeopleWriteIt has the public name with a port, and as an address.
func TestAllowedHostAsPeopleWriteIt(t *testing.T) {
	for _, given := range []string{"keyferry.example", "Keyferry.Example:8443", "https://keyferry.example/", "https://keyferry.example:8443", "other.example,keyferry.example."} {
		console, command := startConsole(t, given)
		for host, want := range map[string]int{
			"keyferry.example": 200, "keyferry.example:8443": 200, "keyferry.example:443": 200, "KEYFERRY.example": 200,
			"evil.example": 421, "keyferry.example.evil.example": 421, console: 200,
		} {
			if got := status(t, console, host); got != want {
				t.Errorf("--allowed-host=%s: status for Host %s is %d, want %d", given, host, got, want)
			}
		}
		command.finish(t)
	}
	local := "--localkms-listen=127.0.0.1:0"
	for given, words := range map[string]string{
		"*.example": "host name", "https://keyferry.example/path": "name and port alone", "https://me@keyferry.example": "name and port alone",
		"keyferry example": "host name", "ftp://keyferry.example": "scheme", "keyferry.example:https": "host name", "key_ferry": "host name",
	} {
		refused(t, words, "serve", "--listen=127.0.0.1:0", local, "--allowed-host="+given)
		refused(t, "--allowed-host", "localkms", "--listen=127.0.0.1:0", "--allowed-host="+given)
	}
}
