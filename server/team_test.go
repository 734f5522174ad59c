package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/cookiejar"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"keyferry/server/localkms/localkmstest"
)

func TestTeamFlagsThatMakeNoSense(t *testing.T) {
	folder := t.TempDir()
	database := "--database=" + filepath.Join(folder, "k.db")
	const policies = "--policy=policy/example"
	for words, flags := range map[string][]string{
		"--policy needs --database":           {policies},
		"--ledger-key needs --database":       {"--ledger-key=x"},
		"--demo-people needs --database":      {"--demo-people"},
		"--oidc-issuer needs --database":      {"--oidc-issuer=https://id.example"},
		"--database needs --policy":           {database, "--demo-people"},
		"--database needs --oidc-issuer":      {database, policies},
		"with the local KMS alone":            {database, policies, "--demo-people", "--kms=alibaba"},
		"choose one":                          {database, policies, "--demo-people", "--oidc-issuer=https://id.example"},
		"must be above 0":                     {database, policies, "--demo-people", "--kms-writes-per-second=0"},
		"--ledger-key is missing":             {"--database=postgres:///x", policies, "--demo-people"},
		"the password belongs into KEYFERRY_": {"--database=postgres://u:secret@127.0.0.1:1/x", "--ledger-key=x", policies, "--demo-people"},
		"no policy in a file":                 {database, "--policy=" + folder, "--demo-people"},
		"--oidc-client-id":                    {database, policies, "--oidc-issuer=https://id.example"},
		"must be https":                       {database, policies, "--oidc-issuer=http://id.example", "--oidc-client-id=k"},
	} {
		refused(t, words, append([]string{"serve", "--listen=127.0.0.1:0", "--localkms-listen=127.0.0.1:0"}, flags...)...)
	}
}

// A policy with a mistake stops the program, which names file and line.
func TestServeWithABadPolicy(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "a.cedar"), []byte("permit (principal,\n\taction, resource) when { resource.colour == 1 };\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	refused(t, "a.cedar:2:", "serve", "--listen=127.0.0.1:0", "--localkms-listen=127.0.0.1:0", "--demo-people", "--policy="+folder, "--database="+filepath.Join(folder, "k.db"))
}

// visitor is a browser of somebody.
type visitor struct {
	t      *testing.T
	base   string
	client *http.Client
}

// visitorAs signs in as a made-up person.
func visitorAs(t *testing.T, base, person string) *visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	v := &visitor{t, base, &http.Client{Jar: jar, Timeout: 30 * time.Second}}
	if person != "" {
		v.post("/signin/demo", http.StatusNoContent, map[string]any{"Person": person}, nil)
	}
	return v
}

func (v *visitor) post(path string, want int, body, into any) {
	v.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		v.t.Fatal(err)
	}
	request, err := http.NewRequestWithContext(v.t.Context(), http.MethodPost, v.base+path, bytes.NewReader(text))
	if err != nil {
		v.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Keyferry-Request", "1")
	v.do(request, want, into)
}

func (v *visitor) get(path string, want int, into any) {
	v.t.Helper()
	request, err := http.NewRequestWithContext(v.t.Context(), http.MethodGet, v.base+path, nil)
	if err != nil {
		v.t.Fatal(err)
	}
	v.do(request, want, into)
}

func (v *visitor) do(request *http.Request, want int, into any) {
	v.t.Helper()
	response, err := v.client.Do(request)
	if err != nil {
		v.t.Fatal(err)
	}
	defer response.Body.Close()
	var body bytes.Buffer
	body.ReadFrom(response.Body)
	if response.StatusCode != want {
		v.t.Fatalf("%s %s: %s, want %d\n%s", request.Method, request.URL.Path, response.Status, want, body.String())
	}
	if into != nil {
		if err := json.Unmarshal(body.Bytes(), into); err != nil {
			v.t.Fatalf("%s %s: %v\n%s", request.Method, request.URL.Path, err, body.String())
		}
	}
}

// wrapFor wraps a key for import parameters, and returns what a page submits.
func wrapFor(t *testing.T, publicKey, token, expires string) map[string]any {
	t.Helper()
	ciphertext, fingerprint := localkmstest.Wrap(t, publicKey, bytes.Repeat([]byte{0x5a, 1, 0xc3, 7}, 8))
	return map[string]any{
		"WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySHA256": fingerprint,
		"EncryptedKeyMaterial": ciphertext, "ImportToken": token, "TokenExpireTime": expires,
		"KeyMaterialExpireUnix": 0, "KeyCheckValue": "", "Commitment": "",
	}
}

