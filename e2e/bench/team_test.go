package bench

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aliyun/alibaba-cloud-sdk-go/sdk/requests"
	"github.com/aliyun/alibaba-cloud-sdk-go/services/kms"

	"keyferry/e2e/program"
	"keyferry/server/localkms"
	"keyferry/server/localkms/localkmstest"
	"keyferry/server/signin/signintest"
	"keyferry/server/store"
	"keyferry/server/store/storetest"
	"keyferry/wasm/keywrap/keywraptest"
)

// The goals of a console for several people, against the same console without a database.
const (
	leastThroughput   = 0.5
	slowestP99        = 3.0
	largestTeamMemory = 80_000_000 // bytes resident
)

const (
	importers = 32  // clients that import at once
	batch     = 256 // imports of one contender before the next has its turn
)

// route is one way by which imports reach the KMS, and what they took on it.
type route struct {
	name    string
	prepare func() prepared
	send    func(prepared) error
	took    times
	spent   time.Duration
	cpu     time.Duration    // that the console took for them
	console *program.Program // nil for the SDK
	client  *http.Client     // of the browser that signed in
}

func (r *route) rate() float64 { return float64(len(r.took)) / r.spent.Seconds() }

// BenchmarkTeam imports at once from many clients, in turn by alibaba-cloud-sdk-go alone, through
// the console without a database, and through consoles with sign-in, policies and a ledger, on
// SQLite and on PostgreSQL: to the same local KMS, which asks for TLS as the real one does. Each
// import has a token of its own, got beforehand.
func BenchmarkTeam(b *testing.B) {
	k := startTLS(b)
	provider := signintest.New(b, signintest.Person{ID: "id-1", Name: "Robin", Groups: []string{"platform"}})
	provider.At("id-1")
	alone := k.console(b, "Console", "--allow-unauthenticated")
	routes := []*route{k.sdk(b, alone), alone}
	for _, kind := range []string{store.SQLite, store.Postgres} {
		if kind == store.Postgres {
			storetest.Sync(b)
		}
		routes = append(routes, k.team(b, provider, kind))
	}
	for _, r := range routes {
		r.run(b) // connections are opened, and memory is taken
		r.took, r.spent, r.cpu = nil, 0, 0
	}
	for b.Loop() {
		for _, r := range routes {
			r.run(b)
		}
	}
	show(b, routes)
}

// show puts the routes into the table.
func show(b *testing.B, routes []*route) {
	b.Helper()
	sdk, alone := routes[0], routes[1]
	f := func(r, with *route) figure {
		return figure{
			what: fmt.Sprintf("%s, imports of %d clients", r.name, importers), value: fmt.Sprintf("%.0f/s", r.rate()),
			against: fmt.Sprintf("%s: %.0f/s", with.name, with.rate()), ratio: inTimes(ratio(r.rate(), with.rate())),
		}
	}
	p99 := func(r, with *route) figure {
		long, less := r.took.at(0.99), with.took.at(0.99)
		return figure{what: r.name + ", p99", value: short(long), against: with.name + ": " + short(less), ratio: inTimes(ratio(long, less))}
	}
	measured.add(f(alone, sdk))
	measured.add(p99(alone, sdk))
	for _, r := range routes[2:] {
		b.ReportMetric(r.rate(), strings.ReplaceAll(r.name, " ", "-")+"-imports/s")
		measured.add(f(r, sdk))
		measured.add(f(r, alone).atLeast("0.5×", r.rate()/alone.rate(), leastThroughput))
		measured.add(p99(r, alone).atMost("3×", ratio(r.took.at(0.99), alone.took.at(0.99)), slowestP99))
		mine, others := r.cpu/time.Duration(len(r.took)), alone.cpu/time.Duration(len(alone.took))
		measured.add(figure{what: r.name + ", processor time of the console for an import", value: short(mine),
			against: alone.name + ": " + short(others), ratio: inTimes(ratio(mine, others))})
		memory(b, r.console, fmt.Sprintf("%s, memory after %d imports", r.name, len(r.took)+batch), "80 MB", largestTeamMemory)
	}
}

