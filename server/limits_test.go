package main

import (
	"encoding/json"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

// flood asks so many times for a path, and returns how many were refused for coming too often, with the
// last such answer.
func flood(t *testing.T, client *http.Client, address string, times int, headers map[string]string) (refused int, last *http.Response, body string) {
	t.Helper()
	for range times {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range headers {
			r.Header.Set(name, value)
		}
		response, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if response.StatusCode == http.StatusTooManyRequests {
			refused, last, body = refused+1, response, string(text)
		}
	}
	return refused, last, body
}

// A client behind a trusted proxy that asks too often is refused, and no other is. Neither does a client
// get away by writing into the header itself.
func TestLimitsByAddress(t *testing.T) {
	if !moduleBuilt(t) {
		t.Fatal("the WebAssembly module is not built: run make wasm")
	}
	c := run(t, "serve", "--listen=127.0.0.1:0", "--localkms-listen=127.0.0.1:0", "--trusted-proxy=127.0.0.1", "--requests-per-address=0.1")
	base := c.wait(t, `console on (http://127\.0\.0\.1:\d+)`)
	from := func(address, accept string) map[string]string {
		return map[string]string{"X-Forwarded-For": address, "Accept": accept}
	}
	refused, answer, body := flood(t, http.DefaultClient, base+"/healthz", 20, from("203.0.113.5", "*/*"))
	if refused < 15 || answer.Header.Get("Retry-After") != "1" || answer.Header.Get("Content-Security-Policy") == "" || !strings.Contains(body, `"Console.TooMany"`) {
		t.Fatalf("%d of 20 were refused, the last with %v %s", refused, answer, body)
	}
	var failure struct{ Message, Advice string }
	if err := json.Unmarshal([]byte(body), &failure); err != nil || failure.Message == "" || failure.Advice == "" {
		t.Errorf("the answer says nothing: %s", body)
	}
	if refused, _, body := flood(t, http.DefaultClient, base+"/en/", 1, from("203.0.113.5", "text/html")); refused != 1 || !strings.Contains(body, "too many requests") {
		t.Errorf("a browser is shown %s", body)
	}
	if refused, _, _ := flood(t, http.DefaultClient, base+"/healthz", 1, from("203.0.113.6", "*/*")); refused != 0 {
		t.Error("another client is refused")
	}
	if refused, _, _ := flood(t, http.DefaultClient, base+"/healthz", 1, from("198.51.100.1, 203.0.113.5", "*/*")); refused != 1 {
		t.Error("a client got away by writing another address before its own")
	}
	c.finish(t)
}

func TestLimitsThatMakeNoSense(t *testing.T) {
	for _, flags := range [][]string{{"--trusted-proxy=proxy.example"}, {"--requests-per-address=-1"}, {"--connections-per-address=-1"}} {
		name, _, _ := strings.Cut(flags[0], "=")
		refused(t, name, append([]string{"serve", "--listen=127.0.0.1:0", "--localkms-listen=127.0.0.1:0"}, flags...)...)
	}
}

// Without a trusted proxy the header means nothing.
func TestForwardedAddressesOfStrangers(t *testing.T) {
	if !moduleBuilt(t) {
		t.Fatal("the WebAssembly module is not built: run make wasm")
	}
	c := run(t, "serve", "--listen=127.0.0.1:0", "--localkms-listen=127.0.0.1:0", "--requests-per-address=0.1")
	base := c.wait(t, `console on (http://127\.0\.0\.1:\d+)`)
	flood(t, http.DefaultClient, base+"/healthz", 20, nil)
	if refused, _, _ := flood(t, http.DefaultClient, base+"/healthz", 5, map[string]string{"X-Forwarded-For": "203.0.113.7"}); refused != 5 {
		t.Errorf("%d of 5 are refused", refused)
	}
	c.finish(t)
}

// A person who asks too often is refused, wherever from, and nobody else is.
func TestLimitsByPerson(t *testing.T) {
	if !moduleBuilt(t) {
		t.Fatal("the WebAssembly module is not built: run make wasm")
	}
	c := run(t, "serve", "--listen=127.0.0.1:0", "--localkms-listen=127.0.0.1:0", "--requests-per-person=1",
		"--database="+filepath.Join(t.TempDir(), "k.db"), "--policy=policy/example", "--demo-people")
	base := c.wait(t, `console on (http://127\.0\.0\.1:\d+)`)
	robin, again, olga := visitorAs(t, base, "robin"), visitorAs(t, base, "robin"), visitorAs(t, base, "olga")
	if refused, _, _ := flood(t, robin.client, base+"/api/me", 50, nil); refused < 25 {
		t.Errorf("%d of 50 are refused", refused)
	}
	if refused, _, _ := flood(t, again.client, base+"/api/me", 10, nil); refused < 5 {
		t.Errorf("the same person elsewhere: %d of 10 are refused", refused)
	}
	olga.get("/api/me", http.StatusOK, nil)
	visitorAs(t, base, "").get("/en/", http.StatusOK, nil)
	c.finish(t)
}
