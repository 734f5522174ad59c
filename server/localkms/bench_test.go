package localkms_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"keyferry/server/localkms"
	"keyferry/server/localkms/localkmstest"
)

const benchConnections = 64

// load is a KMS over HTTP and clients that keep its connections busy.
type load struct {
	*client
	url  string
	http *http.Client
}

func newLoad(b *testing.B, config localkms.Config) *load {
	b.Helper()
	return newLoadOf(b, localkmstest.New(b, config))
}

func newLoadOf(b *testing.B, kms *localkms.KMS) *load {
	b.Helper()
	s := httptest.NewServer(kms)
	b.Cleanup(s.Close)
	transport := &http.Transport{MaxConnsPerHost: benchConnections, MaxIdleConnsPerHost: benchConnections}
	b.Cleanup(transport.CloseIdleConnections)
	return &load{
		client: &client{kms, localkms.DefaultAccessKeyID, localkms.DefaultAccessKeySecret, time.Now},
		url:    s.URL, http: &http.Client{Transport: transport},
	}
}

// run sends n requests over all connections and returns how long each took.
func (l *load) run(b *testing.B, n int, action string, in func(i int) params) []time.Duration {
	b.Helper()
	took := make([]time.Duration, n)
	var next atomic.Int64
	var group sync.WaitGroup
	for range benchConnections {
		group.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				target := l.url + "/?" + l.signed(http.MethodPost, action, in(i)).Encode()
				start := time.Now()
				response, err := l.http.Post(target, "application/x-www-form-urlencoded", nil)
				if err != nil {
					b.Error(err)
					return
				}
				body, _ := io.ReadAll(response.Body)
				response.Body.Close()
				took[i] = time.Since(start)
				if response.StatusCode != http.StatusOK {
					b.Errorf("%d %s", response.StatusCode, body)
					return
				}
			}
		})
	}
	group.Wait()
	return took
}

func report(b *testing.B, took []time.Duration) {
	slices.Sort(took)
	b.ReportMetric(float64(len(took))/b.Elapsed().Seconds(), "requests/s")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
}

// BenchmarkGetParametersForImport measures parameter sets under 64 connections,
// from wrapping keys that are there.
func BenchmarkGetParametersForImport(b *testing.B) {
	l := newLoad(b, localkms.Config{})
	id := l.external(b)
	b.ResetTimer()
	report(b, l.run(b, b.N, "GetParametersForImport", func(int) params {
		return params{"KeyId": id, "WrappingAlgorithm": oaepSHA256, "WrappingKeySpec": "RSA_2048"}
	}))
}

// BenchmarkImportKeyMaterial measures imports under 64 connections, without and with a state file.
func BenchmarkImportKeyMaterial(b *testing.B) {
	for _, algorithm := range algorithms {
		b.Run(algorithm, func(b *testing.B) { benchImports(b, localkms.Config{}, algorithm) })
	}
	b.Run("state file", func(b *testing.B) {
		benchImports(b, localkms.Config{StateFile: filepath.Join(b.TempDir(), "state")}, oaepSHA256)
	})
}

func benchImports(b *testing.B, config localkms.Config, algorithm string) {
	l := newLoad(b, config)
	material := newMaterial(32)
	var imports []params
	for range 100 {
		imports = append(imports, l.importing(b, l.external(b), algorithm, material))
	}
	b.ResetTimer()
	report(b, l.run(b, b.N, "ImportKeyMaterial", func(i int) params { return imports[i%len(imports)] }))
}

// BenchmarkBurst measures 500 parameter sets at once from a pool that is warm.
// Filling it with fresh RSA keys takes a minute and is not measured.
func BenchmarkBurst(b *testing.B) {
	const burst = 500
	for range b.N {
		b.StopTimer()
		kms := localkms.New(localkms.Config{PoolSize: burst})
		l := newLoadOf(b, kms)
		id := l.external(b)
		for kms.WrappingKeysReady() < burst {
			time.Sleep(100 * time.Millisecond)
		}
		b.StartTimer()
		start := time.Now()
		l.run(b, burst, "GetParametersForImport", func(int) params {
			return params{"KeyId": id, "WrappingAlgorithm": oaepSHA256, "WrappingKeySpec": "RSA_2048"}
		})
		b.ReportMetric(float64(time.Since(start).Milliseconds()), "ms/500-sets")
		b.StopTimer()
		kms.Close()
	}
}

// BenchmarkListKeys measures pages of 100,000 CMKs at both ends of the list,
// without and with a filter.
func BenchmarkListKeys(b *testing.B) {
	const total = 100_000
	seed := &localkms.Seed{Keys: make([]localkms.SeedKey, total)}
	_, c := newClient(b, localkms.Config{Seed: seed})
	for _, filter := range []string{"", `[{"Key":"KeyState","Values":["Enabled"]}]`} {
		for _, page := range []int{1, total / 200, total / 100} {
			b.Run(fmt.Sprintf("filter=%v/page=%d", filter != "", page), func(b *testing.B) {
				for range b.N {
					c.must(b, "ListKeys", params{"PageNumber": strconv.Itoa(page), "PageSize": "100", "Filters": filter})
				}
			})
		}
	}
}

// BenchmarkMemory measures what a CMK costs.
func BenchmarkMemory(b *testing.B) {
	const total = 100_000
	heap := func() uint64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	for _, origin := range []string{"EXTERNAL", "Aliyun_KMS"} {
		b.Run(strings.ToLower(origin), func(b *testing.B) {
			for range b.N {
				_, c := newClient(b, localkms.Config{Seed: &localkms.Seed{}})
				before := heap()
				for range total {
					c.create(b, params{"Origin": origin})
				}
				// The nonces of the requests count, and are a few bytes each.
				b.ReportMetric(float64(heap()-before)/total, "bytes/CMK")
				runtime.KeepAlive(c)
			}
		})
	}
}

// BenchmarkRefusal measures how long each kind of failed import takes. They
// have to be alike: what went wrong must not show in time either.
func BenchmarkRefusal(b *testing.B) {
	_, c := newClient(b, localkms.Config{})
	id := c.external(b)
	material := newMaterial(32)
	encode := base64.StdEncoding.EncodeToString
	bound := c.external(b)
	c.bring(b, bound, material)
	for _, algorithm := range []string{oaepSHA256, pkcs1v15} {
		good := c.importing(b, id, algorithm, material)
		with := func(wrapped string) params {
			return params{"KeyId": id, "ImportToken": good["ImportToken"], "EncryptedKeyMaterial": wrapped}
		}
		publicKey, token := c.parameters(b, id, algorithm)
		short := params{"KeyId": id, "ImportToken": token, "EncryptedKeyMaterial": wrap(b, publicKey, algorithm, material[:31])}
		for _, refusal := range []struct {
			name string
			in   params
		}{
			{"random", with(encode(append([]byte{0}, newMaterial(255)...)))},
			{"above the modulus", with(encode(bytes.Repeat([]byte{255}, 256)))},
			{"too short to be wrapped", with(encode(material))},
			{"31 bytes", short},
			{"other material", c.importing(b, bound, algorithm, newMaterial(32))},
		} {
			b.Run(algorithm+"/"+refusal.name, func(b *testing.B) {
				for range b.N {
					if got := c.do(b, "ImportKeyMaterial", refusal.in); got.code() != "InvalidKeyMaterial" {
						b.Fatal(got.Body)
					}
				}
			})
		}
	}
}