// run sends one batch from all clients.
func (r *route) run(b *testing.B) {
	b.Helper()
	b.StopTimer()
	ready := make(chan prepared, batch)
	each(batch, func(int) { ready <- r.prepare() })
	close(ready)
	b.StartTimer()
	took := make([]times, importers)
	before := r.processor(b)
	began := time.Now()
	each(importers, func(n int) {
		for in := range ready {
			began := time.Now()
			if err := r.send(in); err != nil {
				b.Errorf("importing by %s: %v", r.name, err)
				return
			}
			took[n] = append(took[n], time.Since(began))
		}
	})
	r.spent += time.Since(began)
	r.cpu += r.processor(b) - before
	for _, one := range took {
		r.took = append(r.took, one...)
	}
	if b.Failed() {
		b.FailNow()
	}
}

// processor returns the processor time that the console has taken, where Linux tells.
func (r *route) processor(b *testing.B) time.Duration {
	b.Helper()
	if r.console == nil || runtime.GOOS != "linux" {
		return 0
	}
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", r.console.Pid()))
	if err != nil {
		b.Fatal(err)
	}
	// After the name, which ends with the last bracket: proc_pid_stat(5), in hundredths of a second.
	fields := strings.Fields(string(content[bytes.LastIndexByte(content, ')'):]))
	var ticks time.Duration
	for _, field := range fields[12:14] {
		n, err := strconv.Atoi(field)
		if err != nil {
			b.Fatal(err)
		}
		ticks += time.Duration(n)
	}
	return ticks * 10 * time.Millisecond
}

// each calls f with the numbers below count, as many at once as there are clients.
func each(count int, f func(n int)) {
	var group sync.WaitGroup
	for first := range min(count, importers) {
		group.Go(func() {
			for n := first; n < count; n += importers {
				f(n)
			}
		})
	}
	group.Wait()
}

// secureKMS is a local KMS in this process behind TLS, with a wrapping key at hand.
type secureKMS struct {
	server     *httptest.Server
	authority  string // file with its certificate
	material   []byte
	mu         sync.Mutex
	ciphertext map[string]string // of the material, by wrapping key
}

func startTLS(b *testing.B) *secureKMS {
	b.Helper()
	handler := localkmstest.New(b, localkms.Config{WrappingKeys: []*rsa.PrivateKey{keywraptest.PrivateKey()}})
	material := program.Fresh(b)
	k := &secureKMS{server: httptest.NewTLSServer(handler), material: material[:], ciphertext: map[string]string{}}
	b.Cleanup(k.server.Close)
	k.authority = program.Kept(b, "authority.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: k.server.Certificate().Raw}))
	return k
}

// wrap wraps the material, once for each wrapping key.
func (k *secureKMS) wrap(b *testing.B, publicKey string) string {
	k.mu.Lock()
	defer k.mu.Unlock()
	if known, ok := k.ciphertext[publicKey]; ok {
		return known
	}
	der, err := base64.StdEncoding.DecodeString(publicKey)
	if err != nil {
		b.Error(err)
		return ""
	}
	key, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		b.Error(err)
		return ""
	}
	wrapped, err := rsa.EncryptOAEP(sha256.New(), rand.Reader, key.(*rsa.PublicKey), k.material, nil)
	if err != nil {
		b.Error(err)
	}
	k.ciphertext[publicKey] = base64.StdEncoding.EncodeToString(wrapped)
	return k.ciphertext[publicKey]
}

