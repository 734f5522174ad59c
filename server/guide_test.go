package main

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"keyferry/e2e/program"
	"keyferry/server/localkms"
	"keyferry/server/signin/signintest"
	"keyferry/server/store"
	"keyferry/server/store/storetest"
)

// step is a block of shell commands in the README.
type step struct {
	commands string
	starts   bool // it is the one that runs the console
}

// guide returns the blocks of the section for a team, with other names in place of the examples.
func guide(t *testing.T, pairs ...string) []step {
	t.Helper()
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## A console for a team, from nothing\n")
	section, _, found := strings.Cut(section, "\n## ")
	if !found {
		t.Fatal("the README has no such section")
	}
	for n := range 10 {
		if !strings.Contains(section, fmt.Sprintf("\n**%d. ", n+1)) {
			t.Errorf("there is no step %d", n+1)
		}
	}
	var steps []step
	for _, block := range regexp.MustCompile("(?s)```sh( start)?\n(.*?)```").FindAllStringSubmatch(replace(t, section, pairs...), -1) {
		steps = append(steps, step{commands: block[2], starts: block[1] != ""})
	}
	return steps
}

// The steps of the guide lead from nothing to a console for a team, as they are written: with the
// real program, PostgreSQL, an OpenID provider, TLS, and the local KMS in place of Alibaba Cloud.
func TestGuide(t *testing.T) {
	if testing.Short() {
		t.Skip("starts programs")
	}
	if err := program.Build(); err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	address, err := url.Parse(storetest.Empty(t, store.Postgres))
	if err != nil {
		t.Fatal(err)
	}
	socket := address.Query().Get("host")
	listen := freeAddress(t)
	base := "https://" + listen
	provider := signintest.New(t, signintest.Person{ID: "robin", Name: "Robin", Groups: []string{"platform"}},
		signintest.Person{ID: "ines", Name: "Ines", Groups: []string{"payments"}})
	provider.Register(base)
	trusted := prepareGuide(t, folder)
	kms := run(t, "localkms", "--listen=127.0.0.1:0", "--tls-self-signed="+filepath.Join(folder, "kms.pem"))
	endpoint := kms.wait(t, `LOCAL KMS on https://(127\.0\.0\.1:\d+)`)
	authority, err := os.ReadFile(filepath.Join(folder, "kms.pem"))
	if err != nil {
		t.Fatal(err)
	}
	both := program.WriteFile(t, filepath.Join(folder, "trusted.pem"), append(trusted, authority...))

	steps := guide(t, "/etc/keyferry", folder, "/usr/local/bin", filepath.Join(folder, "bin"), "https://keyferry.example", base,
		"0.0.0.0:443", listen, "https://login.example/realms/staff", provider.Issuer, "@db.example/keyferry", "@/keyferry?host="+socket)
	environment := append(os.Environ(), "PATH="+filepath.Join(folder, "bin")+":"+os.Getenv("PATH"), "PGHOST="+socket, "PGUSER=keyferry",
		"KEYFERRY_ENDPOINT="+endpoint, "KEYFERRY_CA_FILE="+both, "CURL_CA_BUNDLE="+both,
		"ALIBABA_CLOUD_ACCESS_KEY_ID="+localkms.DefaultAccessKeyID, "ALIBABA_CLOUD_ACCESS_KEY_SECRET="+localkms.DefaultAccessKeySecret)
	for _, s := range steps {
		command := exec.Command("bash", "-e", "-u", "-o", "pipefail", "-c", s.commands)
		command.Env = environment
		if s.starts {
			program.Run(t, command, &program.Log{}, regexp.MustCompile(`console on https`))
			continue
		}
		if output, err := command.CombinedOutput(); err != nil {
			t.Fatalf("%s%v\n%s", s.commands, err, output)
		}
		if strings.Contains(s.commands, "touch oidc-secret") { // which the person fills
			program.WriteFile(t, filepath.Join(folder, "oidc-secret"), []byte(signintest.ClientSecret+"\n"))
		}
	}

	robin, ines := signedIn(t, provider, base, both, "robin"), signedIn(t, provider, base, both, "ines")
	var made struct{ Requests []struct{ Id string } }
	robin.post("/api/requests", http.StatusCreated, map[string]any{"Requests": []any{map[string]any{
		"KeyId": "key-hzzkeyferrylocal00001", "Label": "payments/cards", "Algorithms": []string{"RSAES_OAEP_SHA_256"},
		"ImporterKind": "group", "Importer": "payments", "Expiry": "any", "ExpiryDays": 0,
		"Deadline": time.Now().Add(48 * time.Hour).UTC().Format(time.RFC3339), "Note": "", "Commitment": "",
	}}}, &made)
	ines.post("/api/requests/"+made.Requests[0].Id+"/parameters", http.StatusOK, map[string]any{"WrappingAlgorithm": "RSAES_OAEP_SHA_256"}, nil)
}

// prepareGuide puts into the folder what the person has from elsewhere: the release, the example
// policies and a certificate. It returns the certificate to trust.
func prepareGuide(t *testing.T, folder string) (trusted []byte) {
	t.Helper()
	content := program.ReadFile(t, program.Binary)
	program.WriteFile(t, filepath.Join(folder, "keyferry-linux-amd64"), content)
	program.WriteFile(t, filepath.Join(folder, "SHA256SUMS"), fmt.Appendf(nil, "%x  keyferry-linux-amd64\n%064d  keyferry-linux-arm64\n", sha256.Sum256(content), 0))
	for _, name := range []string{"bin", "policy"} {
		if err := os.Mkdir(filepath.Join(folder, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.CopyFS(filepath.Join(folder, "policy"), os.DirFS("policy/example")); err != nil {
		t.Fatal(err)
	}
	authority, chain, key := certificateFiles(t)
	program.WriteFile(t, filepath.Join(folder, "fullchain.pem"), program.ReadFile(t, chain))
	program.WriteFile(t, filepath.Join(folder, "privkey.pem"), program.ReadFile(t, key))
	return bytes.TrimLeft(program.ReadFile(t, authority), " ")
}

// signedIn is the browser of somebody who signed in with the provider.
func signedIn(t *testing.T, provider *signintest.Provider, base, authorities, id string) *visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(program.ReadFile(t, authorities))
	v := &visitor{t, base, &http.Client{Jar: jar, Timeout: 30 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}}
	t.Cleanup(v.client.CloseIdleConnections)
	provider.At(id)
	v.get("/signin/start?to=/en/requests", http.StatusOK, nil)
	return v
}
