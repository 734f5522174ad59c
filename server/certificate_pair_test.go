package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// served returns the certificate that an address shows.
func served(t *testing.T, address string) *x509.Certificate {
	t.Helper()
	connection, err := tls.Dial("tcp", strings.TrimPrefix(address, "https://"), &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	return connection.ConnectionState().PeerCertificates[0]
}

// put replaces a file in one step, as certbot, cert-manager and mounted secrets do.
func put(t *testing.T, from, to string) {
	t.Helper()
	content, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to+".new", content, 0o600)
	}
	if err == nil {
		err = os.Rename(to+".new", to)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// The console speaks TLS itself, takes a new certificate on SIGHUP without a restart, and keeps the
// one before when the new files are no good.
func TestServeWithTLS(t *testing.T) {
	if !moduleBuilt(t) {
		t.Fatal("the WebAssembly module is not built: run make wasm")
	}
	_, chain, key := certificateFiles(t)
	authority, nextChain, nextKey := certificateFiles(t)
	var log output
	log.more = make(chan struct{}, 1)
	c := runLogging(t, &log, "serve", "--listen=127.0.0.1:0", "--localkms-listen=127.0.0.1:0", "--tls-cert="+chain, "--tls-key="+key)
	base := c.wait(t, `console on (https://127\.0\.0\.1:\d+)`)
	first := served(t, base)
	hangup := func(want string, times int) {
		t.Helper()
		if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		for limit := time.After(10 * time.Second); strings.Count(log.String(), want) < times; {
			select {
			case <-log.more:
			case <-limit:
				t.Fatalf("the log has not %q %d times:\n%s", want, times, log.String())
			}
		}
	}

	put(t, nextChain, chain) // and not the key: the two do not match
	hangup("certificate not reloaded, the one before stays in force", 1)
	if !served(t, base).Equal(first) {
		t.Error("files that do not match changed the certificate")
	}
	put(t, nextKey, key)
	hangup("certificate in force", 2)
	if served(t, base).Equal(first) {
		t.Error("the new certificate is not in force")
	}

	roots := x509.NewCertPool()
	pem, err := os.ReadFile(authority)
	if err != nil || !roots.AppendCertsFromPEM(pem) {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: roots}}}
	defer client.CloseIdleConnections()
	response, err := client.Get(base + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusOK || response.ProtoMajor != 2 {
		t.Errorf("/readyz answers %s by %s", response.Status, response.Proto)
	}
	c.finish(t)
}

// Files that change are read again without a signal, also when a link is led elsewhere, and a
// certificate that has expired is not taken.
func TestCertificateFilesAreWatched(t *testing.T) {
	_, chain, key := certificateFiles(t)
	_, nextChain, nextKey := certificateFiles(t)
	mounted := filepath.Join(t.TempDir(), "mounted")
	lead := func(folder string) {
		t.Helper()
		if err := os.Symlink(folder, mounted+".new"); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(mounted+".new", mounted); err != nil {
			t.Fatal(err)
		}
	}
	lead(filepath.Dir(chain))
	c, err := tlsFlags{filepath.Join(mounted, filepath.Base(chain)), filepath.Join(mounted, filepath.Base(key))}.open()
	if err != nil {
		t.Fatal(err)
	}
	c.every = time.Millisecond
	first := c.current.Load()
	log := newOutput()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	c.watch(ctx, slog.New(slog.NewTextHandler(log, nil)))
	if filepath.Dir(nextChain) != filepath.Dir(nextKey) {
		t.Fatal("chain and key are in two folders")
	}
	lead(filepath.Dir(nextChain))
	for limit := time.After(10 * time.Second); bytes.Equal(c.current.Load().Certificate[0], first.Certificate[0]); {
		select {
		case <-log.more:
		case <-limit:
			t.Fatalf("the new files are not in force:\n%s", log.String())
		}
	}
	stop()

	old, err := tlsFlags{chain, key}.open()
	if err != nil {
		t.Fatal(err)
	}
	if err := old.reload(time.Now().AddDate(0, 2, 0)); err == nil || !strings.Contains(err.Error(), "expired at") {
		t.Errorf("reloading a certificate that has expired: %v", err)
	}
}

func TestTLSFlagsThatMakeNoSense(t *testing.T) {
	_, chain, key := certificateFiles(t)
	_, _, other := certificateFiles(t)
	for words, flags := range map[string][]string{
		"go together":                          {"--tls-cert=" + chain},
		"--tls-cert and --tls-key go together": {"--tls-key=" + key},
		"private key does not match":           {"--tls-cert=" + chain, "--tls-key=" + other},
		"failed to find any PEM data":          {"--tls-cert=" + chain, "--tls-key=/dev/null"},
	} {
		refused(t, words, append([]string{"serve", "--listen=127.0.0.1:0", "--localkms-listen=127.0.0.1:0"}, flags...)...)
	}
}