// The whole program: three people, over HTTP, from a request to the evidence, and a restart.
func TestTeam(t *testing.T) {
	if !moduleBuilt(t) {
		t.Fatal("the WebAssembly module is not built: run make wasm")
	}
	database, rules := filepath.Join(t.TempDir(), "k.db"), t.TempDir()
	if err := os.CopyFS(rules, os.DirFS("policy/example")); err != nil {
		t.Fatal(err)
	}
	arguments := []string{"serve", "--listen=127.0.0.1:0", "--localkms-listen=127.0.0.1:0", "--database=" + database, "--policy=" + rules, "--demo-people"}
	c := run(t, arguments...)
	base := c.wait(t, `console on (http://127\.0\.0\.1:\d+)`)
	key := c.wait(t, `Public key of the ledger: (\S+)`)

	visitorAs(t, base, "").get("/api/requests", http.StatusUnauthorized, nil)
	robin, ines, olga := visitorAs(t, base, "robin"), visitorAs(t, base, "ines"), visitorAs(t, base, "olga")
	var made struct{ Requests []struct{ Id string } }
	robin.post("/api/requests", http.StatusCreated, map[string]any{"Requests": []any{map[string]any{
		"KeyId": "key-hzzkeyferrylocal00001", "Label": "payments/cards", "Algorithms": []string{"RSAES_OAEP_SHA_256"},
		"ImporterKind": "group", "Importer": "payments", "Expiry": "any", "ExpiryDays": 0,
		"Deadline": time.Now().Add(48 * time.Hour).UTC().Format(time.RFC3339), "Note": "", "Commitment": "",
	}}}, &made)
	path := "/api/requests/" + made.Requests[0].Id

	var parameters struct{ PublicKey, ImportToken, TokenExpireTime string }
	ines.post(path+"/parameters", http.StatusOK, map[string]any{"WrappingAlgorithm": "RSAES_OAEP_SHA_256"}, &parameters)
	var seen struct {
		State, Digest string
		Outcome       struct{ RequestId string }
	}
	ines.post(path+"/submit", http.StatusOK, wrapFor(t, parameters.PublicKey, parameters.ImportToken, parameters.TokenExpireTime), &seen)
	if seen.State != "submitted" {
		t.Fatalf("after submitting it is %s", seen.State)
	}
	robin.post(path+"/approve", http.StatusForbidden, map[string]any{"Digest": seen.Digest}, nil)
	ines.post(path+"/approve", http.StatusForbidden, map[string]any{"Digest": seen.Digest}, nil)
	olga.post(path+"/approve", http.StatusOK, map[string]any{"Digest": seen.Digest}, &seen)
	if seen.State != "imported" || seen.Outcome.RequestId == "" {
		t.Fatalf("after the approval: %+v", seen)
	}
	var evidence struct{ Entries []json.RawMessage }
	ines.get(path+"/evidence", http.StatusOK, &evidence)
	if len(evidence.Entries) < 6 {
		t.Errorf("the evidence has %d entries", len(evidence.Entries))
	}
	file := filepath.Join(t.TempDir(), "evidence.json")
	writeJSON(t, file, evidence)
	expect(t, 0, `"kind":"import.outcome"`, "ledger", "verify", "--public-key="+key, "--evidence="+file)
	robin.get("/api/ledger", http.StatusForbidden, nil)
	olga.get("/api/ledger", http.StatusOK, nil)
	c.finish(t)

	// What was is still there after a restart, with the same key, and its ledger is whole.
	log := newOutput()
	c = runLogging(t, log, arguments...)
	base = c.wait(t, `console on (http://127\.0\.0\.1:\d+)`)
	if again := c.wait(t, `Public key of the ledger: (\S+)`); again != key {
		t.Errorf("after a restart the ledger's key is %s, was %s", again, key)
	}
	ines = visitorAs(t, base, "ines")
	ines.get(path, http.StatusOK, &seen)
	if seen.State != "imported" {
		t.Errorf("after a restart it is %s", seen.State)
	}
	// A reload that fails, and a person who is forgotten, are on record.
	if err := os.WriteFile(filepath.Join(rules, "wrong.cedar"), []byte("permitt"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	c.waitIn(t, log, "policies not reloaded")
	refused(t, "nobody has that id", "person", "forget", "ada", "--database="+database)
	expect(t, 0, "Forgotten", "person", "forget", "ines", "--database="+database)
	ines.get(path, http.StatusUnauthorized, nil)
	c.finish(t)
	expect(t, 0, `"kind":"policy.kept","fields":{"reason":"`, "ledger", "export", database)
	expect(t, 0, `"kind":"person.forgotten"`, "ledger", "export", database)
	verify := run(t, "ledger", "verify", database, "--public-key="+key)
	if err := <-verify.ended; err != nil {
		t.Errorf("verifying the ledger: %v\n%s", err, verify.said)
	}
	if info, err := os.Stat(database + ".ledger-key"); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the ledger's key: %v, %v", info, err)
	}
}

// The import page works as ever for somebody who signed in, and for nobody else.
func TestOwnImportOverHTTP(t *testing.T) {
	if !moduleBuilt(t) {
		t.Fatal("the WebAssembly module is not built: run make wasm")
	}
	folder := t.TempDir()
	policies := strings.Join([]string{
		`permit (principal in Group::"payments", action in [Action::"import", Action::"readRequests"], resource is Key);`, "",
	}, "\n")
	if err := os.WriteFile(filepath.Join(folder, "own.cedar"), []byte(policies), 0o600); err != nil {
		t.Fatal(err)
	}
	c := run(t, "serve", "--listen=127.0.0.1:0", "--localkms-listen=127.0.0.1:0", "--database="+filepath.Join(folder, "k.db"), "--policy="+folder, "--demo-people")
	base := c.wait(t, `console on (http://127\.0\.0\.1:\d+)`)
	ask := map[string]any{"KeyId": "key-hzzkeyferrylocal00001", "WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048"}
	visitorAs(t, base, "").post("/kms/GetParametersForImport", http.StatusUnauthorized, ask, nil)
	visitorAs(t, base, "robin").post("/kms/GetParametersForImport", http.StatusForbidden, ask, nil)
	several := map[string]any{"KeyIds": []any{ask["KeyId"]}, "WrappingAlgorithm": ask["WrappingAlgorithm"], "WrappingKeySpec": ask["WrappingKeySpec"]}
	var answers struct{ Answers []struct{ Status int } }
	visitorAs(t, base, "").post("/kms/GetParametersForImport/many", http.StatusUnauthorized, several, nil)
	visitorAs(t, base, "").post("/kms/ImportKeyMaterial/many", http.StatusUnauthorized, map[string]any{"Imports": []any{}}, nil)
	visitorAs(t, base, "robin").post("/kms/GetParametersForImport/many", http.StatusOK, several, &answers)
	if len(answers.Answers) != 1 || answers.Answers[0].Status != http.StatusForbidden {
		t.Errorf("robin, who may not import, is answered %+v", answers)
	}
	ines := visitorAs(t, base, "ines")
	var parameters struct{ PublicKey, ImportToken, TokenExpireTime string }
	ines.post("/kms/GetParametersForImport", http.StatusOK, ask, &parameters)
	in := wrapFor(t, parameters.PublicKey, parameters.ImportToken, "")
	send := map[string]any{
		"KeyId": ask["KeyId"], "EncryptedKeyMaterial": in["EncryptedKeyMaterial"], "ImportToken": in["ImportToken"], "KeyMaterialExpireUnix": 0,
	}
	visitorAs(t, base, "robin").post("/kms/ImportKeyMaterial", http.StatusBadRequest, send, nil)
	var imported struct{ RequestId string }
	visitorAs(t, base, "robin").post("/kms/ImportKeyMaterial/many", http.StatusOK, map[string]any{"Imports": []any{send}}, &answers)
	if len(answers.Answers) != 1 || answers.Answers[0].Status != http.StatusBadRequest {
		t.Errorf("robin, who has not the token, is answered %+v", answers)
	}
	ines.post("/kms/ImportKeyMaterial", http.StatusOK, send, &imported)
	if imported.RequestId == "" {
		t.Error("no RequestId")
	}
	c.finish(t)
}

// In front of Alibaba Cloud a console without sign-in is for whoever can read the terminal.
func TestOneTimeAddress(t *testing.T) {
	if !moduleBuilt(t) {
		t.Fatal("the WebAssembly module is not built: run make wasm")
	}
	arguments := []string{"serve", "--listen=127.0.0.1:0", "--kms=alibaba", "--endpoint=127.0.0.1:1"}
	t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", "x")
	t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "y")
	c := run(t, arguments...)
	base := c.wait(t, `console on (http://127\.0\.0\.1:\d+)`)
	secret := strings.TrimPrefix(c.wait(t, `open (http://\S+)`), base)
	ask := map[string]any{"KeyId": "key-hzzkeyferrylocal00001", "WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048"}

	stranger, owner := visitorAs(t, base, ""), visitorAs(t, base, "")
	stranger.get("/en/", http.StatusOK, nil) // pages are the same for everybody
	stranger.post("/kms/GetParametersForImport", http.StatusUnauthorized, ask, nil)
	stranger.post("/kms/ImportKeyMaterial", http.StatusUnauthorized, ask, nil)
	stranger.post("/kms/GetParametersForImport/many", http.StatusUnauthorized, ask, nil)
	stranger.post("/kms/ImportKeyMaterial/many", http.StatusUnauthorized, ask, nil)
	owner.get(secret, http.StatusOK, nil)
	owner.post("/kms/GetParametersForImport", http.StatusBadGateway, ask, nil) // nobody listens there
	stranger.get(secret, http.StatusForbidden, nil)
	stranger.post("/kms/GetParametersForImport", http.StatusUnauthorized, ask, nil)
	if next := c.wait(t, `Next time, open (http://\S+)`); next == base+secret {
		t.Error("the next address is the one that was used")
	}
	c.finish(t)

	c = run(t, append(arguments, "--allow-unauthenticated")...)
	base = c.wait(t, `console on (http://127\.0\.0\.1:\d+)`)
	visitorAs(t, base, "").post("/kms/GetParametersForImport", http.StatusBadGateway, ask, nil)
	c.finish(t)
}
