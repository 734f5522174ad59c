package load

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"keyferry/e2e/program"
	"keyferry/server/localkms"
	"keyferry/server/localkms/localkmstest"
)

// crowd is a console in a process of its own, in front of a local KMS in this one, whose wrapping
// keys are at hand: what is pressed is the console and not a generator of RSA keys. Every person
// has a CMK of their own.
type crowd struct {
	console *program.Program
	kms     *localkms.KMS
	site    string
	refused atomic.Int64 // answers of the KMS that are errors
	people  []*person
}

// person imports the same key material again and again, as somebody does who drills.
type person struct {
	key      string
	material []byte
	client   *http.Client
}

// load is how much is pressed.
type load struct {
	people int
	lasts  time.Duration
	think  time.Duration // before each call, on average
}

func startCrowd(t *testing.T, people int) *crowd {
	t.Helper()
	if testing.Short() {
		t.Skip("starts programs")
	}
	c := &crowd{}
	seed := &localkms.Seed{}
	for n := range people {
		one := &person{key: fmt.Sprintf("key-person%05d", n), material: make([]byte, 32)}
		rand.Read(one.material)
		one.client = &http.Client{Transport: &http.Transport{MaxConnsPerHost: 1}, Timeout: 60 * time.Second}
		t.Cleanup(one.client.CloseIdleConnections)
		c.people = append(c.people, one)
		seed.Keys = append(seed.Keys, localkms.SeedKey{KeyID: one.key, Origin: "EXTERNAL"})
	}
	c.kms = localkmstest.New(t, localkms.Config{Seed: seed})
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		counted := &statusWriter{ResponseWriter: w}
		c.kms.ServeHTTP(counted, r)
		if counted.status >= 400 {
			c.refused.Add(1)
		}
	}))
	t.Cleanup(server.Close)
	authority := program.Kept(t, "authority.pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
	t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", localkms.DefaultAccessKeyID)
	t.Setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", localkms.DefaultAccessKeySecret)
	c.console = program.StartWith(t, "--kms=alibaba", "--allow-unauthenticated",
		"--endpoint="+server.Listener.Addr().String(), "--ca-file="+authority,
		"--kms-reads-per-second=1000000", "--kms-writes-per-second=1000000") // else calls wait for the KMS, not the console
	c.site = c.console.Console
	return c
}

type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

// pressed is what a load test saw.
type pressed struct {
	mu     sync.Mutex
	took   map[string][]time.Duration
	faults map[string]int
}

func (p *pressed) note(action string, took time.Duration, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err != nil {
		p.faults[err.Error()]++
		return
	}
	p.took[action] = append(p.took[action], took)
}

// at is the time that this share of the calls did not exceed.
func (p *pressed) at(action string, share float64) time.Duration {
	times := slices.Sorted(slices.Values(p.took[action]))
	if len(times) == 0 {
		return 0
	}
	return times[min(len(times)-1, int(share*float64(len(times))))]
}

// press has everybody import until the time is over. Whoever has begun an import ends it.
func (c *crowd) press(t *testing.T, l load) *pressed {
	t.Helper()
	p := &pressed{took: map[string][]time.Duration{}, faults: map[string]int{}}
	end := time.Now().Add(l.lasts)
	var group sync.WaitGroup
	for _, one := range c.people[:l.people] {
		group.Go(func() {
			pause(2 * l.think) // nobody waits for the others to begin
			for first := true; first || time.Now().Before(end); first = false {
				if !one.importOnce(t.Context(), c.site, l.think, p) {
					return
				}
			}
		})
	}
	group.Wait()
	return p
}

// pause waits for some time, up to twice the average.
func pause(average time.Duration) {
	time.Sleep(mathrand.N(2*average + 1))
}

// importOnce does what the page does: it asks for parameters, wraps, and sends.
func (one *person) importOnce(ctx context.Context, site string, think time.Duration, p *pressed) bool {
	var parameters struct{ PublicKey, ImportToken string }
	err := one.call(ctx, site, "GetParametersForImport", map[string]any{
		"KeyId": one.key, "WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048"}, &parameters, p)
	if err != nil {
		return false
	}
	der, err := base64.StdEncoding.DecodeString(parameters.PublicKey)
	if err != nil {
		p.note("", 0, err)
		return false
	}
	parsed, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		p.note("", 0, err)
		return false
	}
	wrapped, err := rsa.EncryptOAEP(sha256.New(), rand.Reader, parsed.(*rsa.PublicKey), one.material, nil)
	if err != nil {
		p.note("", 0, err)
		return false
	}
	pause(think)
	err = one.call(ctx, site, "ImportKeyMaterial", map[string]any{
		"KeyId": one.key, "EncryptedKeyMaterial": base64.StdEncoding.EncodeToString(wrapped),
		"ImportToken": parameters.ImportToken, "KeyMaterialExpireUnix": 0}, nil, p)
	pause(think)
	return err == nil
}

func (one *person) call(ctx context.Context, site, action string, fields map[string]any, into any, p *pressed) error {
	began := time.Now()
	content, err := one.post(ctx, site+"/kms/"+action, fields)
	if err == nil && into != nil {
		err = json.Unmarshal(content, into)
	}
	p.note(action, time.Since(began), err)
	return err
}

func (one *person) post(ctx context.Context, address string, fields map[string]any) ([]byte, error) {
	body, err := json.Marshal(fields)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := one.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", response.Status, content)
	}
	return content, err
}

// usage is what a process takes up.
type usage struct {
	anonymous   int // bytes of heap and stacks
	threads     int
	connections int // of clients
}

func usageOf(t *testing.T, p *program.Program) usage {
	t.Helper()
	folder := fmt.Sprintf("/proc/%d", p.Pid())
	content, err := os.ReadFile(folder + "/status")
	if err != nil {
		t.Fatalf("reading what the console takes up, which takes Linux: %v", err)
	}
	figure := func(name string) int {
		_, rest, _ := strings.Cut(string(content), name+":")
		number, err := strconv.Atoi(strings.Fields(rest)[0])
		if err != nil {
			t.Fatal(err)
		}
		return number
	}
	u := usage{anonymous: figure("RssAnon") << 10, threads: figure("Threads")}
	u.connections = inbound(t, p.Console)
	return u
}

// inbound is how many connections to an address its server has not closed, as the system counts
// them.
func inbound(t *testing.T, address string) int {
	t.Helper()
	_, port, _ := strings.Cut(strings.TrimPrefix(address, "http://"), ":")
	number, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	table, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		t.Fatal(err)
	}
	const established, closedByTheOther = "01", "08"
	count := 0
	for line := range strings.Lines(string(table)) {
		fields := strings.Fields(line)
		if strings.HasSuffix(fields[1], fmt.Sprintf(":%04X", number)) && (fields[3] == established || fields[3] == closedByTheOther) {
			count++
		}
	}
	return count
}

// sample notes what the process takes up, until the function that it returns is called.
func sample(t *testing.T, p *program.Program, every time.Duration) (stop func() []usage) {
	done, samples := make(chan struct{}), make(chan []usage)
	go func() {
		var all []usage
		ticks := time.NewTicker(every)
		defer ticks.Stop()
		for {
			select {
			case <-ticks.C:
				all = append(all, usageOf(t, p))
			case <-done:
				samples <- all
				return
			}
		}
	}()
	return func() []usage {
		close(done)
		return <-samples
	}
}

// anonymousIn is the average of a part of the samples.
func anonymousIn(samples []usage) int {
	sum := 0
	for _, s := range samples {
		sum += s.anonymous
	}
	return sum / max(1, len(samples))
}
