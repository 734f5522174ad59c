package ledger

import (
	"fmt"
	"os"
	"strconv"
	"sync/atomic"
	"testing"

	"keyferry/server/store"
	"keyferry/server/store/storetest"
)

// million is how many entries the large ledger of the benchmarks has. Making it takes ten
// minutes and more; KEYFERRY_BENCH_ENTRIES makes a smaller one.
func million() int {
	if n, err := strconv.Atoi(os.Getenv("KEYFERRY_BENCH_ENTRIES")); err == nil {
		return n
	}
	return 1_000_000
}

// BenchmarkAppend measures durable appends, each in a transaction of its own.
func BenchmarkAppend(b *testing.B) {
	for _, kind := range []string{store.SQLite, store.Postgres} {
		for _, writers := range []int{1, 64} {
			b.Run(fmt.Sprintf("%s/writers=%d", kind, writers), func(b *testing.B) {
				if kind == store.Postgres {
					storetest.Sync(b)
				}
				db := storetest.Open(b, storetest.URL(b, kind))
				log := openLog(b, db, testKey(b))
				var n atomic.Int64
				one := func() {
					if _, err := appendOne(b, db, log, specimen(int(n.Add(1)))); err != nil {
						b.Fatal(err)
					}
				}
				if writers == 1 {
					for b.Loop() {
						one()
					}
				} else {
					b.SetParallelism(writers)
					b.RunParallel(func(pb *testing.PB) {
						for pb.Next() {
							one()
						}
					})
				}
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "entries/s")
			})
		}
	}
}

// BenchmarkLarge measures a ledger of a million entries: the start, appends, proofs, the first page
// of a search, and a whole verification.
func BenchmarkLarge(b *testing.B) {
	for _, kind := range []string{store.SQLite, store.Postgres} {
		b.Run(kind, func(b *testing.B) {
			if kind == store.Postgres {
				storetest.Sync(b)
			}
			url := storetest.URL(b, kind)
			key := testKey(b)
			db := storetest.Open(b, url)
			log := openLog(b, db, key)
			for n := 0; n < million(); n += 250 { // PostgreSQL slows down where one transaction changes the head often
				fill(b, db, log, 250)
			}
			b.Run("start", func(b *testing.B) {
				for b.Loop() {
					again, err := store.Open(b.Context(), url)
					if err != nil {
						b.Fatal(err)
					}
					openLog(b, again, key)
					again.Close()
				}
			})
			b.Run("append", func(b *testing.B) {
				for b.Loop() {
					if _, err := appendOne(b, db, log, specimen(1)); err != nil {
						b.Fatal(err)
					}
				}
			})
			b.Run("proof", func(b *testing.B) {
				n := int64(0)
				for b.Loop() {
					n = (n + 7919) % int64(million())
					if _, err := log.Proof(b.Context(), n); err != nil {
						b.Fatal(err)
					}
				}
			})
			b.Run("search", func(b *testing.B) {
				for b.Loop() {
					if _, err := log.Entries(b.Context(), Filter{Kind: "request.", Person: "person1"}); err != nil {
						b.Fatal(err)
					}
				}
			})
			b.Run("verify", func(b *testing.B) {
				for b.Loop() {
					if _, err := verify(b, db, key); err != nil {
						b.Fatal(err)
					}
				}
			})
		})
	}
}
