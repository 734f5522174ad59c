package bench

import (
	"crypto/rsa"
	"fmt"
	"runtime"
	"strconv"
	"sync"
	"testing"
	"time"

	"keyferry/e2e/program"
	"keyferry/server/localkms"
	"keyferry/server/localkms/localkmstest"
	"keyferry/wasm/keywrap/keywraptest"
)

// connections is how many clients call the local KMS at once. Clients and server share the machine.
const connections = 64

// The published quotas of the two calls, per second and account.
const (
	readQuota  = 50
	writeQuota = 30
)

func parametersFor(keyID string) map[string]string {
	return map[string]string{"KeyId": keyID, "WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048"}
}

// parallel has all connections make calls until the benchmark ends, and shows their rate and the
// time that 99 of 100 do not exceed.
func parallel(b *testing.B, call func() error) (rate float64, p99 time.Duration) {
	b.Helper()
	var mu sync.Mutex
	var all times
	b.SetParallelism(max(1, connections/runtime.GOMAXPROCS(0)))
	b.RunParallel(func(pb *testing.PB) {
		var mine times
		for pb.Next() {
			began := time.Now()
			if err := call(); err != nil {
				b.Error(err)
				return
			}
			mine = append(mine, time.Since(began))
		}
		mu.Lock()
		defer mu.Unlock()
		all = append(all, mine...)
	})
	rate, p99 = float64(len(all))/b.Elapsed().Seconds(), all.at(0.99)
	b.ReportMetric(rate, "calls/s")
	b.ReportMetric(float64(p99), "p99-ns")
	return rate, p99
}

// BenchmarkKMSCalls shows how many of the two calls of an import the local KMS answers, in a
// process of its own. GetParametersForImport takes an RSA key from a pool that one goroutine fills,
// so that its rate is that of generating RSA keys.
func BenchmarkKMSCalls(b *testing.B) {
	p := program.StartKMS(b)
	in := prepareImport(b, p)
	c := newCaller(p.Local)
	for _, one := range []struct {
		action     string
		parameters map[string]string
		quota      int
	}{
		{"ImportKeyMaterial", map[string]string{"KeyId": in.keyID, "ImportToken": in.token, "EncryptedKeyMaterial": in.ciphertext}, writeQuota},
		{"GetParametersForImport", parametersFor(in.keyID), readQuota},
	} {
		var rate float64
		var p99 time.Duration
		b.Run(one.action, func(b *testing.B) {
			rate, p99 = parallel(b, func() error { return c.call(one.action, one.parameters, nil) })
		})
		measured.add(figure{
			what:    fmt.Sprintf("%s, %d connections", one.action, connections),
			value:   fmt.Sprintf("%.1f/s, p99 %s", rate, short(p99)),
			against: fmt.Sprintf("published quota: %d/s", one.quota), ratio: inTimes(rate / float64(one.quota)),
		})
	}
}

// BenchmarkKMSBurst asks for 500 parameter sets at once, when a wrapping key is ready for each.
func BenchmarkKMSBurst(b *testing.B) {
	const burst = 500
	server := localkmstest.Start(b, localkms.Config{WrappingKeys: []*rsa.PrivateKey{keywraptest.PrivateKey()}})
	c := newCaller(server.URL)
	keyID := localkms.DefaultSeed().Keys[0].KeyID
	var took times
	for b.Loop() {
		began := time.Now()
		var group sync.WaitGroup
		for n := range connections {
			group.Go(func() {
				for i := n; i < burst; i += connections {
					if err := c.call("GetParametersForImport", parametersFor(keyID), nil); err != nil {
						b.Error(err)
					}
				}
			})
		}
		group.Wait()
		took = append(took, time.Since(began))
	}
	median := took.at(0.5)
	measured.add(figure{what: fmt.Sprintf("Burst of %d parameter sets, keys ready", burst), value: short(median)}.
		atMost("1 s", float64(median), float64(time.Second)))
}

// BenchmarkKMSListing makes 100,000 CMKs, shows what one takes up, and lists them page by page: the
// last pages must not be much slower than the first.
func BenchmarkKMSListing(b *testing.B) {
	const (
		keys, pageSize = 100_000, 100
		compared       = 100 // pages at each end
	)
	server := localkmstest.Start(b, localkms.Config{Seed: &localkms.Seed{}, WrappingKeys: []*rsa.PrivateKey{keywraptest.PrivateKey()}})
	c := newCaller(server.URL)
	c.noNonce = true // what the KMS remembers of a nonce is not the memory of a CMK
	before, began := heap(), time.Now()
	create(b, c, keys)
	rate := keys / time.Since(began).Seconds()
	each := (heap() - before) / keys

	var first, last time.Duration
	walks := 0
	for b.Loop() {
		pages := list(b, c, keys, pageSize)
		for i := range compared {
			first += pages[i]
			last += pages[len(pages)-1-i]
		}
		walks++
	}
	per := func(sum time.Duration) string { return short(sum / time.Duration(walks*compared)) }
	measured.add(figure{
		what: fmt.Sprintf("Listing %d CMKs, last %d pages", keys, compared), value: per(last),
		against: fmt.Sprintf("first %d pages: %s", compared, per(first)), ratio: inTimes(ratio(last, first)),
	}.atMost("1.5×", ratio(last, first), 1.5))
	measured.add(figure{what: "Memory of a CMK", value: fmt.Sprintf("%d bytes", each)})
	measured.add(figure{what: fmt.Sprintf("CreateKey, %d connections", connections), value: fmt.Sprintf("%.0f/s", rate)})
}

// create makes CMKs from all connections.
func create(b *testing.B, c *caller, keys int) {
	b.Helper()
	var group sync.WaitGroup
	for n := range connections {
		group.Go(func() {
			for i := n; i < keys; i += connections {
				if err := c.call("CreateKey", map[string]string{"Origin": "EXTERNAL", "Description": "for the bench"}, nil); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
}

// heap is what is in use after a garbage collection.
func heap() int64 {
	runtime.GC()
	runtime.GC() // the first leaves to the second what had finalizers, and what pools held
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}

// list lists all CMKs once and returns the time of each page. It expects every CMK once.
func list(b *testing.B, c *caller, total, pageSize int) times {
	b.Helper()
	var pages times
	seen := make(map[string]bool, total)
	for number := 1; len(seen) < total; number++ {
		var answer struct {
			Keys struct{ Key []struct{ KeyId string } }
		}
		began := time.Now()
		err := c.call("ListKeys", map[string]string{"PageNumber": strconv.Itoa(number), "PageSize": strconv.Itoa(pageSize)}, &answer)
		pages = append(pages, time.Since(began))
		if err != nil {
			b.Fatal(err)
		}
		before := len(seen)
		for _, key := range answer.Keys.Key {
			seen[key.KeyId] = true
		}
		if len(answer.Keys.Key) == 0 || len(seen)-before != len(answer.Keys.Key) {
			b.Fatalf("page %d has %d CMKs, some of which were on an earlier page", number, len(answer.Keys.Key))
		}
	}
	return pages
}