// console starts a console in front of the KMS, with further flags.
func (k *secureKMS) console(b *testing.B, name string, flags ...string) *route {
	b.Helper()
	command := exec.Command(program.Binary, append([]string{"serve", "--listen=127.0.0.1:0", "--kms=alibaba",
		"--endpoint=" + k.server.Listener.Addr().String(), "--ca-file=" + k.authority,
		"--kms-reads-per-second=1000000", "--kms-writes-per-second=1000000"}, flags...)...)
	command.Env = append(os.Environ(), "ALIBABA_CLOUD_ACCESS_KEY_ID="+localkms.DefaultAccessKeyID,
		"ALIBABA_CLOUD_ACCESS_KEY_SECRET="+localkms.DefaultAccessKeySecret,
		"KEYFERRY_REQUESTS_PER_ADDRESS=0", "KEYFERRY_REQUESTS_PER_PERSON=0") // one person makes all the calls here
	r := &route{name: name, console: program.Launch(b, command, &program.Log{})}
	jar, err := cookiejar.New(nil)
	if err != nil {
		b.Fatal(err)
	}
	r.client = &http.Client{Jar: jar, Transport: &http.Transport{MaxIdleConnsPerHost: importers}}
	r.prepare = func() prepared {
		var answer struct{ PublicKey, ImportToken string }
		if err := r.post("GetParametersForImport", parametersFor(program.Seeded[0]), &answer); err != nil {
			b.Errorf("preparing an import by %s: %v", name, err)
		}
		return prepared{program.Seeded[0], answer.ImportToken, k.wrap(b, answer.PublicKey)}
	}
	r.send = func(in prepared) error {
		return r.post("ImportKeyMaterial", map[string]any{
			"KeyId": in.keyID, "ImportToken": in.token, "EncryptedKeyMaterial": in.ciphertext, "KeyMaterialExpireUnix": 0,
		}, &struct{ RequestId string }{})
	}
	return r
}

// post makes one of the two calls as the page does.
func (r *route) post(action string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	response, err := r.client.Post(r.console.Console+"/kms/"+action, "application/json", bytes.NewReader(body))
	if err != nil {
		return err
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", response.Status, answer)
	}
	if err != nil {
		return err
	}
	return json.Unmarshal(answer, out)
}

// sdk is the way of alibaba-cloud-sdk-go alone, with tokens that a console got.
func (k *secureKMS) sdk(b *testing.B, tokens *route) *route {
	b.Helper()
	client, err := kms.NewClientWithAccessKey(localkms.DefaultRegion, localkms.DefaultAccessKeyID, localkms.DefaultAccessKeySecret)
	if err != nil {
		b.Fatal(err)
	}
	client.Domain = k.server.Listener.Addr().String()
	transport := k.server.Client().Transport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = importers
	client.SetTransport(transport)
	return &route{name: "SDK alone", prepare: tokens.prepare, send: func(in prepared) error {
		request := kms.CreateImportKeyMaterialRequest()
		request.Scheme = "https"
		request.KeyId, request.ImportToken, request.EncryptedKeyMaterial = in.keyID, in.token, in.ciphertext
		request.KeyMaterialExpireUnix = requests.NewInteger64(0)
		_, err := client.ImportKeyMaterial(request)
		return err
	}}
}

// team starts a console with a database, policies and a provider, and signs in.
func (k *secureKMS) team(b *testing.B, provider *signintest.Provider, kind string) *route {
	b.Helper()
	folder := b.TempDir()
	rules := filepath.Join(folder, "policy")
	if err := os.Mkdir(rules, 0o700); err != nil {
		b.Fatal(err)
	}
	program.WriteFile(b, filepath.Join(rules, "bench.cedar"),
		[]byte(`permit (principal in Group::"platform", action in [Action::"request", Action::"import", Action::"readRequests"], resource is Key);`))
	key := filepath.Join(folder, "ledger-key")
	if err := command(folder, nil, program.Binary, "ledger", "key", key); err != nil {
		b.Fatal(err)
	}
	name := map[string]string{store.SQLite: "Console on SQLite", store.Postgres: "Console on PostgreSQL"}[kind]
	r := k.console(b, name, "--database="+storetest.URL(b, kind), "--policy="+rules, "--ledger-key="+key,
		"--oidc-issuer="+provider.Issuer, "--oidc-client-id="+signintest.ClientID,
		"--oidc-client-secret-file="+program.Kept(b, "secret", []byte(signintest.ClientSecret)))
	provider.Register(r.console.Console)
	response, err := r.client.Get(r.console.Console + "/signin/start?to=/api/me")
	if err != nil {
		b.Fatal(err)
	}
	defer response.Body.Close()
	if body, err := io.ReadAll(response.Body); err != nil || !strings.Contains(string(body), "Robin") {
		b.Fatalf("signing in: %s: %s, %v", response.Status, body, err)
	}
	return r
}
